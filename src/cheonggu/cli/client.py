"""A client of the partner API: one POST, and whether it was done, refused, or nobody knows."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any, Final, Literal, cast
from urllib.parse import SplitResult, urlsplit

import msgspec

DONE: Final = "0000"
_MOST_BYTES: Final = 1 << 20


class Outcome(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a request. `unknown` means that it may have been carried out."""

    result: Literal["done", "refused", "unknown"]
    message: str
    code: str | None = None
    http_status: int | None = None
    data: Mapping[str, Any] | None = None


class AddressWrong(Exception):
    """A base URL cannot be used; the sentence it carries says why."""


def post(
    base_url: str,
    path: str,
    envelope: Mapping[str, object],
    *,
    idempotency_key: str | None = None,
    timeout_seconds: float,
) -> Outcome:
    """Send one request, once, and judge the answer. Raises AddressWrong."""
    connection, prefix = _connection(base_url, timeout_seconds)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if idempotency_key is not None:
        headers["Idempotency-Key"] = idempotency_key
    body = json.dumps(envelope, ensure_ascii=False).encode()
    try:
        try:
            connection.connect()
        except OSError as error:
            return Outcome(
                result="refused",
                message=f"Nothing was sent: {base_url} is out of reach ({error}). "
                "Give another address with --base-url.",
            )
        connection.request("POST", prefix + path, body, headers)
        answer = connection.getresponse()
        return _judge(answer.status, answer.read(_MOST_BYTES))
    except TimeoutError:
        return Outcome(result="unknown", message=f"No answer came within {timeout_seconds:g} s.")
    except (OSError, http.client.HTTPException) as error:
        return Outcome(result="unknown", message=f"The connection was lost before the answer ({error!r}).")
    finally:
        connection.close()


def split_address(base_url: str) -> SplitResult:
    """The parts of a base URL. Raises AddressWrong."""
    try:
        parts = urlsplit(base_url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        parts, fits = urlsplit(""), False
    if not fits or parts.query or parts.fragment or parts.username or not base_url.isascii():
        raise AddressWrong(f"{base_url!r} is no base URL: give one as in https://api.example.com/partner")
    return parts


def _connection(base_url: str, timeout_seconds: float) -> tuple[http.client.HTTPConnection, str]:
    parts = split_address(base_url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        connection = http.client.HTTPConnection(host, parts.port, timeout=timeout_seconds)
    else:
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, parts.port, timeout=timeout_seconds, context=context)
    return connection, parts.path.rstrip("/")


def _judge(status: int, body: bytes) -> Outcome:
    """A 5xx is never an answer; anything else is one if it is an envelope."""
    envelope = _envelope(body)
    code = envelope.get("code")
    message = str(envelope.get("message") or f"HTTP {status}")
    if status >= 500:
        return Outcome(
            result="unknown", message=message, code=str(code) if code else None, http_status=status
        )
    if isinstance(code, str):
        done = status == 200 and code == DONE
        data = envelope.get("data") if isinstance(envelope.get("data"), dict) else None
        return Outcome(
            result="done" if done else "refused", message=message, code=code, http_status=status, data=data
        )
    if 200 <= status < 300:
        return Outcome(result="unknown", message="The answer is no envelope.", http_status=status)
    return Outcome(
        result="refused",
        message=f"HTTP {status} without an envelope: is the base URL right?",
        http_status=status,
    )


def _envelope(body: bytes) -> Mapping[str, Any]:
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
