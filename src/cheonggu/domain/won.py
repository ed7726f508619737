"""Amounts of money: whole won, as the wire writes them and as people read them."""

from __future__ import annotations

MAX_DIGITS = 10
"""D: at most ten digits, so 9,999,999,999 won."""

_TEN_THOUSAND = 10_000


def parse(text: str) -> int | None:
    """The amount in won, or None unless `text` is 1-10 ASCII digits without a leading zero (D, O)."""
    if not (1 <= len(text) <= MAX_DIGITS and text.isascii() and text.isdigit()):
        return None
    if text[0] == "0" and text != "0":
        return None
    return int(text)


def with_commas(amount_won: int) -> str:
    """`150000` as `150,000`."""
    return f"{amount_won:,}"


def in_ten_thousands(amount_won: int) -> str:
    """How Korean eyes count: `345000` as `34만 5,000원`, `100000000` as `1억원`."""
    parts: list[str] = []
    for unit_won, name in ((_TEN_THOUSAND**2, "억"), (_TEN_THOUSAND, "만"), (1, "")):
        count, amount_won = divmod(amount_won, unit_won)
        if count:
            parts.append(f"{count:,}{name}")
    return (" ".join(parts) or "0") + "원"
