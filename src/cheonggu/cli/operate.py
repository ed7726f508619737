"""`cheonggu verify` and `cheonggu secret-key`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from cheonggu.cli import show
from cheonggu.cli.place import Place, work
from cheonggu.cli.show import AsJson

if TYPE_CHECKING:
    from cheonggu.store.invariants import Snapshot, Verdict

_PAUSE_SECONDS: Final = 0.25
_ROWS_SHOWN: Final = 20


class Finding(msgspec.Struct, frozen=True):
    """What `verify` found, and why it could not find it settled, if that was asked for."""

    snapshot: Snapshot
    problem: str | None = None

    @property
    def holds(self) -> bool:
        """Whether every rule holds, and nothing kept us from seeing it."""
        return self.problem is None and all(verdict.holds for verdict in self.snapshot.verdicts)


def verify(
    *,
    settled: Annotated[
        bool, typer.Option("--settled", help="Wait for the worker to drain, then add the settled rules.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for that.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Prove that what must always be true is true. Exit 0 when all of it holds, else 1 and the rows."""
    finding = work(lambda place: _settled(place, wait) if settled else _now(place))
    if as_json:
        show.as_json_line(_as_json(finding, settled=settled))
    else:
        _show(finding)
    raise typer.Exit(0 if finding.holds else 1)


async def _now(place: Place) -> Finding:
    return Finding(await _look(place, settled=False))


async def _settled(place: Place, wait_seconds: float) -> Finding:
    """Look until the worker has drained and all holds, something is broken for good, or the time is up.

    What is decided a moment after the drain (a gateway asked again in two seconds) is waited for, too.
    """
    from cheonggu.store import workers

    began = await place.db.fetchval("SELECT clock_timestamp()")
    deadline = time.monotonic() + wait_seconds
    patience = time.monotonic() + min(wait_seconds, workers.DEAD_AFTER_SECONDS)
    while True:
        alive = await workers.alive_since(place.db, began)  # a killed one is not heard of any more
        snapshot = await _look(place, settled=True)
        now = time.monotonic()
        if snapshot.broken("always"):
            return Finding(snapshot)
        if alive and snapshot.drained and not snapshot.broken("settled"):
            return Finding(snapshot)
        if not alive and now >= patience:
            return Finding(snapshot, "No worker is alive, so nothing will settle. Start: cheonggu worker")
        if now >= deadline:
            return Finding(snapshot, None if snapshot.drained else _still(snapshot.waiting, wait_seconds))
        await asyncio.sleep(_PAUSE_SECONDS)


async def _look(place: Place, *, settled: bool) -> Snapshot:
    from cheonggu.store import invariants

    return await invariants.look(place.db, await place.now(), settled=settled)


def _still(waiting: Mapping[str, int], seconds: float) -> str:
    rows = ", ".join(f"{count} {of}" for of, count in waiting.items())
    return f"The worker has not drained within {seconds:g} s: due or in hand are still {rows}."


def _as_json(finding: Finding, *, settled: bool) -> Mapping[str, object]:
    return {
        "holds": finding.holds,
        "settled": settled,
        "problem": finding.problem,
        "waiting": finding.snapshot.waiting,
        "invariants": [
            {
                "name": verdict.invariant.name,
                "when": verdict.invariant.when,
                "says": verdict.invariant.says,
                "holds": verdict.holds,
                "rows": [dict(row) for row in verdict.rows],
            }
            for verdict in finding.snapshot.verdicts
        ],
    }


def _show(finding: Finding) -> None:
    verdicts = finding.snapshot.verdicts
    table = [
        {
            "": "holds" if one.holds else f"{len(one.rows)} rows",
            "rule": one.invariant.name,
            "says": one.invariant.says,
        }
        for one in verdicts
    ]
    show.rows("invariants", table, as_json=False, none="")
    for verdict in verdicts:
        if not verdict.holds:
            _show_rows(verdict)
    if finding.problem:
        typer.echo(f"\n{finding.problem}", err=True)
    broken = sum(not verdict.holds for verdict in verdicts)
    typer.echo(
        f"\n{broken} of {len(verdicts)} rules broken." if broken else f"\nAll {len(verdicts)} rules hold."
    )


def _show_rows(verdict: Verdict) -> None:
    typer.echo(f"\n{verdict.invariant.name}: {verdict.invariant.says} Not so for:")
    rows: Sequence[Mapping[str, Any]] = [dict(row) for row in verdict.rows[:_ROWS_SHOWN]]
    show.rows("rows", rows, as_json=False, none="")
    if len(verdict.rows) > _ROWS_SHOWN:
        typer.echo(f"… and {len(verdict.rows) - _ROWS_SHOWN} more: --json lists them all.")


def secret_key() -> None:
    """Make a key for CHEONGGU_SECRET_KEY. To rotate, put the new one before the old: NEW,OLD."""
    from cheonggu.store.sealing import new_secret_key

    typer.echo(new_secret_key())
