"""`python -m bench`: measure, print the table, write bench/results.json. `python -m bench report`: docs."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path

import msgspec

from bench import report
from bench.driver import LoadFailed
from bench.effort import EFFORTS, Effort
from bench.program import SCENES, perform
from bench.results import FILE
from bench.service import DidNotStart
from bench.typical import PeerMissing

_DATA = Path(__file__).parent / "data"
_EFFORT_OPTIONS = (
    ("--quick", "quick", "two minutes: the comparison and a start"),
    ("--full", "full", "the whole matrix and ten million bills: hours"),
)


def main() -> None:
    """Run the command line."""
    given = _arguments()
    if given.what == "report":
        report.write(given.out)
        return
    effort = _changed(EFFORTS[given.effort], given.only, given.rounds, given.seconds)
    try:
        asyncio.run(_until_told(perform(effort, given.out, given.directory)))
    except (PeerMissing, LoadFailed, DidNotStart) as error:
        sys.exit(f"bench: {error}")
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.exit("bench: stopped")


async def _until_told(work: Coroutine[None, None, None]) -> None:
    """Do the work; SIGTERM ends it as Ctrl-C does, leaving nothing behind."""
    task = asyncio.create_task(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await task


class _Given(argparse.Namespace):
    """What the command line says."""

    what: str
    effort: str
    only: str
    rounds: int | None
    seconds: float | None
    out: Path
    directory: Path


def _arguments() -> _Given:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("run", "report"), default="run")
    how = parser.add_mutually_exclusive_group()
    for option, effort, words in _EFFORT_OPTIONS:
        how.add_argument(option, dest="effort", action="store_const", const=effort, help=words)
    parser.set_defaults(effort="usual")
    parser.add_argument("--only", default="", metavar="SCENE,…", help=f"of {', '.join(SCENES)}")
    parser.add_argument("--rounds", type=int, metavar="N", help="instead of the effort's own")
    parser.add_argument("--seconds", type=float, metavar="S", help="of a stretch, likewise")
    parser.add_argument("--out", type=Path, default=FILE, metavar="FILE", help="bench/results.json")
    parser.add_argument(
        "--directory", type=Path, default=_DATA, metavar="DIR", help="for the databases; on a real disk"
    )
    return parser.parse_args(namespace=_Given())


def _changed(effort: Effort, only: str, rounds: int | None, seconds: float | None) -> Effort:
    wanted = tuple(name for name in only.split(",") if name)
    if unknown := set(wanted) - set(SCENES):
        sys.exit(f"bench: no scene is called {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    return msgspec.structs.replace(
        effort,
        scenes=wanted or effort.scenes,
        rounds=rounds or effort.rounds,
        seconds=seconds or effort.seconds,
    )


if __name__ == "__main__":
    main()
