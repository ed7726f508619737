"""The payer's page, as its link shows it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from cheonggu.conform.check import Need, Section
from cheonggu.conform.probe import NotTried, Probe
from cheonggu.conform.wire import Answer, NoAnswer

SECTION: Final = Section("page", Need.WRITE)
check = SECTION.check


def _open(probe: Probe, url: str) -> Answer:
    if urlsplit(url).scheme not in ("http", "https"):
        raise NotTried("shortUrl is no URL: see create.url.short-url")
    try:
        return probe.wire.send("GET", url, api=False)
    except NoAnswer as lost:
        raise NotTried(f"shortUrl is out of reach from here: {lost}") from lost


def _is_page(probe: Probe, answer: Answer, status: int) -> None:
    probe.equal("the HTTP status", status, answer.status)
    kind = answer.headers.get("content-type", "")
    probe.holds(kind.startswith("text/html"), "a page in HTML", f"Content-Type {kind!r}")


@check(
    "open",
    "O",
    "The link leads to a page that shows product and price, as in 1,000.",
    "링크를 열면 청구 사유와 1,000처럼 쓴 금액이 보여요.",
)
def opened(probe: Probe) -> None:
    answer = _open(probe, probe.bills.open().short_url)
    _is_page(probe, answer, 200)
    text = answer.body.decode(errors="replace")
    for shown in ("적합성 점검", "1,000"):
        probe.holds(shown in text, f"{shown!r} on the page", "a page without it")


@check(
    "destroyed",
    "O",
    "A destroyed bill's link still leads to a page.",
    "파기한 청구서의 링크를 열어도 페이지가 나와요.",
)
def destroyed(probe: Probe) -> None:
    _is_page(probe, _open(probe, probe.bills.destroyed().short_url), 200)


@check(
    "unknown",
    "O",
    "A link that leads to no bill is a page with HTTP 404.",
    "없는 청구서의 링크는 HTTP 404 페이지예요.",
)
def unknown(probe: Probe) -> None:
    url = probe.bills.open().short_url
    code = url.rpartition("/")[2]
    _is_page(probe, _open(probe, url.removesuffix(code) + code[::-1]), 404)
