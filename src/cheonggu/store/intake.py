"""Creates, many in one commit: while one batch is being written, the next one collects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

import asyncpg
import msgspec
import structlog

from cheonggu.domain import codes
from cheonggu.domain.bill import SendType
from cheonggu.domain.codes import Refused
from cheonggu.domain.new_bill import NewBill
from cheonggu.store.batch import Batcher, BatcherClosed, BatchLost
from cheonggu.store.entropy import take
from cheonggu.store.ids import Ids
from cheonggu.store.partners import Caller
from cheonggu.store.postgres import Database, DatabaseAway, OwnConnection, away, connect
from cheonggu.store.sealing import Keyring, normal_name, normal_phone

log = structlog.get_logger()

MOST_IN_A_BATCH: Final = 500
_MOST_WAITING: Final = 20_000
"""More than this many waiting creates means that the database is away; refuse at once."""
_WAIT_SECONDS: Final = 10.0
_RECOVER_SECONDS: Final = 6.0
_STATEMENT_SECONDS: Final = 5.0
_RETRIES: Final = 10
_BLOCK: Final = 1000


class Created(msgspec.Struct, frozen=True):
    """What is told of a created bill."""

    bill_id: str
    short_code: str


class _Row(msgspec.Struct, frozen=True):
    """One create: its fields as read_bills takes them, and what we need of it ourselves."""

    partner_id: int
    bill_id: str
    short_code: str
    key: str | None
    fields: Sequence[str]


class _Asked(msgspec.Struct, frozen=True):
    """A batch as create_bills and judge_bills take it."""

    count: int
    text: str
    separator: str

    @classmethod
    def of(cls, rows: Sequence[_Row]) -> _Asked:
        return cls(len(rows), *joined([field for row in rows for field in row.fields]))


def joined(fields: Sequence[str]) -> tuple[str, str]:
    """`fields` in one text, and the separator between them, which none of them holds."""
    separator = "\x1f"
    while True:
        text = separator.join(fields)
        if text.count(separator) == len(fields) - 1:
            return text, separator
        separator = "\x1f" + take(8).hex()


class Verdict(msgspec.Struct, frozen=True):
    """What became of one row: DONE or REPLAY, or the code that refuses it."""

    verdict: str
    first_code: str | None = None
    first_short_code: str | None = None


_WRITTEN: Final = Verdict("DONE")
_CREATE: Final = "SELECT create_bills($1, $2)"
_JUDGE: Final = "SELECT * FROM judge_bills($1, $2)"

# Batches of unknown length make the planner guess; with these it always goes by the indexes, whatever the
# size of the tables, and plans once.
_PLANNER: Final = """
SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
SET plan_cache_mode = force_generic_plan; SET statement_timeout = '5s'
"""


class Intake:
    """The only writer of new bills in a process."""

    def __init__(self, db: Database, dsn: str, keyring: Keyring, ids: Ids | None = None) -> None:
        self._db = db
        self._dsn = dsn
        self._keyring = keyring
        self._ids = ids or Ids()
        self._connection: OwnConnection | None = None
        self._numbers = iter(range(0))
        self._refilling = asyncio.Lock()
        self._batcher = Batcher(self._write, most=MOST_IN_A_BATCH, keys=_collides_on)

    async def create(
        self, caller: Caller, new: NewBill, now: datetime, key: str | None, digest: bytes | None
    ) -> Created:
        """Write the bill, its debit and its message in one commit, and tell when they are durable.

        Raises Refused with BILL_001, POINT_001 or IDEMPOTENCY_001 and then nothing was written, or
        DatabaseAway when the outcome is unknown.
        """
        if self._batcher.waiting >= _MOST_WAITING:
            raise DatabaseAway(TimeoutError("too many creates are waiting"))
        number = next(self._numbers, None)
        if number is None:
            number = await self._number_of_a_new_block()
        row = self._row(caller, new, now, number, key, digest)
        try:
            verdict = await self._batcher.submit(row, _WAIT_SECONDS)
        except (TimeoutError, BatchLost, BatcherClosed) as error:
            raise DatabaseAway(error) from error
        if isinstance(verdict, Exception):
            raise verdict
        return _answer(row, verdict)

    async def close(self) -> None:
        """Write what is waiting, then let go of the connection."""
        await self._batcher.close()
        if self._connection is not None:
            await self._connection.close(timeout=2)

    async def _number_of_a_new_block(self) -> int:
        async with self._refilling:
            number = next(self._numbers, None)  # whoever came first has fetched a block for all who wait
            if number is None:
                first: int = await self._db.fetchval("SELECT nextval('bill_block_seq')")
                self._numbers = iter(range(first, first + _BLOCK))
                number = next(self._numbers)
        return number

    def _row(
        self, caller: Caller, new: NewBill, now: datetime, number: int, key: str | None, digest: bytes | None
    ) -> _Row:
        partner_id, keyring, bill_id = caller.partner.partner_id, self._keyring, new.bill_id
        short_code = self._ids.short_code(partner_id, bill_id)
        talk = new.send_type is SendType.TALK
        fields = (
            str(partner_id),
            str(number),
            now.isoformat(),
            new.send_type,
            str(caller.partner.message_points) if talk else "0",
            caller.wallet_code,
            short_code,
            key or "",
            _bytea(digest) if digest else "",
            bill_id,
            caller.member,
            caller.merchant.merchant_code,
            new.issuer or caller.merchant.name,
            new.product_name,
            str(new.price_won),
            _number(new.supply_won),
            _number(new.tax_won),
            _bytea(keyring.seal(new.payer_name, partner_id, bill_id, "name")),
            _bytea(keyring.seal(new.payer_phone, partner_id, bill_id, "phone")),
            str(keyring.index(partner_id, "name", normal_name(new.payer_name))),
            str(keyring.index(partner_id, "phone", normal_phone(new.payer_phone))),
            new.message or "",
            _midnight(new.expires_at),
            new.callback_url,
            new.redirect_url or "",
        )
        return _Row(partner_id, bill_id, short_code, key, fields)

    async def _write(self, rows: Sequence[_Row]) -> Sequence[Verdict | Exception]:
        """One batch, first in the hope that all is well, then with a verdict for each row."""
        try:
            return await self._write_asked(_Asked.of(rows))
        except Exception as error:
            if len(rows) == 1 or isinstance(error, DatabaseAway):
                raise
            log.exception("intake_batch_failed", rows=len(rows))
            self._drop()
        # Something in the batch cannot be written. It shall not take the others with it.
        return [await self._write_alone(row) for row in rows]

    async def _write_alone(self, row: _Row) -> Verdict | Exception:
        try:
            return (await self._write_asked(_Asked.of([row])))[0]
        except Exception as error:  # noqa: BLE001 - raised again, to the one who asked
            return error

    async def _write_asked(self, asked: _Asked) -> Sequence[Verdict]:
        try:
            connection = await self._connected()
            await connection.execute(_CREATE, asked.text, asked.separator, timeout=_STATEMENT_SECONDS)
        except (asyncpg.UniqueViolationError, asyncpg.RaiseError, asyncpg.DeadlockDetectedError):
            pass
        except Exception as error:
            if not _lost(error):
                raise
            self._drop()
            log.warning("intake_connection_lost", rows=asked.count, error=type(error).__name__)
        else:
            return [_WRITTEN] * asked.count
        return await self._judge(asked)

    async def _judge(self, asked: _Asked) -> Sequence[Verdict]:
        """A verdict for each row. Also what settles a batch whose commit was lost on the way.

        If that one did commit, its rows are found under our own numbers; if it is still running, ours waits
        for it at the wallet or at the unique keys; so running it again is always safe.
        """
        give_up = time.monotonic() + _RECOVER_SECONDS
        conflicts = 0
        while True:
            try:
                connection = await self._connected()
                refused = await connection.fetch(
                    _JUDGE, asked.text, asked.separator, timeout=_STATEMENT_SECONDS
                )
            except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
                conflicts += 1  # another process was faster with one of these ids; next time it is seen
                if conflicts > _RETRIES:
                    raise
            except Exception as error:
                if not _lost(error):
                    raise
                self._drop()
                if time.monotonic() >= give_up:
                    raise DatabaseAway(error) from error
                await asyncio.sleep(0.1)
            else:
                verdicts = [_WRITTEN] * asked.count
                for row in refused:
                    verdicts[row["o_ord"] - 1] = Verdict(
                        row["o_verdict"], row["o_first_code"], row["o_first_short_code"]
                    )
                return verdicts

    async def _connected(self) -> OwnConnection:
        if self._connection is None or self._connection.is_closed():
            connection = await connect(self._dsn, "cheonggu intake")
            await connection.execute(_PLANNER)
            self._connection = connection
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _lost(error: Exception) -> bool:
    return isinstance(error, DatabaseAway) or away(error)


def _bytea(value: bytes) -> str:
    return "\\x" + value.hex()


@lru_cache(maxsize=256)  # nearly all bills end on one of a few days
def _midnight(expires_at: datetime) -> str:
    return expires_at.isoformat()


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _collides_on(row: _Row) -> tuple[Hashable, ...]:
    bill = (row.partner_id, row.bill_id)
    return (bill,) if row.key is None else (bill, ("key", row.partner_id, row.key))


def _answer(row: _Row, verdict: Verdict) -> Created:
    if verdict.verdict == "DONE":
        return Created(row.bill_id, row.short_code)
    match verdict:
        case Verdict("REPLAY", "0000", str(short_code)):
            return Created(row.bill_id, short_code)
        case Verdict("REPLAY", str(code)) | Verdict(code):
            raise Refused(codes.CODES[code])
