"""The client for asyncio."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from itertools import islice
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx2

from cheonggu.client import reconciling, settling, verbs
from cheonggu.client.account import Account
from cheonggu.client.reconciling import Compared, Entry
from cheonggu.client.session import Session, presented
from cheonggu.client.steps import Reply, Request, Steps, Wait
from cheonggu.client.transport import FAILURES, LIMITS, Arriving

P = ParamSpec("P")
T = TypeVar("T")


def _awaited(
    verb: Callable[Concatenate[Account, P], Steps[T]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    """The method that carries an operation out while others go on."""

    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.carry_out(verb(self.account, *args, **kwargs))

    return presented(method, verb)


class AsyncClient(Session[httpx2.AsyncClient]):
    """As Client, with every operation awaited. A write whose task was cancelled is unknown: settle it."""

    create = _awaited(verbs.create)
    destroy = _awaited(verbs.destroy)
    resend = _awaited(verbs.resend)
    cancel = _awaited(verbs.cancel)
    read = _awaited(verbs.read)
    balance = _awaited(verbs.balance)
    merchant_balance = _awaited(verbs.merchant_balance)
    settle = _awaited(settling.settle)

    async def reconcile(
        self,
        books: Iterable[Entry],
        *,
        after: str | None = None,
        differences_only: bool = True,
        at_once: int = 8,
    ) -> AsyncGenerator[Compared]:
        """As Client.reconcile, with up to `at_once` reads under way; still in the order of the books."""
        entries = reconciling.entries(books, after)
        under_way: deque[asyncio.Task[Compared]] = deque()
        try:
            while True:
                for booked in islice(entries, max(at_once, 1) - len(under_way)):
                    steps = reconciling.compare(self.account, booked)
                    under_way.append(asyncio.create_task(self.carry_out(steps)))
                if not under_way:
                    return
                compared = await under_way.popleft()
                if compared.differs or not differences_only:
                    yield compared
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def carry_out(self, steps: Steps[T]) -> T:
        """Take the steps of an operation one by one, to its end."""
        reply: Reply | None = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration as end:
                return end.value
            reply = await (asyncio.sleep(step.seconds) if isinstance(step, Wait) else self._exchange(step))

    async def _exchange(self, request: Request) -> Reply:
        try:
            async with self._http.stream(**self._line.arguments(request)) as response:
                arriving = Arriving(self._line)
                async for chunk in response.aiter_raw():
                    if not arriving.takes(chunk):
                        break
                return arriving.reply(response)
        except FAILURES as error:
            return self._line.failed(error)

    def _new_http(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(trust_env=False, limits=LIMITS)

    async def close(self) -> None:
        """Close its connections."""
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
