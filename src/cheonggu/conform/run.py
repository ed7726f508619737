"""Run checks against a server, one after the other, and tidy up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from cheonggu.conform.bills import Bills
from cheonggu.conform.check import HOW_TO_GIVE, OWN, Check, Need
from cheonggu.conform.probe import Difference, Differs, NotTried, Probe, Stopped
from cheonggu.conform.receiver import Receiver
from cheonggu.conform.sandbox import Sandbox
from cheonggu.conform.target import Target
from cheonggu.conform.wire import Exchange, NoAnswer, Wire

_MOST_UNANSWERED: Final = 3
"""So many requests in a row without an answer end the run."""


class Outcome(StrEnum):
    """What became of a check. OWN: it differs only in what is our own decision."""

    OK = "ok"
    DIFFERS = "differs"
    OWN = "own decision"
    NOT_TRIED = "not tried"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A check and what became of it."""

    check: Check
    outcome: Outcome
    reason: str | None = None
    differences: Sequence[Difference] = ()
    exchanges: Sequence[Exchange] = ()


def why_not_tried(result: Result, mask: Callable[[str], str]) -> str | None:
    """The reason, masked where it tells what a server said; a value may be a word of our own sentences."""
    reason = result.reason
    return reason if reason is None or reason in HOW_TO_GIVE.values() else mask(reason)


class Ran(msgspec.Struct, kw_only=True):
    """A whole run. `stopped` says why it did not come to its end; `left` names bills that are still there."""

    results: list[Result] = msgspec.field(default_factory=list[Result])
    left: list[str] = msgspec.field(default_factory=list[str])
    stopped: str | None = None
    record: list[Exchange] = msgspec.field(default_factory=list[Exchange])

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return sum(not exchange.received for exchange in self.record)

    def count(self, outcome: Outcome) -> int:
        """How many checks came out so."""
        return sum(result.outcome is outcome for result in self.results)


def run(
    target: Target,
    checks: Sequence[Check],
    *,
    say: Callable[[str], None],
    done: Callable[[Result], None],
) -> Ran:
    """Try every check and tell of each as it is done. What was made is tidied up whatever happens."""
    wire = Wire(target.timeout_seconds, target.per_second)
    probe = Probe(target, wire)
    probe.bills, probe.sandbox = Bills(probe, say), Sandbox(probe)
    ran = Ran(record=wire.record)
    try:
        _look_first(probe)
        given = _given(probe)
        if Need.CALLBACK in given:
            probe.receiver = _receiver(target, wire)
        _try_all(probe, checks, given, ran, done)
    except (Stopped, NoAnswer) as stopped:
        ran.stopped = str(stopped)
    except KeyboardInterrupt:
        ran.stopped = "Interrupted."
    finally:
        ran.left = probe.bills.tidy_up()
        if probe.receiver:
            probe.receiver.close()
    return ran


def _look_first(probe: Probe) -> None:
    """Stop unless something answers there that speaks the API and knows us."""
    answer = probe.read(probe.new_id())
    if not isinstance(answer.code, str) or answer.status in (404, 405):
        raise Stopped(f"{probe.target.api}/bill/read does not speak the partner API: {answer.told}.")


def _receiver(target: Target, wire: Wire) -> Receiver:
    host, port = target.callback_listen or ("127.0.0.1", 0)
    try:
        return Receiver(host, port, wire.record, target.callback_url)
    except OSError as error:
        raise Stopped(f"No callbacks can be received on {host}:{port} ({error.strerror}).") from None


def _given(probe: Probe) -> set[Need]:
    target = probe.target
    sandbox = probe.sandbox.may_be_used = target.pay and probe.sandbox.is_there()
    payer = sandbox or target.paid_bills or target.pay_by_hand_seconds is not None
    has = {
        Need.WRITE: not target.read_only,
        Need.TALK: target.talk_phone is not None and not target.read_only,
        Need.PAID: payer and not target.read_only,
        Need.SANDBOX: sandbox and not target.read_only,
        Need.CALLBACK: target.callback_listen is not None,
        Need.SECRET: target.webhook_secret is not None,
        Need.SECOND: target.second is not None,
        Need.UNMAPPED: target.unmapped_merchant is not None,
        Need.SUSPENDED: target.suspended_api_key is not None,
    }
    return {need for need, is_given in has.items() if is_given}


def _try_all(
    probe: Probe, checks: Sequence[Check], given: set[Need], ran: Ran, done: Callable[[Result], None]
) -> None:
    unanswered = 0
    for check in checks:
        lacking = [need for need in Need if need in check.needs - given]
        if lacking:
            result = Result(check=check, outcome=Outcome.NOT_TRIED, reason=HOW_TO_GIVE[lacking[0]])
        else:
            result = _tried(probe, check)
        ran.results.append(result)
        done(result)
        asked = [exchange for exchange in result.exchanges if exchange.api]
        if asked:
            unanswered = unanswered + 1 if asked[-1].answer is None else 0
        if unanswered >= _MOST_UNANSWERED:
            raise Stopped(f"{unanswered} checks in a row got no answer.")


def _tried(probe: Probe, check: Check) -> Result:
    probe.begin(check)
    first, reason = len(probe.wire.record), None
    try:
        check.steps(probe)
    except Differs:
        pass
    except NotTried as why:
        reason = str(why)
    except NoAnswer as lost:
        probe.differs("an answer", str(lost))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # A stranger's server may answer anything; that must not end the run.
        probe.differs("an answer of the usual form", f"one that leads to {type(error).__name__}")
    differences = tuple(probe.differences)
    if reason is not None and not differences:
        outcome = Outcome.NOT_TRIED
    elif not differences:
        outcome = Outcome.OK
    else:
        outcome = Outcome.OWN if all(one.mark == OWN for one in differences) else Outcome.DIFFERS
    return Result(
        check=check,
        outcome=outcome,
        reason=reason,
        differences=differences,
        exchanges=(*probe.seen_before, *probe.wire.record[first:]),
    )
