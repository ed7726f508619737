"""`cheonggu bills`: a partner's bills, as an operator looks through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cheonggu.cli import moments, show
from cheonggu.cli.moments import Since, Until
from cheonggu.cli.partners import WhichPartner
from cheonggu.cli.place import Place, work
from cheonggu.cli.show import AsJson

if TYPE_CHECKING:
    from datetime import datetime

    from cheonggu.domain.bill import State
    from cheonggu.store.bill_list import ListedBill

bills = typer.Typer(
    help="Bills of a partner, as an operator sees them; `cheonggu bill` is a client.", no_args_is_help=True
)

Limit = Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many.")]
_EXPIRED: Final = "EXPIRED"
_STATES: Final = ("W", "F", "C", "D", _EXPIRED)


@bills.command("list")
def list_bills(
    *,
    which: WhichPartner,
    state: Annotated[
        str | None, typer.Option(help="W, F, C or D as apprState says it, or expired: W past its last day.")
    ] = None,
    merchant_code: Annotated[str | None, typer.Option("--merchant", help="Of this merchant only.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    after: Annotated[str | None, typer.Option(metavar="BILL", help="Go on after this bill.")] = None,
    as_json: AsJson = False,
) -> None:
    """A partner's bills, newest first; the payer's name and number are masked."""
    from cheonggu.billing import onboarding
    from cheonggu.store import bill_list
    from cheonggu.store.bill_list import Wanted

    wished = None if state is None else state.upper()
    if wished is not None and wished not in _STATES:
        raise typer.BadParameter("it is one of W, F, C, D, expired", param_hint="--state")
    begin, end = moments.since(since), moments.until(until)

    async def read(place: Place) -> tuple[list[dict[str, object]], str | None]:
        number = await onboarding.find_partner(place.db, which)
        now = await place.now()
        wanted = Wanted(
            states=_states(wished),
            expired_by=now if wished == _EXPIRED else None,
            since=begin,
            until=end,
            merchant_code=merchant_code,
        )
        below = None if after is None else await bill_number(place, number, after, "--after")
        found, more = await bill_list.bills(place.db, place.keyring, number, wanted, most=limit, below=below)
        return [_row(one, now) for one in found], found[-1].bill.bill_id if more else None

    rows, following = work(read)
    show.page("bills", rows, following, as_json=as_json, none="This partner has no such bill.")


async def bill_number(place: Place, partner_id: int, bill_id: str, option: str) -> int:
    """The number of a partner's bill. Raises BadParameter where there is none."""
    from cheonggu.store import bill_list

    number = await bill_list.number_of(place.db, partner_id, bill_id)
    if number is None:
        raise typer.BadParameter(f"this partner has no bill {bill_id!r}", param_hint=option)
    return number


def _states(wished: str | None) -> list[State] | None:
    from cheonggu.domain.bill import WIRE_STATE, State

    if wished is None:
        return None
    if wished == _EXPIRED:
        return [State.READY]
    return [state for state, said in WIRE_STATE.items() if said == wished]


def _row(listed: ListedBill, now: datetime) -> dict[str, object]:
    from cheonggu.domain import masking
    from cheonggu.domain.bill import WIRE_STATE

    bill = listed.bill
    return {
        "billId": bill.bill_id,
        "apprState": WIRE_STATE[bill.state],
        "state": bill.state.value,
        "expired": bill.expired(now),
        "price": bill.price_won,
        "product": bill.product_name,
        "payer": masking.name(bill.payer_name),
        "phone": masking.phone(bill.payer_phone),
        "merchant": bill.merchant_code,
        "created": moments.shown(bill.created_at),
        "expires": moments.shown(bill.expires_at),
        "paid": moments.shown(listed.paid_at),
    }
