"""The callback of an approval, as a partner's receiver sees it."""

from __future__ import annotations

import time
from typing import Any, Final

from cheonggu.conform.check import Need, Section, Steps
from cheonggu.conform.probe import Differs, Made, NotTried, Probe
from cheonggu.conform.receiver import ACCEPTED, Call, Receiver, told
from cheonggu.domain import webhook
from cheonggu.domain.approval_fields import NAMES

SECTION: Final = Section("callback", Need.WRITE, Need.CALLBACK)
check = SECTION.check


def _receiver(probe: Probe) -> Receiver:
    if probe.receiver is None:
        raise NotTried("there is no receiver")
    return probe.receiver


def _approval(probe: Probe) -> tuple[Made, Call]:
    """A bill that the run made and somebody paid, and its first callback."""
    made = probe.bills.paid_here()
    calls = _receiver(probe).calls(made.bill_id, 1, probe.target.callback_seconds)
    if not calls:
        probe.differs(f"a callback within {probe.target.callback_seconds:g} s", "none")
        raise Differs
    probe.seen_before.append(told(calls[0]))
    return made, calls[0]


@check(
    "post",
    "D",
    "An approval is POSTed as JSON to callbackUrl.",
    "승인되면 callbackUrl로 JSON을 POST해요.",
    Need.PAID,
)
def post(probe: Probe) -> None:
    _, call = _approval(probe)
    kind = call.headers.get("content-type", "")
    probe.holds(kind.startswith("application/json"), "Content-Type application/json", f"{kind!r}")
    probe.holds(call.fields, "a JSON object", f"{len(call.body)} bytes of something else")


@check(
    "query",
    "M",
    "The query of callbackUrl is kept byte for byte.",
    "callbackUrl의 쿼리를 한 바이트도 바꾸지 않아요.",
    Need.PAID,
)
def query(probe: Probe) -> None:
    _, call = _approval(probe)
    kept = call.target.partition("?")[2].endswith(_receiver(probe).query)
    probe.holds(kept, "the query as it was given", "another one")


@check(
    "fields",
    "D",
    "It has the fields of /bill/read, each a text or null.",
    "/bill/read와 같은 필드가 있고, 값은 문자열이거나 null이에요.",
    Need.PAID,
)
def fields(probe: Probe) -> None:
    _, call = _approval(probe)
    missing = [name for name in NAMES if name not in call.fields]
    probe.holds(not missing, "every field", f"without {', '.join(missing)}", "M")
    no_text = [name for name, value in call.fields.items() if not (value is None or isinstance(value, str))]
    probe.holds(not no_text, "texts or null", f"others in {', '.join(no_text)}", "M")


@check(
    "values",
    "D",
    "It says what /bill/read says: the billId, F, the price, and when it was approved.",
    "/bill/read와 같은 값이에요: billId, F, 금액, 승인 시각.",
    Need.PAID,
)
def values(probe: Probe) -> None:
    made, call = _approval(probe)
    said: dict[str, Any] = {"billId": made.bill_id, "apprState": "F", "apprPrice": made.price}
    read = probe.read(made.bill_id).data
    if read.get("apprState") == "F":
        said |= {name: read.get(name) for name in ("apprDt", "apprNum", "apprPayType", "apprMonthly")}
    different = [name for name, value in said.items() if call.fields.get(name) != value]
    probe.holds(not different, "the same as /bill/read", f"others in {', '.join(different)}")


@check(
    "no-apiKey",
    "O",
    "The apiKey is not in it, unless the partner wants that.",
    "파트너가 원하지 않으면 apiKey를 넣지 않아요.",
    Need.PAID,
)
def no_api_key(probe: Probe) -> None:
    _, call = _approval(probe)
    probe.holds(probe.target.who.api_key.encode() not in call.body, "no apiKey", "ours")


@check(
    "signature",
    "O",
    "It is signed after Standard Webhooks.",
    "Standard Webhooks 방식으로 서명해요.",
    Need.PAID,
    Need.SECRET,
)
def signature(probe: Probe) -> None:
    _, call = _approval(probe)
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    identity, timestamp, signatures = (call.headers.get(name, "") for name in names)
    genuine = timestamp.isdigit() and webhook.verify(
        [probe.target.webhook_secret or ""],
        identity,
        int(timestamp),
        call.body,
        signatures,
        now=int(time.time()),
    )
    probe.holds(genuine, "a signature by the secret", "none, or another")


