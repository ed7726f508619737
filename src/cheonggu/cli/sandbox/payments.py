"""`cheonggu sandbox pay` and `cheonggu sandbox points`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

import typer

from cheonggu.cli import show
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, ApiKey, BaseUrl, Remote
from cheonggu.cli.sandbox.fates import written
from cheonggu.cli.show import AsJson


def pay(
    *,
    bill_id: Annotated[str, typer.Argument(metavar="BILL_ID", help="As it was created.")],
    outcome: Annotated[
        str,
        typer.Argument(
            metavar="OUTCOME",
            help="APPROVE, DECLINE, TIMEOUT_CHARGED, TIMEOUT_NOT_CHARGED, CHARGED_LATE, CLOSE, PAY_TWICE, "
            "AFTER_EXPIRY or APPROVE_LOSE_CALLBACK.",
        ),
    ] = "APPROVE",
    months: Annotated[int | None, typer.Option(help="Instalments of an approval; 0 is one payment.")] = None,
    code: Annotated[str | None, typer.Option(help="The card company's code of a DECLINE.")] = None,
    times: Annotated[int | None, typer.Option(help="How often the callback gets lost; once.")] = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Pay a bill in the payer's place, with the outcome of your choice."""
    asked = {"billId": bill_id, "outcome": written(outcome), "months": months, "code": code, "times": times}
    told = Remote(base_url, api_key).post("/sandbox/pay", asked)
    show.facts(told if as_json else _in_words(told), as_json=as_json)


def _in_words(told: Mapping[str, Any]) -> dict[str, object]:
    """Flat, as people read it: what says why as `CODE: words`, and each of several payments on its line."""
    flat: dict[str, object] = {}
    for name, value in told.items():
        if isinstance(value, dict):
            why = cast("dict[str, str]", value)
            flat[name] = f"{why['code']}: {why['message']}"
        elif isinstance(value, list):
            for number, one in enumerate(cast("list[dict[str, Any]]", value), 1):
                flat[f"payment {number}"] = ", ".join(map(str, _in_words(one).values()))
        else:
            flat[name] = value
    return flat


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
