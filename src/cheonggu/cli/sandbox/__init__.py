"""`cheonggu sandbox …`: what the sandbox's page does, from the command line."""

from __future__ import annotations

import typer

from cheonggu.cli.sandbox import (
    callbacks,
    clock,
    explain,
    fates,
    inspect,
    messages,
    next_requests,
    partners,
    payments,
    requests,
    scenarios,
    seeds,
)

sandbox = typer.Typer(
    help="A running sandbox: see what it sent, decide what happens, move its clock.", no_args_is_help=True
)

sandbox.command("messages")(messages.messages)
sandbox.command("callbacks")(callbacks.callbacks)
sandbox.add_typer(callbacks.callback, name="callback")
sandbox.command("pay")(payments.pay)
sandbox.command("message-outcome")(fates.message_outcome)
sandbox.command("refund-outcome")(fates.refund_outcome)
sandbox.command("points")(payments.points)
sandbox.command("clock")(clock.clock)
sandbox.command("reset")(clock.reset)
sandbox.command("next")(next_requests.next_)
sandbox.command("requests")(requests.requests)
sandbox.command("explain")(explain.explain)
sandbox.command("inspect")(inspect.inspect)
sandbox.add_typer(partners.partner, name="partner")
sandbox.command("profile")(partners.profile)
sandbox.command("scenarios")(scenarios.scenarios)
sandbox.command("scenario")(scenarios.scenario)
sandbox.command("run")(scenarios.run)
sandbox.command("seed")(seeds.seed)
