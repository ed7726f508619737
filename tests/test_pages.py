"""How the payer's pages leave the server: strict headers, plain HTML, stored text as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from time import monotonic
from types import SimpleNamespace

import msgspec
import pytest
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from cheonggu.domain.bill import State
from cheonggu.domain.guesses import Guesses
from cheonggu.providers.sandbox_gateway import DECLINES
from cheonggu.web import card_window, pages, problems, rendering, words
from cheonggu.web.phrases import PHRASES
from cheonggu.web.words import Language
from tests.payer_bills import (
    APPROVAL,
    BY_SEEN,
    CODE,
    PAID,
    UNPAID,
    asking,
    changed,
    links,
    shown,
    tags_of,
    text,
)

KO = Language("ko")
PAGE = f"/p/{CODE}"
WINDOW = f"{PAGE}/card"

SCRIPT = "<script>alert('1')</script>\"><img src=x onerror=alert(1)>{{ 7 * 7_000 }}"


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("name", BY_SEEN)
def test_stored_script_stays_text_in_every_field(name: str, language: str) -> None:
    payer = changed(
        BY_SEEN[name],
        issuer=SCRIPT,
        product_name=SCRIPT,
        message=SCRIPT,
        payer_name=SCRIPT,
        payer_phone=SCRIPT,
        bill_id=SCRIPT,
    )
    merchant = msgspec.structs.replace(
        payer.merchant,
        name=SCRIPT,
        phone=f"02{SCRIPT}",
        owner_name=SCRIPT,
        registration_number=SCRIPT,
        address=SCRIPT,
    )
    approval = msgspec.structs.replace(APPROVAL, issuer=SCRIPT, card_number=SCRIPT, approval_number=SCRIPT)
    newest = payer.attempt and msgspec.structs.replace(
        payer.attempt,
        failure=payer.attempt.failure and SCRIPT,
        approval=payer.attempt.approval and approval,
    )
    page = text(
        shown(msgspec.structs.replace(payer, merchant=merchant, attempt=newest), asking(lang=language))
    )
    assert "<script>" not in page
    assert "<img" not in page
    assert "49000" not in page
    assert "&lt;script&gt;" in page


def every_page() -> Iterator[tuple[str, Response]]:
    for language in ("ko", "en"):
        for name, payer in BY_SEEN.items():
            yield f"{name} {language}", shown(payer, asking(lang=language))
        yield (
            f"card window {language}",
            card_window.window_shown(UNPAID, words.choose(language, ""), bytes(32), 0),
        )
        for status in (400, 403, 404, 405, 413, 415, 429, 500, 503):
            yield f"{status} {language}", problems.page_error(asking(lang=language), status)


PAGES = list(every_page())


@pytest.mark.parametrize("response", [page for _, page in PAGES], ids=[name for name, _ in PAGES])
def test_every_page_leaves_with_strict_headers(response: Response) -> None:
    headers = response.headers
    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["cache-control"] == "no-store"
    assert headers["vary"] == "Accept-Language"
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert f'<html lang="{headers["content-language"]}">' in text(response)


@pytest.mark.parametrize("response", [page for _, page in PAGES], ids=[name for name, _ in PAGES])
def test_every_page_is_plain_accessible_and_our_own(response: Response) -> None:
    tags = tags_of(text(response))
    names = [tag for tag, _ in tags]
    assert names.count("h1") == 1
    assert names.count("main") == 1
    assert names.count("title") == 1
    labelled = {attrs.get("for") for tag, attrs in tags if tag == "label"}
    for tag, attrs in tags:
        assert "style" not in attrs
        assert not [name for name in attrs if name.startswith("on")]
        if tag in ("link", "script", "img"):
            assert (attrs.get("href") or attrs.get("src") or "").startswith("/static/")
        if tag == "script":
            assert attrs.get("src")
        if tag == "select":
            assert attrs["id"] in labelled
        if tag == "svg":
            assert attrs["aria-hidden"] == "true"
    assert "style" not in names


@pytest.mark.parametrize(
    ("status", "path", "heading", "href"),
    [
        (404, PAGE, "청구서를 찾지 못했어요", None),
        (404, "/p/short", "청구서를 찾지 못했어요", None),
        (403, WINDOW, "화면이 오래됐어요", PAGE),
        (403, "/p/short/card", "화면이 오래됐어요", None),
        (429, PAGE, "잠시 뒤에 다시 열어 주세요", None),
        (413, WINDOW, "요청을 읽지 못했어요", PAGE),
        (405, PAGE, "요청을 읽지 못했어요", PAGE),
        (500, WINDOW, "지금은 열 수 없어요", PAGE),
        (503, PAGE, "지금은 열 수 없어요", PAGE),
    ],
)
def test_a_page_without_a_bill_says_why_and_where_to_go(
    status: int, path: str, heading: str, href: str | None
) -> None:
    response = problems.page_error(asking(path), status)
    assert response.status_code == status
    assert f"<h1>{heading}</h1>" in text(response)
    assert [link for link in links(text(response)) if link.startswith("/")] == ([href] if href else [])
    assert ("retry-after" in response.headers) is (status in (429, 503))


@pytest.mark.parametrize(
    "code",
    ["", "short", "a" * 21, "a" * 23, "a" * 21 + "/", "a" * 21 + "가", "a" * 21 + "\n", "a" * 21 + "."],
)
async def test_an_odd_code_is_an_unknown_link_before_anything_is_asked(code: str) -> None:
    request = asking(f"/p/{code}")
    request.scope["path_params"] = {"code": code}
    service = SimpleNamespace(
        code_guesses=Guesses(0, monotonic), settings=SimpleNamespace(trusted_proxies=()), db=None
    )
    request.scope["app"] = SimpleNamespace(state=SimpleNamespace(service=service))
    with pytest.raises(HTTPException) as refused:
        await pages.bill_page(request)
    assert refused.value.status_code == 404


def test_the_card_window_offers_every_outcome_with_its_consequence() -> None:
    page = text(card_window.window_shown(UNPAID, KO, bytes(32), 0))
    for choice in card_window.CHOICES:
        assert f'value="{choice.outcome}"' in page
        assert PHRASES[f"{choice.name}_then"][0] in page
    assert set(card_window.DECLINES) == set(DECLINES)
    assert re.findall(r'<option value="([A-Z_]+)">', page) == list(card_window.DECLINES)
    assert f'method="post" action="{WINDOW}"' in page
    assert "345,000원" in page


@pytest.mark.parametrize(
    ("outcome", "months", "key"),
    [
        ("APPROVE", 0, "APPROVE:0"),
        ("APPROVE", 12, "APPROVE:12"),
        ("DECLINE", 3, "DECLINE:REJECT_CARD_LIMIT"),
        ("TIMEOUT_CHARGED", 3, "TIMEOUT_CHARGED"),
        ("TIMEOUT_NOT_CHARGED", 0, "TIMEOUT_NOT_CHARGED"),
        ("CHARGED_LATE", 3, "CHARGED_LATE"),
    ],
)
def test_the_window_key_says_what_was_chosen(outcome: str, months: int, key: str) -> None:
    assert card_window.window_key(outcome, months) == key


@pytest.mark.parametrize("name", sorted(file.name for file in rendering.STATIC.iterdir() if file.is_file()))
async def test_a_file_is_kept_for_ever_only_under_its_own_content(name: str) -> None:
    async def kept(query: bytes) -> str:
        scope: Scope = {"type": "http", "method": "GET", "path": f"/{name}", "headers": []}
        scope["query_string"] = query
        files = rendering.OwnFiles(directory=rendering.STATIC)
        return (await files.get_response(name, scope)).headers["cache-control"]

    current = rendering.asset(name).partition("?")[2].encode()
    assert "immutable" in await kept(current)
    assert await kept(b"v=000000000000") == "no-cache"
    assert await kept(b"") == "no-cache"


def test_the_styles_reach_for_nothing_of_others() -> None:
    for file in rendering.STATIC.glob("*.css"):
        styles = file.read_text(encoding="utf-8")
        assert "http" not in styles
        assert "url(" not in styles
        assert "@import" not in styles


@pytest.mark.parametrize("state", State)
def test_every_state_of_a_bill_has_a_page(state: State) -> None:
    assert shown(changed(PAID, state=state)).status_code == 200
