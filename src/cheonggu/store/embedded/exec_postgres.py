"""The step before PostgreSQL: become its user, tie its life to the parent's, and exec.

Run by its path in a bare interpreter (-I -S):

    exec_postgres.py PARENT UID GID LIFELINE PROGRAM ARGUMENT...

UID and GID are "-" where the user stays the same. LIFELINE is "-" where the kernel reports a parent's death
(Linux); elsewhere it is the reading end of a pipe that only the parent holds open.
"""

import os
import select
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
STOP = signal.SIGINT  # PostgreSQL's fast shutdown
GLANCE_SECONDS = 1.0


def ask_kernel(parent: int) -> Callable[[], None]:
    """Give the step that has the kernel send STOP when the parent ends.

    Loading ctypes comes now, because the interpreter may lie in /root; asking comes later, because a change
    of user undoes it.
    """
    import ctypes  # an interpreter built without it uses a lifeline

    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        if libc.prctl(PR_SET_PDEATHSIG, int(STOP), 0, 0, 0) != 0:
            sys.exit(f"error: prctl: {os.strerror(ctypes.get_errno())}")
        if os.getppid() != parent:  # it ended before the kernel was asked
            sys.exit("error: the parent is gone")

    return ask


def watch_lifeline(lifeline: int) -> None:
    """Leave a child behind that sends STOP when the pipe closes, and that ends with PostgreSQL.

    PostgreSQL stays its parent, so while getppid() says so, the process it signals can be no other.
    """
    server = os.getpid()
    if os.fork() != 0:
        os.close(lifeline)
        return
    os.closerange(0, lifeline)  # the lock and the log are PostgreSQL's alone
    os.closerange(lifeline + 1, lifeline + 1024)
    while os.getppid() == server:
        closed, _, _ = select.select([lifeline], [], [], GLANCE_SECONDS)
        if closed:
            if os.getppid() == server:
                os.kill(server, STOP)
            break
    os._exit(0)


def become(uid: int, gid: int) -> None:
    """Give up root for good."""
    try:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    except OSError as error:  # root of a container that was given few rights
        sys.exit(f"error: root may not become user {uid}: {error.strerror}")


def main() -> None:
    """Take the steps in the order that the kernel wants."""
    parent, uid, gid, lifeline, *command = sys.argv[1:]
    signal.signal(STOP, signal.SIG_DFL)  # a shell's background job ignores it, and would pass that on
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    stop_with_parent = ask_kernel(int(parent)) if lifeline == "-" else lambda: watch_lifeline(int(lifeline))
    if uid != "-":
        become(int(uid), int(gid))
    stop_with_parent()
    os.execv(command[0], command)  # noqa: S606  # the program and its arguments are the caller's


if __name__ == "__main__":
    main()
