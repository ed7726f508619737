"""A data directory's cluster: where it lives, whose it is, and how it is made."""

import os
import pwd
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cheonggu.store.embedded.binaries import Programs
from cheonggu.store.embedded.errors import (
    ClusterMissing,
    ClusterNotCreated,
    ClusterOfAnotherUser,
    ClusterOutOfReach,
    DataDirectoryPathTooLong,
    RootWithoutRights,
)
from cheonggu.store.embedded.files import note, noted, sync_directory
from cheonggu.store.embedded.launch import Account, Launcher

ELSEWHERE = Path("/var/lib/cheonggu")
POINTER = "cluster-is-in"
WAY_BACK = "cluster-belongs-to"
ROLE = DATABASE = "cheonggu"
STEP_SECONDS = 120
PATH_BYTES = 900  # PostgreSQL cuts paths off at 1,023 bytes, and its own file names come on top


@dataclass(frozen=True, slots=True)
class Home:
    """The folder that holds a cluster, the lock of its processes, its log and copied programs."""

    directory: Path
    account: Account | None = None

    @property
    def cluster(self) -> Path:
        return self.directory / "cluster"

    @property
    def lock(self) -> Path:
        return self.directory / "server.lock"

    @property
    def log(self) -> Path:
        return self.directory / "postgres.log"

    def major(self) -> int | None:
        """The major version that made the cluster, none if there is no cluster yet."""
        return int((self.cluster / "PG_VERSION").read_text()) if self.cluster.exists() else None

    @property
    def pid_file(self) -> Path:
        return self.cluster / "postmaster.pid"

    def said_by_server(self) -> list[str]:
        """What PostgreSQL wrote about itself: pid, …, socket's folder, …, status. It outlives a crash."""
        try:
            return os.fsdecode(self.pid_file.read_bytes()).split("\n")
        except FileNotFoundError:
            return []

    def server_pid(self) -> str:
        """The server's pid, or that of the last one if it crashed; empty if it was stopped."""
        return next(iter(self.said_by_server()), "")

    def ready(self, folder: Path) -> bool:
        """Whether PostgreSQL takes connections there: a pid may come again, that folder's name does not."""
        said = self.said_by_server()
        return str(folder) in said and any(line.strip() == "ready" for line in said[-2:])


def locate(data_dir: Path) -> Home:
    """Give the home that a data directory has or would have, changing nothing."""
    directory = noted(data_dir / POINTER)
    if directory is None:
        return Home(data_dir)
    # Root follows a pointer only to where root may have put it.
    if directory.parent != ELSEWHERE or not directory.is_dir():
        raise ClusterMissing(directory=data_dir, home=directory)
    return Home(directory)


def settle(data_dir: Path) -> Home:
    """Give the home of a data directory as the one who runs its server: choose it once, then keep to it."""
    home = locate(data_dir)
    length = len(os.fsencode(home.directory))
    if length > PATH_BYTES:
        raise DataDirectoryPathTooLong(length=length, limit=PATH_BYTES, directory=data_dir)
    owner = home.cluster.stat().st_uid if home.cluster.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise ClusterOfAnotherUser(directory=data_dir, owner=user_name(owner))
        return home
    account = _account(home.cluster)
    if owner == 0 and home.directory.stat().st_uid == 0:  # root copied it, and nobody else can meddle with it
        _hand_over(home.cluster, account)
    if owner is None and not account.may_enter(home.directory):
        home = _move_out(data_dir)
    if not account.may_enter(home.directory):
        raise ClusterOutOfReach(user=user_name(account.uid), home=home.directory)
    return Home(home.directory, account)


def forget(data_dir: Path) -> None:
    """Remove the pointer to a home that is gone."""
    (data_dir / POINTER).unlink(missing_ok=True)


def user_name(uid: int | None) -> str:
    """A user's name, or the number of one who has none."""
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return str(uid)


def _account(cluster: Path) -> Account:
    """Choose the user for root's PostgreSQL: whoever has the cluster, nobody at first."""
    if cluster.exists() and cluster.stat().st_uid != 0:
        return Account(cluster.stat().st_uid, cluster.stat().st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _hand_over(tree: Path, account: Account) -> None:
    try:
        for path in (tree, *tree.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    except OSError as error:
        raise RootWithoutRights(user=user_name(account.uid), reason=error.strerror) from error


def _move_out(data_dir: Path) -> Home:
    """Make a home that every user can reach and leave a pointer to it; the modes of parents are not ours."""
    directory = ELSEWHERE / secrets.token_hex(8)
    for made in (ELSEWHERE, directory):
        if not made.exists():
            made.mkdir()
            made.chmod(0o755)  # whatever the umask: it is only a way to what is private
    note(directory / WAY_BACK, data_dir)
    sync_directory(ELSEWHERE)
    note(data_dir / POINTER, directory)  # last: a pointer never leads to nothing
    return Home(directory)


async def create(home: Home, programs: Programs, launcher: Launcher) -> None:
    """Make the cluster with its role and database. Under its own name it is there whole and on disk, or not
    at all: what a crash leaves under the other name is thrown away."""
    draft = home.directory / "cluster.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(0o700)
    if home.account:
        _hand_over(draft, home.account)

    async def run(program: Path, *arguments: str, said: bytes = b"") -> None:
        with tempfile.TemporaryFile() as stdin:
            stdin.write(said)
            stdin.seek(0)
            done = await launcher.run(program, *arguments, seconds=STEP_SECONDS, stdin=stdin)
        if not done:
            log = launcher.log
            raise ClusterNotCreated(cluster=home.cluster, complaint=log.complaint(), log=log.path)

    place = ("-D", str(draft))
    await run(programs.initdb, *place, "--no-sync", "--no-instructions", *_initdb_options(programs.major))
    quick = ("--fsync=off", "--exit_on_error=on")  # all of it is synced in the next step
    rename = f"ALTER DATABASE postgres RENAME TO {DATABASE}\n".encode()
    await run(programs.postgres, "--single", *place, *quick, "template1", said=rename)
    await run(programs.initdb, *place, "--sync-only")
    draft.rename(home.cluster)
    sync_directory(home.directory)
    sync_directory(home.directory.parent)


def _initdb_options(major: int) -> list[str]:
    """Sort by code point everywhere, check pages, and trust whoever gets into the socket's private folder."""
    builtin = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [
        *(builtin if major >= 17 else ["--locale=C.UTF-8", "--lc-messages=C"]),
        "--encoding=UTF8",
        "--data-checksums",
        "--auth-local=trust",
        "--auth-host=reject",
        f"--username={ROLE}",
    ]
