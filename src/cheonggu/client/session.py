"""What both clients are made of: a caller, a line to a server, and somebody's HTTP."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import update_wrapper
from typing import Any, Generic, Self, TypeVar

from cheonggu.client.account import Account, Retry
from cheonggu.client.transport import Line

HttpT = TypeVar("HttpT")
MethodT = TypeVar("MethodT", bound=Callable[..., Any])


class Session(Generic[HttpT]):
    """The partner API for one partner, acting as one member for one merchant."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str,
        member: str,
        merchant: str,
        timeout_seconds: float = 30.0,
        idempotency: bool = False,
        retry: Retry | None = None,
        http: HttpT | None = None,
    ) -> None:
        """`idempotency` says that the server knows Idempotency-Key, as Cheonggu does: writes then carry one.

        `timeout_seconds` bounds each wait for the network. `http` is an httpx2 client of your own, for a
        proxy or certificates; you close it. Raises AddressWrong.
        """
        self._line = Line(base_url, timeout_seconds)
        self.account = Account(
            api_key=api_key,
            member=member,
            merchant=merchant,
            idempotency=idempotency,
            retry=Retry() if retry is None else retry,
        )
        self._owns_http = http is None
        self._http = self._new_http() if http is None else http

    def _new_http(self) -> HttpT:
        raise NotImplementedError

    def acting_for(self, *, member: str, merchant: str) -> Self:
        """The same partner for another merchant, over the same connections; close only this one."""
        other = copy(self)
        other._owns_http = False
        other.account = replace(self.account, member=member, merchant=merchant)
        return other


def presented(method: MethodT, verb: Callable[..., Any]) -> MethodT:
    """The method with the name, the words and the signature of its operation, as help() shows them."""
    update_wrapper(method, verb)
    signature = inspect.signature(verb)
    account, *others = signature.parameters.values()
    me = account.replace(name="self", annotation=inspect.Parameter.empty)
    ends_as = str(signature.return_annotation).removeprefix("Steps[").removesuffix("]")
    method.__dict__["__signature__"] = signature.replace(parameters=[me, *others], return_annotation=ends_as)
    return method
