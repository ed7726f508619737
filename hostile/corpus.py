"""All hostile requests with sound framing: bad bodies, and naughty texts in every field, header and path."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, urlencode

from cheonggu.billing.sandbox_partners import FIRST
from cheonggu.domain.hashing import request_hash
from hostile.bodies import malformed, mutated
from hostile.requests import FORM, JSON, Kind, Shot, as_json, head, posted
from hostile.strings import STRINGS, every_string

WHO: Final = {"apiKey": FIRST.api_key, "member": FIRST.member, "merchant": FIRST.merchant}
RECEIVER: Final = "http://127.0.0.1:9/callback"
"""Nobody listens there."""
OPERATIONS: Final = (
    "/bill",
    "/bill/destroy",
    "/bill/resend",
    "/bill/read",
    "/bill/cancel",
    "/read/remain_count",
    "/read/merchant/remain_count",
)
HASHED: Final = {
    "/bill": ("billId", "phone", "price"),
    "/bill/destroy": ("billId", "price"),
    "/bill/cancel": ("billId", "price"),
}
STANDING: Final = "HOSTILE"
"""A bill that is there from the beginning; nobody pays or destroys it, as every price here is another one."""
_SHORT: Final = 2_000
_numbers = itertools.count(1)


def sound(path: str) -> dict[str, Any]:
    """A request that passes every check of form; to create, with a new billId each time."""
    if path == "/read/remain_count":
        return {"apiKey": FIRST.api_key}
    if path == "/read/merchant/remain_count":
        return dict(WHO)
    bill: dict[str, Any] = {"billId": STANDING}
    if path == "/bill":
        bill = {"billId": f"H{next(_numbers):07}", "sendType": "URL", "billIssuer": "한빛수학학원"}
        bill |= {"productName": "11월 수강료", "price": "10000", "supplyPrice": "9091", "tax": "909"}
        bill |= {
            "memberName": "김서연",
            "phone": "01012345678",
            "message": "안녕하세요",
            "expireDt": "2999-12-31",
        }
        bill |= {"callbackUrl": RECEIVER, "pageRedirectUrl": "https://shop.example/"}
    if path in ("/bill/destroy", "/bill/cancel"):
        bill["price"] = "20000"
    if path == "/bill/cancel":
        bill["cancelReason"] = "고객 변심"
    return hashed(path, {**WHO, "bill": bill})


def hashed(path: str, request: dict[str, Any]) -> dict[str, Any]:
    """The same with the right hash, where its operation takes one and its fields can be hashed."""
    if path not in HASHED:
        return request
    bill = request["bill"]
    parts = "".join(str(bill[part]) for part in HASHED[path])
    if parts.isprintable() or _can_travel(parts):
        bill["hash"] = request_hash(*(str(bill[part]) for part in HASHED[path]))
    return request


def _can_travel(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def bodies(path: str, mutations: int) -> Iterator[Shot]:
    """Bodies that are no sound request to an operation."""
    for told, body in (*malformed(sound(path)), *mutated(sound(path), mutations)):
        yield Shot(family="bodies", told=f"{path}: {told}", kind=Kind.API, raw=posted(path, body))


def fields(path: str, texts: list[tuple[str, str]]) -> Iterator[Shot]:
    """Naughty texts in each field of an operation, rightly hashed, so that they go as deep as they can."""
    request = sound(path)
    names = [(name, False) for name in request if name != "bill"]
    names += [(name, True) for name in request.get("bill", {})]
    for (name, inner), (family, text) in itertools.product(names, texts):
        asked = sound(path)
        (asked["bill"] if inner else asked)[name] = text
        if inner and name != "hash":
            hashed(path, asked)
        prefix = "/partner" if len(text) % 2 else ""
        raw = posted(prefix + path, as_json(asked))
        yield Shot(family="fields", told=f"{path} {name} {family} {text[:30]!r}", kind=Kind.API, raw=raw)


CONTENT_TYPES: Final = (
    *("text/plain", "text/html", "application/xml", "multipart/form-data; boundary=x", "application/jsonp"),
    *("application/x-www-form-urlencoded", "", ";", "application/json;", "application/json; charset=utf-16"),
    *(
        "application/json; charset=euc-kr",
        "application/json; charset=utf-7",
        "APPLICATION/JSON",
        "application/json,x",
    ),
    *(
        "application/json\x00",
        "application/problem+json",
        "application/+json",
        "json",
        "*/*",
        "application/json/x",
    ),
)


def media() -> Iterator[Shot]:
    """Content types and encodings that lie."""
    for path, kind in itertools.product(OPERATIONS, CONTENT_TYPES):
        raw = posted(path, as_json(sound(path)), (b"Content-Type", kind.encode()))
        yield Shot(family="media", told=f"{path} {kind}", kind=Kind.API, raw=raw)
    for path, coding in itertools.product(
        OPERATIONS, ("gzip", "deflate", "br", "zstd", "identity", "x", "gzip, gzip")
    ):
        for _, body in itertools.islice(malformed(sound(path)), 3):
            raw = posted(path, body, JSON, (b"Content-Encoding", coding.encode()))
            yield Shot(family="media", told=f"{path} {coding}", kind=Kind.API, raw=raw)


HEADERS: Final = (
    *(
        "Idempotency-Key",
        "Content-Type",
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Authorization",
        "Cookie",
    ),
    *(
        "Origin",
        "Referer",
        "User-Agent",
        "Sec-Fetch-Site",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "Forwarded",
        "Range",
    ),
    *("If-None-Match", "If-Modified-Since", "X-HTTP-Method-Override", "X-Original-URL", "Expect-CT", "DNT"),
)


def headers(texts: list[tuple[str, str]]) -> Iterator[Shot]:
    """Naughty texts in headers, before an operation and before a page."""
    names = itertools.cycle(HEADERS)
    for family, text in texts:
        value = text[:_SHORT].encode(errors="replace")
        for _ in range(4):
            name = next(names)
            told, header = f"{name} {family} {text[:30]!r}", (name.encode(), value)
            read = as_json(sound("/read/remain_count"))
            raw = posted("/read/remain_count", read, JSON, header)
            yield Shot(family="headers", told=told, kind=Kind.SERVER, raw=raw)
            page = head("GET", b"/p/" + b"a" * 22, [header])
            yield Shot(family="headers", told=told, kind=Kind.SERVER, raw=page)


def pages(code: str, texts: list[tuple[str, str]]) -> Iterator[Shot]:
    """Naughty texts in the addresses, queries and forms of a payer's pages; `code` leads to a bill."""
    window = f"/p/{code}/card"
    for family, text in texts:
        told = f"{family} {text[:30]!r}"
        plain = quote(text[:_SHORT].encode(errors="replace"), safe="")
        for target in (
            f"/p/{plain}",
            f"/p/{code}/{plain}",
            f"/p/{code}?lang={plain}",
            f"{window}?stay={plain}&{plain}",
        ):
            raw = head("GET", target.encode())
            yield Shot(family="pages", told=f"{target[:12]} {told}", kind=Kind.PAGE, raw=raw)
        for field in ("token", "outcome", "months", text[:_SHORT]):
            form = {"token": "0" * 64, "outcome": "CLOSE", "months": "0", field: text[:_SHORT]}
            body = urlencode(form, errors="replace").encode()
            yield Shot(family="pages", told=f"form {told}", kind=Kind.PAGE, raw=posted(window, body, FORM))
        raw_form = b"token=" + text.encode(errors="replace")
        yield Shot(
            family="pages", told=f"raw form {told}", kind=Kind.PAGE, raw=posted(window, raw_form, FORM)
        )


