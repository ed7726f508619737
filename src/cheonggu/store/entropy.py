"""Random bytes from the system, fetched a page at a time: a create would need three system calls for them."""

from __future__ import annotations

import os
from typing import Final

_PAGE_BYTES: Final = 4096

_page = b""
_used = 0


def take(count: int) -> bytes:
    """`count` random bytes, at most a page, fit for keys and codes. Nothing is ever given twice."""
    global _page, _used
    if _used + count > len(_page):
        _page, _used = os.urandom(max(_PAGE_BYTES, count)), 0
    _used += count
    return _page[_used - count : _used]


def _forget() -> None:
    global _page, _used
    _page, _used = b"", 0


os.register_at_fork(after_in_child=_forget)  # a child must not give what its parent gives
