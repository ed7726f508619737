"""What running processes cost, read from /proc: CPU time and memory, each part with all of its children."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What the parts of a service took during one stretch of time, by part."""

    cpu_seconds: dict[str, float]
    rss_mb: dict[str, float]
    pss_mb: dict[str, float]
    """Shared pages divided among those who share them, so that these may be added up."""


class Watch:
    """Looks at parts, each given by the process at its root, and tells what they took between two looks."""

    def __init__(self, parts: Mapping[str, int]) -> None:
        self._parts = dict(parts)
        self._before: dict[str, float] = {}

    def begin(self) -> None:
        """Take the first look."""
        self._before = self._cpu()

    def end(self) -> Cost:
        """Take the second look, at memory too. Raises ProcessLookupError when a part has ended."""
        after = self._cpu()
        memory = {part: memory_mb(tree(root)) for part, root in self._parts.items()}
        return Cost(
            cpu_seconds={part: round(after[part] - self._before[part], 3) for part in self._parts},
            rss_mb={part: round(rss, 1) for part, (rss, _) in memory.items()},
            pss_mb={part: round(pss, 1) for part, (_, pss) in memory.items()},
        )

    def _cpu(self) -> dict[str, float]:
        return {part: cpu_seconds(root) for part, root in self._parts.items()}


def cpu_seconds(root: int) -> float:
    """The CPU time of a process, of those below it, and of those that it has waited for."""
    fields = _stat(root)
    if fields is None:
        raise ProcessLookupError(f"process {root} has ended")
    ticks = sum(map(int, fields[11:15]))
    for pid in tree(root) - {root}:
        below = _stat(pid)
        ticks += sum(map(int, below[11:13])) if below else 0
    return ticks / _TICKS


def tree(root: int) -> set[int]:
    """A process and all below it."""
    parents = {
        int(entry.name): int(fields[1])
        for entry in _PROC.iterdir()
        if entry.name.isdecimal() and (fields := _stat(int(entry.name)))
    }
    found = {root}
    while fresh := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= fresh
    return found


def children(parent: int) -> set[int]:
    """The processes that one has started itself."""
    return {pid for pid in tree(parent) if (fields := _stat(pid)) and int(fields[1]) == parent}


def command_of(pid: int) -> str:
    """A process's command line, a space behind each word."""
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def memory_mb(pids: set[int]) -> tuple[float, float]:
    """Resident and proportional memory of processes, in MB of a million bytes."""
    rss = pss = 0
    for pid in pids:
        try:
            lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
        except OSError:  # it has just ended, or is a kernel's
            continue
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith(" kB")}
        rss += sizes.get("Rss", 0)
        pss += sizes.get("Pss", 0)
    return rss * 1024 / 1e6, pss * 1024 / 1e6


def _stat(pid: int) -> list[str] | None:
    """The fields behind the command's name, from the state on; None when the process is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