def sandbox(texts: list[tuple[str, str]]) -> Iterator[Shot]:
    """Naughty texts in what the sandbox's endpoints take."""
    for family, text in texts:
        told = f"{family} {text[:30]!r}"
        plain = quote(text[:_SHORT].encode(errors="replace"), safe="")
        for path in ("messages", "callbacks"):
            for query in (f"billId={plain}", f"billId=x&apiKey={plain}", plain):
                raw = head("GET", f"/sandbox/{path}?{query}".encode())
                yield Shot(family="sandbox", told=f"{path} {told}", kind=Kind.SANDBOX, raw=raw)
        for path, field in (("pay", "billId"), ("pay", "outcome"), ("pay", "apiKey"), ("points", "merchant")):
            asked = {"billId": "none", "outcome": "APPROVE", "balance": 1_000_000, field: text}
            raw = posted(f"/sandbox/{path}", as_json(asked))
            yield Shot(family="sandbox", told=f"{path} {field} {told}", kind=Kind.SANDBOX, raw=raw)
        raw = posted(f"/sandbox/callbacks/{plain}/resend", b"{}")
        yield Shot(family="sandbox", told=f"resend {told}", kind=Kind.SANDBOX, raw=raw)
    for path in ("pay", "points", "clock", "receiver"):
        asked = {"billId": "none", "outcome": "APPROVE", "balance": 1_000_000, "advanceSeconds": 0}
        for name, body in malformed(asked):
            raw = posted(f"/sandbox/{path}", body)
            yield Shot(family="sandbox", told=f"{path} {name}", kind=Kind.SANDBOX, raw=raw)


