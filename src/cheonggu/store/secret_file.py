"""The sandbox's own secret key: made once and kept in the data directory, readable by its owner only."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from cheonggu.store.sealing import new_secret_key

NAME: Final = "secret.key"


def kept_secret_key(data_dir: Path) -> str:
    """The key kept in `data_dir`, made now if there is none; whoever comes first, all get the same one."""
    kept = data_dir / NAME
    if not kept.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        fresh = data_dir / f"{NAME}.{os.getpid()}"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(handle, new_secret_key().encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        with suppress(FileExistsError):
            kept.hardlink_to(fresh)
        fresh.unlink()
    return kept.read_text(encoding="ascii").strip()
