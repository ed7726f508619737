"""The bills that checks share, each made when it is first wanted, and tidied up at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from cheonggu.conform.probe import Made, NotTried, Probe, Stopped
from cheonggu.conform.wire import Answer, NoAnswer
from cheonggu.domain import codes

_POLL_SECONDS: Final = 3.0
_SETTLE_SECONDS: Final = 15.0
"""An undecided payment or refund is waited for so long before it is left as it is."""


class Bills:
    """An open, a destroyed, a paid and a cancelled one."""

    def __init__(self, probe: Probe, say: Callable[[str], None]) -> None:
        self._probe = probe
        self._say = say
        self._shared: dict[str, Made] = {}
        self._paid_by_others = list(probe.target.paid_bills)

    def fresh(self, **given: Any) -> Made:
        """A new bill, sound and open."""
        probe = self._probe
        bill = probe.a_bill(**given)
        answer = probe.ask("/bill", bill)
        made = probe.made.get((probe.target.who.api_key, str(bill["billId"])))
        if made is None or not answer.done:
            raise NotTried(f"no bill could be made ({answer.told}): see create.url")
        return made

    def open(self) -> Made:
        """An open URL bill that nobody changes."""
        return self._shared_one("open", ("open",), self.fresh)

    def talk(self) -> Made:
        """An open TALK bill, its message sent."""
        return self._shared_one("talk", ("open",), lambda: self.fresh(sendType="TALK"))

    def destroyed(self) -> Made:
        """A destroyed bill."""

        def make() -> Made:
            made = self.fresh()
            answer = self._probe.destroy(made.bill_id)
            if not answer.done:
                raise NotTried(f"no bill could be destroyed ({answer.told}): see destroy.done")
            return made

        return self._shared_one("destroyed", ("destroyed",), make)

    def paid(self) -> Made:
        """A paid bill."""
        return self._shared_one("paid", ("paid", "paid by others"), self._pay)

    def paid_here(self) -> Made:
        """A bill that the run made itself and that was paid, whatever became of it since."""
        found = [made for made in self._probe.made.values() if made.was_paid]
        return found[0] if found else self._pay_here()

    def cancelled(self) -> Made:
        """A bill whose payment was given back."""

        def make() -> Made:
            made = self.paid()
            answer = self.cancel(made, made.price)
            if not answer.done:
                raise NotTried(f"no payment could be given back ({answer.told}): see cancel.done")
            return made

        return self._shared_one("cancelled", ("cancelled",), make)

    def cancel(self, made: Made, price: str, **given: Any) -> Answer:
        """Ask to give a payment back, and remember if that was done."""
        answer = self._probe.cancel(made.bill_id, price, **given)
        if answer.done:
            made.state = "cancelled"
            self._shared.setdefault("cancelled", made)
        return answer

    def _shared_one(self, kind: str, states: tuple[str, ...], make: Callable[[], Made]) -> Made:
        """The one that is shared; another, if a server did with it what it ought to have refused."""
        made = self._shared.get(kind)
        if made is None or made.state not in states:
            made = self._shared[kind] = make()
        return made

    def _pay(self) -> Made:
        return self._of_others(self._paid_by_others.pop(0)) if self._paid_by_others else self._pay_here()

    def _pay_here(self) -> Made:
        seconds = self._probe.target.pay_by_hand_seconds
        if self._probe.sandbox.may_be_used:
            return self.pay(self.fresh())
        if seconds is None or "by hand" in self._shared:
            raise NotTried("no paid bill is left: name more with --paid-bill, or pay one (--pay-by-hand)")
        made = self._shared["by hand"] = self.fresh()
        return self._paid_by_hand(made, seconds)

    def pay(self, made: Made) -> Made:
        """Pay one by the sandbox's endpoints."""
        state = self._probe.sandbox.pay(made.bill_id)
        if state != "F":
            raise NotTried(f"the sandbox did not pay: apprState {state}")
        made.state, made.was_paid = "paid", True
        return made

    def _of_others(self, bill_id: str) -> Made:
        data = self._probe.read(bill_id).data
        if data.get("apprState") != "F":
            raise NotTried(f"{bill_id} is not paid: apprState {data.get('apprState')}")
        return Made(bill_id, str(data.get("apprPrice")), self._probe.target.who, state="paid by others")

    def _paid_by_hand(self, made: Made, seconds: float) -> Made:
        self._say(f"Please pay {made.price} won within {seconds:g} s: {made.short_url}")
        if not self._until(made, "F", seconds):
            raise NotTried(f"nobody paid within {seconds:g} s")
        made.state, made.was_paid = "paid", True
        return made

    def _until(self, made: Made, state: str, seconds: float) -> bool:
        return self._probe.until(lambda: self._state(made) == state, seconds, _POLL_SECONDS)

    def _state(self, made: Made) -> str:
        return str(self._probe.read(made.bill_id, who=made.who).data.get("apprState"))

    def tidy_up(self) -> list[str]:
        """Destroy or give back every bill that the run made; the billIds that are left, and how."""
        left: list[str] = []
        given_up: str | None = None
        for made in self._probe.made.values():
            try:
                why_left = given_up if given_up and made.is_there else self._why_left(made)
            except NoAnswer as lost:
                why_left = str(lost)
            except Stopped as stopped:  # whoever refuses us is not asked for every bill again
                why_left = given_up = str(stopped)
            if why_left:
                left.append(f"{made.bill_id}: {why_left}")
        return left

    def _why_left(self, made: Made) -> str | None:
        """None once it is destroyed or cancelled, or when it never was."""
        if not made.is_there:
            return None
        if made.state != "paid" and self._probe.destroy(made.bill_id, made.price, who=made.who).done:
            return None
        if made.state == "undecided":
            self._until(made, "F", _SETTLE_SECONDS)
        answer = self._probe.read(made.bill_id, who=made.who)
        state: object = answer.data.get("apprState")
        if state == "F":
            answer = self._probe.cancel(made.bill_id, made.price, who=made.who)
        if answer.code == codes.BILL_003.code or state in ("C", "D") or (state == "F" and answer.done):
            return None
        return f"apprState {state}, {answer.told}"
