"""`cheonggu sandbox pay` and `cheonggu sandbox points`."""

from __future__ import annotations

from typing import Annotated

import typer

from cheonggu.cli import show
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, ApiKey, BaseUrl, Remote
from cheonggu.cli.show import AsJson


def pay(
    *,
    bill_id: Annotated[str, typer.Argument(metavar="BILL_ID")],
    outcome: Annotated[str, typer.Argument(metavar="[OUTCOME]", help="What the gateway does.")] = "APPROVE",
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Pay a bill in the payer's place, with the outcome of your choice."""
    asked = {"billId": bill_id, "outcome": outcome.upper().replace("-", "_")}
    show.facts(Remote(base_url, api_key).post("/sandbox/pay", asked), as_json=as_json)


def points(
    *,
    balance: Annotated[int, typer.Argument(metavar="BALANCE", help="What the wallet holds from now on.")],
    merchant: Annotated[
        str | None, typer.Option(help="Whose wallet, where each merchant has its own.")
    ] = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Set a wallet's points."""
    asked = {"balance": balance, "merchant": merchant}
    show.facts(Remote(base_url, api_key).post("/sandbox/points", asked), as_json=as_json)
