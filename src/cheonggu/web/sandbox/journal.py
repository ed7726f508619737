"""What was asked of this process and what it answered, lately: a bounded list in memory. Never in live mode.

A request costs one short tuple. Whatever is shown of it is made when somebody looks.
"""

from __future__ import annotations

import re
import secrets
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, cast

import msgspec

from cheonggu.domain import masking
from cheonggu.domain.explanation import Explanation
from cheonggu.web.operations import Operation
from cheonggu.web.partner_api import Answer

MOST_NOTED: Final = 500
BODY_BYTES: Final = 8 * 1024
"""So much of a body is kept: a sound one is a tenth of it."""
MOST_READ: Final = 5_000
"""Different requests to /bill/read that are remembered beyond the others, for an inspection's sake."""
READ_BYTES: Final = 1024
"""So long may such a request be to be remembered as it is; of a longer one only what it names is."""

Subject = tuple[str, str]
"""The apiKey and the billId that a request names; empty where it names none."""

_API_KEY: Final = re.compile(r'("apiKey"\s*:\s*")([^"]*)(?=")')
_decode: Final = msgspec.json.Decoder().decode


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One request and its answer, without their texts; `code` is null where no answer was made."""

    id: str
    at: datetime
    operation: str
    path: str
    api_key: str
    """Masked."""
    bill_id: str
    code: str | None
    message: str | None
    http_status: int | None
    answered: bool
    """False where the answer was made and kept back, or never made."""
    milliseconds: float
    idempotency_key: bool
    test_code: str | None
    explanation: Explanation | None
    """Why it was refused."""


class WholeEntry(Entry, frozen=True, kw_only=True, rename="camel"):
    """An entry with both texts, apiKeys masked. A long body is cut; `body_bytes` is its whole length."""

    body: str
    body_bytes: int
    answer: str | None


class Note(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is kept of a request."""

    at: float
    """Seconds since 1970, real time."""
    seconds: float
    operation: Operation
    body: bytes
    answer: Answer
    keyed: bool
    test_code: str | None = None
    explanation: Explanation | None = None
    cut: tuple[Subject, int] | None = None
    """Of a body that was cut: whom and what it named, and its whole length."""

    @property
    def subject(self) -> Subject:
        """Whom and which bill the request named."""
        return self.cut[0] if self.cut else subject_of(self.body)

    @property
    def told(self) -> dict[str, object]:
        """The envelope that was made for it; empty if none was."""
        return envelope_of(self.answer) if self.answer.body else {}


class Journal:
    """The last requests to operations that this process had."""

    def __init__(self) -> None:
        self._tag = secrets.token_hex(3)
        """Another process' entries must not be taken for this one's."""
        self._count = 0
        self._notes: deque[Note] = deque(maxlen=MOST_NOTED)
        self._reads: dict[bytes, None] = {}

    @property
    def count(self) -> int:
        """How many requests there were; it grows with each."""
        return self._count

    @property
    def next_id(self) -> str:
        """The id of the entry that comes next."""
        return self.id_of(self._count + 1)

    def note(self, note: Note) -> None:
        """Keep a request."""
        self._notes.append(note if len(note.body) <= BODY_BYTES else _cut(note))
        self._count += 1

    def note_read(self, body: bytes) -> None:
        """Remember that a bill was read with success, longer than what `note` keeps."""
        kept = body if len(body) <= READ_BYTES else _naming(*subject_of(body))
        self._reads.pop(kept, None)
        self._reads[kept] = None
        if len(self._reads) > MOST_READ:
            del self._reads[next(iter(self._reads))]

    def forget(self) -> None:
        """Forget everything; ids go on."""
        self._notes.clear()
        self._reads.clear()

    def reads(self, api_key: str) -> list[str]:
        """The bills that a partner has read with success, the last one first."""
        subjects = (subject_of(body) for body in reversed(self._reads))
        return [bill_id for key, bill_id in subjects if key == api_key]

    def newest(self) -> Iterator[tuple[int, Note]]:
        """Every entry's number and note, the newest first."""
        return zip(range(self._count, 0, -1), reversed(self._notes), strict=False)

    def find(self, entry_id: str) -> tuple[int, Note] | None:
        """An entry by its id."""
        return next((found for found in self.newest() if self.id_of(found[0]) == entry_id), None)

    def id_of(self, number: int) -> str:
        """The id of an entry."""
        return f"{self._tag}-{number}"

    def entry(self, number: int, note: Note) -> Entry:
        """An entry as it is listed."""
        return msgspec.convert(self._facts(number, note), Entry)

    def whole(self, number: int, note: Note) -> WholeEntry:
        """An entry with its texts."""
        facts = self._facts(number, note) | {
            "body": _masked(note.body),
            "bodyBytes": note.cut[1] if note.cut else len(note.body),
            "answer": _masked(note.answer.body) if note.answer.body else None,
        }
        return msgspec.convert(facts, WholeEntry)

    def _facts(self, number: int, note: Note) -> dict[str, object]:
        (api_key, bill_id), told = note.subject, note.told
        return {
            "id": self.id_of(number),
            "at": datetime.fromtimestamp(note.at, UTC),
            "operation": note.operation.name,
            "path": note.operation.path,
            "apiKey": masking.key(api_key),
            "billId": bill_id,
            "code": told.get("code"),
            "message": told.get("message", told.get("msg")),
            "httpStatus": note.answer.status if told else None,
            "answered": note.answer.silent_seconds is None,
            "milliseconds": round(note.seconds * 1000, 3),
            "idempotencyKey": note.keyed,
            "testCode": note.test_code,
            "explanation": note.explanation,
        }


def subject_of(body: bytes) -> Subject:
    """Whom and which bill a request's body names."""
    try:
        tree = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", ""
    bill = _field(tree, "bill")
    return _text(_field(tree, "apiKey")), _text(_field(bill, "billId"))


def _naming(api_key: str, bill_id: str) -> bytes:
    return msgspec.json.encode({"apiKey": api_key, "bill": {"billId": bill_id}})


def envelope_of(answer: Answer) -> dict[str, object]:
    """What an answer says."""
    return cast("dict[str, object]", _decode(answer.body))


def _cut(note: Note) -> Note:
    cut = subject_of(note.body), len(note.body)
    return msgspec.structs.replace(note, body=note.body[:BODY_BYTES], cut=cut)


def _field(tree: object, name: str) -> object:
    return cast("dict[str, object]", tree).get(name) if isinstance(tree, dict) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _masked(text: bytes) -> str:
    return _API_KEY.sub(lambda found: found[1] + masking.key(found[2]), text.decode(errors="replace"))
