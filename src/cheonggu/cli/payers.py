"""`cheonggu find` and `cheonggu rekey`: what is sealed, found again and sealed again."""

from __future__ import annotations

from typing import Annotated

import typer

from cheonggu.cli import show
from cheonggu.cli.partners import WhichPartner
from cheonggu.cli.place import Place, work
from cheonggu.cli.show import AsJson


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
                "created": bill.created_at,
            }
            for bill in found
        ]

    show.rows("bills", work(look), as_json=as_json, none="No bill of this partner has just that payer.")


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
