"""A bar chart as SVG, written by hand: medians as bars, the spread of the rounds as whiskers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from bench.results import Measurement
from bench.show import number

_WIDTH: Final = 860
_LABELS: Final = 330
_VALUES: Final = 120
_ROW: Final = 26
_TOP: Final = 44
_FONT: Final = "font-family='system-ui, sans-serif' font-size='13'"
_OURS, _OTHERS, _WHISKER, _INK = "#2f6fde", "#9aa3ad", "#1b2430", "#1b2430"


def bars(title: str, measurements: Sequence[Measurement]) -> str:
    """The chart. All measurements are in one unit; those that are ours stand out."""
    height = _TOP + _ROW * len(measurements) + 12
    longest = max((one.most or one.value for one in measurements), default=1) or 1
    lines = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {height}' role='img' {_FONT}>",
        f"<title>{escape(title)}</title>",
        f"<rect width='{_WIDTH}' height='{height}' fill='#ffffff'/>",
        f"<text x='12' y='26' font-size='15' font-weight='600' fill='{_INK}'>{escape(title)}</text>",
    ]
    scale = (_WIDTH - _LABELS - _VALUES) / longest
    for nth, one in enumerate(measurements):
        lines += _bar(one, _TOP + nth * _ROW, scale)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _bar(one: Measurement, top: int, scale: float) -> Iterator[str]:
    middle = top + _ROW // 2
    ours = not one.name.startswith(("base", "typical", "dev.base"))
    label = escape(one.title)
    yield f"<text x='{_LABELS - 10}' y='{middle + 4}' text-anchor='end' fill='{_INK}'>{label}</text>"
    yield (
        f"<rect x='{_LABELS}' y='{top + 4}' width='{one.value * scale:.1f}' height='{_ROW - 8}' rx='2' "
        f"fill='{_OURS if ours else _OTHERS}'/>"
    )
    end = _LABELS + max(one.value, one.most or 0) * scale
    if one.least is not None and one.most is not None:
        from_x, to_x = _LABELS + one.least * scale, _LABELS + one.most * scale
        yield f"<path d='M{from_x:.1f} {middle}H{to_x:.1f}' stroke='{_WHISKER}' stroke-width='1.5'/>"
    yield f"<text x='{end + 8:.1f}' y='{middle + 4}' fill='{_INK}'>{number(one.value)}</text>"