METHODS: Final = (
    *"GET HEAD PUT DELETE OPTIONS PATCH TRACE CONNECT PROPFIND MKCOL PURGE LINK SUBSCRIBE LOCK".split(),
)
PATHS: Final = (
    *(
        "/bill/",
        "//bill",
        "/bill//read",
        "/./bill",
        "/bill/../bill",
        "/BILL",
        "/Bill",
        "/bill%2Fread",
        "/%62ill",
    ),
    *(
        "/bill%00",
        "/bill;a=b",
        "/bill?x=1",
        "/bill#x",
        "/bill%20",
        "/bill.json",
        "/partner",
        "/partner/",
        "/bill\\read",
    ),
    *(
        "/partner/partner/bill",
        "/partner//bill",
        "/partner/../bill",
        "/bill/%2e%2e/bill",
        "*",
        "/",
        "//",
        "/%",
        "/%zz",
    ),
    *(
        "/../../etc/passwd",
        "/static/../pages.py",
        "/static/%2e%2e/pages.py",
        "/static/..%2fpages.py",
        "/static/",
    ),
    *(
        "/static/%00",
        "/static/pages.css%00.html",
        "/static//etc/passwd",
        "/static/\\..\\",
        "/.git/config",
        "/.env",
    ),
    *(
        "/docs/",
        "/docs?lang=%00",
        "/docs?lang=<script>",
        "/openapi.json?x=%ff",
        "/metrics/",
        "/healthz/x",
        "/p",
        "/p/",
    ),
    *(
        "http://x.example/bill",
        "http://127.0.0.1/bill",
        "http://user@x.example/",
        "/?" + "a" * 9_000,
        "/" + "a/" * 4_000,
    ),
    *(
        "/sandbox",
        "/sandbox/",
        "/sandbox/nothing",
        "/sandbox/../bill",
        "/p/%ed%a0%80",
        "/p/%c0%ae",
        "/é",
        "/%E2%80%AE",
    ),
)


def addresses() -> Iterator[Shot]:
    """Methods and paths that are none of ours, or nearly ours."""
    for method, path in itertools.product(
        METHODS, (*OPERATIONS, "/p/" + "a" * 22, "/docs", "/static/pages.css", "/nowhere")
    ):
        raw = head(method, path.encode(), length=0)
        yield Shot(
            family="addresses", told=f"{method} {path}", kind=Kind.SERVER, raw=raw, head_only=method == "HEAD"
        )
    body = as_json(sound("/read/remain_count"))
    for method, path in itertools.product(("GET", "POST"), PATHS):
        raw = head(method, path.encode(), [JSON], length=len(body)) + body
        yield Shot(family="addresses", told=f"{method} {path[:40]}", kind=Kind.SERVER, raw=raw)


def everything(code: str, *, every: int = 1, mutations: int = 300) -> Iterator[Shot]:
    """The corpus; with `every` only each so-many-th text and request of each kind."""
    texts = list(every_string())
    texts = [*texts[::every], *(("markup", text) for text in STRINGS["markup"])] if every > 1 else texts
    for path in OPERATIONS:
        yield from itertools.islice(bodies(path, mutations), 0, None, every)
        yield from itertools.islice(fields(path, texts), 0, None, every)
    for part in (media(), headers(texts), pages(code, texts), sandbox(texts), addresses()):
        yield from itertools.islice(part, 0, None, every)
