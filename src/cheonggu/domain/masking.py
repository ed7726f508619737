"""Names and phone numbers as pages, logs and lists may show them."""

from __future__ import annotations


def name(full: str) -> str:
    """`김서연` as `김*연`, `김연` as `김*`, one letter as it is; inner letters of words are starred."""
    return " ".join(_word(word) for word in full.split(" "))


def _word(word: str) -> str:
    if len(word) <= 1:
        return word
    if len(word) == 2:
        return word[0] + "*"
    return word[0] + "*" * (len(word) - 2) + word[-1]


def phone(number: str) -> str:
    """`01012345678` as `010-****-5678`; anything else keeps its last four characters at most."""
    if len(number) in (10, 11) and number.isascii() and number.isdigit():
        return f"{number[:3]}-{'*' * (len(number) - 7)}-{number[-4:]}"
    return "*" * (len(number) - 4) + number[-4:] if len(number) > 4 else "*" * len(number)


def key(text: str) -> str:
    """An apiKey with its first and last four characters, one of up to twelve without any."""
    return f"{text[:4]}…{text[-4:]}" if len(text) > 12 else "*" * len(text)
