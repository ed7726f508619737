"""Every wallet holds what was charged, less what its messages cost, and what came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from chaos.record import Record
from chaos.tables import Tables


def check(record: Record, tables: Tables) -> Iterator[str]:
    """Wallets that hold another balance than the record comes to.

    How many messages each bill may have was checked bill by bill; here they are counted.
    """
    accounts = {bill.account.partner_id: bill.account for bill in record.bills.values()}
    spent: defaultdict[int, int] = defaultdict(int)
    for (partner_id, _), messages in tables.messages.items():
        stayed = sum(message["state"] not in ("FAILED", "WITHDRAWN") for message in messages)
        if partner_id in accounts:
            spent[partner_id] += stayed * accounts[partner_id].message_points
    for partner_id, account in accounts.items():
        held = tables.wallets.get((partner_id, account.wallet_code))
        if held != account.charged - spent[partner_id]:
            yield (
                f"the wallet of partner {partner_id} holds {held} points: charged were {account.charged}, "
                f"and its messages cost {spent[partner_id]}"
            )
