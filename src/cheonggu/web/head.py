"""What a request's headers say, found out once: those of a known head are the same with every request."""

from __future__ import annotations

from typing import Final

from cheonggu.web.envelope import Header

_CONTENT_TYPE: Final = b"content-type"


class Head:
    """A request's headers; their names are in small letters."""

    __slots__ = ("headers", "json", "names")

    def __init__(self, headers: list[Header]) -> None:
        self.headers = headers
        self.names = frozenset(name for name, _ in headers)
        self.json = all(map(_is_json, self.all(_CONTENT_TYPE)))
        """Whether the body is said to be JSON. Without a Content-Type it is taken for that (O)."""

    def all(self, name: bytes) -> list[bytes]:
        """The values of a header, as often as it was sent."""
        return [value for given, value in self.headers if given == name] if name in self.names else []


def _is_json(content_type: bytes) -> bool:
    kind = content_type.partition(b";")[0].strip().lower()
    return kind in {b"", b"application/json"} or (
        kind.startswith(b"application/") and kind.endswith(b"+json")
    )
