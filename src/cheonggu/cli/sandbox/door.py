"""The options that every `cheonggu sandbox …` has in common."""

from __future__ import annotations

from typing import Annotated

import typer

from cheonggu.sandbox.remote import DEFAULT_BASE_URL, Remote, SandboxRefused

__all__ = ["DEFAULT_BASE_URL", "ApiKey", "BaseUrl", "Remote", "SandboxRefused"]

BaseUrl = Annotated[
    str, typer.Option(envvar="BILL_BASE_URL", help="Where the sandbox is; the local one by default.")
]
ApiKey = Annotated[
    str | None,
    typer.Option(envvar="BILL_API_KEY", help="Whom it is about; the sandbox partner by default."),
]
