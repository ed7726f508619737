"""What a run prints. Each part gives whether all went well."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from chaos.planted.run import Caught
from chaos.races import Finish
from chaos.standby import Failover
from chaos.storm import GOOD_WRITE_SECONDS, Weather
from chaos.takeover import MOST_LEASES

_SHOWN: Final = 30
_KINDS: Final = {
    "answer": "answers untrue",
    "payment": "payments lost or doubled",
    "callback": "callbacks lost or untrue",
    "message": "messages lost or doubled",
    "points": "wallets wrong",
    "rule": "rules broken",
    "race": "races without one winner",
    "time": "bounds of time exceeded",
}
_WIDTH: Final = 120


def say(text: str) -> None:
    """One line on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def weather(of: Weather) -> bool:
    """A storm's figures."""
    record, tally = of.record, of.tally
    _table(
        f"storm, seed {of.seed}",
        {
            "seconds of load": f"{of.seconds:.0f}",
            "seconds in all": f"{of.seconds_in_all:.0f}",
            "requests": f"{record.requests:,}",
            "bills": f"{len(record.bills):,}",
            "answers unknown": f"{sum(record.unknown.values()):,} ({_listed(record.unknown)})",
            "payments unknown": of.unknown_payments,
            "payments approved": of.approved,
            "callbacks delivered": f"{of.callbacks:,} in {of.calls:,} calls",
            "kills": tally.kills,
            "of the database server": tally.done["kill server"],
            "all faults": _listed(tally.done),
            "server killed to connections": _spread([one.up for one in of.returns]),
            "server killed to first good write": (
                f"{_spread([one.good_write for one in of.returns])} (aim {GOOD_WRITE_SECONDS:g} s)"
            ),
            "lease taken to work resumed": (
                f"{of.takeovers.longest_seconds:.1f} s, {of.takeovers.longest_leases:.2f} leases at most,"
                f" of {of.takeovers.leases:,} that ran out (aim {MOST_LEASES:g} leases)"
            ),
            "errors in the service's logs": _listed(of.complaints) or "none",
        },
    )
    return _violations(of.violations)


def finish(of: Finish) -> bool:
    """Who won which race."""
    won = {name: _listed(who) for name, who in of.won.items()}
    if of.not_begun:
        won["not begun, as the bill was not made or paid"] = str(of.not_begun)
    _table(f"races, seed {of.seed}: {sum(of.run.values()):,} in {of.requests:,} requests", won)
    return _violations(of.violations)


def failover(of: Failover) -> bool:
    """A failover's figures."""
    _table(
        f"synchronous standby promoted, seed {of.seed}",
        {
            "writes acknowledged before": f"{of.acknowledged_before:,}",
            "and after": f"{of.acknowledged_after:,}",
            "answers unknown": of.unknown,
            "primary killed to first good write": f"{of.first_good_write_seconds:.1f} s",
        },
    )
    return _violations(of.violations)


def planted(sound: Sequence[Caught], bugs: Sequence[Caught]) -> bool:
    """Which plan complained of which source."""
    say("\nplans on the sound source, where nobody may complain")
    for one in sound:
        say(f"  {'COMPLAINED' if one.violations else 'quiet':<10}  {one.seconds:4.0f} s  {one.plan}")
        _violations(one.violations, quiet=True)
    say("\nplanted bugs, of each of which somebody has to complain")
    for one in bugs:
        say(f"  {'caught' if one.violations else 'MISSED':<10}  {one.seconds:4.0f} s  {one.name}")
        for first in one.violations[:1]:
            say(f"  {'':<18}  by: {first[:_WIDTH]}")
    missed = sum(not one.violations for one in bugs)
    say(f"\n{len(bugs) - missed} of {len(bugs)} planted bugs were caught")
    return not missed and not any(one.violations for one in sound)


def _violations(found: Sequence[str], *, quiet: bool = False) -> bool:
    """The first of them; whether there are none."""
    if found or not quiet:
        counts = Counter(one.partition(":")[0] for one in found)
        say(
            f"  {len(found)} violations: "
            + ", ".join(f"{counts[of]} {words}" for of, words in _KINDS.items())
        )
    for one in found[:_SHOWN]:
        say(f"    {one}")
    return not found


def _table(title: str, rows: Mapping[str, object]) -> None:
    say(f"\n{title}")
    width = max((len(name) for name in rows), default=0)
    for name, value in rows.items():
        say(f"  {name:<{width}}  {value}")


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none seen"
    return f"{median(seconds):.1f} s, {max(seconds):.1f} s at most, of {len(seconds)}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
