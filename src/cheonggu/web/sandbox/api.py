"""The partner API of a sandbox: it takes wishes for an outcome, and keeps a journal. Never in live mode."""

from __future__ import annotations

from time import perf_counter, time
from typing import TYPE_CHECKING, Final

from cheonggu.web import envelope
from cheonggu.web.envelope import Header
from cheonggu.web.guesses import Peer
from cheonggu.web.operations import IDEMPOTENCY_KEY, Operation
from cheonggu.web.partner_api import Answer, PartnerApi
from cheonggu.web.sandbox.armed import Armed
from cheonggu.web.sandbox.journal import Journal, Note
from cheonggu.web.sandbox.test_codes import TEST_CODE_HEADER, Wish

if TYPE_CHECKING:
    from cheonggu.service import Service

_KEY_HEADER: Final = IDEMPOTENCY_KEY.lower().encode()


class SandboxApi(PartnerApi):
    """Answers as the partner API does, unless a request asks for another outcome."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.journal = Journal()
        self.armed = Armed()

    async def answer(self, operation: Operation, headers: list[Header], body: bytes, peer: Peer) -> Answer:
        """The answer to a POST to an operation, noted in the journal."""
        began = perf_counter()
        keyed = asks = False
        for name, _ in headers:
            if name == TEST_CODE_HEADER:
                asks = True
            elif name == _KEY_HEADER:
                keyed = True
        test_code = None
        wanted = self.armed.take(body, operation.name) if self.armed else None
        if asks or wanted is not None:
            wish = Wish(operation, None if asks or wanted is None else wanted.code)
            answer = wish.granted(await super().answer(wish.operation, headers, body, peer))
            test_code = wish.test_code
            if wanted is not None and (asks or not wish.in_order):
                self.armed.give_back(wanted)
        else:
            answer = await super().answer(operation, headers, body, peer)
        if answer.status == 200 and operation.name == "billRead":
            self._note_read(body, answer)
        seconds = perf_counter() - began
        self.journal.note(
            Note(
                at=time(),
                seconds=seconds,
                operation=operation,
                body=body,
                answer=answer,
                keyed=keyed,
                test_code=test_code,
            )
        )
        return answer

    def _note_read(self, body: bytes, answer: Answer) -> None:
        if answer.body.startswith(envelope.SUCCESS) and answer.silent_seconds is None:
            self.journal.note_read(body)
