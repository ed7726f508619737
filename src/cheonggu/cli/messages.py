"""`cheonggu message`: what became of a partner's messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cheonggu.cli import moments, show
from cheonggu.cli.bills import Limit, bill_number
from cheonggu.cli.moments import Since, Until
from cheonggu.cli.partners import WhichPartner
from cheonggu.cli.place import Place, work
from cheonggu.cli.show import AsJson

if TYPE_CHECKING:
    from cheonggu.store.message_list import ListedMessage

message = typer.Typer(help="Messages: what was sent to payers.", no_args_is_help=True)

_STATES: Final = ("QUEUED", "SENDING", "SENT", "FAILED", "UNKNOWN", "WITHDRAWN")
_ID: Final = re.compile(r"m([0-9]{1,18})-([0-9]{1,18})-([0-9]{1,9})", re.ASCII)


@message.command("list")
def list_messages(
    *,
    which: WhichPartner,
    state: Annotated[str | None, typer.Option(help=f"{', '.join(_STATES)}.")] = None,
    bill_id: Annotated[str | None, typer.Option("--bill", help="Of this bill only.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    after: Annotated[str | None, typer.Option(metavar="MESSAGE", help="Go on after this message.")] = None,
    as_json: AsJson = False,
) -> None:
    """A partner's messages, those of the newest bills first; the payer's number is masked."""
    from cheonggu.billing import onboarding
    from cheonggu.domain.message import MessageState
    from cheonggu.store import message_list
    from cheonggu.store.message_list import Wanted

    if state is not None and state.upper() not in _STATES:
        raise typer.BadParameter(f"it is one of {', '.join(_STATES)}", param_hint="--state")
    states = None if state is None else [MessageState(state.upper())]
    begin, end = moments.since(since), moments.until(until)
    begun = None if after is None else _ID.fullmatch(after)
    if after is not None and begun is None:
        raise typer.BadParameter(f"{after!r} is no message: it looks like m1-5-1", param_hint="--after")
    below = None if begun is None else (int(begun[2]), int(begun[3]))

    async def read(place: Place) -> tuple[list[dict[str, object]], str | None]:
        number = await onboarding.find_partner(place.db, which)
        bill_no = None if bill_id is None else await bill_number(place, number, bill_id, "--bill")
        wanted = Wanted(states=states, since=begin, until=end, bill_no=bill_no)
        found, more = await message_list.messages(
            place.db, place.keyring, number, wanted, most=limit, below=below
        )
        return [_row(number, one) for one in found], _id(number, found[-1]) if more else None

    rows, following = work(read)
    show.page("messages", rows, following, as_json=as_json, none="This partner has no such message.")


def _id(partner_id: int, listed: ListedMessage) -> str:
    from cheonggu.delivery.message import message_id

    return message_id(partner_id, listed.bill_no, listed.send_number)


def _row(partner_id: int, listed: ListedMessage) -> dict[str, object]:
    from cheonggu.delivery.message import mark_of
    from cheonggu.domain import masking

    id_of_it = _id(partner_id, listed)
    return {
        "id": id_of_it,
        "billId": listed.bill_id,
        "kind": "SEND" if listed.send_number == 1 else "RESEND",
        "state": listed.state.value,
        "to": masking.phone(listed.to),
        "created": moments.shown(listed.created_at),
        "handed": moments.shown(listed.handed_at),
        "settled": moments.shown(listed.settled_at),
        "next": moments.shown(listed.due_at),
        "mark": mark_of(id_of_it, listed.short_code),
        "reference": listed.reference,
        "code": listed.failure_code,
        "reason": listed.failure,
    }
