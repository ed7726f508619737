"""A scenario as it is written down: a TOML file with a title, what a correct program does, and steps."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta

SUFFIX: Final = ".toml"
MOST_BYTES: Final = 64 * 1024

Alias = Annotated[str, Meta(pattern="^[a-z0-9]{1,6}$")]
"""What a bill is called within a scenario; its billId is made anew at every run."""
Won = Annotated[int, Meta(ge=1, le=9_999_999_999)]
Span = Annotated[float, Meta(gt=0, le=366 * 86_400)]


class ScriptWrong(Exception):
    """A scenario cannot be read; the sentence says where and why."""


class Step(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", forbid_unknown_fields=True):
    """One step. `why` is told when your program does not do what it should, as it is or in two languages."""

    why: str | Told | None = None


class Create(Step, frozen=True, kw_only=True, tag="create"):
    """Have the bill made: by your program if it said how, else by the runner. `code` is the answer wanted."""

    bill: Alias
    price: Won = 150_000
    send_type: Literal["TALK", "URL"] = "TALK"
    expires: Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None
    code: str = "0000"
    test_code: str | None = None


class Pay(Step, frozen=True, kw_only=True, tag="pay"):
    """The payer pays, with an outcome of the practice gateway. `state` is what the bill then is, if told."""

    bill: Alias
    outcome: str = "APPROVE"
    state: Literal["W", "F", "C", "D"] | None = None


class Probe(Step, frozen=True, kw_only=True, tag="probe"):
    """Send a made-up callback: the bill's own, with fields altered or removed, signed well or not."""

    bill: Alias
    expect: Literal["accepted", "refused"]
    alter: dict[str, str] = {}
    remove: list[str] = []
    signature: Literal["GOOD", "BAD", "OLD", "NONE"] = "GOOD"


class Callback(Step, frozen=True, kw_only=True, tag="callback"):
    """Wait for the bill's callback to come to `state`, after so many tries at least."""

    bill: Alias
    state: Literal["PENDING", "DELIVERED", "EXHAUSTED", "NONE"] = "DELIVERED"
    tries: Annotated[int, Meta(ge=0, le=100)] = 0


class Again(Step, frozen=True, kw_only=True, tag="again"):
    """Send the bill's callback once more, under the same webhook-id; your program should accept it again."""

    bill: Alias


class Trouble(Step, frozen=True, kw_only=True, tag="trouble"):
    """Lose callbacks, or their answers, so many times, or have the receiver down for so many seconds."""

    kind: Literal["LOST", "ANSWER_LOST", "DOWN"]
    bill: Alias | None = None
    times: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    seconds: Span | None = None


class Clock(Step, frozen=True, kw_only=True, tag="clock"):
    """Let business time pass."""

    seconds: Span


class Points(Step, frozen=True, kw_only=True, tag="points"):
    """Set the wallet's points."""

    balance: Annotated[int, Meta(ge=0, le=10**15)]


class Partner(Step, frozen=True, kw_only=True, tag="partner"):
    """Switch for this run whether the partner hears of cancels and destroys, too."""

    notices: bool


class Act(Step, frozen=True, kw_only=True, tag="act"):
    """The runner does something to the bill through the partner API. `code` is the answer wanted."""

    bill: Alias
    verb: Literal["destroy", "cancel", "resend"]
    code: str = "0000"


class Messages(Step, frozen=True, kw_only=True, tag="messages"):
    """So many messages were made for the bill, or in all since the scenario began, and no more."""

    bill: Alias | None = None
    count: Annotated[int, Meta(ge=0, le=100)]


class Requests(Step, frozen=True, kw_only=True, tag="requests"):
    """How often your program itself asked for an operation about the bill."""

    bill: Alias
    operation: Literal["billSend", "billRead", "billDestroy", "billResend", "billCancel"]
    least: Annotated[int, Meta(ge=0, le=100)] = 0
    most: Annotated[int, Meta(ge=0, le=100)] | None = None


class Books(Step, frozen=True, kw_only=True, tag="books"):
    """What your program's own books say of the bill; only what stands here is compared."""

    bill: Alias
    state: Literal["unpaid", "paid", "cancelled", "destroyed", "none"] | None = None
    amount: Annotated[int, Meta(ge=0)] | None = None
    payments: Annotated[int, Meta(ge=0)] | None = None


AnyStep: TypeAlias = (
    Create
    | Pay
    | Probe
    | Callback
    | Again
    | Trouble
    | Clock
    | Points
    | Partner
    | Act
    | Messages
    | Requests
    | Books
)


_KINDS: Final = [str(kind.__struct_config__.tag) for kind in get_args(AnyStep)]


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same in both languages."""

    en: str
    ko: str

    def in_language(self, *, korean: bool) -> str:
        """The one or the other."""
        return self.ko if korean else self.en


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole scenario. `name` is its file's."""

    title: Told
    correct: Told
    step: Annotated[list[AnyStep], Meta(min_length=1, max_length=200)]
    name: str = ""


def shipped() -> list[str]:
    """The names of the scenarios that come with Cheonggu."""
    folder = resources.files("cheonggu.scenarios") / "shipped"
    return sorted(file.name.removesuffix(SUFFIX) for file in folder.iterdir() if file.name.endswith(SUFFIX))


def text_of(name_or_path: str) -> str:
    """A scenario's text: one that comes with Cheonggu by its name, or a file. Raises ScriptWrong."""
    if name_or_path in shipped():
        file = resources.files("cheonggu.scenarios") / "shipped" / f"{name_or_path}{SUFFIX}"
        return file.read_text(encoding="utf-8")
    path = Path(name_or_path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ScriptWrong(f"{path} is larger than {MOST_BYTES // 1024} KiB.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(shipped())
        raise ScriptWrong(f"No scenario and no file is called {name_or_path!r}. Known: {known}.") from error


def load(name_or_path: str) -> Scenario:
    """A scenario, judged. Raises ScriptWrong."""
    name = name_or_path if name_or_path in shipped() else Path(name_or_path).stem
    return read(text_of(name_or_path), name)


def read(text: str, name: str) -> Scenario:
    """The scenario in a TOML text. Raises ScriptWrong with the step and field that do not fit."""
    try:
        table: dict[str, Any] = tomllib.loads(text)
        scenario = msgspec.convert(table | {"name": name}, Scenario)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ScriptWrong(f"{name}: {_place(str(error))}") from error
    _check_bills(scenario)
    return scenario


def _place(said: str) -> str:
    """The decoder's sentence with steps counted as people do."""
    what, _, where = said.partition(" - at `$")
    if not where:
        return said
    index = where.partition("[")[2].partition("]")[0]
    field = where.rstrip("`").rpartition("].")[2]
    if field == "do":
        what += f"; it is one of {', '.join(_KINDS)}"
    if not index.isdigit():
        return f"{what} (in {where.rstrip('`').lstrip('.')})"
    return f"step {int(index) + 1}{f', {field}' if field else ''}: {what}"


def _check_bills(scenario: Scenario) -> None:
    made: set[str] = set()
    for number, step in enumerate(scenario.step, 1):
        bill: str | None = getattr(step, "bill", None)
        if isinstance(step, Create):
            made.add(step.bill)
        elif bill is not None and bill not in made:
            raise ScriptWrong(f"{scenario.name}: step {number} is about bill {bill!r}, which no step made.")
