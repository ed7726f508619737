"""The folder of the server's socket: private, and short, because a socket's path has 107 bytes at most."""

import os
import secrets
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from cheonggu.store.embedded.cluster import DATABASE, ROLE
from cheonggu.store.embedded.files import note, noted
from cheonggu.store.embedded.launch import Account

RECORD = "socket-is-in"
PREFIX = "cheonggu-"
PORT = 5432  # only a part of the socket's name
SOCKET = f".s.PGSQL.{PORT}"
PATH_BYTES = 100  # with room for ".lock"; macOS has 103
PROBE_SECONDS = 1.0
LAST_RESORT = Path("/tmp")  # noqa: S108  # the folder in it is made anew, private, under a random name


def make(data_dir: Path, account: Account | None) -> Path:
    """Make a folder for a socket, recorded first, so that a crash leaves nothing that is not found again."""
    clear(data_dir)
    folder = _parent(account) / f"{PREFIX}{secrets.token_hex(6)}"
    note(data_dir / RECORD, folder)
    folder.mkdir(0o700)
    if account:
        os.chown(folder, account.uid, account.gid)
    return folder


def clear(data_dir: Path) -> None:
    """Remove the record and the folder that it names, unless a server answers there: the record may be in a
    copy of the data directory of a server that runs."""
    folder = recorded(data_dir)
    if folder is not None:
        with suppress(OSError):
            if folder.name.startswith(PREFIX) and not accepts(folder):
                remove(folder)
        (data_dir / RECORD).unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove a socket's folder, once its server has ended."""
    with suppress(OSError):
        for name in (SOCKET, f"{SOCKET}.lock"):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def recorded(data_dir: Path) -> Path | None:
    """The folder of the server's socket, none if no server was started or it has stopped."""
    return noted(data_dir / RECORD)


def accepts(folder: Path) -> bool:
    """Whether something listens on the socket; PermissionError if it is not for us."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(PROBE_SECONDS)
        try:
            probe.connect(str(folder / SOCKET))
        except (FileNotFoundError, ConnectionError, BlockingIOError, TimeoutError):
            return False
    return True


def dsn(folder: Path) -> str:
    """Give the address that clients connect to."""
    return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(folder))}&port={PORT}"


def beside(dsn: str, database: str) -> str:
    """Give the address of another database of the same server."""
    return dsn.replace(f"@/{DATABASE}?", f"@/{database}?")


def _parent(account: Account | None) -> Path:
    """The folder for temporary files, unless it is deep or out of the server's reach."""
    parent = Path(tempfile.gettempdir())
    longest = parent / f"{PREFIX}{'0' * 12}" / f"{SOCKET}.lock"
    plain = parent.is_absolute() and not set(str(parent)) & set(",\"'@ ")
    near = account is None or account.may_enter(parent)
    return parent if plain and near and len(os.fsencode(longest)) < PATH_BYTES else LAST_RESORT
