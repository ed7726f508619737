"""The command `cheonggu`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. What goes wrong and can be helped is a sentence on standard error, and exit 1.

    The parts that stay running do without the library of the command line: it is a seventh of their memory.
    """
    from cheonggu.cli import running

    arguments = sys.argv[1:]
    _check(arguments)
    try:
        called = running.called(arguments)
        status = _command() if called is None else running.run(called)
    except Exception as error:
        from cheonggu.cli.sentences import sentence_of

        sentence = sentence_of(error)
        if sentence is None:
            raise
        if sentence:
            _say(sentence)
        status = 1
    sys.exit(status)


def _command() -> int | None:
    from cheonggu.cli import app

    return app.run()


def _check(arguments: list[str]) -> None:
    """End with a sentence when an argument is no text: nothing that is sent or stored could hold it."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            readable = argument.encode(errors="replace").decode()
            _say(f"the argument {readable!r} is not UTF-8: set the terminal to it.")
            sys.exit(1)


def _say(sentence: str) -> None:
    sys.stderr.write(f"cheonggu: {sentence}\n")
