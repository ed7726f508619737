"""The one table of operations: routes, OpenAPI document and docs page are made from it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

import msgspec

from cheonggu.billing.desk import Idem
from cheonggu.domain import codes
from cheonggu.domain.codes import Code, Refused, invalid
from cheonggu.store.partners import Caller, Partner
from cheonggu.web import adapters, wire
from cheonggu.web.adapters import Call
from cheonggu.web.guesses import Peer, partner_of
from cheonggu.web.head import Head
from cheonggu.web.operation_words import OPERATION_WORDS, OperationWords
from cheonggu.web.parse import Exact, Shape, Tree, parse_object

if TYPE_CHECKING:
    from cheonggu.service import Service

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
IDEMPOTENCY_KEY_MAX: Final = 255
KEY_HEADER: Final = IDEMPOTENCY_KEY.lower().encode()
PREFIXES: Final = ("", "/partner")
"""The base URL of the vendor's clients ends in /partner, so every operation answers there too (O)."""

_KEY: Final = re.compile(rb"[!-~]{1,%d}" % IDEMPOTENCY_KEY_MAX)

BillT = TypeVar("BillT", bound=msgspec.Struct)
BillT_co = TypeVar("BillT_co", bound=msgspec.Struct, covariant=True)


class Incoming(msgspec.Struct):
    """A request to an operation: its body, its head, and who sent it.

    `exact` is the body as the operation's request, when there is nothing to be judged about it. `partner` is
    set once its apiKey is known: the answer is written as that partner reads it.
    """

    body: bytes
    head: Head
    peer: Peer
    exact: msgspec.Struct | None = None
    partner: Partner | None = None
    _tree: Tree | None = None

    @property
    def tree(self) -> Tree:
        """The body decoded but not judged. Raises Refused with VALIDATION_001 unless it is a JSON object."""
        if self._tree is None:
            self._tree = parse_object(self.body)
        return self._tree


