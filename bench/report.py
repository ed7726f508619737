"""x"""

from pathlib import Path


def write(out: Path) -> None: ...
