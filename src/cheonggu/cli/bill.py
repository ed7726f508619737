"""`cheonggu bill …`: a client for any server that speaks the partner API."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import msgspec
import typer

from cheonggu.cli import show
from cheonggu.cli.asking import ApiKey, Asker, BaseUrl, Lacking, Member, Merchant, asker, on_this_machine
from cheonggu.cli.show import AsJson
from cheonggu.domain.base_url import DEFAULT_BASE_URL, split_address

if TYPE_CHECKING:
    from cheonggu.client import Client, Outcome
    from cheonggu.client.verbs import SendType

EXIT_CODES: Final = {"done": 0, "refused": 1, "unknown": 2}

_STATES: Final = {"W": "unpaid", "F": "paid", "C": "cancelled", "D": "destroyed"}
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without those that are read as others."""

bill = typer.Typer(
    help="Bills, on any server that speaks the partner API. "
    "Exit 0: done. 1: refused, nothing changed. 2: unknown, so read before you repeat.",
    no_args_is_help=True,
)

Timeout = Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="How long to wait for the answer.")]
IdempotencyKey = Annotated[
    str | None, typer.Option(help="Repeating with the same key is safe, where the server knows such keys.")
]
BillId = Annotated[str, typer.Argument(metavar="BILL_ID", help="As it was created.")]
Price = Annotated[str, typer.Argument(metavar="PRICE", help="The bill's price, as a check.")]


@bill.command("send")
def send(
    *,
    phone: Annotated[str, typer.Option(help="Of the payer: digits, no hyphens.")],
    price: Annotated[str, typer.Option(help="In won: digits, no commas.")],
    product: Annotated[str, typer.Option("--product", "--product-name", help="What it is for.")],
    name: Annotated[str, typer.Option("--name", "--member-name", help="The payer's name.")],
    bill_id: Annotated[str | None, typer.Option(help="Up to 20 characters; made up by default.")] = None,
    send_type: Annotated[str, typer.Option(help="TALK sends a message, URL only gives the link.")] = "TALK",
    issuer: Annotated[str | None, typer.Option(help="Instead of the merchant's name.")] = None,
    supply_price: Annotated[str | None, typer.Option(help="With --tax: adds up to the price.")] = None,
    tax: Annotated[str | None, typer.Option(help="With --supply-price: adds up to the price.")] = None,
    message: Annotated[str | None, typer.Option(help="A word to the payer.")] = None,
    expires: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The last day to pay.")] = None,
    callback_url: Annotated[
        str | None, typer.Option(help="Called when it is paid; on this machine the sandbox's by default.")
    ] = None,
    redirect_url: Annotated[str | None, typer.Option(help="Where the payer goes on; URL bills only.")] = None,
    idempotency_key: IdempotencyKey = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    member: Member = None,
    merchant: Merchant = None,
    timeout: Timeout = 30,
    as_json: AsJson = False,
) -> None:
    """Create a bill, and send it unless it is a URL bill."""
    caller = _caller(base_url, api_key, member, merchant, timeout, as_json=as_json)
    bill_id = bill_id or _new_bill_id()
    called_back_at = callback_url or caller.own_receiver()
    caller.ask(
        lambda client: client.create(
            bill_id=bill_id,
            send_type=cast("SendType", send_type),
            issuer=issuer,
            product_name=product,
            payer_name=name,
            phone=phone,
            price=price,
            supply_price=supply_price,
            tax=tax,
            message=message,
            last_day=expires,
            callback_url=called_back_at,
            redirect_url=redirect_url,
            idempotency_key=idempotency_key,
        ),
        bill_id=bill_id,
    )


@bill.command("read")
def read(
    *,
    bill_id: BillId,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    member: Member = None,
    merchant: Merchant = None,
    timeout: Timeout = 30,
    as_json: AsJson = False,
) -> None:
    """See where a bill stands, and how it was paid."""
    caller = _caller(base_url, api_key, member, merchant, timeout, as_json=as_json)
    caller.ask(lambda client: client.read(bill_id))


@bill.command("destroy")
def destroy(
    *,
    bill_id: BillId,
    price: Price,
    idempotency_key: IdempotencyKey = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    member: Member = None,
    merchant: Merchant = None,
    timeout: Timeout = 30,
    as_json: AsJson = False,
) -> None:
    """Take back an unpaid bill, for ever."""
    caller = _caller(base_url, api_key, member, merchant, timeout, as_json=as_json)
    caller.ask(
        lambda client: client.destroy(bill_id, price, idempotency_key=idempotency_key), bill_id=bill_id
    )


@bill.command("resend")
def resend(
    *,
    bill_id: BillId,
    idempotency_key: IdempotencyKey = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    member: Member = None,
    merchant: Merchant = None,
    timeout: Timeout = 30,
    as_json: AsJson = False,
) -> None:
    """Send an unpaid bill's message again; it costs points again."""
    caller = _caller(base_url, api_key, member, merchant, timeout, as_json=as_json)
    caller.ask(lambda client: client.resend(bill_id, idempotency_key=idempotency_key), bill_id=bill_id)


