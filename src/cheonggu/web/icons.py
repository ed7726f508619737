"""The icons of our pages: drawn on a 24-unit grid with one stroke; words always stand beside them."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

_SVG: Final = '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>'
_PATHS: Final = {
    "phone": (
        '<path d="M6 4h3.2l1.6 4.2-2 1.6a12 12 0 0 0 5.4 5.4l1.6-2 4.2 1.6V18a2 2 0 0 1-2.2 2A16 '
        '16 0 0 1 4 6.2 2 2 0 0 1 6 4z"/>'
    ),
    "info": '<circle cx="12" cy="12" r="8.25"/><path d="M12 11.25v4.75M12 8v.01"/>',
    "lock": '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>',
    "again": '<path d="M19.5 12a7.5 7.5 0 1 1-2.4-5.5L19.5 9M19.5 4.5V9H15"/>',
    "onward": '<path d="M5 12h13.5M13 6.5l5.5 5.5-5.5 5.5"/>',
    "back": '<path d="M19 12H5.5M11 6.5L5.5 12l5.5 5.5"/>',
    "send": '<path d="M20 4L3.5 10.5l6.5 3 3 6.5zM20 4l-10 9.5"/>',
    "print": (
        '<path d="M7 9V4h10v5M7 17H5.5A1.5 1.5 0 0 1 4 15.5v-5A1.5 1.5 0 0 1 5.5 9h13a1.5 1.5 0 0 '
        '1 1.5 1.5v5a1.5 1.5 0 0 1-1.5 1.5H17M7 14h10v6H7z"/>'
    ),
    "check": '<path d="M5 12.5l4.5 4.5L19 7.5"/>',
    "ban": '<circle cx="12" cy="12" r="8"/><path d="M6.5 17.5l11-11"/>',
    "cross": '<path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/>',
    "clock": '<circle cx="12" cy="12" r="8"/><path d="M12 7.5V12l3 2"/>',
    "chevron": '<path d="M9.5 6l6 6-6 6"/>',
}
# Our own drawings.
_ICONS: Final = {name: Markup(_SVG.format(path)) for name, path in _PATHS.items()}  # noqa: S704


def icon(name: str) -> Markup:
    """An icon by its name."""
    return _ICONS[name]
