"""Seeds as files, in TOML or JSON."""

from __future__ import annotations

import json
import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, cast

from cheonggu.sandbox.remote import SandboxRefused


def read(file: Path) -> dict[str, Any]:
    """What is asked of /sandbox/seed. Raises SandboxRefused for a file that cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
        value: object = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise SandboxRefused(f"The seed {file} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # both parsers' errors are ValueErrors
        raise SandboxRefused(f"The seed {file} cannot be read: {error}.") from error
    if not isinstance(value, dict):
        raise SandboxRefused(f"The seed {file} is no table of partners, bills, points and clock.")
    return {name: _plain(one) for name, one in cast("dict[str, object]", value).items()}


def _plain(value: object) -> object:
    """As JSON has it: TOML's dates are texts there."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_plain(one) for one in cast("list[object]", value)]
    return value.isoformat() if isinstance(value, date | datetime | time) else value
