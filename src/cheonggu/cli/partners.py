"""`cheonggu partner`, `cheonggu merchant`, `cheonggu points`: who may send bills, and what for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cheonggu.cli import show
from cheonggu.cli.place import Place, work
from cheonggu.cli.show import AsJson

if TYPE_CHECKING:
    from cheonggu.billing.onboarding import NewMerchant

partner = typer.Typer(help="Partners: the platforms that send bills.", no_args_is_help=True)
merchant = typer.Typer(help="Merchants (하위사업장), in whose name bills are sent.", no_args_is_help=True)
points = typer.Typer(help="Points (쌤포인트), which pay for messages.", no_args_is_help=True)

WhichPartner = Annotated[str, typer.Argument(metavar="PARTNER", help="The partner's name or number.")]


@partner.command("create")
def create_partner(
    *,
    name: Annotated[str, typer.Argument(help="Unique, up to 50 characters.")],
    wallet: Annotated[
        str, typer.Option(help="PARTNER: one wallet; MERCHANT: one for each merchant.")
    ] = "PARTNER",
    message_points: Annotated[int, typer.Option(help="Points for one message.")] = 55,
    key_in_callback: Annotated[
        bool, typer.Option("--key-in-callback", help="Put the apiKey into callbacks, and keep a sealed copy.")
    ] = False,
    notices: Annotated[
        bool, typer.Option("--notices", help="Call back for cancels and destroys, too.")
    ] = False,
    profile: Annotated[
        str, typer.Option(help="docs, sandbox-2026-08 or live-2026-09: as the vendor's systems do it.")
    ] = "docs",
    as_json: AsJson = False,
) -> None:
    """Make a partner and show its apiKey and webhook secret, this once."""
    from cheonggu.billing import onboarding

    new = onboarding.NewPartner(
        name=name,
        wallet_kind=wallet.upper(),
        message_points=message_points,
        key_in_callback=key_in_callback,
        notices=notices,
        profile=profile,
    )
    made = work(lambda place: onboarding.create_partner(place.db, place.keyring, place.operator, new))
    show.facts(
        {
            "partner": made.partner_id,
            "name": name,
            "apiKey": made.api_key,
            "webhookSecret": made.webhook_secret,
        },
        as_json=as_json,
        note="Keep both now: neither can be shown again, only replaced.",
    )


@partner.command("list")
def list_partners(*, as_json: AsJson = False) -> None:
    """Every partner and its contract."""
    from cheonggu.store import accounts

    rows = work(lambda place: accounts.partners(place.db))
    show.rows("partners", [dict(row) for row in rows], as_json=as_json, none="There is no partner yet.")


@partner.command("rotate-key")
def rotate_key(*, which: WhichPartner, as_json: AsJson = False) -> None:
    """Give a partner a new apiKey; the old one ends at once."""
    from cheonggu.billing import onboarding

    async def rotate(place: Place) -> dict[str, object]:
        number = await onboarding.find_partner(place.db, which)
        api_key = await onboarding.rotate_key(place.db, place.keyring, place.operator, number)
        return {"partner": number, "apiKey": api_key}

    show.facts(
        work(rotate), as_json=as_json, note="Keep it now: it cannot be shown again. The old key has ended."
    )


@partner.command("rotate-secret")
def rotate_secret(*, which: WhichPartner, as_json: AsJson = False) -> None:
    """Give a partner a new webhook secret; for 24 hours the old one signs, too."""
    from cheonggu.billing import onboarding

    async def rotate(place: Place) -> dict[str, object]:
        number = await onboarding.find_partner(place.db, which)
        secret = await onboarding.rotate_webhook_secret(place.db, place.keyring, place.operator, number)
        return {"partner": number, "webhookSecret": secret}

    show.facts(
        work(rotate),
        as_json=as_json,
        note="Keep it now: it cannot be shown again. For 24 hours the old one signs, too.",
    )


@partner.command("suspend")
def suspend(*, which: WhichPartner, as_json: AsJson = False) -> None:
    """Refuse a partner's requests; its payers can still pay."""
    from cheonggu.billing import onboarding

    async def change(place: Place) -> int:
        number = await onboarding.find_partner(place.db, which)
        await onboarding.suspend(place.db, place.operator, number)
        return number

    show.facts({"partner": work(change), "status": "SUSPENDED"}, as_json=as_json)