def _shown(probe: Probe, made: Made) -> dict[str, Any]:
    """The bill's callback as the sandbox shows it, once it was tried."""
    probe.until(lambda: any(one.get("attempts") for one in probe.sandbox.callbacks(made.bill_id)))
    found = probe.sandbox.callbacks(made.bill_id)
    if not found:
        probe.differs("a callback", "none")
        raise Differs
    return found[0]


def _does_not_count(status: int, body: str) -> Steps:
    def steps(probe: Probe) -> None:
        made = probe.bills.fresh()
        _receiver(probe).answer(made.bill_id, status, body)
        probe.bills.pay(made)
        shown = _shown(probe, made)
        probe.equal("its state", "PENDING", shown.get("state"))
        attempts: list[dict[str, Any]] = shown.get("attempts") or []
        reasons = [attempt.get("reason") for attempt in attempts]
        probe.holds(all(reasons), "a reason for every try", "none", "O")
        _receiver(probe).answer(made.bill_id, *ACCEPTED)  # so that it is not tried for a day

    return steps


for _name, _status, _body, _english, _korean in (
    ("status-500", 500, '{"code":"0000"}', "Another status than 200", "200이 아닌 상태 코드"),
    ("status-201", 201, '{"code":"0000"}', "HTTP 201", "HTTP 201"),
    ("code-1", 200, '{"code":"1"}', "Another code than 0000", "0000이 아닌 code"),
    ("code-number", 200, '{"code":0}', "A code that is a number", "숫자인 code"),
    ("no-json", 200, "OK", "A body that is no JSON", "JSON이 아닌 본문"),
):
    SECTION.add(
        f"not-received.{_name}",
        "D",
        f"{_english} does not count as received.",
        f"{_korean}: 받은 것으로 치지 않아요.",
        _does_not_count(_status, _body),
        Need.SANDBOX,
    )


@check(
    "again",
    "O",
    "Sent again by hand it has the same webhook-id, and is delivered once it is accepted.",
    "다시 보낸 콜백은 webhook-id가 같고, 받으면 전달된 것으로 남아요.",
    Need.SANDBOX,
)
def again(probe: Probe) -> None:
    made, receiver = probe.bills.fresh(), _receiver(probe)
    receiver.answer(made.bill_id, 500, "{}")
    probe.bills.pay(made)
    shown = _shown(probe, made)
    receiver.answer(made.bill_id, *ACCEPTED)
    probe.sandbox.resend(str(shown.get("id")))
    delivered = probe.until(lambda: probe.sandbox.callbacks(made.bill_id)[0].get("state") == "DELIVERED")
    probe.holds(delivered, "DELIVERED", "another state")
    calls = receiver.calls(made.bill_id, 2, probe.target.callback_seconds)
    ids = {call.headers.get("webhook-id") for call in calls}
    probe.holds(len(ids) == 1 and None not in ids, "one webhook-id", f"{len(ids)}, or none")


@check(
    "declined",
    "D",
    "A payment that was declined is not called back.",
    "승인되지 않은 결제는 콜백하지 않아요.",
    Need.SANDBOX,
)
def declined(probe: Probe) -> None:
    made = probe.bills.fresh()
    probe.sandbox.pay(made.bill_id, "DECLINE")
    found = probe.sandbox.callbacks(made.bill_id)
    probe.holds(not found, "no callback", f"{len(found)}")


@check(
    "cancel",
    "O",
    "A cancel is not called back, unless the partner wants that.",
    "파트너가 원하지 않으면 취소는 콜백하지 않아요.",
    Need.SANDBOX,
)
def cancel(probe: Probe) -> None:
    made = probe.bills.pay(probe.bills.fresh())
    probe.done(probe.bills.cancel(made, made.price))
    found = probe.sandbox.callbacks(made.bill_id)
    probe.equal("the callbacks of the bill", 1, len(found))
