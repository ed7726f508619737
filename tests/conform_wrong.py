"""Servers that are wrong in one thing each, and the checks that must notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from cheonggu.conform.check import Check, Section
from cheonggu.conform.checks import CHECKS, fields, fields_refused, fields_taken
from tests import conform_mutations as does
from tests.conform_proxy import Mutation, Request, honest, refusal
from tests.live import API_KEY


@dataclass(frozen=True)
class Wrong:
    """A server that is wrong in one thing. `relayed` is what it does to callbacks."""

    name: str
    noticed_by: tuple[str, ...]
    mutation: Callable[[], Mutation] = field(default=lambda: honest)
    relayed: Mutation | None = None


def noticing(wrong: Wrong) -> list[Check]:
    """The checks that must notice: by their ids, or by patterns with `*`."""
    return [check for check in CHECKS if any(fnmatchcase(check.id, pattern) for pattern in wrong.noticed_by)]


def ids(section: Section) -> tuple[str, ...]:
    return tuple(check.id for check in section.checks)


WRONG: tuple[Wrong, ...] = (
    Wrong(
        "accepts everything",
        (
            *ids(fields.SECTION),
            *ids(fields_refused.SECTION),
            "undecided.payment",
            *(
                "transport." + name
                for name in (
                    "unknown-path",
                    "other-content-type",
                    "empty-body",
                    "cut-off",
                    "no-object",
                    "nul",
                    "lone-surrogate",
                    "nan",
                    "infinity",
                    "invalid-utf8",
                )
            ),
            "identity.apiKey.*",
            "identity.member.*",
            "identity.merchant.*",
            "identity.not-mapped",
            "identity.suspended",
            "order.state-before-points",
            "create.used-billId",
            "create.destroyed-billId",
            "create.no-bill",
            "hash.create.two-parts",
            "hash.create.no-hex",
            "hash.destroy.three-parts",
            "hash.cancel.two-parts",
            "destroy.other-price",
            "destroy.twice",
            "destroy.paid",
            "destroy.billId.*",
            "destroy.price.*",
            "destroy.hash.*",
            "resend.url-bill",
            "resend.destroyed",
            "resend.paid",
            "resend.billId.*",
            "talk.phone.*",
            "talk.no-points",
            "read.billId.*",
            "cancel.unpaid",
            "cancel.destroyed",
            "cancel.billId.*",
            "cancel.price.*",
            "cancel.hash.*",
            "cancel.cancelReason.*",
            "cancel.other-price",
            "cancel.wrong-hash",
            "cancel.twice",
            "cancel.then-destroy",
            "cancel.then-resend",
            "balance.no-key",
            "balance.unknown-merchant",
            "balance.merchant-missing",
            "isolation.read",
            "isolation.destroy",
            "isolation.cancel",
            "isolation.resend",
            "isolation.merchant",
        ),
        lambda: does.accepts_everything,
    ),
    Wrong(
        "reads what never was",
        ("transport.refusals-change-nothing", "read.unknown", "talk.no-points"),
        lambda: does.every_read_succeeds,
    ),
    Wrong("takes no bill at all", ("create.url", "create.minimal", "talk.create"), does.refused("/bill")),
    Wrong(
        "takes only the plainest of bills",
        (
            *ids(fields_taken.SECTION),
            "create.full",
            "transport.unknown-fields",
            "hash.create.three-parts",
            "hash.create.upper-case",
            "hash.create.utf-8",
            "talk.pageRedirectUrl.ignored",
        ),
        lambda: does.picky,
    ),
    Wrong("refuses a bill with every optional field", ("create.full",), lambda: does.refuses_a_full_bill),
    Wrong(
        "says msg for message", ("envelope.fields", "envelope.texts"), lambda: does.everywhere(does.says_msg)
    ),
    Wrong(
        "says it in other words",
        ("identity.messages", "hash.create.wrong", "destroy.unknown", "read.unknown", "talk.phone.hyphens"),
        lambda: does.everywhere(does.other_texts),
    ),
    Wrong(
        "answers 200 for 400, and 400 for 200",
        (
            "transport.cut-off",
            "identity.apiKey.unknown",
            "fields.price.missing",
            "read.unknown",
            "destroy.twice",
        ),
        lambda: does.everywhere(does.other_status),
    ),
    Wrong(
        "refuses with another code",
        ("cancel.unknown", "resend.unknown", "create.used-billId", "hash.create.wrong", "destroy.hash.empty"),
        lambda: does.everywhere(does.other_code),
    ),
    Wrong(
        "tells first what ought to be told last",
        tuple(
            "order." + name
            for name in (
                "json-before-apiKey",
                "apiKey-before-member",
                "apiKey-before-fields",
                "merchant-before-fields",
                "fields-before-hash",
                "hash-before-bill",
                "hash-before-used-billId",
                "bill-before-price",
                "price-before-state",
            )
        ),
        lambda: does.other_order,
    ),
    Wrong("has data in a refusal", ("envelope.null-on-failure",), lambda: does.everywhere(does.has_data)),
    Wrong(
        "answers as text/html",
        ("envelope.content-type",),
        lambda: does.everywhere(lambda one: replace(one, headers={"content-type": "text/html"})),
    ),
    Wrong("shows a stack trace", ("envelope.no-stack-trace",), lambda: does.everywhere(does.shows_a_trace)),
    Wrong(
        "carries out a GET",
        ("transport.get",),
        does.answers_if(lambda request: request.method == "GET", does.success(Request("GET", "/", {}, b""))),
    ),
    Wrong(
        "knows no /partner",
        ("transport.partner-prefix",),
        does.answers_if(lambda request: request.path.startswith("/partner"), refusal("HTTP_404", 404)),
    ),
    Wrong(
        "wants exactly application/json",
        ("transport.charset", "transport.no-content-type"),
        does.answers_if(
            lambda request: request.is_api and request.headers.get("Content-Type") != "application/json",
            refusal("HTTP_415", 415),
        ),
    ),
    Wrong(
        "reads no UTF-8",
        ("transport.escapes",),
        does.answers_if(lambda request: not request.body.isascii(), refusal("VALIDATION_001", 400)),
    ),
    Wrong(
        "lets the first of a duplicate key count",
        ("transport.duplicate-key",),
        lambda: does.first_of_a_duplicate_counts,
    ),
    Wrong(
        "reads 16 KiB",
        ("transport.body-limit",),
        does.answers_if(lambda request: len(request.body) > 16_384, refusal("HTTP_413", 413)),
    ),
    Wrong(
        "reads 8 levels",
        ("transport.depth",),
        does.answers_if(lambda request: b"[" * 8 in request.body, refusal("VALIDATION_001", 400)),
    ),
    Wrong(
        "does not answer what was sent",
        ("create.url.data", "hash.create.upper-case"),
        does.data("/bill", member="another", hash="another"),
    ),
    Wrong(
        "gives no shortUrl", ("create.url.short-url", "talk.message-again"), does.data("/bill", shortUrl=...)
    ),
    Wrong(
        "gives every bill the same shortUrl",
        ("create.url.short-url-of-its-own",),
        does.data("/bill", shortUrl="http://127.0.0.1:1/p/1"),
    ),
    Wrong(
        "destroys nothing",
        (
            "hash.destroy.two-parts",
            "hash.destroy.phone-is-ignored",
            "destroy.done",
            "destroy.integer-price",
        ),
        does.refused("/bill/destroy"),
    ),
    Wrong("does not say what was destroyed", ("destroy.done",), does.data("/bill/destroy", billId=...)),
    Wrong(
        "sends nothing again",
        ("hash.none", "resend.done", "talk.resend-costs-points"),
        does.refused("/bill/resend", "BILL_006"),
    ),
    Wrong("does not say what was sent again", ("resend.done",), does.data("/bill/resend", apiKey=...)),
    Wrong("cancels nothing", ("cancel.done", "cancel.no-reason"), does.refused("/bill/cancel")),
    Wrong(
        "reads every bill as unpaid, for 2,000 won",
        ("create.used-billId.changes-nothing", "read.unpaid", "read.destroyed"),
        does.data("/bill/read", apprState="W", apprPrice="2000"),
    ),
    Wrong(
        "reads every bill as paid, with numbers for texts",
        (
            "read.fields",
            "read.unpaid",
            "read.paid",
            "read.paid.apprDt",
            "read.paid.apprMonthly",
            "read.declined",
            "cancel.then-read",
        ),
        does.data("/bill/read", apprState="F", apprMonthly=0, apprPrice=1000, apprDt="202611260300"),
    ),
    Wrong(
        "leaves fields out of a read",
        ("read.fields", "read.paid", "cancel.then-read"),
        does.data("/bill/read", apprNum=..., apprIssuer=...),
    ),
    Wrong(
        "leaves fields out of a cancel",
        ("cancel.done", "cancel.no-reason"),
        does.data("/bill/cancel", apprNum=..., hash=...),
    ),
    Wrong("tells the balance as text", ("balance.partner", "balance.merchant"), does.balance(str)),
    Wrong(
        "tells a balance that never moves",
        ("talk.costs-points", "talk.resend-costs-points"),
        does.balance(lambda _: 1_000_000),
    ),
    Wrong("charges for URL bills", ("balance.url-bill-is-free",), does.charges_for_every_create),
    Wrong(
        "shares billIds among partners",
        ("isolation.same-billId",),
        does.answers_if(does.another_partners, refusal("BILL_001")),
    ),
    Wrong(
        "knows no idempotency keys",
        tuple(
            "idempotency." + name
            for name in (
                "same-create",
                "same-destroy",
                "other-request",
                "lasting-refusal",
                "ill-formed",
            )
        ),
        lambda: does.without_key,
    ),
    Wrong(
        "has one idempotency key for everything",
        tuple("idempotency." + name for name in ("of-an-operation", "of-a-partner", "passing-refusal")),
        does.one_key_for_all,
    ),
    Wrong("shows no page", ("page.*",), lambda: does.no_page),
    Wrong(
        "sends another message",
        ("talk.message", "talk.message-again"),
        does.messages(kind="OTHER", text="", buttons=[]),
    ),
    Wrong(
        "pays what was declined", ("read.declined",), does.sandbox("/sandbox/pay", lambda _: {"state": "F"})
    ),
    Wrong("takes any answer to a callback", ("callback.not-received.*",), does.callbacks(state="DELIVERED")),
    Wrong("never delivers a callback", ("callback.again",), does.callbacks(state="PENDING")),
    Wrong(
        "calls back whatever happens",
        ("callback.declined", "callback.cancel"),
        does.sandbox("/sandbox/callbacks", does.with_one_more),
    ),
    Wrong("writes the query of callbackUrl anew", ("callback.query",), relayed=does.other_query),
    Wrong(
        "calls back with three fields", ("callback.fields",), relayed=does.body(apprNum=..., apprCashNum=...)
    ),
    Wrong(
        "calls back with the apiKey",
        ("callback.no-apiKey", "callback.signature"),
        relayed=does.body(apiKey=API_KEY),
    ),
    Wrong("calls back with another price", ("callback.values",), relayed=does.body(apprPrice="1")),
    Wrong("calls back as text, unsigned", ("callback.post", "callback.signature"), relayed=does.as_text),
    Wrong("makes up a webhook-id for every try", ("callback.again",), relayed=does.a_new_id),
    Wrong("never calls back", ("callback.post",), relayed=does.swallowed),
)

NEVER_NOTICED = {
    "transport.post": "without an answer to the first read a run does not begin at all",
}
"""Checks that no wrong server fails, and why."""
