"""What each step does, and what it shows of your program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


def _wrong(stage: Stage, step: AnyStep, words: str) -> Shown:
    why = step.why.in_language(korean=stage.korean) if isinstance(step.why, script.Told) else step.why
    told = f"{words}. {why}" if why else words
    return Shown(words=told, verdict=Verdict.WRONG, judged=True)


def _unseen(words: str) -> Shown:
    return Shown(words=words, verdict=Verdict.UNSEEN, judged=True)


def _create(stage: Stage, step: script.Create) -> Shown:
    before = stage.stands(step.bill) is not None if step.bill in stage.bills else False
    bill = stage.new_bill(step.bill, price=str(step.price), sendType=step.send_type, expireDt=step.expires)
    if stage.yours.create is not None:
        return _create_by_yours(stage, step, bill, before=before)
    outcome = stage.send(bill, step.test_code)
    _expect(stage, outcome, step.code, lost=step.test_code is not None)
    return Shown(words=stage.say("runner_asked", bill=bill["billId"], code=_code_of(stage, outcome)))


def _create_by_yours(stage: Stage, step: script.Create, bill: Mapping[str, str], *, before: bool) -> Shown:
    if step.test_code is not None:
        stage.remote.post("/sandbox/test-code", {"code": step.test_code, "operation": "billSend", "times": 1})
    heard = stage.yours.make(bill)
    there = stage.stands(step.bill) is not None
    wanted = step.code == ACCEPTED
    said = stage.say("yours_said", said=heard.words)
    if before:  # asked a second time: whatever it says, it must not have spoilt anything
        return _fine(stage.say("asked_again", bill=bill["billId"], said=said))
    if there != wanted:
        name = "bill_is_there" if there else "bill_is_not_there"
        return _wrong(stage, step, stage.say(name, bill=bill["billId"], said=said))
    if not wanted and heard.fine:
        return _wrong(stage, step, stage.say("should_have_failed", code=step.code, said=said))
    return _fine(said)


def _pay(stage: Stage, step: script.Pay) -> Shown:
    asked = {"billId": stage.bill_id(step.bill), "outcome": step.outcome}
    answer = stage.remote.post("/sandbox/pay", asked)
    if step.state is not None and answer["state"] != step.state:
        otherwise = {"outcome": step.outcome, "wanted": step.state, "state": answer["state"]}
        raise Broken(stage.say("paid_otherwise", **otherwise))
    return Shown(words=stage.say("paid", outcome=step.outcome, state=answer["state"]))


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
    changed += [stage.say("without", name=name) for name in step.remove]
    changed += [] if step.signature == "GOOD" else [stage.say("signature", kind=step.signature)]
    what = stage.say("a_callback_with" if changed else "a_callback", changes=", ".join(changed))
    if answer["status"] is None:
        # Not what `why` warns of: it was neither accepted nor refused.
        words = stage.say("probe_silent", what=what, reason=answer["reason"])
        return Shown(words=words, verdict=Verdict.WRONG, judged=True)
    accepted = answer["reason"] is None
    name = "probe_accepted" if accepted else "probe_refused"
    words = stage.say(name, what=what, status=answer["status"])
    return _fine(words) if accepted == (step.expect == "accepted") else _wrong(stage, step, words)


def _callback(stage: Stage, step: script.Callback) -> Shown:
    def look() -> Mapping[str, Any] | None:
        found = stage.callbacks(step.bill)
        one = found[-1] if found else None
        arrived = one and one["state"] == step.state and len(one["attempts"]) >= step.tries
        return one if arrived else None

    if step.state == "NONE":
        if stage.callbacks(step.bill):
            raise Broken(stage.say("callback_unwanted"))
        return Shown(words=stage.say("callback_absent"))
    one = stage.until(look)
    if one is not None:
        counted = {"tries": len(one["attempts"]), "least": step.tries or 1}
        return _fine(stage.say("callback_came", state=step.state, **counted))
    found = stage.callbacks(step.bill)
    if not found:
        raise Broken(stage.say("callback_never", seconds=stage.wait_seconds))
    state = found[-1]["state"]
    last = _last_try(stage, found[-1]["attempts"])
    return _wrong(stage, step, stage.say("callback_otherwise", state=state, wanted=step.state, last=last))


def _last_try(stage: Stage, tries: Sequence[Mapping[str, Any]]) -> str:
    if not tries:
        return stage.say("not_tried")
    reason = tries[-1]["reason"] or stage.say("it_counted")
    return stage.say("last_try", tries=len(tries), reason=reason)


def _again(stage: Stage, step: script.Again) -> Shown:
    found = stage.callbacks(step.bill)
    if not found:
        raise Broken(stage.say("again_absent"))
    callback, before = found[-1]["id"], len(found[-1]["attempts"])
    stage.remote.post(f"/sandbox/callbacks/{callback}/resend")

    def look() -> Mapping[str, Any] | None:
        tries = stage.callbacks(step.bill)[-1]["attempts"]
        return tries[-1] if len(tries) > before else None

    newest = stage.until(look)
    if newest is None:
        raise Broken(stage.say("again_late"))
    if newest["reason"] is None:
        return _fine(stage.say("again_accepted"))
    return _wrong(stage, step, stage.say("again_refused", reason=newest["reason"]))


def _trouble(stage: Stage, step: script.Trouble) -> Shown:
    bill_id = None if step.bill is None else stage.bill_id(step.bill)
    asked = {"kind": step.kind, "billId": bill_id, "times": step.times, "seconds": step.seconds}
    stage.remote.post("/sandbox/callbacks/trouble", asked)
    if step.seconds:
        return Shown(words=stage.say("trouble_for", kind=step.kind, seconds=step.seconds))
    return Shown(words=stage.say("trouble_times", kind=step.kind, times=step.times or 1))


def _clock(stage: Stage, step: script.Clock) -> Shown:
    now = stage.remote.post("/sandbox/clock", {"advanceSeconds": step.seconds})["now"]
    return Shown(words=stage.say("clock", seconds=step.seconds, now=now))


def _points(stage: Stage, step: script.Points) -> Shown:
    stage.remote.post("/sandbox/points", {"balance": step.balance})
    return Shown(words=stage.say("points", balance=step.balance))


def _partner(stage: Stage, step: script.Partner) -> Shown:
    stage.remote.post(f"/sandbox/partners/{stage.partner['partner']}", {"notices": step.notices})
    return Shown(words=stage.say("notices_on" if step.notices else "notices_off"))


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
    _expect(stage, outcome, step.code)
    return Shown(words=f"{step.verb}: {_code_of(stage, outcome)}")


def _messages(stage: Stage, step: script.Messages) -> Shown:
    found = stage.new_messages(None if step.bill is None else stage.bill_id(step.bill))
    messages = stage.say("one_message" if len(found) == 1 else "messages", count=len(found))
    words = stage.say("in_all" if step.bill is None else "of_the_bill", messages=messages)
    if stage.yours.create is None:
        return Shown(words=words)
    if len(found) == step.count:
        return _fine(words)
    return _wrong(stage, step, stage.say("not_so_many", found=words, count=step.count))


def _requests(stage: Stage, step: script.Requests) -> Shown:
    if stage.yours.create is None:
        return _unseen(stage.say("made_by_the_runner"))
    bill_id = stage.bill_id(step.bill)
    found = stage.remote.get("/sandbox/requests", billId=bill_id, limit=500)["requests"]
    all_of_them = sum(1 for one in found if one["operation"] == step.operation)
    count = max(0, all_of_them - stage.asked[step.operation, bill_id])
    words = stage.say("requests", operation=step.operation, count=count)
    fits = step.least <= count and (step.most is None or count <= step.most)
    return _fine(words) if fits else _wrong(stage, step, words)


def _books(stage: Stage, step: script.Books) -> Shown:
    if stage.yours.books is None:
        return _unseen(stage.say("books_unseen"))
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
        return _fine(stage.say("books_right", told=told))
    return _wrong(stage, step, stage.say("books_wrong", told=told, said=said))


def _same(booked: object, wanted: object) -> bool:
    return str(booked).strip().lower() == str(wanted)


def _expect(stage: Stage, outcome: Outcome[Any], code: str, *, lost: bool = False) -> None:
    """Raises Broken unless the answer is the one that the scenario is about."""
    heard = _code_of(stage, outcome)
    if lost or heard == code:
        return
    raise Broken(stage.say("another_code", wanted=code, code=heard, message=outcome.message))


def _code_of(stage: Stage, outcome: Outcome[Any]) -> str:
    return ACCEPTED if isinstance(outcome, Done) else outcome.code or stage.say("none_came")


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
