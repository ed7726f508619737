"""All that the tables say, and what the stand-in gateway and sender have kept, read at one moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from cheonggu.domain.bill import Bill
from cheonggu.store import bills
from cheonggu.store.postgres import Connection, Database, Row
from cheonggu.store.sealing import Keyring

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Key = tuple[int, int]
"""A partner, and a number of its own."""


@dataclass(frozen=True)
class Tables:
    """Rows by what they belong to."""

    bills: dict[tuple[int, str], Bill]
    twice: list[tuple[int, str]]
    """Bills that are there more than once."""
    attempts: dict[Key, list[Row]]
    refunds: dict[Key, list[Row]]
    messages: dict[Key, list[Row]]
    callbacks: dict[Key, list[Row]]
    counted_tries: dict[Key, int]
    """By callback: how many of its tries are written down as accepted."""
    wallets: dict[tuple[int, str], int]
    charged: dict[str, Row]
    """The gateway's payments by order id."""
    given_back: dict[str, list[Row]]
    """The gateway's refunds by order id."""
    arrived: dict[str, Row]
    """The sender's messages by our id."""


async def load(db: Database, keyring: Keyring) -> Tables:
    """Read everything."""
    rows = await db.run_at_one_moment(_read)
    opened = [bills.opened(row, keyring) for row in rows["bill"]]
    by_id = _grouped(opened, lambda bill: (bill.partner_id, bill.bill_id))
    return Tables(
        bills={key: found[0] for key, found in by_id.items()},
        twice=[key for key, found in by_id.items() if len(found) > 1],
        attempts=_grouped(rows["attempt"], _of_bill),
        refunds=_grouped(rows["refund"], _of_bill),
        messages=_grouped(rows["message"], _of_bill),
        callbacks=_grouped(rows["callback"], _of_bill),
        counted_tries={(row["partner_id"], row["callback_no"]): row["counted"] for row in rows["tries"]},
        wallets={(row["partner_id"], row["wallet_code"]): row["balance_points"] for row in rows["wallet"]},
        charged={row["order_id"]: row for row in rows["sandbox_payment"]},
        given_back=_grouped(rows["sandbox_refund"], lambda row: row["order_id"]),
        arrived={row["message_id"]: row for row in rows["sandbox_message"]},
    )


async def _read(conn: Connection) -> dict[str, list[Row]]:
    return {name: await conn.fetch(statement, timeout=60) for name, statement in _STATEMENTS.items()}


def _of_bill(row: Row) -> Key:
    return row["partner_id"], row["bill_no"]


def _grouped(rows: Iterable[V], key: Callable[[V], K]) -> dict[K, list[V]]:
    found: defaultdict[K, list[V]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


_STATEMENTS: Final = {
    "bill": "SELECT * FROM bill ORDER BY bill_no",
    "attempt": "SELECT * FROM attempt ORDER BY attempt_no",
    "refund": "SELECT * FROM refund ORDER BY refund_no",
    "message": "SELECT * FROM message ORDER BY bill_no, send_number",
    "callback": "SELECT * FROM callback ORDER BY callback_no",
    "tries": """
        SELECT partner_id, callback_no, count(*) FILTER (WHERE reason IS NULL) AS counted
        FROM callback_attempt GROUP BY partner_id, callback_no""",
    "wallet": "SELECT * FROM wallet",
    "sandbox_payment": "SELECT *, approval ->> 'approval_number' AS approval_number FROM sandbox_payment",
    "sandbox_refund": "SELECT * FROM sandbox_refund",
    "sandbox_message": "SELECT * FROM sandbox_message",
}
