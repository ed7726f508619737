"""Callbacks (승인동기화): who sent one, what it says, and how to answer."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from cheonggu.client.answers import Approval, State, approval_of, state_of
from cheonggu.client.fields import Fields, Unreadable, read_object
from cheonggu.domain import webhook

ACCEPTED: Final = b'{"code":"0000","message":"OK"}'
"""The body that makes a callback count, with status 200. Answer it when what it says is on your disk."""
NOT_ACCEPTED: Final = b'{"code":"9999","message":"not booked"}'
"""A body that does not count, whatever the status: the callback comes again."""
JSON_TYPE: Final = "application/json"
TOLERANCE_SECONDS: Final = webhook.TOLERANCE_SECONDS


class CallbackUnreadable(ValueError):
    """The body is no callback; the sentence says why. Answer anything but ACCEPTED."""


class SignatureWrong(ValueError):
    """The callback was not sent by who knows the secret, or not now. Answer 401 and book nothing."""


class Headers(Protocol):
    """A request's headers as any framework has them: a mapping, or what looks like one."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Names and values; the names in whatever case."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What a callback says. What its sender leaves out is None: some send id, state and price alone.

    `webhook_id` is the same at every repetition of one callback; None from servers that do not sign.
    """

    bill_id: str
    state: State | None
    price_won: int | None
    approval: Approval | None
    webhook_id: str | None = None
    api_key: str | None = field(default=None, repr=False)
    raw: Mapping[str, Any] = field(repr=False)

    def is_payment_of(self, expected_won: int) -> bool:
        """Whether it says that exactly this amount was paid. An amount that is left out is not this one."""
        return self.state is State.PAID and self.price_won == expected_won

    def names_key(self, api_key: str) -> bool | None:
        """Whether the apiKey in the body is this one, in constant time; None when there is none in it."""
        if self.api_key is None:
            return None
        return hmac.compare_digest(self.api_key.encode(errors="replace"), api_key.encode(errors="replace"))


def parse_callback(body: bytes | str | Mapping[str, Any]) -> Callback:
    """What a callback says, whichever spelling and selection of fields its sender uses.

    It does not say who sent it: see `receive`. Raises CallbackUnreadable.
    """
    try:
        raw = body if isinstance(body, Mapping) else read_object(body)
        given = Fields(raw)
    except Unreadable as unreadable:
        raise CallbackUnreadable(str(unreadable)) from None
    bill_id = given.text("billId")
    if bill_id is None:
        raise CallbackUnreadable("The callback names no billId.")
    return Callback(
        bill_id=bill_id,
        state=state_of(given),
        price_won=given.amount_won("apprPrice"),
        approval=approval_of(given),
        api_key=given.text("apiKey"),
        raw=raw,
    )


def verify_signature(
    body: bytes,
    headers: Headers,
    secrets: str | Sequence[str],
    *,
    now: float | None = None,
    tolerance_seconds: int = TOLERANCE_SECONDS,
) -> str:
    """The `webhook-id` of a body that was signed with one of the secrets, within the tolerance of `now`.

    `body` are the bytes as they came. `secrets` are `whsec_…`, two of them around a rotation. Raises
    SignatureWrong; ValueError for a secret that is none.
    """
    known = [secrets] if isinstance(secrets, str) else list(secrets)
    if not known:
        raise ValueError("give at least one webhook secret")
    given = {name.lower(): value for name, value in headers.items()}
    try:
        webhook_id, moment = given["webhook-id"], given["webhook-timestamp"]
        signatures = given["webhook-signature"]
    except KeyError as missing:
        raise SignatureWrong(f"The header {missing.args[0]} is missing.") from None
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
        raise SignatureWrong("webhook-timestamp is no number of seconds.")
    timestamp = int(moment)
    if abs((time.time() if now is None else now) - timestamp) > tolerance_seconds:
        raise SignatureWrong("webhook-timestamp is too far from now: an old callback, or a wrong clock.")
    if not webhook.verify(known, webhook_id, timestamp, body, signatures):
        raise SignatureWrong("No signature is by one of the secrets.")
    return webhook_id


def receive(
    body: bytes,
    headers: Headers,
    secrets: str | Sequence[str],
    *,
    now: float | None = None,
    tolerance_seconds: int = TOLERANCE_SECONDS,
) -> Callback:
    """A callback that was signed with one of the secrets. Raises SignatureWrong or CallbackUnreadable."""
    webhook_id = verify_signature(body, headers, secrets, now=now, tolerance_seconds=tolerance_seconds)
    return replace(parse_callback(body), webhook_id=webhook_id)
