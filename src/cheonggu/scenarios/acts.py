"""What each step does, and what it shows of your program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from cheonggu.client import Done, Outcome
from cheonggu.scenarios import script
from cheonggu.scenarios.report import Broken, Verdict
from cheonggu.scenarios.script import AnyStep
from cheonggu.scenarios.stage import Stage

ACCEPTED: Final = "0000"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a step showed; `judged` where it was about your program."""

    words: str
    verdict: Verdict = Verdict.OK
    judged: bool = False


def act(stage: Stage, step: AnyStep) -> Shown:
    """Take a step. Raises Broken when the scenario cannot go on, and SandboxRefused."""
    return _ACTS[type(step)](stage, step)


def _fine(words: str) -> Shown:
    return Shown(words=words, judged=True)


def _wrong(step: AnyStep, words: str) -> Shown:
    told = f"{words}. {step.why}" if step.why else words
    return Shown(words=told, verdict=Verdict.WRONG, judged=True)


def _unseen(words: str) -> Shown:
    return Shown(words=words, verdict=Verdict.UNSEEN, judged=True)


def _create(stage: Stage, step: script.Create) -> Shown:
    before = stage.stands(step.bill) is not None if step.bill in stage.bills else False
    bill = stage.new_bill(step.bill, price=str(step.price), sendType=step.send_type, expireDt=step.expires)
    if stage.yours.create is not None:
        return _create_by_yours(stage, step, bill, before=before)
    outcome = stage.send(bill, step.test_code)
    _expect(outcome, step.code, lost=step.test_code is not None)
    return Shown(words=f"the runner asked for {bill['billId']}, answer: {_code_of(outcome)}")


def _create_by_yours(stage: Stage, step: script.Create, bill: Mapping[str, str], *, before: bool) -> Shown:
    if step.test_code is not None:
        stage.remote.post("/sandbox/test-code", {"code": step.test_code, "operation": "billSend", "times": 1})
    heard = stage.yours.make(bill)
    there = stage.stands(step.bill) is not None
    wanted = step.code == ACCEPTED
    said = f"your program said: {heard.words}"
    if before:  # asked a second time: whatever it says, it must not have spoilt anything
        return _fine(f"asked again for {bill['billId']}; {said}")
    if there != wanted:
        is_there = "the bill is there" if there else f"there is no bill {bill['billId']}"
        return _wrong(step, f"{is_there}, and {said}")
    if not wanted and heard.fine:
        return _wrong(step, f"the answer was {step.code}, and {said}")
    return _fine(said)


def _pay(stage: Stage, step: script.Pay) -> Shown:
    asked = {"billId": stage.bill_id(step.bill), "outcome": step.outcome}
    answer = stage.remote.post("/sandbox/pay", asked)
    if step.state is not None and answer["state"] != step.state:
        raise Broken(f"the bill should be {step.state} after {step.outcome} and is {answer['state']}")
    return Shown(words=f"{step.outcome}: the bill is {answer['state']}")


def _probe(stage: Stage, step: script.Probe) -> Shown:
    asked = {
        "billId": stage.bill_id(step.bill),
        "url": stage.callback_url,
        "alter": step.alter,
        "remove": step.remove,
        "signature": step.signature,
    }
    answer = stage.remote.post("/sandbox/callbacks/probe", asked)
    changed = [f"{name}={value!r}" for name, value in step.alter.items()]
    changed += [f"no {name}" for name in step.remove]
    changed += [] if step.signature == "GOOD" else [f"signature {step.signature}"]
    what = f"a callback with {', '.join(changed)}" if changed else "a callback"
    if answer["status"] is None:
        # Not what `why` warns of: it was neither accepted nor refused.
        words = f"{what} was neither accepted nor refused, for no answer came: {answer['reason']}"
        return Shown(words=words, verdict=Verdict.WRONG, judged=True)
    accepted = answer["reason"] is None
    words = f"{what} was {'accepted' if accepted else 'not accepted'} (HTTP {answer['status']})"
    return _fine(words) if accepted == (step.expect == "accepted") else _wrong(step, words)


def _callback(stage: Stage, step: script.Callback) -> Shown:
    def look() -> Mapping[str, Any] | None:
        found = stage.callbacks(step.bill)
        one = found[-1] if found else None
        arrived = one and one["state"] == step.state and len(one["attempts"]) >= step.tries
        return one if arrived else None

    if step.state == "NONE":
        if stage.callbacks(step.bill):
            raise Broken("there should be no callback for this bill, and there is one")
        return Shown(words="no callback, as it should be")
    one = stage.until(look)
    if one is not None:
        return _fine(f"{step.state} after {len(one['attempts'])} of {step.tries or 1} tries or more")
    found = stage.callbacks(step.bill)
    if not found:
        raise Broken(f"no callback came up within {stage.wait_seconds:g} s: is a worker running?")
    tries = found[-1]["attempts"]
    last = f"the last of {len(tries)} tries: {tries[-1]['reason']}" if tries else "it was not tried yet"
    return _wrong(step, f"the callback is {found[-1]['state']}, not {step.state}; {last}")


