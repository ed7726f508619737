"""`cheonggu callback`: what a partner was not told, and telling it again."""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer

from cheonggu.cli import show
from cheonggu.cli.partners import WhichPartner
from cheonggu.cli.place import Place, work
from cheonggu.cli.show import AsJson

callback = typer.Typer(help="Callbacks: what partners are told of their bills.", no_args_is_help=True)

_ID: Final = re.compile(r"(?:cb_)?([0-9]{1,18})[-_]([0-9]{1,18})", re.ASCII)
_STATES: Final = ("PENDING", "DELIVERED", "EXHAUSTED")


@callback.command("list")
def list_callbacks(
    *,
    which: WhichPartner,
    state: Annotated[str, typer.Option(help=f"{', '.join(_STATES)}.")] = "EXHAUSTED",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many.")] = 1_000,
    as_json: AsJson = False,
) -> None:
    """A partner's callbacks: those that were given up after the last try, or those in another state."""
    from cheonggu.billing import onboarding
    from cheonggu.store import callbacks

    if state.upper() not in _STATES:
        raise typer.BadParameter(f"it is one of {', '.join(_STATES)}", param_hint="--state")

    async def read(place: Place) -> list[dict[str, object]]:
        number = await onboarding.find_partner(place.db, which)
        rows = await callbacks.of_partner(place.db, number, state.upper(), limit)
        return [
            {
                "id": f"{number}-{row['callback_no']}",
                "billId": row["bill_id"],
                "kind": row["kind"],
                "state": row["state"],
                "receiver": row["receiver"],
                "tries": row["tries"],
                "last": row["last_at"],
                "status": row["last_status"],
                "reason": row["last_reason"],
            }
            for row in rows
        ]

    show.rows(
        "callbacks", work(read), as_json=as_json, none=f"This partner has none that is {state.upper()}."
    )


@callback.command("resend")
def resend(
    *,
    which: Annotated[
        str | None, typer.Argument(metavar="CALLBACK", help="As listed, or its webhook-id: cb_1_5.")
    ] = None,
    exhausted_of: Annotated[
        str | None, typer.Option(metavar="PARTNER", help="Instead of one: all that were given up.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a callback due now, whatever became of it; the worker does the rest."""
    from cheonggu.billing import callbacks, onboarding

    if (which is None) == (exhausted_of is None):
        raise typer.BadParameter("give a CALLBACK or --exhausted-of PARTNER, one of the two")
    found = None if which is None else _ID.fullmatch(which)
    if which is not None and found is None:
        raise typer.BadParameter(f"{which!r} is no callback: it looks like 1-5 or cb_1_5")

    async def make_due(place: Place) -> int:
        if found:
            partner_id, callback_no = int(found[1]), int(found[2])
        else:
            partner_id, callback_no = await onboarding.find_partner(place.db, exhausted_of or ""), None
        return await callbacks.resend(
            place.db,
            place.operator,
            partner_id=partner_id,
            callback_no=callback_no,
            now=await place.now(),
        )

    show.facts({"due": work(make_due)}, as_json=as_json, note="The worker makes them as soon as it may.")
