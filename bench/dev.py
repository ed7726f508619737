"""`cheonggu dev`, as most people will first measure it, against the base in the very same PostgreSQL."""

from __future__ import annotations

from typing import Final

import msgspec

from bench import base
from bench.accounts import check_books
from bench.backlog import gauge
from bench.creating import figure_of
from bench.effort import TALK, Effort, Shape
from bench.hall import Hall
from bench.results import Figure, round_of
from bench.service import Running
from bench.stage import Stage, order
from bench.start import dev, erase
from cheonggu.billing import sandbox_partners
from cheonggu.store import embedded

TITLE: Final = "cheonggu dev"
_SHAPES: Final = (Shape(TALK, 1), Shape(TALK, 64), Shape(TALK, 256))
_POINTS: Final = 1_000_000_000


def steps(effort: Effort) -> int:
    """The base and every shape, round by round."""
    return (1 + len(_SHAPES)) * effort.rounds


async def play(hall: Hall) -> None:
    """Start it once, then base and creates in turn."""
    data = hall.directory.with_name(f"{hall.directory.name}-dev")
    try:
        async with dev(data) as ready:
            dsn = embedded.running(data)
            assert dsn is not None
            stage = Stage(dsn, ready.running.parts["database"])
            await _give_points(dsn)
            async with base.plain_database(stage) as plain:
                for _ in range(hall.effort.rounds):
                    await _round(hall, stage, plain, ready.running)
            await check_books(dsn)
    finally:
        erase(data)


async def _round(hall: Hall, stage: Stage, plain: str, running: Running) -> None:
    figure = Figure(name="dev.base.c16", title="pgbench beside it, 16 clients", group=TITLE, unit="bills/s")
    hall.show.doing(figure.title)
    run = await base.pgbench(stage, plain, max(1, round(hall.effort.seconds)))
    hall.book.add(figure, round_of(run))
    hall.show.did()
    async with gauge(stage.dsn) as counts:
        for shape in _SHAPES:
            hall.show.doing(shape.title)
            ours = msgspec.structs.replace(
                figure_of(shape, figure.name), name=f"dev.{shape.name}", group=TITLE
            )
            await hall.creator.stretch(shape, ours, running, counts)
            hall.show.did()


async def _give_points(dsn: str) -> None:
    """Points for any number of bills, entered as a charge would be."""
    await order(dsn, _CHARGE, sandbox_partners.FIRST.name, _POINTS)


_CHARGE: Final = """
WITH filled AS (
  UPDATE wallet SET balance_points = balance_points + $2
  WHERE partner_id = (SELECT partner_id FROM partner WHERE name = $1)
  RETURNING partner_id, wallet_code, balance_points)
INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, note, at)
SELECT partner_id, wallet_code, 'CHARGE', $2, balance_points, 'bench', now() FROM filled
"""
