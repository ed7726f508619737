"""Whom a command of the partner API asks, and as whom: the options, and what they are on this machine."""

from __future__ import annotations

import ipaddress
from typing import Annotated, NamedTuple

import typer

from cheonggu.billing import sandbox_partners
from cheonggu.domain.base_url import DEFAULT_BASE_URL, split_address

BaseUrl = Annotated[
    str | None,
    typer.Option(envvar="BILL_BASE_URL", help=f"{DEFAULT_BASE_URL} by default; may end in /partner."),
]
ApiKey = Annotated[
    str | None, typer.Option(envvar="BILL_API_KEY", help="On this machine the sandbox's by default.")
]
Member = Annotated[str | None, typer.Option(envvar="BILL_MEMBER", help="The member that acts.")]
Merchant = Annotated[str | None, typer.Option(envvar="BILL_MERCHANT", help="The merchant it acts for.")]


class Asker(NamedTuple):
    """Who asks."""

    api_key: str
    member: str
    merchant: str


class Lacking(Exception):
    """An option is needed, or its environment variable."""

    def __init__(self, option: str) -> None:
        super().__init__(option)
        self.option = option
        self.variable = "BILL_" + option.removeprefix("--").replace("-", "_").upper()


def asker(api_key: str | None, member: str | None, merchant: str | None, *, here: bool) -> Asker:
    """Who asks; what is not given is the sandbox's, when the server is on this machine. Raises Lacking."""
    sandbox = sandbox_partner(api_key, here=here)
    if sandbox:
        api_key = sandbox.api_key
        member, merchant = member or sandbox.member, merchant or sandbox.merchant
    if not api_key:
        raise Lacking("--api-key")
    if not member:
        raise Lacking("--member")
    if not merchant:
        raise Lacking("--merchant")
    return Asker(api_key, member, merchant)


def sandbox_partner(api_key: str | None, *, here: bool) -> sandbox_partners.SandboxPartner | None:
    """The standing sandbox partner that a key is of, the first one without a key; None for other servers."""
    known = {partner.api_key: partner for partner in sandbox_partners.ALL}
    return known.get(api_key or sandbox_partners.FIRST.api_key) if here else None


def on_this_machine(base_url: str) -> bool:
    """Whether a base URL leads to loopback. Raises AddressWrong."""
    host = split_address(base_url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
