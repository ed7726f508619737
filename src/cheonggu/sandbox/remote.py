"""A running sandbox's own endpoints, those under /sandbox, from anywhere that may reach them."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from cheonggu.domain.base_url import DEFAULT_BASE_URL, AddressWrong, split_address
from cheonggu.domain.json_object import json_object

TIMEOUT_SECONDS: Final = 150.0
"""Longer than a reset of a grown sandbox may take."""
_ENVELOPE: Final = {"code", "message", "data"}
_MOST_BYTES: Final = 64 << 20


class SandboxRefused(Exception):
    """The sandbox did not do as asked; the sentence says why, and `code` is the code that it gave, if any."""

    def __init__(self, sentence: str, code: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code


class Remote:
    """A sandbox by its base URL (which may end in /partner), for one partner: the first one without a key."""

    def __init__(self, base_url: str = DEFAULT_BASE_URL, api_key: str | None = None) -> None:
        self.base_url = base_url.rstrip("/").removesuffix("/partner")
        self.api_key = api_key

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """What an endpoint shows; what is None is left out. Raises SandboxRefused."""
        return self._ask("GET", self._target(path, query), None)

    def post(self, path: str, fields: Mapping[str, object] | None = None) -> dict[str, Any]:
        """What an endpoint answers; fields that are None are left out. Raises SandboxRefused."""
        given = _given(fields or {}, self.api_key)
        return self._ask("POST", quote(path), json.dumps(given, ensure_ascii=False).encode())

    def delete(self, path: str, **query: object) -> dict[str, Any]:
        """What an endpoint answers to being told to take something away. Raises SandboxRefused."""
        return self._ask("DELETE", self._target(path, query), None)

    def _ask(self, method: str, target: str, body: bytes | None) -> dict[str, Any]:
        connection, prefix = self._connection()
        try:
            connection.request(method, prefix + target, body)
            answer = connection.getresponse()
            status, raw = answer.status, answer.read(_MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise SandboxRefused(
                f"{self.base_url} did not answer ({error}). Start it with: cheonggu dev; "
                "or say where it is with --base-url."
            ) from error
        finally:
            connection.close()
        return self.judge(status, raw)

    def judge(self, status: int, raw: bytes) -> dict[str, Any]:
        """The object that an endpoint answered. Raises SandboxRefused for anything else."""
        told = json_object(raw)
        # Some refusals have the status 200; they stand in the envelope, which nothing else here does.
        if status == 200 and told is not None and set(told) != _ENVELOPE:
            return told
        raise self._refusal(status, told or {})

    def _target(self, path: str, query: Mapping[str, object]) -> str:
        given = _given(query, self.api_key)
        return f"{quote(path)}?{urlencode(given)}" if given else quote(path)

    def _connection(self) -> tuple[http.client.HTTPConnection, str]:
        try:
            parts = split_address(self.base_url)
        except AddressWrong as error:
            raise SandboxRefused(str(error)) from None
        host, port = parts.hostname or "", parts.port
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS), parts.path
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context), parts.path

    def _refusal(self, status: int, told: Mapping[str, Any]) -> SandboxRefused:
        code, message = told.get("code"), told.get("message")
        if status == 403:
            return SandboxRefused(
                f"{self.base_url} lets only its own machine use its sandbox: "
                "set CHEONGGU_SANDBOX_ALLOW there to let this one in."
            )
        if code is None:
            return SandboxRefused(f"{self.base_url} answered HTTP {status}: is it a sandbox of this version?")
        return SandboxRefused(f"{code}: {message}", str(code))


def _given(fields: Mapping[str, object], api_key: str | None) -> dict[str, object]:
    return {name: value for name, value in {"apiKey": api_key, **fields}.items() if value is not None}
