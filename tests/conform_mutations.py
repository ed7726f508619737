"""What a server can do wrong, one thing each: how it changes requests and answers."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from cheonggu.domain.hashing import request_hash
from tests.conform_proxy import Answer, Forward, Mutation, Request, refusal
from tests.conform_target import PHONE
from tests.live import API_KEY, MEMBER, MERCHANT

_JSON = {"content-type": "application/json"}
_NUMBERS = itertools.count(1)


def success(request: Request) -> Answer:
    data = request.tree | request.bill | {"apprState": "W", "apprPrice": "1000", "balance": 5}
    tree = {"code": "0000", "message": "", "data": data | {"shortUrl": "http://127.0.0.1:1/p/1"}}
    return Answer(200, _JSON, json.dumps(tree).encode())


def accepts_everything(request: Request, forward: Forward) -> Answer:
    answer = forward(request)
    return success(request) if request.is_api and not answer.done else answer


def every_read_succeeds(request: Request, forward: Forward) -> Answer:
    return success(request) if request.of("/bill/read") else forward(request)


PLAIN = {
    "sendType": "URL",
    "productName": "적합성 점검",
    "price": "1000",
    "memberName": "김점검",
    "phone": PHONE,
}
_KEPT = {"billId", "hash", "callbackUrl", *PLAIN}


def picky(request: Request, forward: Forward) -> Answer:
    """Takes only the plainest of bills."""
    bill = request.bill
    if request.of("/bill"):
        texts = {name: str(value) for name, value in bill.items()}
        plain = set(bill) == _KEPT and bill | PLAIN == bill and len(texts["billId"]) < 20
        url = texts.get("callbackUrl", "")
        if not plain or texts["hash"].isupper() or len(url) > 300 or "token=" in url:
            return refusal("VALIDATION_001", 400)
    return forward(request)


def refuses_a_full_bill(request: Request, forward: Forward) -> Answer:
    wants = {"billIssuer", "supplyPrice", "tax", "message", "expireDt", "pageRedirectUrl"} <= set(
        request.bill
    )
    return refusal("VALIDATION_001", 400) if wants else forward(request)


def _on(operation: str, change: Callable[[Request, Answer], Answer]) -> Mutation:
    """Changes the answers of an operation."""

    def mutation(request: Request, forward: Forward) -> Answer:
        answer = forward(request)
        return change(request, answer) if request.of(operation) else answer

    return mutation


def everywhere(change: Callable[[Answer], Answer]) -> Mutation:
    """Changes the answers of every operation."""
    return lambda request, forward: change(forward(request)) if request.is_api else forward(request)


def data(operation: str, **fields: object) -> Callable[[], Mutation]:
    return lambda: _on(operation, lambda _, answer: answer.with_data(**fields))


def refused(operation: str, code: str = "BILL_007") -> Callable[[], Mutation]:
    def mutation(request: Request, forward: Forward) -> Answer:
        return refusal(code) if request.of(operation) else forward(request)

    return lambda: mutation


def answers_if(wrong: Callable[[Request], bool], answer: Answer) -> Callable[[], Mutation]:
    """Answers some requests so, without asking."""
    return lambda: lambda request, forward: answer if wrong(request) else forward(request)


def other_texts(answer: Answer) -> Answer:
    return answer if answer.done else answer.with_tree(answer.tree | {"message": "오류"})


def says_msg(answer: Answer) -> Answer:
    tree = answer.tree
    return answer.with_tree({"code": tree.get("code"), "msg": tree.get("message"), "data": tree.get("data")})


def other_status(answer: Answer) -> Answer:
    return replace(answer, status={200: 400, 400: 200}.get(answer.status, 500)) if not answer.done else answer


def other_code(answer: Answer) -> Answer:
    return answer if answer.done else answer.with_tree(answer.tree | {"code": "ERROR"})


def other_order(request: Request, forward: Forward) -> Answer:
    """Judges late what ought to be told first: mends it, and tells what else is wrong."""
    answer = forward(request)
    if answer.done or not request.is_api:
        return answer
    tree, bill = request.tree, dict(request.bill)
    if not tree:
        return refusal("PARTNER_002", 400)
    whole = {"apiKey": API_KEY, "member": MEMBER, "merchant": MERCHANT}
    head = {name: value for name, value in whole.items() if name not in tree or "nobody" in str(tree[name])}
    if "apiKey" not in tree:
        head.pop("member", None)
    if bill.get("expireDt") == "soon":
        bill["expireDt"] = ""
    elif isinstance(bill.get("hash"), str):
        if bill.get("price") == "10000":
            bill["price"] = "1000"
        names = ("billId", "phone", "price") if "phone" in bill else ("billId", "price")
        bill["hash"] = request_hash(*(str(bill.get(name)) for name in names))
    mended = forward(request.with_tree(tree | head | {"bill": bill}))
    unknown = "price" in bill and mended.tree.get("code") == "BILL_003" and request.bill["price"] == "10000"
    return refusal("BILL_009") if unknown else mended


def first_of_a_duplicate_counts(request: Request, forward: Forward) -> Answer:
    keys = re.findall(rb'"apiKey": "([^"]*)"', request.body)
    if len(keys) > 1:
        request = request.with_tree(request.tree | {"apiKey": keys[0].decode()})
    return forward(request)


def charges_for_every_create() -> Mutation:
    made = 0

    def mutation(request: Request, forward: Forward) -> Answer:
        nonlocal made
        answer = forward(request)
        made += request.of("/bill")
        points = answer.data.get("balance")
        return answer.with_data(balance=points - made) if points is not None else answer

    return mutation


def without_key(request: Request, forward: Forward) -> Answer:
    headers = {name: value for name, value in request.headers.items() if name.lower() != "idempotency-key"}
    return forward(replace(request, headers=headers))


def one_key_for_all() -> Mutation:
    """A key belongs to nobody and to no operation, and is used up by every request."""
    seen: dict[str, bytes] = {}

    def mutation(request: Request, forward: Forward) -> Answer:
        key = request.headers.get("Idempotency-Key")
        if key is not None and seen.setdefault(key, request.body) != request.body:
            return refusal("IDEMPOTENCY_001", 409)
        return forward(request)

    return mutation


def sandbox(path: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[], Mutation]:
    def mutation(request: Request, forward: Forward) -> Answer:
        answer = forward(request)
        return answer.with_tree(change(answer.tree)) if request.path.startswith(path) else answer

    return lambda: mutation


def messages(**fields: object) -> Callable[[], Mutation]:
    return sandbox("/sandbox/messages", lambda tree: {"messages": [one | fields for one in tree["messages"]]})


def callbacks(**fields: object) -> Callable[[], Mutation]:
    return sandbox(
        "/sandbox/callbacks",
        lambda tree: (
            {"callbacks": [one | fields for one in tree["callbacks"]]} if "callbacks" in tree else tree
        ),
    )


def no_page(request: Request, forward: Forward) -> Answer:
    answer = forward(request)
    if request.of("/bill") and answer.done:
        path = urlsplit(str(answer.data["shortUrl"])).path
        return answer.with_data(shortUrl=f"http://{request.headers['Host']}{path}")
    return (
        replace(answer, status=500, headers=_JSON, body=b"{}") if request.path.startswith("/p/") else answer
    )


def shows_a_trace(answer: Answer) -> Answer:
    return answer.with_tree(
        answer.tree | {"message": "java.lang.Error\n\tat com.example.Bill.read(Bill.java:7)"}
    )


def has_data(answer: Answer) -> Answer:
    nothing: dict[str, object] = {}
    return answer if answer.done else answer.with_tree(answer.tree | {"data": nothing})


def balance(change: Callable[[int], object]) -> Callable[[], Mutation]:
    return lambda: everywhere(
        lambda one: one.with_data(balance=change(one.data["balance"])) if "balance" in one.data else one
    )


def another_partners(request: Request) -> bool:
    return request.of("/bill") and request.tree.get("apiKey") != API_KEY


def with_one_more(tree: dict[str, Any]) -> dict[str, Any]:
    return {"callbacks": [*tree.get("callbacks", []), {"id": "x", "state": "PENDING", "attempts": []}]}


def other_query(request: Request, forward: Forward) -> Answer:
    return forward(replace(request, path=request.path.replace("plus=a+b", "plus=a%20b")))


def as_text(request: Request, forward: Forward) -> Answer:
    return forward(replace(request, headers={"Content-Type": "text/plain"}))


def body(**fields: object) -> Mutation:
    """A callback with some fields changed; `...` takes one out."""

    def mutation(request: Request, forward: Forward) -> Answer:
        tree = {name: value for name, value in (request.tree | fields).items() if value is not ...}
        return forward(request.with_tree(tree))

    return mutation


def a_new_id(request: Request, forward: Forward) -> Answer:
    headers = {name: value for name, value in request.headers.items() if name.lower() != "webhook-id"}
    return forward(replace(request, headers=headers | {"webhook-id": f"id-{next(_NUMBERS)}"}))


def swallowed(request: Request, forward: Forward) -> Answer:
    """A callback that does not come."""
    return Answer(500, {}, b"{}")
