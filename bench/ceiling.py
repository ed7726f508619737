"""How much the load generator can send at all, to a server that does nothing."""

from __future__ import annotations

from bench.accounts import HOT
from bench.bodies import Creates
from bench.driver import drive
from bench.effort import Effort
from bench.load import Spec
from bench.results import Book, Figure, Round
from bench.service import answers, free_port, spawned, wait_until
from bench.show import Show

_FASTEST = 120_000
_SECONDS = 2.0
CLIENTS = (1, 64, 256)


async def play(effort: Effort, book: Book, show: Show) -> None:
    """One stretch for each number of clients."""
    port = free_port()
    async with spawned("-m", "bench.peers.trivial", str(port), environment={}) as process:
        await wait_until(lambda: answers(port, "/"))
        for clients in CLIENTS:
            show.doing(f"{clients} clients")
            seconds = min(_SECONDS, effort.seconds)
            requests = Creates(callers=[HOT], send_type="TALK", count=int(_FASTEST * (seconds + 0.5)))
            run = await drive(
                Spec(port=port, clients=clients, seconds=seconds, requests=requests), {"server": process.pid}
            )
            figure = Figure(
                name=f"ceiling.c{clients}",
                title=f"the load generator's own limit, {clients} clients",
                group="Load generator",
                unit="requests/s",
            )
            book.add(figure, Round(value=run.rate, run=run))
            show.did()
