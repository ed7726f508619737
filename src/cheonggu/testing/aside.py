"""The helpers for async tests: each waits in a thread of its own, and the event loop goes on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from anyio.to_thread import run_sync

from cheonggu.testing.clock import Clock
from cheonggu.testing.phone import Phone
from cheonggu.testing.receiver import Receiver
from cheonggu.testing.sandbox import Sandbox

S = TypeVar("S")
P = ParamSpec("P")
T = TypeVar("T")

__tracebackhide__ = True


class Aside(Generic[S]):
    """Somebody whose methods are awaited."""

    def __init__(self, waiting: S) -> None:
        self.waiting = waiting


def _awaited(
    method: Callable[Concatenate[S, P], T],
) -> Callable[Concatenate[Aside[S], P], Coroutine[Any, Any, T]]:
    @wraps(method)
    async def awaited(self: Aside[S], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await run_sync(partial(method, self.waiting, *args, **kwargs))

    return awaited


class AsyncPhone(Aside[Phone]):
    """As Phone."""

    messages = _awaited(Phone.messages)
    wait_for_message = _awaited(Phone.wait_for_message)


class AsyncClock(Aside[Clock]):
    """As Clock."""

    now = _awaited(Clock.now)
    advance = _awaited(Clock.advance)
    advance_to = _awaited(Clock.advance_to)


class AsyncReceiver(Aside[Receiver]):
    """As Receiver; its answers are set there."""

    wait_for = _awaited(Receiver.wait_for)


class AsyncSandbox(Aside[Sandbox]):
    """As Sandbox."""

    def __init__(self, waiting: Sandbox) -> None:
        super().__init__(waiting)
        self.phone = AsyncPhone(waiting.phone)
        self.clock = AsyncClock(waiting.clock)

    @property
    def receiver(self) -> AsyncReceiver:
        """As Sandbox.receiver."""
        return AsyncReceiver(self.waiting.receiver)

    another = _awaited(Sandbox.another)
    bill = _awaited(Sandbox.bill)
    seed = _awaited(Sandbox.seed)
    pay = _awaited(Sandbox.pay)
    callbacks = _awaited(Sandbox.callbacks)
    resend_callback = _awaited(Sandbox.resend_callback)
    trouble = _awaited(Sandbox.trouble)
    message_outcome = _awaited(Sandbox.message_outcome)
    refund_outcome = _awaited(Sandbox.refund_outcome)
    answer_next = _awaited(Sandbox.answer_next)
    requests = _awaited(Sandbox.requests)
    points = _awaited(Sandbox.points)
    reset = _awaited(Sandbox.reset)
    assert_paid = _awaited(Sandbox.assert_paid)
    assert_unpaid = _awaited(Sandbox.assert_unpaid)
    assert_cancelled = _awaited(Sandbox.assert_cancelled)
    assert_destroyed = _awaited(Sandbox.assert_destroyed)
    assert_message_sent = _awaited(Sandbox.assert_message_sent)
    assert_callback_delivered = _awaited(Sandbox.assert_callback_delivered)
