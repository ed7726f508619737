"""On what it was measured: the machine, the versions, and what the disk takes to keep a promise."""

from __future__ import annotations

import os
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.effort import Effort
from bench.results import Measurement
from bench.stage import Stage, order

_SYNCS = 300
_PAGE = b"\0" * 8192
_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
_TOLD = (*_DURABLE, "shared_buffers", "max_wal_size", "checkpoint_timeout", "server_version")


class NotDurable(Exception):
    """The server would not keep what it acknowledges, so nothing measured on it would mean anything."""


async def facts(stage: Stage, effort: Effort, directory: Path) -> list[Measurement]:
    """The facts. Raises NotDurable unless every durability switch is on."""
    settings = {
        name: str((await order(stage.dsn, "SELECT current_setting($1) AS value", name))[0]["value"])
        for name in _TOLD
    }
    if off := [name for name in _DURABLE if settings[name] != "on"]:
        raise NotDurable(f"{', '.join(off)} is not on")
    machine = Measurement(
        name="machine",
        title="cores",
        group="Machine",
        value=os.cpu_count() or 1,
        unit="cores",
        more={
            "effort": effort.name,
            "rounds": effort.rounds,
            "seconds": effort.seconds,
            "measured at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "processor": _processor(),
            "memory GB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
            "load before": round(os.getloadavg()[0], 2),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "python": platform.python_version(),
            **{name: version(name) for name in ("cheonggu", "asyncpg", "uvicorn", "uvloop", "httptools")},
            "file system": file_system(directory),
            **{f"postgresql {name}": value for name, value in settings.items()},
        },
    )
    sync = Measurement(
        name="machine.fdatasync",
        title="fdatasync of 8 kB",
        group="Machine",
        value=round(sync_microseconds(directory), 1),
        unit="µs",
    )
    return [machine, sync]


def sync_microseconds(directory: Path) -> float:
    """How long it takes until 8 kB more are on the disk; the median."""
    file = directory / "sync"
    durations: list[float] = []
    with file.open("wb", buffering=0) as out:
        for _ in range(_SYNCS):
            began = time.perf_counter()
            out.write(_PAGE)
            os.fdatasync(out.fileno())
            durations.append(time.perf_counter() - began)
    file.unlink()
    return median(durations) * 1e6


def file_system(directory: Path) -> str:
    """The type of the file system that a directory is on."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, type_ = line.split()[:3]
        if directory.resolve().is_relative_to(place) and len(place) >= len(best):
            best, kind = place, type_
    return kind


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
