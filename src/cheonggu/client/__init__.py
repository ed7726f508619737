"""A client of the partner API, for Cheonggu or any server that speaks it. Importing it imports no server.

`Client` waits, `AsyncClient` is awaited; both are the same operations. Every operation ends as `Done`,
`Refused` or `Unknown`. `receive` checks and reads a callback.
"""

from cheonggu.client.account import NO_RETRY, Retry
from cheonggu.client.answers import (
    Approval,
    Balance,
    BillStatus,
    Cancelled,
    Created,
    Destroyed,
    Resent,
    State,
)
from cheonggu.client.asynchronous import AsyncClient
from cheonggu.client.blocking import Client
from cheonggu.client.callback import (
    ACCEPTED,
    JSON_TYPE,
    NOT_ACCEPTED,
    Callback,
    CallbackUnreadable,
    Headers,
    SignatureWrong,
    parse_callback,
    receive,
    verify_signature,
)
from cheonggu.client.inputs import InputWrong, normal_phone
from cheonggu.client.outcome import Done, Outcome, Refused, Unknown, Why
from cheonggu.client.reconciling import Booked, Compared, Todo
from cheonggu.client.settling import Settled, Verdict
from cheonggu.domain.base_url import AddressWrong

__all__ = [
    "ACCEPTED",
    "JSON_TYPE",
    "NOT_ACCEPTED",
    "NO_RETRY",
    "AddressWrong",
    "Approval",
    "AsyncClient",
    "Balance",
    "BillStatus",
    "Booked",
    "Callback",
    "CallbackUnreadable",
    "Cancelled",
    "Client",
    "Compared",
    "Created",
    "Destroyed",
    "Done",
    "Headers",
    "InputWrong",
    "Outcome",
    "Refused",
    "Resent",
    "Retry",
    "Settled",
    "SignatureWrong",
    "State",
    "Todo",
    "Unknown",
    "Verdict",
    "Why",
    "normal_phone",
    "parse_callback",
    "receive",
    "verify_signature",
]
