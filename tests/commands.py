"""Runs a command in this process, as the shell would see it."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

import pytest

from cheonggu import logs
from cheonggu.cli import main


@dataclass
class Ended:
    """How a command ended."""

    returncode: int | str | None
    stdout: str
    stderr: str


def run(*arguments: str, **environment: str) -> Ended:
    """Run `cheonggu …` in English, without settings of ours but those given."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("BILL_", "CHEONGGU_"))}
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, clean | {"LC_ALL": "C.UTF-8"} | environment, clear=True),
        patch.object(sys, "argv", ["cheonggu", *arguments]),
        patch.object(logs, "configure"),  # what it sets up lasts as long as the process
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as exit_,
    ):
        main()
    return Ended(exit_.value.code or 0, out.getvalue(), err.getvalue())
