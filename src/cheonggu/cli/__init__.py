"""The command `cheonggu`. What a command needs is imported when it runs, so that each one starts quickly."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cheonggu.cli import (
    audit,
    backup,
    bill,
    callbacks,
    conform,
    dev,
    doctor,
    listen,
    operate,
    part,
    partners,
    payers,
    process,
    sandbox,
    serve,
    templates,
)

app = typer.Typer(
    name="cheonggu",
    help="Cheonggu (청구): bills by message. Begin with: cheonggu dev",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("dev")(dev.dev)
app.command("listen")(listen.listen)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("migrate")(serve.migrate)
app.command("verify")(operate.verify)
app.command("doctor")(doctor.doctor)
app.command("templates")(templates.templates)
app.command("secret-key")(operate.secret_key)
app.command("rekey")(payers.rekey)
app.command("find")(payers.find)
app.command("audit")(audit.audit)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.add_typer(partners.partner, name="partner")
app.add_typer(partners.merchant, name="merchant")
app.add_typer(partners.points, name="points")
app.add_typer(payers.payers, name="payers")
app.add_typer(callbacks.callback, name="callback")
app.add_typer(bill.bill, name="bill")
app.add_typer(sandbox.sandbox, name="sandbox")
app.add_typer(conform.conform, name="conform")


def _say_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it
    if wanted:
        from importlib.metadata import version

        typer.echo(f"cheonggu {version('cheonggu')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line. What goes wrong and can be helped is a sentence on standard error, and exit 1."""
    _check_arguments(sys.argv[1:])
    try:
        # Not standalone: a wrong option would end with 2, which `cheonggu bill` keeps for "unknown".
        status: int | None = app(standalone_mode=False)
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        if sentence:  # typer has shown the help already when there was no command at all
            typer.echo(f"cheonggu: {sentence}", err=True)
        status = 1
    sys.exit(status)


def _check_arguments(arguments: list[str]) -> None:
    """End with a sentence when an argument is no text: nothing that is sent or stored could hold it."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            readable = argument.encode(errors="replace").decode()
            typer.echo(f"cheonggu: the argument {readable!r} is not UTF-8: set the terminal to it.", err=True)
            sys.exit(1)


def _sentence(error: Exception) -> str | None:
    """What to tell the user, or None for an error that is ours and needs its traceback."""
    if isinstance(error, typer.TyperException):  # a wrong option or argument
        return error.format_message()
    from cheonggu.billing.onboarding import AccountRefused
    from cheonggu.client import AddressWrong
    from cheonggu.config import SettingWrong
    from cheonggu.domain.codes import Refused
    from cheonggu.sandbox.remote import SandboxRefused
    from cheonggu.scenarios.report import CannotPlay
    from cheonggu.scenarios.script import ScriptWrong
    from cheonggu.store.backup import BackupRefused
    from cheonggu.store.embedded import EmbeddedError
    from cheonggu.store.migrations import SchemaMismatch
    from cheonggu.store.postgres import DatabaseAway, ServerUnfit
    from cheonggu.store.sealing import KeyUnfit, SealBroken

    known = (
        AccountRefused,
        BackupRefused,
        AddressWrong,
        DatabaseAway,
        EmbeddedError,
        KeyUnfit,
        part.Stopped,
        process.CannotListen,
        CannotPlay,
        SandboxRefused,
        ScriptWrong,
        Refused,
        SchemaMismatch,
        SealBroken,
        ServerUnfit,
        SettingWrong,
    )
    return str(error) if isinstance(error, known) else None
