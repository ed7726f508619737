"""Names, numbers and keys that are known again wherever they leak: sent everywhere, to be logged nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from hostile.corpus import OPERATIONS, hashed, sound
from hostile.requests import FORM, JSON, Kind, Shot, as_json, head, posted

PHONE: Final = "01098712347"
DASHED: Final = "010-9871-2347"
NAME: Final = "독고카나리"
KEY: Final = "canary-key-0f9d8c7b6a5e"
SEALED: Final = "whsec_Y2FuYXJ5LXNlY3JldC0wMTIzNDU2Nzg5"
TOKEN: Final = "canary-token-51e0a7"
CANARIES: Final = (PHONE, DASHED, NAME, KEY, SEALED, TOKEN)
_TOGETHER: Final = f"{NAME} {PHONE} {DASHED} {KEY} {SEALED} {TOKEN}"


_WRITTEN: Final = {
    canary: (canary, quote(canary), canary.encode("unicode_escape").decode()) for canary in CANARIES
}


def leaks(text: str) -> list[str]:
    """The canaries in a text, also as a URL or JSON would write them."""
    return [canary for canary, written in _WRITTEN.items() if any(one in text for one in written)]


def sent_everywhere(code: str, receiver: str) -> Iterator[Shot]:
    """Canaries in bodies sound and broken, headers, queries, paths and forms; `code` leads to a bill."""
    for path in OPERATIONS:
        yield from _to_operation(path, receiver)
    plain = quote(_TOGETHER, safe="")
    raw = _TOGETHER.encode()
    for target in (
        f"/{plain}",
        f"/p/{plain}",
        f"/p/{code}/{plain}",
        f"/p/{code}?lang={plain}",
        f"/static/{plain}",
    ):
        yield _shot(target, head("GET", target.encode()), Kind.SERVER)
        yield _shot(f"PUT {target}", head("PUT", target.encode(), length=0), Kind.SERVER)
    for name in (
        b"Authorization",
        b"Cookie",
        b"Referer",
        b"User-Agent",
        b"X-Forwarded-For",
        b"Origin",
        b"Idempotency-Key",
    ):
        yield _shot(name.decode(), head("GET", f"/p/{code}".encode(), [(name, raw)]), Kind.SERVER)
    for form in (f"token={plain}", f"{plain}=1", f"outcome={plain}&months={plain}"):
        yield _shot("a form", posted(f"/p/{code}/card", form.encode(), FORM), Kind.PAGE)
    for canary in CANARIES:
        asked = quote(canary, safe="")
        for query in (f"apiKey={asked}", f"billId={asked}", asked):
            yield _shot(query, head("GET", f"/sandbox/messages?{query}".encode()), Kind.SANDBOX)
            yield _shot(query, head("GET", f"/sandbox/callbacks?{query}".encode()), Kind.SANDBOX)
        for path, field in (("pay", "apiKey"), ("pay", "billId"), ("points", "merchant"), ("pay", "outcome")):
            body = as_json({"billId": "x", "outcome": "APPROVE", "balance": 1_000_000, field: canary})
            yield _shot(f"{path} {field}", posted(f"/sandbox/{path}", body), Kind.SANDBOX)
        yield _shot("resend", posted(f"/sandbox/callbacks/{asked}/resend", b"{}"), Kind.SANDBOX)
        receives = as_json({"billId": "x", "memberName": NAME, "phone": PHONE, "apiKey": KEY})
        yield _shot("receiver", posted("/sandbox/receiver", receives), Kind.SANDBOX)
    for rubbish in (
        raw + b"\r\n\r\n",
        b"GET /" + raw + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + raw + b"\r\n\r\n",
    ):
        shot = _shot("no HTTP", rubbish, Kind.SERVER)
        yield Shot(family=shot.family, told=shot.told, kind=shot.kind, raw=rubbish, framed=False)


def bill(receiver: str) -> dict[str, Any]:
    """A request for a bill whose payer is a canary; its callbacks go to `receiver` with a canary's token."""
    request = sound("/bill")
    given = {
        "memberName": NAME,
        "phone": PHONE,
        "callbackUrl": f"{receiver}?token={TOKEN}",
        "sendType": "TALK",
    }
    request["bill"] |= given | {"message": _TOGETHER}
    return hashed("/bill", request)


def _to_operation(path: str, receiver: str) -> Iterator[Shot]:
    request = bill(receiver) if path == "/bill" else sound(path)
    body = as_json(request)
    yield _shot(f"{path} sound", posted(path, body))
    yield _shot(f"{path} in its query", posted(f"{path}?apiKey={KEY}&phone={PHONE}", body))
    yield _shot(f"{path} as plain text", posted(path, body, (b"Content-Type", _TOGETHER.encode())))
    yield _shot(f"{path} in its keys", posted(path, body, JSON, (b"Idempotency-Key", _TOGETHER.encode())))
    for cut in range(len(body) // 2, len(body), 7):
        yield _shot(f"{path} cut", posted(path, body[:cut]))
    for name in request:
        yield _shot(f"{path} {name}", posted(path, as_json({**request, name: _TOGETHER})))
        yield _shot(f"{path} {name}", posted(path, as_json({**request, name: KEY})))
    inner: dict[str, Any] = request.get("bill", {})
    for name, canary in (
        (name, canary) for name in inner for canary in (_TOGETHER, PHONE, DASHED, NAME, KEY)
    ):
        # Not as a billId: that is no secret, and logs and refusals may name it.
        if name != "billId":
            yield _shot(f"{path} {name}", posted(path, as_json({**request, "bill": {**inner, name: canary}})))


def _shot(told: str, raw: bytes, kind: Kind = Kind.API) -> Shot:
    return Shot(family="canaries", told=told[:60], kind=kind, raw=raw)
