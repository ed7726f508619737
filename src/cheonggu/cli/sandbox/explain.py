"""`cheonggu sandbox explain`: the mistake behind a hash, without any server."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
import typer

from cheonggu.cli import show
from cheonggu.cli.show import AsJson
from cheonggu.domain import explanation, hashing
from cheonggu.domain.hash_steps import THREE, TWO, Sent


class _For(StrEnum):
    CREATE = "create"
    DESTROY = "destroy"
    CANCEL = "cancel"


def explain(
    *,
    bill_id: Annotated[str, typer.Option(help="As you send it.")],
    price: Annotated[str, typer.Option(help="As you send it.")],
    given: Annotated[str, typer.Option("--hash", help="What your code computed.")],
    phone: Annotated[str | None, typer.Option(help="As you send it; needed for a create.")] = None,
    operation: Annotated[_For, typer.Option("--for", help="What the request does.")] = _For.CREATE,
    api_key: Annotated[str | None, typer.Option(help="To see whether it went into the hash.")] = None,
    member: Annotated[str | None, typer.Option(help="The same.")] = None,
    merchant: Annotated[str | None, typer.Option(help="The same.")] = None,
    reason: Annotated[str | None, typer.Option(help="The same, of a cancel.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with a hash. Nothing is sent anywhere. Exit 0: the hash is right. 1: it is not."""
    if operation is _For.CREATE and phone is None:
        raise typer.BadParameter("a create hashes it, too.", param_hint="--phone")
    parts = THREE if operation is _For.CREATE else TWO
    sent = Sent(
        given=given,
        parts=parts,
        bill_id=bill_id,
        price=price,
        phone=phone,
        api_key=api_key,
        member=member,
        merchant=merchant,
        reason=reason,
    )
    right = hashing.request_hash(sent.right_text)
    if hashing.matches(given, sent.right_text):
        show.facts({"right": True, "hash": right}, as_json=as_json)
        return
    why = explanation.of_hash(sent)
    if as_json:
        show.as_json_line({"right": False, "hash": right, **msgspec.to_builtins(why)})
    else:
        typer.echo(show.text_of(f"{why.english} {why.next_english}"))
        typer.echo(show.text_of(f"{why.korean} {why.next_korean}"))
        show.facts({"right hash": right, **(why.code_lines or {})}, as_json=False)
    raise typer.Exit(1)
