"""`cheonggu payment`: where money stands, here and at the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cheonggu.cli import moments, show
from cheonggu.cli.bills import Limit, bill_number
from cheonggu.cli.moments import Since, Until
from cheonggu.cli.partners import WhichPartner
from cheonggu.cli.place import Place, work
from cheonggu.cli.show import AsJson

if TYPE_CHECKING:
    from cheonggu.domain.books import Held, HeldRefund

payment = typer.Typer(
    help="Payments, their refunds, and what the gateway says of them.", no_args_is_help=True
)

_STATES: Final = ("CONFIRMING", "UNKNOWN", "APPROVED", "FAILED", "REFUNDED", "LATE_CHARGED", "LATE_REFUNDED")


@payment.command("list")
def list_payments(
    *,
    which: WhichPartner,
    state: Annotated[str | None, typer.Option(help=f"{', '.join(_STATES)}.")] = None,
    bill_id: Annotated[str | None, typer.Option("--bill", help="Of this bill only.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    after: Annotated[str | None, typer.Option(metavar="ORDER", help="Go on after this order.")] = None,
    as_json: AsJson = False,
) -> None:
    """A partner's payments, newest first: every try to pay a bill, with its refunds."""
    from cheonggu.billing import onboarding
    from cheonggu.domain.payment import AttemptState
    from cheonggu.store import payment_list
    from cheonggu.store.payment_list import Wanted

    if state is not None and state.upper() not in _STATES:
        raise typer.BadParameter(f"it is one of {', '.join(_STATES)}", param_hint="--state")
    states = None if state is None else [AttemptState(state.upper())]
    begin, end = moments.since(since), moments.until(until)

    async def read(place: Place) -> tuple[list[Held], bool]:
        number = await onboarding.find_partner(place.db, which)
        bill_no = None if bill_id is None else await bill_number(place, number, bill_id, "--bill")
        below = None if after is None else await _payment_number(place, number, after)
        wanted = Wanted(states=states, since=begin, until=end, bill_no=bill_no)
        return await payment_list.payments(place.db, number, wanted, most=limit, below=below)

    found, more = work(read)
    rows = [_row(held, as_json=as_json) for held in found]
    following = found[-1].order_id if more else None
    show.page("payments", rows, following, as_json=as_json, none="This partner has no such payment.")


@payment.command("late")
def late(*, limit: Limit = 1_000, as_json: AsJson = False) -> None:
    """Late charges of all partners. Exit 1 while the money of one of them is not given back."""
    from cheonggu.store import payment_list

    found = work(lambda place: payment_list.late_charges(place.db, limit))
    rows = [_late_row(partner, held) for partner, held in found]
    show.rows("payments", rows, as_json=as_json, none="No charge ever came late.")
    raise typer.Exit(0 if all(row["back"] for row in rows) else 1)


async def _payment_number(place: Place, partner_id: int, order_id: str) -> int:
    from cheonggu.store import payment_list

    number = await payment_list.number_of(place.db, partner_id, order_id)
    if number is None:
        raise typer.BadParameter(f"this partner has no payment {order_id!r}", param_hint="--after")
    return number


def _row(held: Held, *, as_json: bool) -> dict[str, object]:
    refunds = [_refund(one) for one in held.refunds]
    return {
        "billId": held.bill_id,
        "orderId": held.order_id,
        "amount": held.amount_won,
        "state": held.state.value,
        "since": moments.shown(held.since),
        "next": moments.shown(held.ask_at),
        "code": held.failure_code,
        "reason": held.failure,
        "approval": held.approval and held.approval.approval_number,
        "approved": moments.shown(held.approval and held.approval.approved_at),
        "refunds": refunds if as_json else "; ".join(_in_words(one) for one in refunds),
    }


def _refund(refund: HeldRefund) -> dict[str, object]:
    return {
        "kind": refund.kind,
        "state": refund.state,
        "number": refund.refund_number,
        "refunded": moments.shown(refund.refunded_at),
        "refusalKind": refund.refusal_kind,
        "refusal": refund.refusal,
        "next": moments.shown(refund.ask_at),
    }


def _in_words(refund: dict[str, object]) -> str:
    told = [refund["kind"], refund["state"], refund["number"], refund["refusalKind"], refund["refusal"]]
    return " ".join(show.text_of(part) for part in told if part is not None)


def _late_row(partner: str, held: Held) -> dict[str, object]:
    done, refused = held.given_back_by, [one for one in held.refunds if one.state == "REFUSED"]
    open_refund = held.refund_under_way
    return {
        "partner": partner,
        "billId": held.bill_id,
        "orderId": held.order_id,
        "amount": held.amount_won,
        "charged": moments.shown(held.approval and held.approval.approved_at),
        "back": done is not None,
        "returned": moments.shown(done and done.refunded_at),
        "next": moments.shown(open_refund and open_refund.ask_at),
        "refusals": len(refused),
        "refusal": refused[-1].refusal if refused else None,
    }
