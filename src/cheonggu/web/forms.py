"""Forms without a cookie: a token that our own page carried, sent from our own page, in a bounded body."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest, digest
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import Request

HOUR_SECONDS: Final = 3600
BODY_LIMIT_BYTES: Final = 8 * 1024
"""A form here holds a token and two choices; this leaves room for padding, not for mischief."""
FIELD_LIMIT: Final = 16
CONTENT_TYPE: Final = "application/x-www-form-urlencoded"

_OWN_FETCH_SITES: Final = frozenset({"same-origin", "none"})


class FormRefused(Exception):
    """The form cannot be read; `status` is the HTTP status that says why."""

    def __init__(self, status: int) -> None:
        super().__init__(self.__doc__)
        self.status = status


def token(key: bytes, code: str, purpose: str, now_seconds: float) -> str:
    """What a form of this bill and purpose carries; good for the rest of this hour and for the next."""
    return _token(key, code, purpose, int(now_seconds // HOUR_SECONDS))


def genuine(key: bytes, code: str, purpose: str, given: str, now_seconds: float) -> bool:
    """Whether `given` was made here for this bill and purpose, in this hour or the one before."""
    hour = int(now_seconds // HOUR_SECONDS)
    made = [_token(key, code, purpose, hour - age).encode() for age in (0, 1)]
    # Both are compared whatever the first says, and as bytes: compare_digest raises on non-ASCII text.
    matches = [compare_digest(one, given.encode(errors="replace")) for one in made]
    return any(matches)


def _token(key: bytes, code: str, purpose: str, hour: int) -> str:
    return digest(key, f"{purpose}\n{code}\n{hour}".encode(), sha256).hex()


def from_elsewhere(headers: Headers, scheme: str, public_origin: str) -> bool:
    """Whether a browser says that another site sent this. One that says nothing is left to the token.

    Ours is the public origin, and the one that the request itself was sent to (`scheme` and Host).
    """
    if headers.get("sec-fetch-site", "same-origin") not in _OWN_FETCH_SITES:
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    own = {public_origin.lower(), f"{scheme}://{headers.get('host', '')}".lower()}
    return origin.lower() not in own


async def posted(request: Request, public_origin: str, limit_bytes: int = BODY_LIMIT_BYTES) -> dict[str, str]:
    """The fields of a form that no other site sent. Raises FormRefused."""
    if from_elsewhere(request.headers, request.url.scheme, public_origin):
        raise FormRefused(403)
    return await read(request, limit_bytes)


async def read(request: Request, limit_bytes: int = BODY_LIMIT_BYTES) -> dict[str, str]:
    """The fields of an urlencoded form; of a repeated one the last counts. Raises FormRefused."""
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said != CONTENT_TYPE:
        raise FormRefused(415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise FormRefused(413)
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELD_LIMIT))
    except ValueError:
        raise FormRefused(400) from None