Runner = Callable[["Service", "Operation", Incoming], Awaitable[msgspec.Struct]]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `shows` are the optional fields in its example, `refusals` the codes of its own."""

    name: str
    path: str
    request: type[msgspec.Struct]
    data: type[msgspec.Struct]
    run: Runner
    writes: bool = False
    shows: tuple[str, ...] = ()
    refusals: tuple[Code, ...] = ()

    @property
    def words(self) -> OperationWords:
        """What it does."""
        return OPERATION_WORDS[self.name]


def for_bill(
    bill_struct: type[BillT],
    adapter: Callable[[Call[BillT]], Awaitable[msgspec.Struct]],
    unread: Callable[[object], None] | None = None,
) -> Runner:
    """Runs an operation about one bill. `unread` takes out of the bill what is not to be read at all."""
    shape = Shape(bill_struct)

    def judged(incoming: Incoming) -> BillT:
        bill = incoming.tree.get("bill")
        if unread is not None:
            unread(bill)
        return shape.read(bill, "bill")

    async def run(service: Service, operation: Operation, incoming: Incoming) -> msgspec.Struct:
        caller = _remembered(service, incoming) or await _caller(service, incoming)
        idem = _idem(operation, incoming) if operation.writes else None
        exact = cast("_AboutBill[BillT] | None", incoming.exact)
        bill = judged(incoming) if exact is None else exact.bill
        return await adapter(Call(service, caller, bill, idem))

    return run


def for_merchant(adapter: Callable[[Service, Caller], Awaitable[msgspec.Struct]]) -> Runner:
    """Runs an operation about a merchant."""

    async def run(service: Service, operation: Operation, incoming: Incoming) -> msgspec.Struct:
        del operation
        return await adapter(service, _remembered(service, incoming) or await _caller(service, incoming))

    return run


def for_partner(adapter: Callable[[Service, Partner], Awaitable[msgspec.Struct]]) -> Runner:
    """Runs an operation about the partner itself."""

    async def run(service: Service, operation: Operation, incoming: Incoming) -> msgspec.Struct:
        del operation
        return await adapter(service, await _partner(service, incoming))

    return run


class _AboutBill(Protocol[BillT_co]):
    @property
    def bill(self) -> BillT_co: ...


_IDENTITY: Final = Shape(wire.Identity)


def _remembered(service: Service, incoming: Incoming) -> Caller | None:
    """Who calls, if nobody needs to be asked and nothing judged for it, as for nearly every request."""
    who = incoming.exact
    if not isinstance(who, wire.Identity):
        return None
    caller = service.directory.remembered_caller(who.apiKey, who.member, who.merchant)
    if caller is not None:
        incoming.partner = caller.partner
    return caller


async def _caller(service: Service, incoming: Incoming) -> Caller:
    """Who calls. An unknown apiKey is told before an ill-formed member, and that before an unknown one."""
    partner = await _partner(service, incoming)
    exact = incoming.exact
    who = exact if isinstance(exact, wire.Identity) else _IDENTITY.read(incoming.tree)
    return await service.directory.caller(partner, who.apiKey, who.member, who.merchant)


async def _partner(service: Service, incoming: Incoming) -> Partner:
    partner = await partner_of(service, _api_key(incoming), incoming.peer, incoming.head.headers)
    incoming.partner = partner
    return partner


def _api_key(incoming: Incoming) -> str:
    exact = incoming.exact
    api_key = exact.apiKey if isinstance(exact, wire.ANY_REQUEST) else incoming.tree.get("apiKey")
    if isinstance(api_key, str) and 1 <= len(api_key) <= wire.API_KEY_MAX:
        return api_key
    raise Refused(codes.PARTNER_002)


def _idem(operation: Operation, incoming: Incoming) -> Idem | None:
    keys = incoming.head.all(KEY_HEADER)
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise invalid(IDEMPOTENCY_KEY, f"공백 없는 ASCII 1~{IDEMPOTENCY_KEY_MAX}자 하나여야 합니다.")
    return Idem(operation.path[1:], keys[0].decode("ascii"), sha256(incoming.body).digest())


def unread_for_talk(bill: object) -> None:
    """Take pageRedirectUrl out of a TALK bill (S)."""
    if isinstance(bill, dict):
        fields = cast("Tree", bill)
        if fields.get("sendType") == "TALK":
            fields.pop("pageRedirectUrl", None)


EVERYWHERE: Final = (
    codes.PARTNER_002,
    codes.PARTNER_003,
    codes.PARTNER_006,
    codes.VALIDATION_001,
    codes.LIMIT_001,
    codes.HTTP_413,
    codes.HTTP_415,
    codes.HTTP_503,
    codes.ERROR,
)
"""What any operation may answer."""

OPERATIONS: Final = (
    Operation(
        name="billSend",
        path="/bill",
        request=wire.BillRequest,
        data=wire.BillResponse,
        run=for_bill(wire.CreateBillInfo, adapters.create, unread_for_talk),
        writes=True,
        shows=("message", "expireDt"),
        refusals=(
            codes.PARTNER_004,
            codes.VALIDATION_002,
            codes.BILL_001,
            codes.POINT_001,
            codes.IDEMPOTENCY_001,
        ),
    ),
    Operation(
        name="billDestroy",
        path="/bill/destroy",
        request=wire.BillDestroyRequest,
        data=wire.BillDestroyResponse,
        run=for_bill(wire.DestroyBillInfo, adapters.destroy),
        writes=True,
        refusals=(
            codes.PARTNER_004,
            codes.VALIDATION_002,
            codes.BILL_003,
            codes.BILL_004,
            codes.BILL_005,
            codes.BILL_007,
            codes.BILL_009,
            codes.IDEMPOTENCY_001,
        ),
    ),
    Operation(
        name="billResend",
        path="/bill/resend",
        request=wire.BillResendRequest,
        data=wire.BillResendResponse,
        run=for_bill(wire.ResendBillInfo, adapters.resend),
        writes=True,
        refusals=(
            codes.PARTNER_004,
            codes.BILL_003,
            codes.BILL_006,
            codes.POINT_001,
            codes.IDEMPOTENCY_001,
        ),
    ),
    Operation(
        name="billRead",
        path="/bill/read",
        request=wire.BillReadRequest,
        data=wire.BillReadResponse,
        run=for_bill(wire.ReadBillInfo, adapters.read),
        refusals=(codes.PARTNER_004, codes.BILL_003),
    ),
    Operation(
        name="billCancel",
        path="/bill/cancel",
        request=wire.BillCancelRequest,
        data=wire.BillCancelResponse,
        run=for_bill(wire.CancelBillInfo, adapters.cancel),
        writes=True,
        shows=("cancelReason",),
        refusals=(
            codes.PARTNER_004,
            codes.VALIDATION_002,
            codes.BILL_003,
            codes.BILL_005,
            codes.BILL_007,
            codes.BILL_008,
            codes.BILL_009,
            codes.PAYMENT_001,
            codes.PAYMENT_002,
            codes.MAINTAINED_METHOD,
            codes.IDEMPOTENCY_001,
        ),
    ),
    Operation(
        name="readRemainCount",
        path="/read/remain_count",
        request=wire.RemainCountRequest,
        data=wire.RemainCountResponse,
        run=for_partner(adapters.partner_balance),
    ),
    Operation(
        name="readMerchantRemainCount",
        path="/read/merchant/remain_count",
        request=wire.MerchantRemainCountRequest,
        data=wire.RemainCountResponse,
        run=for_merchant(adapters.merchant_balance),
        refusals=(codes.PARTNER_004,),
    ),
)

ROUTES: Final = {prefix + operation.path: operation for prefix in PREFIXES for operation in OPERATIONS}
"""Every path that is an operation."""

_EXACT: Final = {operation.name: Exact(operation.request) for operation in OPERATIONS}


def incoming_to(operation: Operation, body: bytes, head: Head, peer: Peer) -> Incoming:
    """A request to an operation, read as far as that takes no judging. Raises Refused with HTTP_415."""
    if not head.json:
        raise Refused(codes.HTTP_415)
    return Incoming(body, head, peer, _EXACT[operation.name].read(body))
