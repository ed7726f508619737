"""Only an object is read; everything else is none, and nothing raises."""

from __future__ import annotations

from typing import Any

import pytest

from cheonggu.domain.json_object import json_object


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"code": "0000", "data": {"a": [1]}}', {"code": "0000", "data": {"a": [1]}}),
        ('{"이름": null}'.encode(), {"이름": None}),
        ("{}", {}),
        ("[1]", None),
        ('"{}"', None),
        ("null", None),
        ("", None),
        ("{'a': 1}", None),
        (b"\xff{}", None),
        ('{"a":' * 100_000, None),
    ],
)
def test_an_object_is_read_and_nothing_else(text: str | bytes, found: dict[str, Any] | None) -> None:
    assert json_object(text) == found
