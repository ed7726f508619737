"""Which addresses of a server can be used, and what is in them."""

from __future__ import annotations

import pytest

from cheonggu.domain.base_url import DEFAULT_BASE_URL, AddressWrong, split_address


@pytest.mark.parametrize(
    ("base_url", "parts"),
    [
        (DEFAULT_BASE_URL, ("http", "127.0.0.1", 8080, "")),
        ("https://api.example.com/partner", ("https", "api.example.com", None, "/partner")),
        ("http://[::1]:9000/", ("http", "::1", 9000, "/")),
    ],
)
def test_an_address_is_split(base_url: str, parts: tuple[str, str, int | None, str]) -> None:
    split = split_address(base_url)
    assert (split.scheme, split.hostname, split.port, split.path) == parts


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.example",
        "ftp://a.example",
        "http://",
        "http://:80",
        "http://a.example:0",
        "http://a.example:65536",
        "http://a.example?x=1",
        "http://a.example#x",
        "http://me@a.example",
        "http://a.example/한",
        "http://a..b",
        "http://[::1",
    ],
)
def test_a_wrong_address_is_told(base_url: str) -> None:
    with pytest.raises(AddressWrong, match="is no base URL"):
        split_address(base_url)
