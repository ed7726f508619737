"""Every operation of the API, as steps. Arguments have the wire's meaning under Python's names."""

from __future__ import annotations

from datetime import date
from typing import Literal

from cheonggu.client import answers
from cheonggu.client.account import Account
from cheonggu.client.answers import Balance, BillStatus, Cancelled, Created, Destroyed, Resent
from cheonggu.client.conversation import converse
from cheonggu.client.inputs import InputWrong, amount_of, bill_id_of, day_of, key_of, phone_of
from cheonggu.client.operation import Ask
from cheonggu.client.outcome import Outcome
from cheonggu.client.steps import Steps
from cheonggu.domain.hashing import request_hash

SendType = Literal["TALK", "URL"]


def create(
    account: Account,
    *,
    bill_id: str,
    price: int | str,
    phone: str,
    payer_name: str,
    product_name: str,
    callback_url: str,
    send_type: SendType = "TALK",
    issuer: str | None = None,
    supply_price: int | str | None = None,
    tax: int | str | None = None,
    message: str | None = None,
    last_day: date | str | None = None,
    redirect_url: str | None = None,
    idempotency_key: str | None = None,
) -> Steps[Outcome[Created]]:
    """Create a bill and, if it is TALK, send its message. Raises InputWrong before anything is sent.

    `payer_name` is the wire's memberName, `last_day` its expireDt, the last day to pay in Seoul.
    """
    if send_type not in ("TALK", "URL"):
        raise InputWrong("send_type", "TALK or URL.")
    price_text = amount_of("price", price, least=1)
    phone = phone_of(phone, talk=send_type == "TALK")
    fields: dict[str, str | None] = {
        "billId": bill_id_of(bill_id),
        "sendType": send_type,
        "billIssuer": issuer,
        "productName": product_name,
        "memberName": payer_name,
        "phone": phone,
        "price": price_text,
        "supplyPrice": None if supply_price is None else amount_of("supply_price", supply_price),
        "tax": None if tax is None else amount_of("tax", tax),
        "message": message,
        "expireDt": None if last_day is None else day_of(last_day),
        "callbackUrl": callback_url,
        "pageRedirectUrl": redirect_url,
        "hash": request_hash(bill_id, phone, price_text),
    }
    ask = Ask(
        operation="create",
        path="/bill",
        envelope=_about(account, {name: text for name, text in fields.items() if text is not None}),
        read=answers.created_of,
        bill_id=bill_id,
        writes=True,
        idempotency_key=_key(idempotency_key),
    )
    return (yield from converse(account, ask))


def destroy(
    account: Account, bill_id: str, price: int | str, *, idempotency_key: str | None = None
) -> Steps[Outcome[Destroyed]]:
    """Take back an unpaid bill, for ever. `price` is the bill's, as a check."""
    ask = Ask(
        operation="destroy",
        path="/bill/destroy",
        envelope=_about(account, _hashed(bill_id, price)),
        read=answers.destroyed_of,
        bill_id=bill_id,
        writes=True,
        idempotency_key=_key(idempotency_key),
    )
    return (yield from converse(account, ask))


def resend(account: Account, bill_id: str, *, idempotency_key: str | None = None) -> Steps[Outcome[Resent]]:
    """Send an unpaid TALK bill's message again; it costs points again."""
    ask = Ask(
        operation="resend",
        path="/bill/resend",
        envelope=_about(account, {"billId": bill_id_of(bill_id)}),
        read=answers.resent_of,
        bill_id=bill_id,
        writes=True,
        idempotency_key=_key(idempotency_key),
    )
    return (yield from converse(account, ask))


def cancel(
    account: Account,
    bill_id: str,
    price: int | str,
    *,
    reason: str | None = None,
    idempotency_key: str | None = None,
) -> Steps[Outcome[Cancelled]]:
    """Give the whole payment of a paid bill back. `reason` has at most 20 characters.

    BILL_007 is Unknown here, not Refused: the refund may be under way and go on without you.
    """
    said = {"cancelReason": reason} if reason is not None else {}
    ask = Ask(
        operation="cancel",
        path="/bill/cancel",
        envelope=_about(account, _hashed(bill_id, price) | said),
        read=answers.cancelled_of,
        bill_id=bill_id,
        writes=True,
        idempotency_key=_key(idempotency_key),
    )
    return (yield from converse(account, ask))


def read(account: Account, bill_id: str) -> Steps[Outcome[BillStatus]]:
    """See where a bill stands, and how it was paid."""
    ask = Ask(
        operation="read",
        path="/bill/read",
        envelope=_about(account, {"billId": bill_id_of(bill_id)}),
        read=answers.status_of,
        bill_id=bill_id,
    )
    return (yield from converse(account, ask))


def balance(account: Account) -> Steps[Outcome[Balance]]:
    """The points in the partner's own wallet."""
    ask = Ask(
        operation="balance",
        path="/read/remain_count",
        envelope={"apiKey": account.api_key},
        read=answers.balance_of,
    )
    return (yield from converse(account, ask))


def merchant_balance(account: Account) -> Steps[Outcome[Balance]]:
    """The points in the wallet that pays for the merchant's messages."""
    ask = Ask(
        operation="merchant balance",
        path="/read/merchant/remain_count",
        envelope=account.identity(),
        read=answers.balance_of,
    )
    return (yield from converse(account, ask))


def _about(account: Account, bill: dict[str, str]) -> dict[str, object]:
    return account.identity() | {"bill": bill}


def _hashed(bill_id: str, price: int | str) -> dict[str, str]:
    """A bill named by its id and price, and the hash of both."""
    price_text = amount_of("price", price, least=1)
    digest = request_hash(bill_id_of(bill_id), price_text)
    return {"billId": bill_id, "price": price_text, "hash": digest}


def _key(given: str | None) -> str | None:
    return None if given is None else key_of(given)
