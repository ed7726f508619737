"""Every message is as the sender says, and none was handed over twice unless the sender never had it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from chaos.audit.answers import groups
from chaos.record import BillRecord
from chaos.tables import Tables
from cheonggu.delivery.message import message_id
from cheonggu.domain.bill import Bill, SendType
from cheonggu.providers.sandbox_sender import SPECIAL_PHONES
from cheonggu.store.postgres import Row

_AT_SENDER: Final = {"SENT": {"ARRIVED"}, "FAILED": {"REFUSED"}, "WITHDRAWN": {None, "LOST"}}
"""As what the sender knows a message of ours."""


def check(bill: BillRecord, row: Bill, tables: Tables) -> Iterator[str]:
    """What is wrong with one bill's messages."""
    found = tables.messages.get((row.partner_id, row.bill_no), [])
    resends = groups(bill.of("resend"))
    least = (row.send_type is SendType.TALK) + sum(any(one.done for one in group) for group in resends)
    open_ones = [group for group in resends if all(one.unknown for one in group)]
    if not least <= len(found) <= least + len(open_ones):
        yield f"it has {len(found)} messages; acknowledged are {least}, unknown {len(open_ones)} more"
    for message in found:
        if message["created_at"] >= row.expires_at:
            yield "a message was queued after its last day"
        at_sender = tables.arrived.get(_identity(message))
        state = at_sender["state"] if at_sender else None
        if state not in _AT_SENDER.get(message["state"], set()):
            yield f"a message is {message['state']}, and at the sender {state or 'unknown'}"
        if at_sender is None:
            continue
        never_had = SPECIAL_PHONES.get(bill.fields["phone"]) == "MESSAGE_UNKNOWN_NEVER_HAD"
        if at_sender["tries"] > (2 if never_had else 1):
            yield f"a message was handed over {at_sender['tries']} times"


def strangers(tables: Tables) -> Iterator[str]:
    """What the sender has without a message of ours."""
    known = {_identity(message) for found in tables.messages.values() for message in found}
    for identity in set(tables.arrived) - known:
        yield f"the sender has a message {identity} that we know nothing of"


def _identity(message: Row) -> str:
    return message_id(message["partner_id"], message["bill_no"], message["send_number"])
