"""`cheonggu sandbox message-outcome` and `cheonggu sandbox refund-outcome`."""

from __future__ import annotations

from typing import Annotated

import typer

from cheonggu.cli import show
from cheonggu.cli.sandbox.door import DEFAULT_BASE_URL, ApiKey, BaseUrl, Remote
from cheonggu.cli.show import AsJson


def message_outcome(
    *,
    outcome: Annotated[
        str,
        typer.Argument(
            metavar="OUTCOME",
            help="ARRIVE, NO_KAKAOTALK, BLOCKED, UNKNOWN_ARRIVED or UNKNOWN_NEVER_HAD.",
        ),
    ],
    bill_id: Annotated[
        str | None, typer.Option(help="The next message of this bill, which need not exist yet.")
    ] = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Decide what becomes of a bill's next message, or of all messages from now on."""
    asked = {"outcome": written(outcome), "billId": bill_id}
    show.facts(Remote(base_url, api_key).post("/sandbox/message-outcome", asked), as_json=as_json)


def refund_outcome(
    *,
    bill_id: Annotated[str, typer.Argument(metavar="BILL_ID", help="A paid bill.")],
    outcome: Annotated[
        str,
        typer.Argument(
            metavar="OUTCOME",
            help="REFUND, REFUSED_CARD, REFUSED_BANK, MAINTENANCE, UNKNOWN_DONE or UNKNOWN_NOT_DONE.",
        ),
    ],
    base_url: BaseUrl = DEFAULT_BASE_URL,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Decide what becomes of a paid bill's next cancel."""
    asked = {"billId": bill_id, "outcome": written(outcome)}
    show.facts(Remote(base_url, api_key).post("/sandbox/refund-outcome", asked), as_json=as_json)


def written(outcome: str) -> str:
    """An outcome as the sandbox spells it: no-kakaotalk is NO_KAKAOTALK."""
    return outcome.upper().replace("-", "_")
