"""`python -m bench`: measure, print the table, write bench/results.json. `python -m bench report`: docs."""

from __future__ import annotations

import argparse
import asyncio
import sys
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


def main() -> None:
    """Run the command line."""
    given = _arguments()
    if given.what == "report":
        report.write(given.out)
        return
    effort = EFFORTS["quick" if given.quick else "full" if given.full else "usual"]
    try:
        asyncio.run(perform(_only(effort, given.only), given.out, given.directory))
    except (PeerMissing, LoadFailed, DidNotStart) as error:
        sys.exit(f"bench: {error}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("run", "report"), default="run")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="two minutes: the comparison and a start")
    how.add_argument("--full", action="store_true", help="the whole matrix and ten million bills: hours")
    parser.add_argument("--only", default="", metavar="SCENE,…", help=f"of {', '.join(SCENES)}")
    parser.add_argument("--out", type=Path, default=FILE, metavar="FILE", help="bench/results.json")
    parser.add_argument(
        "--directory", type=Path, default=_DATA, metavar="DIR", help="for the databases; on a real disk"
    )
    return parser.parse_args()


def _only(effort: Effort, scenes: str) -> Effort:
    wanted = tuple(filter(None, scenes.split(",")))
    if unknown := set(wanted) - set(SCENES):
        sys.exit(f"bench: no scene is called {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    return msgspec.structs.replace(effort, scenes=wanted) if wanted else effort


if __name__ == "__main__":
    main()
