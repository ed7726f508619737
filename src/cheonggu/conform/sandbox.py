"""A sandbox's own endpoints, where the server has them: they pay, show messages and callbacks, set points."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import urlencode

from cheonggu.conform.probe import NotTried, Probe
from cheonggu.conform.target import Who

_PROBE: Final = "/sandbox/callbacks?billId=conform-looks"


class Sandbox:
    """The endpoints under /sandbox."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self.may_be_used = False

    def is_there(self) -> bool:
        """Whether the server has them for us. Asked without any key, as it may be anybody's."""
        answer = self._probe.wire.send("GET", self._probe.target.root + _PROBE, api=False)
        return answer.status == 200 and "callbacks" in (answer.envelope or {})

    def pay(self, bill_id: str, outcome: str = "APPROVE") -> str:
        """Pay as the payer would; apprState afterwards."""
        return str(self._post("/sandbox/pay", {"billId": bill_id, "outcome": outcome}).get("state"))

    def messages(self, bill_id: str) -> list[dict[str, Any]]:
        """A bill's messages, oldest first."""
        return self._list("messages", bill_id)

    def callbacks(self, bill_id: str) -> list[dict[str, Any]]:
        """A bill's callbacks, with their tries."""
        return self._list("callbacks", bill_id)

    def resend(self, callback_id: str) -> None:
        """Make a callback due now."""
        self._post(f"/sandbox/callbacks/{callback_id}/resend", {})

    def set_points(self, balance: int) -> None:
        """Set the partner's points."""
        self._post("/sandbox/points", {"balance": balance})

    def now(self) -> datetime:
        """Business time."""
        return datetime.fromisoformat(str(self._post("/sandbox/clock", {"advanceSeconds": 0}).get("now")))

    @property
    def _who(self) -> Who:
        return self._probe.target.who

    def _list(self, of: str, bill_id: str) -> list[dict[str, Any]]:
        query = urlencode({"billId": bill_id, "apiKey": self._who.api_key})
        url = f"{self._probe.target.root}/sandbox/{of}?{query}"
        answer = self._probe.wire.send("GET", url, api=False)
        found: object = (answer.envelope or {}).get(of)
        if not isinstance(found, list):
            raise NotTried(f"/sandbox/{of} answered {answer.told}")
        return cast("list[dict[str, Any]]", found)

    def _post(self, path: str, fields: Mapping[str, object]) -> Mapping[str, Any]:
        body = json.dumps({"apiKey": self._who.api_key, **fields}).encode()
        headers = {"Content-Type": "application/json"}
        answer = self._probe.wire.send("POST", self._probe.target.root + path, body, headers, api=False)
        if answer.status != 200 or answer.envelope is None:
            raise NotTried(f"{path} answered {answer.told}")
        return answer.envelope
