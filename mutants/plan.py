"""Which tests guard which module: those without a database, the likeliest to notice first."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
DOMAIN: Final = ROOT / "src" / "cheonggu" / "domain"
LEFT: Final = Path(__file__).parent / "left.txt"

GUARDED_BY: Final[dict[str, tuple[str, ...]]] = {
    "bill": ("states",),
    "payment": ("states", "gaps"),
    "books": ("gaps",),
    "codes": ("domain", "docs"),
    "won": ("domain",),
    "hashing": ("domain",),
    "retry": ("domain",),
    "new_bill": ("new_bill",),
    "guard": ("guard", "url"),
    "guesses": ("guesses",),
    "url": ("url", "guard", "new_bill"),
    "base_url": ("base_url",),
    "json_object": ("json_object",),
    "webhook": ("webhook",),
    "acceptance": ("acceptance",),
    "alimtalk": ("alimtalk", "new_bill"),
    "approval_fields": ("approval_fields",),
    "masking": ("domain",),
    "message": ("states",),
    "seoul": ("domain", "new_bill"),
    "blame": ("blame",),
    "quirks": ("quirks",),
    "explanation": ("explanation", "hash_mistakes"),
    "hash_mistakes": ("hash_mistakes",),
    "hash_steps": ("hash_mistakes",),
    "hash_words": ("hash_mistakes",),
    "inspection": ("inspection_rules",),
    "inspection_mail": ("inspection_rules",),
    "next_steps": ("explanation",),
}
"""Beginning with those that guard money and access."""


def source_of(module: str) -> Path:
    """The file of a module of the domain."""
    return DOMAIN / f"{module}.py"


def tests_of(module: str) -> list[Path]:
    """The test files that guard it."""
    return [ROOT / "tests" / f"test_{name}.py" for name in GUARDED_BY[module]]


def left() -> dict[tuple[str, str], str]:
    """The survivors that were looked at, as (module, change), and why each may live.

    A line `# ...` gives the reason of the lines `module change` under it.
    """
    reasons: dict[tuple[str, str], str] = {}
    reason = ""
    for line in LEFT.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            reason = line.removeprefix("#").strip()
        elif line.strip():
            module, _, change = line.partition(" ")
            reasons[module, change] = reason
    return reasons