@bill.command("cancel")
def cancel(
    *,
    bill_id: BillId,
    price: Price,
    reason: Annotated[str, typer.Option(help="Up to 20 characters.")] = "고객 요청",
    idempotency_key: IdempotencyKey = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    member: Member = None,
    merchant: Merchant = None,
    timeout: Timeout = 30,
    as_json: AsJson = False,
) -> None:
    """Give back the whole payment of a paid bill."""
    caller = _caller(base_url, api_key, member, merchant, timeout, as_json=as_json)
    caller.ask(
        lambda client: client.cancel(bill_id, price, reason=reason, idempotency_key=idempotency_key),
        bill_id=bill_id,
    )


@bill.command("balance")
def balance(
    *,
    of_merchant: Annotated[
        bool, typer.Option("--of-merchant", help="The merchant's wallet instead of the partner's.")
    ] = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    member: Member = None,
    merchant: Merchant = None,
    timeout: Timeout = 30,
    as_json: AsJson = False,
) -> None:
    """See how many points are left."""
    caller = _caller(base_url, api_key, member, merchant, timeout, as_json=as_json)
    caller.ask(lambda client: client.merchant_balance() if of_merchant else client.balance())


class _Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks whom, and how the answer is shown."""

    base_url: str
    asker: Asker
    timeout_seconds: float
    as_json: bool

    def own_receiver(self) -> str:
        """The sandbox's own callback receiver, where the server is this machine's."""
        if not on_this_machine(self.base_url):
            raise typer.BadParameter("say where to call back when it is paid.", param_hint="--callback-url")
        parts = split_address(self.base_url)
        return f"{parts.scheme}://{parts.netloc}/sandbox/receiver"

    def ask(self, operation: Callable[[Client], Outcome[Any]], *, bill_id: str | None = None) -> None:
        """Carry out one operation, without retries, show what became of it and end with its exit code.

        `bill_id` is given for what changes a bill: when the outcome is unknown, it is what to read.
        """
        from cheonggu.client import NO_RETRY, Client, InputWrong, Refused

        with Client(
            self.base_url,
            **self.asker._asdict(),
            timeout_seconds=self.timeout_seconds,
            retry=NO_RETRY,
        ) as client:
            try:
                outcome = operation(client)
            except InputWrong as wrong:
                outcome = Refused(str(wrong))
        shown = _Shown.of(outcome)
        if self.as_json:
            show.as_json_line(msgspec.to_builtins(shown) | ({"billId": bill_id} if bill_id else {}))
        else:
            shown.tell(bill_id)
        raise typer.Exit(EXIT_CODES[shown.result])


class _Shown(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An outcome as it is shown."""

    result: str
    message: str
    code: str | None = None
    http_status: int | None = None
    data: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, outcome: Outcome[Any]) -> _Shown:
        """What there is to say of it."""
        from cheonggu.client import Done, Refused

        out_of_reach = isinstance(outcome, Refused) and outcome.transient and not outcome.sent
        return cls(
            result=type(outcome).__name__.lower(),
            message=outcome.message + " Give another address with --base-url." * out_of_reach,
            code=outcome.code,
            http_status=outcome.http_status,
            data=outcome.raw if isinstance(outcome, Done) else None,
        )

    def tell(self, bill_id: str | None) -> None:
        """Say it in lines; what is not done goes to standard error."""
        said = f"{self.code}  {self.message}" if self.code else self.message
        typer.echo(show.text_of(f"{self.result}  {said}"), err=self.result != "done")
        if self.data:
            facts = {name: value for name, value in self.data.items() if name != "apiKey"}
            if (state := facts.get("apprState")) in _STATES:
                facts["apprState"] = f"{state} ({_STATES[state]})"
            show.facts(facts, as_json=False)
        if self.result == "unknown" and bill_id:
            typer.echo(
                f"It may have been done. Read before you repeat: cheonggu bill read {show.text_of(bill_id)}",
                err=True,
            )


def _caller(
    base_url: str | None,
    api_key: str | None,
    member: str | None,
    merchant: str | None,
    timeout_seconds: float,
    *,
    as_json: bool,
) -> _Caller:
    """The caller; what is not given is the sandbox's, when the server is on this machine."""
    base_url = base_url or DEFAULT_BASE_URL
    try:
        who = asker(api_key, member, merchant, here=on_this_machine(base_url))
    except Lacking as lacking:
        raise typer.BadParameter(
            f"needed here, or set {lacking.variable}.", param_hint=lacking.option
        ) from None
    return _Caller(base_url=base_url, asker=who, timeout_seconds=timeout_seconds, as_json=as_json)


def _new_bill_id() -> str:
    """Time first, so that ids sort; then chance, so that two machines do not meet. 20 characters."""
    return time.strftime("%y%m%d%H%M%S", time.gmtime()) + "".join(secrets.choice(_LETTERS) for _ in range(8))
