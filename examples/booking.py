"""A partner's own books, in SQLite, and what to answer to a callback. The receivers beside this file use it.

The order is what matters: check the signature, compare with your own books, write, and only then say "0000".
"""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
from collections.abc import Generator
from contextlib import contextmanager

from cheonggu.client import (
    ACCEPTED,
    NOT_ACCEPTED,
    Callback,
    CallbackUnreadable,
    Headers,
    SignatureWrong,
    State,
    receive,
)

SANDBOX_SECRET = "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMTIzNDU2Nzg="  # noqa: S105 - everybody's, for practice
SECRETS = os.environ.get("WEBHOOK_SECRETS", SANDBOX_SECRET).split()
"""Two of them around a rotation."""
FILE = os.environ.get("BOOKS_FILE", "books.sqlite3")
LOCK_SECONDS = 0.5
"""The sender waits ten seconds; a write that cannot be had by then had better fail, and come again."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS bill (bill_id TEXT PRIMARY KEY, price_won INTEGER NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS payment (bill_id TEXT PRIMARY KEY, number TEXT, won INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS callback (webhook_id TEXT, bill_id TEXT, PRIMARY KEY (webhook_id, bill_id));
"""

log = logging.getLogger("booking")


@contextmanager
def books() -> Generator[sqlite3.Connection]:
    """One transaction: all of it is on disk at the end, or nothing."""
    connection = sqlite3.connect(FILE, timeout=LOCK_SECONDS, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            yield connection
    finally:
        connection.close()


def prepare() -> None:
    """Make the tables; call it once, at the start."""
    connection = sqlite3.connect(FILE)
    connection.executescript(SCHEMA)
    connection.close()


def expect(bill_id: str, price_won: int) -> None:
    """A bill that you are about to create. Write it down first: a callback may be quick."""
    with books() as db:
        db.execute("INSERT INTO bill VALUES (?, ?, ?)", (bill_id, price_won, State.UNPAID))


def answer_to(body: bytes, headers: Headers) -> tuple[int, bytes]:
    """Status and body of the answer. A write that fails is an exception: your framework makes it a 500."""
    try:
        callback = receive(body, headers, SECRETS)
    except SignatureWrong as wrong:
        log.warning("not booked: %s", wrong)
        return 401, NOT_ACCEPTED
    except CallbackUnreadable as unreadable:
        log.warning("not booked: %s", unreadable)
        return 400, NOT_ACCEPTED
    with books() as db:
        reason = book(db, callback)
    if reason is None:
        return 200, ACCEPTED
    log.error("bill %s: %s. Somebody has to look.", callback.bill_id, reason)
    return 409, NOT_ACCEPTED


def book(db: sqlite3.Connection, callback: Callback) -> str | None:
    """Write what the callback says, once; None when it is in the books, else why it is not."""
    same = (callback.webhook_id, callback.bill_id)
    if db.execute("SELECT 1 FROM callback WHERE webhook_id = ? AND bill_id = ?", same).fetchone():
        return None
    known = db.execute("SELECT price_won, state FROM bill WHERE bill_id = ?", (callback.bill_id,)).fetchone()
    if known is None:
        return "there is no such bill"
    price_won, state = known
    reason = None
    if callback.state is State.PAID:
        reason = _book_payment(db, callback, price_won, state)
    elif callback.state in (State.CANCELLED, State.DESTROYED):
        db.execute("UPDATE bill SET state = ? WHERE bill_id = ?", (callback.state, callback.bill_id))
    else:
        reason = "its state is not known"
    if reason is None:
        db.execute("INSERT INTO callback VALUES (?, ?)", same)
    return reason


def _book_payment(db: sqlite3.Connection, callback: Callback, price_won: int, state: str) -> str | None:
    if not callback.is_payment_of(price_won):
        return f"{callback.price_won} won were paid, {price_won} were asked for"
    number = callback.approval.number if callback.approval else None
    paid = db.execute("SELECT number FROM payment WHERE bill_id = ?", (callback.bill_id,)).fetchone()
    if paid:
        return None if paid[0] == number else f"it was paid twice: {paid[0]} and {number}"
    db.execute("INSERT INTO payment VALUES (?, ?, ?)", (callback.bill_id, number, callback.price_won))
    if state == State.UNPAID:  # a notice of its cancel may have come first
        db.execute("UPDATE bill SET state = ? WHERE bill_id = ?", (State.PAID, callback.bill_id))
    return None


if __name__ == "__main__":  # python examples/booking.py BILL_ID PRICE
    prepare()
    expect(sys.argv[1], int(sys.argv[2]))
