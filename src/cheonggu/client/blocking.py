"""The client for code that waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

import httpx2

from cheonggu.client import reconciling, settling, verbs
from cheonggu.client.account import Account
from cheonggu.client.reconciling import Compared, Entry
from cheonggu.client.session import Session, presented
from cheonggu.client.steps import Reply, Request, Steps, Wait
from cheonggu.client.transport import FAILURES, LIMITS, Arriving

P = ParamSpec("P")
T = TypeVar("T")


def _blocking(verb: Callable[Concatenate[Account, P], Steps[T]]) -> Callable[Concatenate[Client, P], T]:
    """The method that carries an operation out and waits for its end."""

    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.carry_out(verb(self.account, *args, **kwargs))

    return presented(method, verb)


class Client(Session[httpx2.Client]):
    """The partner API for one partner, acting as one member for one merchant. Threads may share it."""

    create = _blocking(verbs.create)
    destroy = _blocking(verbs.destroy)
    resend = _blocking(verbs.resend)
    cancel = _blocking(verbs.cancel)
    read = _blocking(verbs.read)
    balance = _blocking(verbs.balance)
    merchant_balance = _blocking(verbs.merchant_balance)
    settle = _blocking(settling.settle)

    def reconcile(
        self, books: Iterable[Entry], *, after: str | None = None, differences_only: bool = True
    ) -> Iterator[Compared]:
        """Read every bill of your books, in their order, and give those that ask something of you.

        To go on where a run stopped, give the last bill_id that you handled as `after`. A read that is
        refused or has no answer is given as READ_AGAIN, and the run goes on. Raises LookupError if the books
        end without `after`.
        """
        for booked in reconciling.entries(books, after):
            compared = self.carry_out(reconciling.compare(self.account, booked))
            if compared.differs or not differences_only:
                yield compared

    def carry_out(self, steps: Steps[T]) -> T:
        """Take the steps of an operation one by one, to its end."""
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                return end.value
            reply = time.sleep(step.seconds) if isinstance(step, Wait) else self._exchange(step)

    def _exchange(self, request: Request) -> Reply:
        try:
            with self._http.stream(**self._line.arguments(request)) as response:
                arriving = Arriving(self._line)
                for chunk in response.iter_raw():
                    if not arriving.takes(chunk):
                        break
                return arriving.reply(response)
        except FAILURES as error:
            return self._line.failed(error)

    def _new_http(self) -> httpx2.Client:
        return httpx2.Client(trust_env=False, limits=LIMITS)

    def close(self) -> None:
        """Close its connections."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