def _again(stage: Stage, step: script.Again) -> Shown:
    found = stage.callbacks(step.bill)
    if not found:
        raise Broken("there is no callback to send again")
    callback, before = found[-1]["id"], len(found[-1]["attempts"])
    stage.remote.post(f"/sandbox/callbacks/{callback}/resend")

    def look() -> Mapping[str, Any] | None:
        tries = stage.callbacks(step.bill)[-1]["attempts"]
        return tries[-1] if len(tries) > before else None

    newest = stage.until(look)
    if newest is None:
        raise Broken("the callback was not sent again in time")
    if newest["reason"] is None:
        return _fine("the same callback, sent once more, was accepted")
    return _wrong(step, f"the same callback, sent once more, was not accepted: {newest['reason']}")


def _trouble(stage: Stage, step: script.Trouble) -> Shown:
    bill_id = None if step.bill is None else stage.bill_id(step.bill)
    asked = {"kind": step.kind, "billId": bill_id, "times": step.times, "seconds": step.seconds}
    stage.remote.post("/sandbox/callbacks/trouble", asked)
    much = f"for {step.seconds:g} s" if step.seconds else f"{step.times or 1} times"
    return Shown(words=f"{step.kind} {much}")


def _clock(stage: Stage, step: script.Clock) -> Shown:
    now = stage.remote.post("/sandbox/clock", {"advanceSeconds": step.seconds})["now"]
    return Shown(words=f"{step.seconds:g} s later: {now}")


def _points(stage: Stage, step: script.Points) -> Shown:
    stage.remote.post("/sandbox/points", {"balance": step.balance})
    return Shown(words=f"the wallet holds {step.balance:,} points")


def _partner(stage: Stage, step: script.Partner) -> Shown:
    stage.remote.post(f"/sandbox/partners/{stage.partner['partner']}", {"notices": step.notices})
    return Shown(words=f"notices of cancels and destroys: {'on' if step.notices else 'off'}")


def _act(stage: Stage, step: script.Act) -> Shown:
    bill = stage.bill(step.bill)
    outcome: Outcome[Any]
    match step.verb:
        case "destroy":
            outcome = stage.client.destroy(bill["billId"], bill["price"])
        case "cancel":
            outcome = stage.client.cancel(bill["billId"], bill["price"])
        case "resend":
            outcome = stage.client.resend(bill["billId"])
    _expect(outcome, step.code)
    return Shown(words=f"{step.verb}: {_code_of(outcome)}")


def _messages(stage: Stage, step: script.Messages) -> Shown:
    found = stage.new_messages(None if step.bill is None else stage.bill_id(step.bill))
    whose = "in all" if step.bill is None else "for this bill"
    words = f"{len(found)} message{'' if len(found) == 1 else 's'} {whose}"
    if stage.yours.create is None:
        return Shown(words=words)
    return _fine(words) if len(found) == step.count else _wrong(step, f"{words}, not {step.count}")


def _requests(stage: Stage, step: script.Requests) -> Shown:
    if stage.yours.create is None:
        return _unseen("your program did not make this bill; say how it does with --create")
    bill_id = stage.bill_id(step.bill)
    found = stage.remote.get("/sandbox/requests", billId=bill_id, limit=500)["requests"]
    all_of_them = sum(1 for one in found if one["operation"] == step.operation)
    count = max(0, all_of_them - stage.asked[step.operation, bill_id])
    words = f"your program asked for {step.operation} {count} times"
    fits = step.least <= count and (step.most is None or count <= step.most)
    return _fine(words) if fits else _wrong(step, words)


def _books(stage: Stage, step: script.Books) -> Shown:
    if stage.yours.books is None:
        return _unseen("your books were not looked at; say where they are with --books")
    wanted = {"state": step.state, "amount": step.amount, "payments": step.payments}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    said = ""

    def look() -> bool | None:
        nonlocal said
        heard = stage.yours.booked(stage.bill(step.bill))
        said = heard.words
        if step.state == "none" and not heard.told.get("state"):
            return True
        return all(_same(heard.told.get(name), value) for name, value in wanted.items()) or None

    told = ", ".join(f"{name} {value}" for name, value in wanted.items())
    if stage.until(look):
        return _fine(f"your books say so: {told}")
    return _wrong(step, f"your books should say {told}, and answered: {said}")


def _same(booked: object, wanted: object) -> bool:
    return str(booked).strip().lower() == str(wanted)


def _expect(outcome: Outcome[Any], code: str, *, lost: bool = False) -> None:
    """Raises Broken unless the answer is the one that the scenario is about."""
    if lost or _code_of(outcome) == code:
        return
    raise Broken(f"the answer should be {code} and is {_code_of(outcome)}: {outcome.message}")


def _code_of(outcome: Outcome[Any]) -> str:
    return ACCEPTED if isinstance(outcome, Done) else outcome.code or "none came"


_ACTS: Final[dict[type[Any], Callable[[Stage, Any], Shown]]] = {
    script.Create: _create,
    script.Pay: _pay,
    script.Probe: _probe,
    script.Callback: _callback,
    script.Again: _again,
    script.Trouble: _trouble,
    script.Clock: _clock,
    script.Points: _points,
    script.Partner: _partner,
    script.Act: _act,
    script.Messages: _messages,
    script.Requests: _requests,
    script.Books: _books,
}
