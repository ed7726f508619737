"""How `cheonggu sandbox …` reaches a running sandbox: JSON over HTTP, at the endpoints under /sandbox."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, cast
from urllib.parse import urlencode

import typer

from cheonggu.cli.client import connection_to

DEFAULT_BASE_URL: Final = "http://127.0.0.1:8080"
TIMEOUT_SECONDS: Final = 150.0
"""Longer than a reset of a grown sandbox may take."""
_ENVELOPE: Final = {"code", "message", "data"}
_MOST_BYTES: Final = 64 << 20

BaseUrl = Annotated[
    str, typer.Option(envvar="BILL_BASE_URL", help="Where the sandbox is; the local one by default.")
]
ApiKey = Annotated[
    str | None,
    typer.Option(envvar="BILL_API_KEY", help="Whom it is about; the sandbox partner by default."),
]


class SandboxRefused(Exception):
    """The sandbox did not do as asked; the sentence it carries says why."""


def get(base_url: str, path: str, **query: str | None) -> dict[str, Any]:
    """What an endpoint shows. Raises SandboxRefused."""
    given = {name: text for name, text in query.items() if text is not None}
    return _ask("GET", base_url, f"{path}?{urlencode(given)}" if given else path, None)


def post(base_url: str, path: str, fields: Mapping[str, object]) -> dict[str, Any]:
    """What an endpoint answers; fields that are None are left out. Raises SandboxRefused."""
    given = {name: value for name, value in fields.items() if value is not None}
    return _ask("POST", base_url, path, json.dumps(given, ensure_ascii=False).encode())


def _ask(method: str, base_url: str, target: str, body: bytes | None) -> dict[str, Any]:
    connection, prefix = connection_to(base_url, TIMEOUT_SECONDS)
    try:
        connection.request(method, prefix.removesuffix("/partner") + target, body)
        answer = connection.getresponse()
        status, raw = answer.status, answer.read(_MOST_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise SandboxRefused(
            f"{base_url} did not answer ({error}). Start it with: cheonggu dev; "
            "or say where it is with --base-url."
        ) from error
    finally:
        connection.close()
    told = _object(raw)
    if status == 200 and told is not None and set(told) != _ENVELOPE:  # some refusals have the status 200
        return told
    raise SandboxRefused(_why(base_url, status, told or {}))


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        value: object = json.loads(raw)
    except ValueError:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _why(base_url: str, status: int, told: Mapping[str, Any]) -> str:
    code, message = told.get("code"), told.get("message")
    if status == 403:
        return (
            f"{base_url} lets only its own machine use its sandbox: "
            "set CHEONGGU_SANDBOX_ALLOW there to let this one in."
        )
    if status == 404 and code != "HTTP_404":
        return f"{base_url} has no such endpoint: is it a sandbox of this version?"
    return f"{code}: {message}" if code else f"{base_url} answered HTTP {status}."
