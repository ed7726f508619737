"""PostgreSQL's own tools to copy a database: pg_dump out of one, pg_restore into another."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress

from cheonggu.store.embedded import binaries
from cheonggu.store.embedded.errors import ToolFailed
from cheonggu.store.embedded.launch import COMPLAINTS, environment

CHUNK_BYTES = 1 << 16
LOCK_SECONDS = 10  # to wait for tables; a sandbox's reset that waits for us must not make us wait for it


async def dump(dsn: str, major: int, snapshot: str) -> AsyncGenerator[bytes]:
    """Give a whole database as pg_dump's custom format, compressed, as of an exported snapshot."""
    arguments = (
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--no-unlogged-table-data",
        f"--lock-wait-timeout={LOCK_SECONDS}s",
        f"--snapshot={snapshot}",
    )
    async with _running("pg_dump", major, dsn, *arguments) as process:
        assert process.stdout
        while chunk := await process.stdout.read(CHUNK_BYTES):
            yield chunk


async def load(dsn: str, major: int, chunks: Iterator[bytes]) -> None:
    """Fill an empty database from such a dump, in one transaction."""
    arguments = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    async with _running("pg_restore", major, dsn, *arguments) as process:
        assert process.stdin
        with suppress(ConnectionError):  # it ended early; its complaint says why
            for chunk in chunks:
                process.stdin.write(chunk)
                await process.stdin.drain()
            process.stdin.close()
            await process.stdin.wait_closed()


@asynccontextmanager
async def _running(tool: str, major: int, dsn: str, *arguments: str) -> AsyncGenerator[Process]:
    """A tool at work, which has ended well when this ends. Raises ToolFailed."""
    process = await asyncio.create_subprocess_exec(
        binaries.tool(tool, major),
        *arguments,
        "--no-password",
        f"--dbname={dsn}",
        stdin=PIPE if tool == "pg_restore" else DEVNULL,
        stdout=PIPE if tool == "pg_dump" else DEVNULL,
        stderr=PIPE,
        env=environment(),
        start_new_session=True,  # Ctrl-C is for us to pass on
    )
    assert process.stderr
    complaints = asyncio.create_task(process.stderr.read())
    try:
        yield process
        said = await complaints
        if await process.wait():
            raise ToolFailed(tool=tool, complaint=_first(said.decode(errors="replace")))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        complaints.cancel()


def _first(said: str) -> str:
    """The first complaint, as others follow from it; the text of a database may stand in it, so no more."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for line in lines:
        for mark in COMPLAINTS:
            if mark in line:
                return line.split(mark, 1)[1].strip().rstrip(".")
    return lines[-1].rstrip(".") if lines else "it ended without a word"
