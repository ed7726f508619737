"""`python -m chaos`: prove that nothing is lost or doubled under faults. Exit 0 when nothing was."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import sys
from collections.abc import Coroutine
from typing import Final

import uvloop

from chaos import show
from chaos.planted import run as planted
from chaos.planted.bugs import bugs
from chaos.planted.plans import PLANS
from chaos.races import races
from chaos.standby import failover
from chaos.storm import FULL, Effort, storm

_SCENES: Final = ("storm", "races", "standby")
_RACES: Final = 10_000
_FAILOVER_SECONDS: Final = 20.0


class _Given(argparse.Namespace):
    """What the command line says."""

    seed: str
    only: str
    seconds: float
    actors: int
    races: int
    planted: bool


def main() -> None:
    """Run the command line."""
    given = _arguments()
    sys.exit(0 if _run(_planted() if given.planted else _scenes(given)) else 1)


def _run(work: Coroutine[None, None, bool]) -> bool:
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_until_told(work))
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.exit("chaos: stopped")


async def _until_told(work: Coroutine[None, None, bool]) -> bool:
    """Do the work; SIGTERM ends it as Ctrl-C does, leaving nothing behind."""
    task = asyncio.create_task(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


async def _scenes(given: _Given) -> bool:
    """The scenes that were asked for, one after the other; whether nothing went wrong in any."""
    show.say(f"seed {given.seed}: --seed {given.seed} decides the same again, as far as timing allows")
    wanted = given.only.split(",")
    well = True
    if "storm" in wanted:
        effort = Effort(seconds=given.seconds, actors=given.actors, freezes=FULL.freezes)
        well &= show.weather(await storm(given.seed, effort))
    if "races" in wanted:
        well &= show.finish(await races(given.seed, given.races))
    if "standby" in wanted:
        well &= show.failover(await failover(given.seed, _FAILOVER_SECONDS))
    return well


async def _planted() -> bool:
    """Every plan on the sound source, then every bug; whether only the bugs were complained of."""
    sound = await planted.on_sound_source(list(PLANS.values()))
    return show.planted(sound, await planted.on_bugs(bugs()))


def _arguments() -> _Given:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seed", default=secrets.token_hex(4), help="what decides; a new one each time")
    parser.add_argument(
        "--only", default=",".join(_SCENES), metavar="SCENE,…", help=f"of {', '.join(_SCENES)}"
    )
    parser.add_argument("--seconds", type=float, default=FULL.seconds, help="how long the storm lasts")
    parser.add_argument("--actors", type=int, default=FULL.actors, help="how many load it")
    parser.add_argument("--races", type=int, default=_RACES, help="how many races")
    parser.add_argument("--planted", action="store_true", help="plant bugs, and see that each is caught")
    given = parser.parse_args(namespace=_Given())
    if unknown := set(given.only.split(",")) - set(_SCENES):
        parser.error(f"no scene is called {', '.join(sorted(unknown))}; there are {', '.join(_SCENES)}")
    return given


if __name__ == "__main__":
    main()
