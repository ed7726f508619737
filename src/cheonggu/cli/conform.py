"""`cheonggu conform`: the checks of the partner API against any server that speaks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cheonggu.billing import sandbox_partners
from cheonggu.cli import show
from cheonggu.cli.asking import (
    ApiKey,
    BaseUrl,
    Lacking,
    Member,
    Merchant,
    asker,
    on_this_machine,
    sandbox_partner,
)
from cheonggu.domain.base_url import DEFAULT_BASE_URL, AddressWrong

if TYPE_CHECKING:
    from cheonggu.cli.conform_show import Words
    from cheonggu.conform.check import Check
    from cheonggu.conform.target import Target, Who

ELSEWHERE_PER_SECOND: Final = 5.0
ALIKE, DIFFERS, COULD_NOT_RUN = 0, 1, 2

conform = typer.Typer(
    help="Ask a server everything that the partner API V2 promises, and say where it differs. "
    "Makes URL bills of 1,000 won, which cost no points, and destroys them. "
    "Exit 0: nothing differs but our own decisions. 1: something does. 2: it could not run to its end.",
    invoke_without_command=True,
)

_Second = Annotated[str | None, typer.Option(help="Of a second partner, whom the bills are none of.")]
_Only = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Only checks whose id fits, as in destroy or '*.hash*'."),
]
_Listen = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT", help="Where to receive callbacks; on this machine a free port by default."
    ),
]

_Unmapped = Annotated[str | None, typer.Option(help="A merchant of the partner's that is not the member's.")]
_Suspended = Annotated[str | None, typer.Option(help="A suspended partner's key.")]
_Secret = Annotated[
    str | None, typer.Option(envvar="BILL_WEBHOOK_SECRET", help="To check signatures of callbacks.")
]
_ReadOnly = Annotated[bool, typer.Option("--read-only", help="Make no bill at all.")]
_Talk = Annotated[
    str | None, typer.Option(metavar="PHONE", help="May send messages to this phone; they cost points.")
]
_Pay = Annotated[
    bool, typer.Option("--pay", help="Pay by the sandbox's endpoints, where the server has them.")
]
_ByHand = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Show a bill's link and wait for somebody to pay 1,000 won."),
]
_PaidBill = Annotated[
    list[str] | None,
    typer.Option(metavar="BILL_ID", help="A bill that somebody has paid. Its payment is given back."),
]
_CallbackUrl = Annotated[str | None, typer.Option(metavar="URL", help="How the server reaches that address.")]
_CallbackWait = Annotated[
    float, typer.Option(min=0.1, metavar="SECONDS", help="How long a callback may take to come.")
]
_PerSecond = Annotated[
    float | None,
    typer.Option(min=0.01, help="Requests a second: 5 by default, no limit on this machine."),
]
_Timeout = Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="For each answer.")]
_Strict = Annotated[bool, typer.Option("--strict", help="Our own decisions count, too.")]
_Report = Annotated[
    Path | None, typer.Option(metavar="FILE.json", help="Write everything sent and answered, masked.")
]
_List = Annotated[bool, typer.Option("--list", help="List the checks and ask nothing.")]
_Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show every check.")]
_Korean = Annotated[bool, typer.Option("--korean", help="In Korean; by default if LANG is.")]


@conform.callback()
def run(
    context: typer.Context,
    *,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    member: Member = None,
    merchant: Merchant = None,
    second_api_key: _Second = None,
    second_member: _Second = None,
    second_merchant: _Second = None,
    unmapped_merchant: _Unmapped = None,
    suspended_api_key: _Suspended = None,
    webhook_secret: _Secret = None,
    read_only: _ReadOnly = False,
    talk: _Talk = None,
    pay: _Pay = False,
    pay_by_hand: _ByHand = None,
    paid_bill: _PaidBill = None,
    callback_listen: _Listen = None,
    callback_url: _CallbackUrl = None,
    callback_wait: _CallbackWait = 10,
    per_second: _PerSecond = None,
    timeout: _Timeout = 15,
    only: _Only = None,
    strict: _Strict = False,
    report: _Report = None,
    list_: _List = False,
    verbose: _Verbose = False,
    korean: _Korean = False,
) -> None:
    """Run the checks against a server."""
    if context.invoked_subcommand:
        return
    from cheonggu.cli.conform_show import Words, listed
    from cheonggu.conform.checks import chosen

    checks = chosen(only or [])
    words = Words(korean=korean or show.speaks_korean())
    if not checks:
        raise _cannot("No check fits --only; --list shows them all.")
    if list_:
        listed(checks, words)
        return
    from cheonggu.conform.target import Target

    base_url = base_url or DEFAULT_BASE_URL
    try:
        here = on_this_machine(base_url)
    except AddressWrong as error:
        raise _cannot(str(error)) from None
    target = Target(
        base_url=base_url,
        who=_who(api_key, member, merchant, here=here),
        second=_second(second_api_key, second_member, second_merchant, api_key, here=here),
        unmapped_merchant=unmapped_merchant,
        suspended_api_key=suspended_api_key,
        webhook_secret=webhook_secret or _sandbox_secret(api_key, here=here),
        read_only=read_only,
        talk_phone=_phone(talk),
        pay=pay,
        pay_by_hand_seconds=pay_by_hand,
        paid_bills=tuple(paid_bill or ()),
        callback_listen=_listen(callback_listen, callback_url, here=here),
        callback_url=callback_url,
        timeout_seconds=timeout,
        callback_seconds=callback_wait,
        per_second=per_second or (None if here else ELSEWHERE_PER_SECOND),
    )
    raise typer.Exit(_run(target, checks, words, report, strict=strict, verbose=verbose))


def _run(
    target: Target,
    checks: list[Check],
    words: Words,
    report: Path | None,
    *,
    strict: bool,
    verbose: bool,
) -> int:
    from importlib.metadata import version

    from cheonggu.cli.conform_show import Screen
    from cheonggu.conform import run as running
    from cheonggu.conform.report import document

    screen = Screen(target, words, verbose=verbose)
    ran = running.run(target, checks, say=screen.say, done=screen.done)
    screen.end(ran)
    if report is not None:
        try:
            written = document(target, ran, version("cheonggu"))
            report.write_text(
                json.dumps(written, ensure_ascii=False, indent=1) + "\n",
                encoding="utf-8",
                errors="backslashreplace",
            )
        except OSError as error:
            raise _cannot(f"{report} cannot be written ({error.strerror}).") from None
    if ran.stopped is not None or ran.count(running.Outcome.NOT_TRIED) == len(checks):
        return COULD_NOT_RUN
    differ = ran.count(running.Outcome.DIFFERS) + (ran.count(running.Outcome.OWN) if strict else 0)
    return DIFFERS if differ else ALIKE


@conform.command("diff")
def diff(
    first: Annotated[Path, typer.Argument(metavar="A.json")],
    second: Annotated[Path, typer.Argument(metavar="B.json")],
    *,
    messages: Annotated[bool, typer.Option("--messages", help="Other words are a difference too.")] = False,
    as_json: show.AsJson = False,
    korean: Annotated[bool, typer.Option("--korean", help="Checks in Korean.")] = False,
) -> None:
    """Show where two servers' reports differ. Exit 0: nowhere. 1: somewhere. 2: a file is no report."""
    from cheonggu.cli.conform_show import Words, compared
    from cheonggu.conform.report import NoReport, in_both, read, unlike

    try:
        reports = read(first), read(second)
    except NoReport as error:
        raise _cannot(str(error)) from None
    found = unlike(*reports, messages=messages)
    compared(reports, found, in_both(*reports), Words(korean=korean), as_json=as_json)
    raise typer.Exit(DIFFERS if found else ALIKE)


