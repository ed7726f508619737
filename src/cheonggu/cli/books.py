"""`cheonggu payment check`: our books beside the gateway's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cheonggu.cli import moments, show
from cheonggu.cli.moments import EXAMPLE, Until
from cheonggu.cli.payments import payment
from cheonggu.cli.place import operator, work_outside
from cheonggu.cli.show import AsJson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cheonggu.delivery.books import Comparison, Difference, NotTold
    from cheonggu.service import Service

DIFFERENT = 1
NOT_ALL_TOLD = 2


@payment.command("check")
def check(
    *,
    which: Annotated[
        str | None, typer.Argument(metavar="PARTNER", help="The partner's name or number.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Instead of one: all partners.")] = False,
    since: Annotated[str, typer.Option(metavar="TIME", help=f"As in {EXAMPLE}, in Seoul.")],
    until: Until = None,
    per_second: Annotated[
        int, typer.Option(min=1, max=100, help="Ask the gateway so often at the most.")
    ] = 10,
    as_json: AsJson = False,
) -> None:
    """Ask the gateway about every decided payment that began in that time, and say what differs.

    It changes nothing. Exit 0 when the books agree, 1 with differences, 2 when some could not be asked about.
    """
    from cheonggu import logs
    from cheonggu.billing import onboarding
    from cheonggu.delivery.books import Comparison
    from cheonggu.store import accounts, audit
    from cheonggu.store.payment_list import Wanted

    if (which is None) == (not every):
        raise typer.BadParameter("give a PARTNER or --all, one of the two")
    wanted = Wanted(since=moments.since(since), until=moments.until(until))
    logs.configure()

    async def compare(service: Service) -> tuple[Comparison, Mapping[int, str]]:
        names = {row["partner_id"]: row["name"] for row in await accounts.partners(service.db)}
        one = None if which is None else await onboarding.find_partner(service.db, which)
        by = operator(service.settings)
        # Before the first question, as what was asked cannot be undone.
        await service.db.run(
            lambda conn: audit.record(conn, by, "payment check", one, since=since, until=until)
        )
        comparison = Comparison(service.db, service.gateway, per_second=per_second)
        for number in names if one is None else [one]:
            await comparison.compare(number, wanted, say=lambda: _say_how_far(comparison))
        return comparison, names

    comparison, names = work_outside(compare)
    if as_json:
        show.as_json_line(_as_json(comparison, names))
    else:
        _show(comparison, names)
    if comparison.not_told:
        raise typer.Exit(NOT_ALL_TOLD)
    raise typer.Exit(DIFFERENT if comparison.differences else 0)


def _say_how_far(comparison: Comparison) -> None:
    if sys.stderr.isatty():
        typer.echo(f"Payments compared so far: {comparison.compared:,}", err=True)


def _as_json(comparison: Comparison, names: Mapping[int, str]) -> Mapping[str, object]:
    return {
        "agree": not comparison.differences and not comparison.not_told,
        "compared": comparison.compared,
        "undecided": comparison.undecided,
        "gaveUp": comparison.gave_up,
        "differences": [
            {**_facts(one, names), "gap": one.gap.value, "says": one.says, "do": one.to_do}
            for one in comparison.differences
        ],
        "notTold": [{**_facts(one, names), "reason": one.reason} for one in comparison.not_told],
    }


def _facts(one: Difference | NotTold, names: Mapping[int, str]) -> Mapping[str, object]:
    held = one.held
    return {
        "partner": names[held.partner_id],
        "billId": held.bill_id,
        "orderId": held.order_id,
        "amount": held.amount_won,
        "state": held.state.value,
        "began": moments.shown(held.began_at),
    }


def _show(comparison: Comparison, names: Mapping[int, str]) -> None:
    for one in comparison.differences:
        typer.echo("  ".join(show.text_of(fact) for fact in _facts(one, names).values()))
        typer.echo(f"  {show.text_of(one.says)}\n  {show.text_of(one.to_do)}\n")
    for one in comparison.not_told:
        typer.echo("  ".join(show.text_of(fact) for fact in _facts(one, names).values()))
        typer.echo(f"  The gateway did not say how it stands: {show.text_of(one.reason)}.\n")
    differ, silent = len(comparison.differences), len(comparison.not_told)
    told = [f"Payments compared: {comparison.compared:,}"]
    told.append(f"different: {differ:,}" if differ else "all the same in both books")
    if silent:
        told.append(f"the gateway did not say of: {silent:,}")
    if comparison.undecided:
        told.append(f"under way, and asked about by the worker: {comparison.undecided:,}")
    typer.echo("; ".join(told) + ".")
    if comparison.gave_up:
        typer.echo("The gateway stayed silent, so the rest was not asked. Run it again later.", err=True)
