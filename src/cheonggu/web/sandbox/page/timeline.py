"""What happened to a bill, from the rows that tell of it: one line for each thing, in its order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Final

import msgspec
from markupsafe import Markup

from cheonggu.billing.settle import NOT_FOUND
from cheonggu.domain.bill import Bill
from cheonggu.domain.payment import Approval
from cheonggu.domain.seoul import today
from cheonggu.store.postgres import Row
from cheonggu.web import dates
from cheonggu.web.sandbox.page.verdicts import why
from cheonggu.web.sandbox.page.words import say
from cheonggu.web.words import Language


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `mono` is for developers' eyes, `day` begins a new day."""

    at: datetime
    tone: str
    title: Markup
    detail: Markup | str = ""
    mono: str = ""
    time: str = ""
    day: str | None = None


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """All that is stored about a bill."""

    history: Sequence[Row]
    messages: Sequence[Row]
    attempts: Sequence[Row]
    refunds: Sequence[Row]
    callbacks: Sequence[Row]


def timeline(bill: Bill, rows: Rows, now: datetime, language: Language) -> list[Moment]:
    """Everything that happened to the bill, oldest first, and what is to come next."""
    told = [
        *_of_bill(bill, rows.history, now, language),
        *_of_messages(rows.messages, language),
        *_of_attempts(rows.attempts, language),
        *_of_refunds(rows.refunds, language),
        *_of_callbacks(rows.callbacks, language),
    ]
    told.sort(key=lambda moment: moment.at)
    return list(_dated(told, language))


def _dated(told: Sequence[Moment], language: Language) -> Iterator[Moment]:
    day: date | None = None
    for moment in told:
        begins = today(moment.at) != day
        day = today(moment.at)
        named = dates.day(language.code, day, year=False) if begins else None
        yield msgspec.structs.replace(moment, time=dates.second(moment.at), day=named)


def _of_bill(bill: Bill, history: Sequence[Row], now: datetime, language: Language) -> Iterator[Moment]:
    yield Moment(at=bill.created_at, tone="rest", title=say(language, "made"), mono="POST /bill")
    for row in history:
        if row["to_state"] == "DESTROYED":
            title = say(language, "destroyed")
            yield Moment(at=row["at"], tone="rest", title=title, mono="POST /bill/destroy")
    if bill.expired(now):
        yield Moment(at=bill.expires_at, tone="rest", title=say(language, "expired"))


_MESSAGE_TONES: Final = {"SENT": "rest", "WITHDRAWN": "rest", "FAILED": "stop"}
_POINTS_BACK: Final = frozenset({"FAILED", "WITHDRAWN"})


def _of_messages(messages: Sequence[Row], language: Language) -> Iterator[Moment]:
    for row in messages:
        state: str = row["state"]
        again = "_again" if row["send_number"] > 1 and state == "SENT" else ""
        points = say(
            language,
            "points_back" if state in _POINTS_BACK else "points_spent",
            points=f"{row['cost_points']:,}",
        )
        why = [language.theirs(row["failure"]), f"({row['failure_code']})"] if row["failure"] else []
        yield Moment(
            at=row["settled_at"] or row["created_at"],
            tone=_MESSAGE_TONES.get(state, "wait"),
            title=say(language, f"message_{state.lower()}{again}"),
            detail=Markup(" ").join([*why, points]),
        )


def _of_attempts(attempts: Sequence[Row], language: Language) -> Iterator[Moment]:
    for row in attempts:
        state: str = row["to_state"]
        if state == "REFUNDED":
            continue  # told of with its refund
        not_found = row["failure_code"] == NOT_FOUND[0]
        name = "attempt_not_found" if state == "FAILED" and not_found else f"attempt_{state.lower()}"
        detail: Markup | str = ""
        if state == "APPROVED":
            detail = _approval(row["approval"], language)
        elif state == "FAILED" and row["failure"] and not not_found:
            detail = Markup("{} ({})").format(language.theirs(row["failure"]), row["failure_code"])
        yield Moment(at=row["at"], tone=_ATTEMPT_TONES[state], title=say(language, name), detail=detail)


_ATTEMPT_TONES: Final = {
    "CONFIRMING": "rest",
    "UNKNOWN": "wait",
    "APPROVED": "go",
    "FAILED": "stop",
    "LATE_CHARGED": "wait",
    "LATE_REFUNDED": "rest",
}


def _approval(stored: str, language: Language) -> Markup:
    approval = msgspec.json.decode(stored, type=Approval)
    months = approval.months
    how = language.say("at_once") if months <= 1 else language.say("in_months", months=months)
    return Markup(" · ").join([language.theirs(approval.issuer or ""), how, approval.approval_number])


def _of_refunds(refunds: Sequence[Row], language: Language) -> Iterator[Moment]:
    for row in refunds:
        if row["kind"] != "CANCEL":
            continue  # a late charge tells of its own return
        yield Moment(
            at=row["began_at"],
            tone="wait" if row["state"] == "UNDECIDED" else "rest",
            title=say(language, "refund_began"),
            detail=language.theirs(row["reason"]),
            mono="POST /bill/cancel",
        )
        if row["state"] == "DONE":
            title = say(language, "refund_done")
            yield Moment(at=row["settled_at"], tone="rest", title=title, detail=row["refund_number"])
        elif row["state"] == "REFUSED":
            title, why = say(language, "refund_refused"), language.theirs(row["refusal"] or "")
            yield Moment(at=row["settled_at"], tone="stop", title=title, detail=why)


def _of_callbacks(callbacks: Sequence[Row], language: Language) -> Iterator[Moment]:
    """Failures in a row are told as one, at the time of the last."""
    for row in callbacks:
        kind = say(language, f"kind_{row['kind'].lower()}")
        for failed, tries in groupby(row["attempts"], key=lambda one: one[2] is not None):
            run = list(tries)
            at, status, reason, _, answer = run[-1][:5]
            if failed:
                title = say(language, "callback_failed_told", kind=kind, times=len(run))
                yield Moment(at=at, tone="stop", title=title, detail=why(status, reason, answer, language))
            else:
                yield Moment(at=at, tone="go", title=say(language, "callback_delivered_told", kind=kind))
        if row["state"] == "EXHAUSTED":
            title = say(language, "callback_exhausted_told", kind=kind)
            yield Moment(at=row["settled_at"], tone="stop", title=title)
        elif row["state"] == "PENDING":
            name = "callback_next_told" if row["attempts"] else "callback_first_told"
            yield Moment(at=row["due_at"], tone="wait", title=say(language, name, kind=kind))