def _cannot(sentence: str) -> typer.Exit:
    typer.echo(f"cheonggu: {sentence}", err=True)
    return typer.Exit(COULD_NOT_RUN)


def _phone(given: str | None) -> str | None:
    digits = given and given.replace("-", "")
    if digits and not (digits.isascii() and digits.isdigit()):
        raise _cannot(f"--talk is a phone number, not {given!r}.")
    return digits


def _who(api_key: str | None, member: str | None, merchant: str | None, *, here: bool) -> Who:
    from cheonggu.conform.target import Who

    try:
        return Who(*asker(api_key, member, merchant, here=here))
    except Lacking as lacking:
        raise _cannot(
            f"{lacking.option} is needed for a server elsewhere, or set {lacking.variable}."
        ) from None


def _second(
    second_key: str | None, member: str | None, merchant: str | None, api_key: str | None, *, here: bool
) -> Who | None:
    from cheonggu.conform.target import Who

    if second_key and member and merchant:
        return Who(second_key, member, merchant)
    if second_key or member or merchant:
        raise _cannot("--second-api-key, --second-member and --second-merchant go together.")
    first = sandbox_partner(api_key, here=here)
    other = next((partner for partner in sandbox_partners.ALL if first and partner != first), None)
    return Who(other.api_key, other.member, other.merchant) if other else None


def _sandbox_secret(api_key: str | None, *, here: bool) -> str | None:
    sandbox = sandbox_partner(api_key, here=here)
    return sandbox.webhook_secret if sandbox else None


def _listen(given: str | None, url: str | None, *, here: bool) -> tuple[str, int] | None:
    if given is None:
        return ("127.0.0.1", 0) if here and url is None else None
    host, _, port = given.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise _cannot(f"--callback-listen is HOST:PORT, not {given!r}.")
    if url is None and not here:
        raise _cannot("--callback-listen needs --callback-url: how does the server reach it?")
    return host.strip("[]"), int(port)
