"""The sandbox's own secret key: made once and kept in the data directory, readable by its owner only."""

from __future__ import annotations

import os
import tempfile
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
        handle, draft = tempfile.mkstemp(prefix=f".{NAME}.", dir=data_dir)  # its owner's only, and new
        try:
            os.write(handle, new_secret_key().encode() + b"\n")
            os.fsync(handle)
            with suppress(FileExistsError):
                kept.hardlink_to(draft)
        finally:
            os.close(handle)
            Path(draft).unlink()
    return kept.read_text(encoding="ascii").strip()
