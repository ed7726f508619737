"""Every command of `cheonggu`. What one needs is imported when it runs, so that each starts quickly."""

from __future__ import annotations

from typing import Annotated

import typer

from cheonggu.cli import (
    audit,
    backup,
    bill,
    bills,
    books,
    callbacks,
    conform,
    dev,
    doctor,
    listen,
    messages,
    operate,
    partners,
    payers,
    sandbox,
    serve,
    templates,
)
from cheonggu.cli.sentences import Misused

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
app.add_typer(bills.bills, name="bills")
app.add_typer(books.payment, name="payment")
app.add_typer(messages.message, name="message")
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


def run() -> int | None:
    """Run the command that the arguments name; its exit status. Raises Misused, and what commands raise."""
    try:
        # Not standalone: a wrong option would end with 2, which `cheonggu bill` keeps for "unknown".
        return app(standalone_mode=False)
    except typer.TyperException as error:  # typer has shown the help already when there was no command at all
        raise Misused(error.format_message()) from error