@partner.command("resume")
def resume(*, which: WhichPartner, as_json: AsJson = False) -> None:
    """Take a suspended partner's requests again."""
    from cheonggu.billing import onboarding

    async def change(place: Place) -> int:
        number = await onboarding.find_partner(place.db, which)
        await onboarding.resume(place.db, place.operator, number)
        return number

    show.facts({"partner": work(change), "status": "ACTIVE"}, as_json=as_json)


@merchant.command("create")
def create_merchant(
    *,
    which: WhichPartner,
    merchant_code: Annotated[str, typer.Argument(help="What requests call it.")],
    name: Annotated[str, typer.Argument(help="What payers read, up to 50 characters.")],
    member: Annotated[list[str], typer.Option(help="A member that may act for it; may be repeated.")],
    phone: Annotated[str, typer.Option(help="For the bill's foot.")] = "",
    owner: Annotated[str, typer.Option(help="For the bill's foot.")] = "",
    registration_number: Annotated[str, typer.Option(help="For the bill's foot.")] = "",
    address: Annotated[str, typer.Option(help="For the bill's foot.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a merchant and let members act for it. A line of the foot without data is left out."""
    from cheonggu.billing import onboarding

    async def create(place: Place) -> NewMerchant:
        new = onboarding.NewMerchant(
            partner_id=await onboarding.find_partner(place.db, which),
            merchant_code=merchant_code,
            name=name,
            members=member,
            phone=phone,
            owner_name=owner,
            registration_number=registration_number,
            address=address,
        )
        await onboarding.create_merchant(place.db, place.operator, new)
        return new

    made = work(create)
    show.facts(
        {"partner": made.partner_id, "merchant": merchant_code, "name": name, "members": member},
        as_json=as_json,
    )


@merchant.command("list")
def list_merchants(*, which: WhichPartner, as_json: AsJson = False) -> None:
    """A partner's merchants, and the members that may act for each."""
    from cheonggu.billing import onboarding
    from cheonggu.store import accounts

    async def read(place: Place) -> list[dict[str, object]]:
        number = await onboarding.find_partner(place.db, which)
        return [dict(row) for row in await accounts.merchants(place.db, number)]

    show.rows("merchants", work(read), as_json=as_json, none="This partner has no merchant yet.")


@points.command("charge")
def charge(
    *,
    which: WhichPartner,
    amount: Annotated[int, typer.Argument(help="Points to add.")],
    merchant_code: Annotated[
        str | None, typer.Option("--merchant", help="Whose wallet, when merchants have one each.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add bought points to a wallet."""
    from cheonggu.billing import onboarding

    async def add(place: Place) -> dict[str, object]:
        number = await onboarding.find_partner(place.db, which)
        balance = await onboarding.charge_points(
            place.db,
            place.operator,
            partner_id=number,
            merchant_code=merchant_code,
            amount=amount,
            at=await place.now(),
        )
        return {"partner": number, "merchant": merchant_code, "charged": amount, "balance": balance}

    show.facts(work(add), as_json=as_json)


@points.command("balance")
def balance(*, which: WhichPartner, as_json: AsJson = False) -> None:
    """What a partner's wallets hold."""
    from cheonggu.billing import onboarding
    from cheonggu.store import accounts

    async def read(place: Place) -> list[dict[str, object]]:
        number = await onboarding.find_partner(place.db, which)
        return [
            {"merchant": row["wallet_code"] or None, "balance": row["balance_points"]}
            for row in await accounts.wallets(place.db, number)
        ]

    show.rows("wallets", work(read), as_json=as_json, none="This partner has no wallet yet.")
