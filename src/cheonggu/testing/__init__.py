"""A running sandbox for tests: one service for many tests, and for each test a partner of its own.

The pytest plugin hands these out as fixtures; other test runners call `started` and `Service.partner`.
"""

from cheonggu.testing.parts import Attempt, Bill, Callback, Message, Partner, Request
from cheonggu.testing.process import DidNotStart, started
from cheonggu.testing.receiver import ACCEPT, HANG_UP, Received, Receiver, Reply
from cheonggu.testing.sandbox import Sandbox
from cheonggu.testing.service import Service, running
from cheonggu.testing.waiting import NotSo

__all__ = [
    "ACCEPT",
    "HANG_UP",
    "Attempt",
    "Bill",
    "Callback",
    "DidNotStart",
    "Message",
    "NotSo",
    "Partner",
    "Received",
    "Receiver",
    "Reply",
    "Request",
    "Sandbox",
    "Service",
    "running",
    "started",
]
