"""What the code under test sent: the journal of requests, and what it tells of a bill that is missing."""

from __future__ import annotations

from cheonggu.sandbox.remote import Remote
from cheonggu.testing.parts import Request, request_of

_READS = ("/bill/read", "/read/")


def requests(remote: Remote, bill_id: str | None = None) -> list[Request]:
    """The partner's requests to the API (about one bill), oldest first; the last hundred."""
    told = remote.get("/sandbox/requests", billId=bill_id)["requests"]
    return [request_of(one) for one in reversed(told)]


def why_there_is_none(remote: Remote, bill_id: str) -> str:
    """Why the partner has no such bill, as far as its requests tell."""
    tried = [one for one in requests(remote, bill_id) if one.path.endswith("/bill") and one.code != "0000"]
    if tried:
        return f"This test's partner has no bill {bill_id}: {refusal(tried[-1])}"
    writes = [one for one in requests(remote) if not any(read in one.path for read in _READS)]
    if not writes:
        return (
            f"This test's partner has no bill {bill_id}, and no request of the code under test came with its "
            "apiKey. Does it use this partner's base_url, api_key, member and merchant?"
        )
    others = ", ".join(dict.fromkeys(str(one.bill_id) for one in writes))
    return f"This test's partner has no bill {bill_id}. It sent requests about: {others}."


def refusal(request: Request) -> str:
    """A refused request in words, with what to do about it."""
    said = (request.message or "").rstrip(".")
    return f"{request.path} answered {request.code}: {said}. {request.explanation or ''}".rstrip()
