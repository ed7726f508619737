"""The partner API of a sandbox: it takes wishes for an outcome, and keeps a journal. Never in live mode."""

from __future__ import annotations

from collections import deque
from time import perf_counter, time
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from cheonggu.domain.explanation import Explanation
from cheonggu.store.postgres import DatabaseAway
from cheonggu.web.envelope import DONE
from cheonggu.web.guesses import Peer
from cheonggu.web.head import Head
from cheonggu.web.operations import KEY_HEADER, Operation
from cheonggu.web.partner_api import Answer, PartnerApi, told_of
from cheonggu.web.sandbox import explaining
from cheonggu.web.sandbox.armed import Armed
from cheonggu.web.sandbox.journal import Journal, Note, envelope_of
from cheonggu.web.sandbox.test_codes import TEST_CODE_HEADER, Wish

if TYPE_CHECKING:
    from cheonggu.service import Service

log = structlog.get_logger()

EXPLAIN_HEADER: Final = b"cheonggu-explain"
MOST_TOLD: Final = 10
"""Refusals that a second's log tells."""


class SandboxApi(PartnerApi):
    """Answers as the partner API does, unless a request asks for another outcome."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.journal = Journal()
        self.armed = Armed()
        self._told_at = deque([0.0] * MOST_TOLD, MOST_TOLD)

    async def answer(self, operation: Operation, head: Head, body: bytes, peer: Peer) -> Answer:
        """The answer to a POST to an operation, noted in the journal."""
        began = perf_counter()
        asks, wish = TEST_CODE_HEADER in head.names, None
        wanted = self.armed.take(body, operation.name) if self.armed else None
        if asks or wanted is not None:
            wish = Wish(operation, None if asks or wanted is None else wanted.code)
            answer = wish.granted(await super().answer(wish.operation, head, body, peer))
            if wanted is not None:
                used = wish.in_order and not asks
                (self.armed.used_up if used else self.armed.give_back)(wanted)
        else:
            answer = await super().answer(operation, head, body, peer)
        seconds, why = perf_counter() - began, None
        if not answer.body.startswith(DONE):
            if answer.body:
                why = await self._why(operation, body, answer, forced=wish is not None and wish.forced)
        elif operation.name == "billRead" and answer.silent_seconds is None:
            self.journal.note_read(body)
        if why is not None:
            answer = self._told(operation, answer, why)
        self.journal.note(
            Note(
                at=time(),
                seconds=seconds,
                operation=operation,
                body=body,
                answer=answer,
                keyed=KEY_HEADER in head.names,
                test_code=wish and wish.test_code,
                explanation=why,
            )
        )
        return answer

    async def _why(
        self, operation: Operation, body: bytes, answer: Answer, *, forced: bool
    ) -> Explanation | None:
        """A refusal's explanation; a refusal without one is better than none."""
        told = envelope_of(answer)
        try:
            if forced:
                return explaining.forced(told)
            return await explaining.explain(self._service, operation, body, told)
        except DatabaseAway:  # who asks for the bill behind a hash may find no database; others tell of that
            return None
        except Exception as error:  # noqa: BLE001 - it is told below, by its kind and place
            failed = told_of(error)
        log.error("explanation_failed", operation=operation.name, **failed)
        return None

    def _told(self, operation: Operation, answer: Answer, why: Explanation) -> Answer:
        """The same answer with a header that explains it, its body untouched; the log is told, too."""
        more = f" More: GET /sandbox/requests/{self.journal.next_id}"
        now = time()
        if now - self._told_at[0] > 1:
            self._told_at.append(now)
            log.info("refused", operation=operation.name, code=why.code, why=why.line_without_values + more)
        return msgspec.structs.replace(answer, headers=((EXPLAIN_HEADER, (why.line + more).encode()),))
