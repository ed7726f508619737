"""Random stories of two partners, told to the server and to a model of it: they agree at every step."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cheonggu.billing.sandbox_partners import ALL, SandboxPartner
from cheonggu.delivery import janitor
from cheonggu.domain.hashing import request_hash
from cheonggu.providers.sandbox import SandboxGateway
from cheonggu.service import Service
from tests.checks import assert_books_hold
from tests.partner_model import KOREA, Bill, Partner
from tests.serving import serving

T = TypeVar("T")
Act = Callable[[Partner, datetime], str]
"""A write as the model does it; the code that it gives."""

WHO = st.sampled_from(ALL)
BILL_ID = st.sampled_from(("A", "B", "청구-3", "d"))
PRICE = st.sampled_from(("1000", "1000", "1000", "2000"))
KEY = st.none() | st.sampled_from(("k1", "k2"))
OUTCOME = st.sampled_from(("APPROVE", "APPROVE", "DECLINE", "TIMEOUT_CHARGED", "TIMEOUT_NOT_CHARGED"))
KIND = st.sampled_from(("TALK", "URL"))
HASH_OF = st.sampled_from(("right", "right", "right", "right", "wrong"))
HOURS = st.sampled_from((1, 12, 25, 24 * 31))
POINTS: Final = 300
STORIES: Final = settings().max_examples // 10
SHORT: Final = STORIES < 100
"""In `make test` a story that fails is told as it is: making it shorter takes minutes."""
SILENCE_SECONDS: Final = 0.02
"""Nothing is gained by waiting for an answer that never comes."""
LEASE_SECONDS: Final = 60


class Stories(RuleBasedStateMachine):
    """One story; the service behind it serves all of them, one after the other."""

    service: Service
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        at = self.service.settings
        self.http = http.client.HTTPConnection(at.host, at.port, timeout=60)
        self.partners = {who.api_key: Partner(POINTS) for who in ALL}

    @initialize()
    def begin(self) -> None:
        self.post("/sandbox/reset", {})
        for who in ALL:
            self.post("/sandbox/points", {"apiKey": who.api_key, "balance": POINTS})

    @rule(
        who=WHO,
        bill_id=BILL_ID,
        kind=KIND,
        price=PRICE,
        key=KEY,
        hash_of=HASH_OF,
        days=st.integers(0, 40),
    )
    def create(
        self,
        who: SandboxPartner,
        bill_id: str,
        kind: str,
        price: str,
        key: str | None,
        hash_of: str,
        days: int,
    ) -> None:
        last_day = self.now().astimezone(KOREA).date() + timedelta(days=days)
        bill = {
            "billId": bill_id,
            "sendType": kind,
            "productName": "수강료",
            "memberName": "김서연",
            "phone": "01012345678",
            "price": price,
            "expireDt": str(last_day),
            "callbackUrl": "http://127.0.0.1:9/callback",
            "hash": request_hash(bill_id, "01012345678", price) if hash_of == "right" else "0" * 64,
        }
        self.operate(who, "bill", bill, key, lambda of, _: of.create(bill_id, Bill(kind, price, last_day)))

    @rule(who=WHO, bill_id=BILL_ID, key=KEY)
    def resend(self, who: SandboxPartner, bill_id: str, key: str | None) -> None:
        self.operate(who, "bill/resend", {"billId": bill_id}, key, lambda of, now: of.resend(bill_id, now))

    @rule(who=WHO, bill_id=BILL_ID, price=PRICE, key=KEY, hash_of=HASH_OF)
    def destroy(self, who: SandboxPartner, bill_id: str, price: str, key: str | None, hash_of: str) -> None:
        bill = priced(bill_id, price, hash_of)
        self.operate(who, "bill/destroy", bill, key, lambda of, _: of.destroy(bill_id, price))

    @rule(who=WHO, bill_id=BILL_ID, price=PRICE, key=KEY, hash_of=HASH_OF)
    def cancel(self, who: SandboxPartner, bill_id: str, price: str, key: str | None, hash_of: str) -> None:
        bill = priced(bill_id, price, hash_of) | {"cancelReason": "고객 변심"}
        self.operate(who, "bill/cancel", bill, key, lambda of, _: of.cancel(bill_id, price))

    @rule(who=WHO, bill_id=BILL_ID, outcome=OUTCOME)
    def pay(self, who: SandboxPartner, bill_id: str, outcome: str) -> None:
        now, partner = self.now(), self.partners[who.api_key]
        asked = {"apiKey": who.api_key, "billId": bill_id, "outcome": outcome}
        answer = self.post("/sandbox/pay", asked)
        if bill_id not in partner.bills:
            assert answer["code"] == "BILL_003"
            return
        partner.pay(bill_id, outcome, now)
        assert answer["state"] == partner.bills[bill_id].on_the_wire

    @rule(hours=HOURS)
    def time_passes(self, hours: int) -> None:
        self.post("/sandbox/clock", {"advanceSeconds": hours * 3600})

    @rule()
    def the_janitor_asks(self) -> None:
        self.post("/sandbox/clock", {"advanceSeconds": LEASE_SECONDS})
        while self.wait_for(janitor.ask_payments(self.service)):
            pass
        for partner in self.partners.values():
            partner.settle()

    @rule(who=WHO, points=st.sampled_from((0, 54, 55, 300)))
    def points_are_set(self, who: SandboxPartner, points: int) -> None:
        self.post("/sandbox/points", {"apiKey": who.api_key, "balance": points})
        self.partners[who.api_key].points = points

    @invariant()
    def every_bill_reads_as_it_should(self) -> None:
        for who in ALL:
            partner = self.partners[who.api_key]
            for bill_id in ("A", "B", "청구-3", "d"):
                answer = self.post("/bill/read", envelope(who, {"billId": bill_id}))
                bill = partner.bills.get(bill_id)
                if bill is None:
                    assert (answer["code"], answer["data"]) == ("BILL_003", None)
                else:
                    data = answer["data"]
                    assert (data["apprState"], data["apprPrice"]) == (bill.on_the_wire, bill.price)

    @invariant()
    def the_points_are_what_they_should_be(self) -> None:
        for who in ALL:
            points = self.partners[who.api_key].points
            answer = self.post("/read/remain_count", {"apiKey": who.api_key})
            assert answer["data"]["balance"] == points
            answer = self.post("/read/merchant/remain_count", envelope(who))
            assert answer["data"]["balance"] == points

    def teardown(self) -> None:
        self.wait_for(assert_books_hold(self.service.db))
        self.http.close()

    def operate(
        self, who: SandboxPartner, operation: str, bill: dict[str, str], key: str | None, act: Act
    ) -> None:
        """Ask for a write, and let the model do the same; the codes agree, with data only on success."""
        raw, now, partner = json.dumps(envelope(who, bill)).encode(), self.now(), self.partners[who.api_key]
        answer = self.post(f"/{operation}", raw, **({"Idempotency-Key": key} if key else {}))
        if bill.get("hash") == "0" * 64:
            expected = "VALIDATION_002"
        else:
            # An undecided payment may fail; then what it stood in the way of is in order again.
            passes = operation == "bill/resend" and partner.undecided(bill["billId"])
            expected = partner.once(operation, key, raw, now)
            if expected is None:
                code = act(partner, now)
                expected = partner.remember(operation, None if passes else key, raw, code, now)
        assert answer["code"] == expected, answer
        assert (answer["data"] is not None) == (expected == "0000")
        if expected == "0000":
            assert answer["data"]["apiKey"] == who.api_key
            assert answer["data"].get("billId", bill["billId"]) == bill["billId"]

    def now(self) -> datetime:
        return self.service.clock.now()

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def post(self, path: str, body: dict[str, Any] | bytes, **headers: str) -> dict[str, Any]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.http.request("POST", path, raw, {"Content-Type": "application/json", **headers})
        return json.loads(self.http.getresponse().read())


def envelope(who: SandboxPartner, bill: dict[str, str] | None = None) -> dict[str, Any]:
    about = {"apiKey": who.api_key, "member": who.member, "merchant": who.merchant}
    return about if bill is None else {**about, "bill": bill}


def priced(bill_id: str, price: str, hash_of: str) -> dict[str, str]:
    right = request_hash(bill_id, price)
    return {"billId": bill_id, "price": price, "hash": right if hash_of == "right" else "0" * 64}


async def test_answers_and_states_agree_with_the_model(service: Service) -> None:
    Stories.service, Stories.loop = service, asyncio.get_running_loop()
    assert isinstance(service.gateway, SandboxGateway)
    service.gateway.silence_seconds = SILENCE_SECONDS
    told = settings(
        max_examples=STORIES,
        stateful_step_count=30,
        deadline=None,
        phases=[phase for phase in Phase if not (SHORT and phase is Phase.shrink)],
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
    )
    async with serving(service):
        await asyncio.to_thread(run_state_machine_as_test, Stories, settings=told)
