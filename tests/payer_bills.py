"""Bills as the payer's page gets them, with every field that a test does not care about filled in."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from cheonggu.domain.bill import Bill, SendType, State
from cheonggu.domain.payment import TAKEN_BACK, Approval, Attempt, AttemptState, RefundFacts
from cheonggu.domain.seoul import SEOUL, end_of
from cheonggu.store.bills import PayerBill
from cheonggu.store.partners import Merchant
from cheonggu.web.pages import bill_shown
from cheonggu.web.sheet import Sheet, sheet
from cheonggu.web.words import Language

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=SEOUL)
CODE = "abcdefghijklmnopqrstuv"

MERCHANT = Merchant(
    partner_id=1,
    merchant_code="m",
    name="한빛수학학원",
    phone="02-555-0147",
    owner_name="박정민",
    registration_number="120-86-00001",
    address="서울 강남구 도곡로 408",
)
BARE_MERCHANT = msgspec.structs.replace(
    MERCHANT, phone=None, owner_name=None, registration_number=None, address=None
)

_BILL = Bill(
    partner_id=1,
    bill_no=1,
    bill_id="TEST0001",
    member_code="m",
    merchant_code="m",
    wallet_code="",
    send_type=SendType.TALK,
    issuer="한빛수학학원 대치본원",
    product_name="11월 수강료",
    price_won=345_000,
    supply_won=None,
    tax_won=None,
    payer_name="김서연",
    payer_phone="01012345678",
    message="안녕하세요.\n11월 수강료를 보내드려요.",
    expires_at=end_of(date(2026, 11, 30)),
    callback_url="http://127.0.0.1:9/callback",
    redirect_url=None,
    short_code=CODE,
    state=State.READY,
    sends=1,
    created_at=NOW - timedelta(days=2),
)
APPROVAL = Approval(
    order_id="o",
    amount_won=345_000,
    approved_at=NOW,
    approval_number="30014728",
    pay_type="CARD_VAN",
    issuer="연습카드",
    card_number="0000-****-****-0000",
)


def attempt(
    state: AttemptState,
    *,
    failure: str | None = None,
    failure_code: str | None = None,
    approval: Approval | None = None,
) -> Attempt:
    """An attempt at the bill, begun a minute ago."""
    return Attempt(
        partner_id=1,
        attempt_no=1,
        bill_no=1,
        order_id="o",
        amount_won=345_000,
        state=state,
        began_at=NOW - timedelta(minutes=1),
        confirm_until=NOW,
        settled_at=None,
        failure_code=failure_code,
        failure=failure,
        fence=0,
        approval=approval,
    )


def refund(state: str) -> RefundFacts:
    """A cancellation of the bill's payment."""
    done = state == "DONE"
    return RefundFacts(
        partner_id=1,
        refund_no=1,
        refund_id="r",
        bill_no=1,
        attempt_no=1,
        kind="CANCEL",
        state=state,
        reason="단순 변심",
        began_at=NOW,
        refund_number="30014999" if done else None,
        refunded_at=NOW if done else None,
        refusal_kind="CARD" if state == "REFUSED" else None,
        refusal=None,
        fence=0,
    )


UNPAID = PayerBill(bill=_BILL, merchant=MERCHANT, attempt=None, refund=None, destroyed_at=None, sandbox=True)
APPROVED = attempt(AttemptState.APPROVED, approval=APPROVAL)


def changed(payer: PayerBill, **bill: object) -> PayerBill:
    """The same with some fields of its bill changed."""
    return msgspec.structs.replace(payer, bill=msgspec.structs.replace(payer.bill, **bill))


def with_attempt(payer: PayerBill, newest: Attempt, **bill: object) -> PayerBill:
    """The same with a newest attempt, and some fields of its bill changed."""
    return changed(msgspec.structs.replace(payer, attempt=newest), **bill)


PAID = with_attempt(UNPAID, APPROVED, state=State.PAID)
PAST_EXPIRY = end_of(date(2026, 11, 21))

BY_SEEN: dict[str, PayerBill] = {
    "unpaid": UNPAID,
    "refused": with_attempt(
        UNPAID, attempt(AttemptState.FAILED, failure="이용 한도를 넘었어요.", failure_code="51")
    ),
    "failed": with_attempt(
        UNPAID, attempt(AttemptState.FAILED, failure="알 수 없어요.", failure_code="NOT_FOUND")
    ),
    "returned": with_attempt(
        UNPAID, attempt(AttemptState.FAILED, failure="결제사에서 취소했어요.", failure_code=TAKEN_BACK)
    ),
    "checking": with_attempt(UNPAID, attempt(AttemptState.UNKNOWN), state=State.PAYING),
    "paid": PAID,
    "cancelling": msgspec.structs.replace(changed(PAID, state=State.CANCELING), refund=refund("UNDECIDED")),
    "cancelled": msgspec.structs.replace(
        with_attempt(PAID, attempt(AttemptState.REFUNDED, approval=APPROVAL), state=State.CANCELED),
        refund=refund("DONE"),
    ),
    "expired": changed(UNPAID, expires_at=PAST_EXPIRY),
    "withdrawn": msgspec.structs.replace(changed(UNPAID, state=State.DESTROYED), destroyed_at=NOW),
}
"""One bill for each way in which a payer can see one."""


def seen(payer: PayerBill, *, now: datetime = NOW) -> Sheet:
    """How the bill's page reads in Korean."""
    return sheet(payer, now, Language("ko"), pay_href=f"/p/{CODE}/card")


def asking(path: str = f"/p/{CODE}", accept_language: str = "", **query: str) -> Request:
    """A browser's GET."""
    headers = [(b"host", b"127.0.0.1:8080"), (b"accept-language", accept_language.encode())]
    scope: Scope = {"type": "http", "method": "GET", "scheme": "http", "path": path, "headers": headers}
    return Request({**scope, "query_string": urlencode(query).encode(), "server": ("127.0.0.1", 8080)})


def shown(payer: PayerBill, request: Request | None = None, *, practice: bool = True) -> Response:
    """The page of a bill, as it leaves."""
    return bill_shown(request or asking(), payer, NOW, window_path=f"/p/{CODE}/card", practice=practice)


def text(response: Response) -> str:
    """What a page says, tags and all."""
    return bytes(response.body).decode()


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags_of(page: str) -> list[tuple[str, dict[str, str | None]]]:
    """Every tag of a page with its attributes."""
    return _Tags(page).found


def links(page: str) -> list[str]:
    """Where the links of a page lead."""
    return [attrs["href"] or "" for tag, attrs in tags_of(page) if tag == "a"]
