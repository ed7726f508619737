"""`cheonggu find`, `cheonggu payers erase`, `cheonggu rekey`: what is sealed, found, erased, sealed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cheonggu.cli import moments, show
from cheonggu.cli.partners import WhichPartner
from cheonggu.cli.place import Place, work
from cheonggu.cli.show import AsJson
from cheonggu.config import MOST_DAYS

if TYPE_CHECKING:
    from cheonggu.billing.erasure import Erased

payers = typer.Typer(help="Payers, and the end of what is kept of them.", no_args_is_help=True)


def find(
    *,
    which: WhichPartner,
    phone: Annotated[str | None, typer.Option(help="The whole number, hyphens or not.")] = None,
    name: Annotated[str | None, typer.Option(help="The whole name, as it was sent.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find a payer's bills by the exact phone or name. Both are sealed, so parts of them find nothing."""
    from cheonggu.billing import onboarding
    from cheonggu.domain import masking
    from cheonggu.store import bills

    if (phone is None) == (name is None):
        raise typer.BadParameter("give --phone or --name, one of the two")

    async def look(place: Place) -> list[dict[str, object]]:
        number = await onboarding.find_partner(place.db, which)
        found = await bills.find_by_payer(place.db, place.keyring, number, phone=phone, name=name)
        return [
            {
                "billId": bill.bill_id,
                "state": bill.state.value,
                "price": bill.price_won,
                "product": bill.product_name,
                "payer": masking.name(bill.payer_name),
                "phone": masking.phone(bill.payer_phone),
                "created": moments.shown(bill.created_at),
            }
            for bill in found
        ]

    show.rows("bills", work(look), as_json=as_json, none="No bill of this partner has just that payer.")


@payers.command("erase")
def erase(
    *,
    which: Annotated[
        str | None, typer.Argument(metavar="PARTNER", help="The partner's name or number.")
    ] = None,
    older_than: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_DAYS, metavar="DAYS", help="From bills over for longer; all partners'."),
    ] = None,
    phone: Annotated[str | None, typer.Option(help="One payer: the whole number, hyphens or not.")] = None,
    name: Annotated[str | None, typer.Option(help="One payer: the whole name, as it was sent.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many bills it would be.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase payers from bills that are over. It cannot be undone; bills, payments and points stay."""
    from cheonggu.billing import onboarding
    from cheonggu.billing.erasure import Eraser

    if [older_than, phone or None, name or None].count(None) != 2:
        raise typer.BadParameter("give --older-than, --phone or --name, one of the three")
    if older_than is None and which is None:
        raise typer.BadParameter("say whose payer it is: cheonggu payers erase PARTNER --phone …")

    async def run(place: Place) -> Erased:
        number = None if which is None else await onboarding.find_partner(place.db, which)
        eraser = Eraser(place.db, place.operator, await place.now(), dry_run=dry_run)
        if older_than is not None or number is None:
            return await eraser.erase_old(older_than or MOST_DAYS, number)
        return await eraser.erase_payer(place.keyring, number, phone=phone or None, name=name or None)

    erased = work(run)
    show.facts(
        {"dryRun": dry_run, "erased": erased.bills, "stillOpen": erased.still_open},
        as_json=as_json,
        note="Nothing was erased: this was a dry run." if dry_run else _after(erased),
    )


def _after(erased: Erased) -> str | None:
    if erased.still_open:
        return "Open bills keep their payer: erase again when they are over."
    return "Backups made before still hold what was erased." if erased.bills else None


def rekey(*, as_json: AsJson = False) -> None:
    """Bring everything sealed under the first key of CHEONGGU_SECRET_KEY; older keys may then be dropped."""
    from cheonggu.store import audit
    from cheonggu.store.reseal import reseal

    async def seal_again(place: Place) -> int:
        # In pages, each with a commit of its own: the entry comes before the first of them.
        await place.db.run(lambda conn: audit.record(conn, place.operator, "rekey"))
        return await reseal(place.db, place.keyring)

    changed = work(seal_again)
    if as_json:
        show.as_json_line({"changed": changed})
    else:
        typer.echo(f"{changed:,} rows were sealed again; the first key opens everything now.")
