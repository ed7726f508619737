"""POST /bill as a whole: what it answers, and that a billId is used once."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from cheonggu.conform.check import Need, Section
from cheonggu.conform.probe import Probe
from cheonggu.domain import codes

SECTION: Final = Section("create", Need.WRITE)
check = SECTION.check


@check("url", "S", "A URL bill is created.", "URL 청구서를 만들어요.")
def url(probe: Probe) -> None:
    probe.done(probe.create())


@check(
    "url.data",
    "S",
    "The answer repeats apiKey, member, merchant, billId and the hash as it was sent.",
    "응답에 apiKey, member, merchant, billId와 보낸 그대로의 hash가 있어요.",
)
def url_data(probe: Probe) -> None:
    bill = probe.a_bill()
    data = probe.done(probe.ask("/bill", bill))
    sent = {name: bill[name] for name in ("billId", "hash")}
    probe.echoed(data, probe.target.who.envelope | sent)


@check(
    "url.short-url",
    "S",
    "The answer has a shortUrl that can be opened.",
    "응답에 열 수 있는 shortUrl이 있어요.",
)
def short_url(probe: Probe) -> None:
    found = probe.done(probe.create()).get("shortUrl")
    parts = urlsplit(found) if isinstance(found, str) else urlsplit("")
    fits = parts.scheme in ("http", "https") and parts.hostname
    probe.holds(fits, "shortUrl is an http(s) URL", f"it is {type(found).__name__} {str(found)[:8]!r}…")


@check(
    "url.short-url-of-its-own",
    "S",
    "Every bill has a shortUrl of its own.",
    "청구서마다 shortUrl이 달라요.",
)
def short_url_of_its_own(probe: Probe) -> None:
    first, second = probe.bills.open(), probe.bills.fresh()
    probe.holds(first.short_url != second.short_url, "two links for two bills", "one link for both")


@check(
    "minimal",
    "S",
    "billIssuer, supplyPrice, tax, message, expireDt and pageRedirectUrl may be left out.",
    "billIssuer, supplyPrice, tax, message, expireDt, pageRedirectUrl는 생략할 수 있어요.",
)
def minimal(probe: Probe) -> None:
    bill = probe.a_bill()
    optional = ("billIssuer", "supplyPrice", "tax", "message", "expireDt", "pageRedirectUrl")
    probe.done(probe.ask("/bill", {name: value for name, value in bill.items() if name not in optional}))


@check(
    "full",
    "S",
    "A bill with every optional field is created.",
    "선택 필드를 모두 채운 청구서를 만들어요.",
)
def full(probe: Probe) -> None:
    answer = probe.create(
        billIssuer="적합성 점검",
        supplyPrice="910",
        tax="90",
        message="시험용 청구서입니다.",
        expireDt="2099-12-31",
        pageRedirectUrl="https://conform.invalid/thanks?a=1",
    )
    probe.done(answer)


@check(
    "used-billId",
    "C",
    "A billId that was used is BILL_001.",
    "이미 쓴 billId는 BILL_001이에요.",
)
def used_bill_id(probe: Probe) -> None:
    probe.refused(probe.create(billId=probe.bills.open().bill_id), codes.BILL_001)


@check(
    "used-billId.changes-nothing",
    "S",
    "A second create with a billId changes nothing of the first bill.",
    "같은 billId로 다시 만들어도 첫 청구서는 그대로예요.",
)
def used_bill_id_changes_nothing(probe: Probe) -> None:
    made = probe.bills.fresh()
    probe.create(billId=made.bill_id, price="2000")
    probe.holds(
        probe.done(probe.read(made.bill_id)).get("apprPrice") == made.price,
        "the price of the first create",
        "another price",
    )


@check(
    "destroyed-billId",
    "S",
    "A billId is used for ever: also after the bill was destroyed.",
    "파기한 청구서의 billId도 다시 쓸 수 없어요.",
)
def destroyed_bill_id(probe: Probe) -> None:
    probe.refused(probe.create(billId=probe.bills.destroyed().bill_id), codes.BILL_001)


@check(
    "no-bill",
    "S",
    "A request without a bill is refused.",
    "bill이 없는 요청은 거절해요.",
)
def no_bill(probe: Probe) -> None:
    kinds: tuple[Any, ...] = (..., None, [], "bill")
    for bill in kinds:
        probe.refused(probe.ask("/bill", bill), codes.VALIDATION_001)
