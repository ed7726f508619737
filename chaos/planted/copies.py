"""A copy of the source with a bug in it. The product itself holds no switch for any of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import cheonggu
from chaos.planted.bugs import Bug, Edit

SOURCE: Final = Path(cheonggu.__file__).parent


class DoesNotApply(Exception):
    """What a bug replaces does not stand exactly once in its file."""


def plant(bug: Bug, folder: Path) -> Path:
    """Copy the source into a folder, with the bug; the folder. Raises DoesNotApply."""
    copy = folder / SOURCE.name
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in bug.edits:
        file = copy / edit.file
        file.write_text(applied(edit, file.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def applied(edit: Edit, text: str) -> str:
    """The text of a file after an edit. Raises DoesNotApply."""
    if text.count(edit.find) != 1:
        raise DoesNotApply(f"{edit.file} holds {text.count(edit.find)} times: {edit.find.strip()[:80]}")
    return text.replace(edit.find, edit.put)
