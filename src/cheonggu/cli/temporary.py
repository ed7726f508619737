"""A data directory for one run: new, and gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer

_PATIENCE_SECONDS: Final = 5.0
"""For a command that is just looking at the data."""
_GLANCE_SECONDS: Final = 0.05


@contextmanager
def directory() -> Generator[Path]:
    """An empty directory that is erased at the end, wherever its database lives."""
    path = Path(tempfile.mkdtemp(prefix="cheonggu-"))
    try:
        yield path
    finally:
        _erase(path)


def _erase(path: Path) -> None:
    from cheonggu.store import embedded

    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            embedded.erase(path)
        except embedded.DataDirectoryBusy as busy:
            if time.monotonic() > deadline:
                typer.echo(f"cheonggu: {busy} It is left in {path}.", err=True)
                return
            time.sleep(_GLANCE_SECONDS)
        else:
            shutil.rmtree(path, ignore_errors=True)
            return
