"""PostgreSQL, run by Cheonggu itself on a data directory: nothing to install, nothing left running.

`start` is for the process that serves. `database` is for a command that needs the database for a while,
whether or not a server is running. `running` only looks.
"""

from cheonggu.store.embedded.access import database, erase, running
from cheonggu.store.embedded.errors import DataDirectoryBusy, EmbeddedError
from cheonggu.store.embedded.server import EmbeddedServer, start

__all__ = ["DataDirectoryBusy", "EmbeddedError", "EmbeddedServer", "database", "erase", "running", "start"]
