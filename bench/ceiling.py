"""How much the load generator can send at all, to a server that does nothing."""

from __future__ import annotations

from bench.accounts import HOT
from bench.bodies import Creates
from bench.driver import drive
from bench.effort import Effort, in_words
from bench.hall import Hall
from bench.load import Spec
from bench.results import Figure, round_of
from bench.service import answers, free_port, spawned, wait_until

TITLE = "Load generator"
_FASTEST = 250_000
_SECONDS = 2.0
_CLIENTS = (1, 64, 256)


def steps(effort: Effort) -> int:
    """One for each number of clients."""
    del effort
    return len(_CLIENTS)


async def play(hall: Hall) -> None:
    """One stretch for each number of clients."""
    port = free_port()
    seconds = min(_SECONDS, hall.effort.seconds)
    async with spawned("-m", "bench.peers.trivial", str(port), environment={}) as process:
        await wait_until(process, lambda: answers(port, "/"))
        for clients in _CLIENTS:
            hall.show.doing(f"{clients} clients")
            requests = Creates(callers=[HOT], send_type="TALK", count=int(_FASTEST * seconds))
            run = await drive(
                Spec(port=port, clients=clients, seconds=seconds, requests=requests), {"server": process.pid}
            )
            figure = Figure(
                name=f"ceiling.c{clients}",
                title=f"{in_words(clients)}, a server that does nothing",
                group=TITLE,
                unit="requests/s",
            )
            hall.book.add(figure, round_of(run))
            hall.show.did()
