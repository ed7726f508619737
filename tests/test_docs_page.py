"""The docs page: complete in both languages, ours alone, and strict about what it may load."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette

from cheonggu.domain import codes
from cheonggu.web import docs_page, rendering
from cheonggu.web.docs_words import CODE_MEANINGS_KOREAN, PHRASES
from cheonggu.web.field_words import FIELD_WORDS
from cheonggu.web.openapi import document
from cheonggu.web.operations import OPERATIONS
from cheonggu.web.parse import parse_object
from tests.asgi import Answer, call

URL = "https://bills.example"
LANGUAGES = ("ko", "en")


async def opened(language: str, path: str = "/docs", *, sandbox: bool = True, url: str = URL) -> Answer:
    app = Starlette(routes=docs_page.routes())
    app.state.service = SimpleNamespace(settings=SimpleNamespace(public_url=url, sandbox=sandbox))
    return await call(app, path, method="GET", headers=[("accept-language", language), ("host", "x")])


async def page(language: str, *, sandbox: bool = True) -> str:
    return (await opened(language, sandbox=sandbox)).body.decode()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_tells_every_operation_field_and_code(language: str) -> None:
    text = unescape(await page(language))
    assert f'<html lang="{language}">' in text
    for operation in OPERATIONS:
        words = operation.words
        assert f'id="{operation.name}"' in text
        assert (words.korean_more if language == "ko" else words.english_more) in text
    for code in codes.CODES.values():
        assert f"<code>{code.code}</code>" in text
        assert code.message in text
        assert (CODE_MEANINGS_KOREAN[code.code] if language == "ko" else code.meaning) in text
    for words in FIELD_WORDS.values():
        assert words.term in text
        assert (words.korean if language == "ko" else words.english) in text


async def test_page_and_document_are_made_once_and_not_for_each_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []

    def counted(name: str, make: Callable[..., object]) -> Callable[..., object]:
        def count(*given: object, **named: object) -> object:
            made.append(name)
            return make(*given, **named)

        return count

    monkeypatch.setattr(rendering, "page", counted("page", rendering.page))
    monkeypatch.setattr(docs_page, "document", counted("document", docs_page.document))
    for path in ("/docs", "/openapi.json"):
        for language in LANGUAGES:
            answers = [(await opened(language, path, url="https://once.example")).body for _ in range(3)]
            assert len(set(answers)) == 1
    assert made == ["page", "page", "document"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_loads_nothing_of_others_and_holds_no_inline_style_or_script(language: str) -> None:
    answer = await opened(language)
    text = answer.body.decode()
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", text)
    loaded = re.findall(r'<(?:link|img)[^>]*?(?:href|src)="([^"]*)"', text)
    assert loaded
    assert all(address.startswith("/static/") for address in loaded)


async def test_the_styles_load_nothing_either() -> None:
    css = (rendering.STATIC / "docs.css").read_text(encoding="utf-8")
    assert "url(" not in css
    assert "@import" not in css


async def test_links_within_the_page_lead_somewhere() -> None:
    text = await page("en")
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)
    assert "points" in ids  # chargeUrl leads there


@pytest.mark.parametrize("sandbox", [True, False])
async def test_the_commands_carry_sound_requests_for_the_mode(sandbox: bool) -> None:  # noqa: FBT001
    text = unescape(await page("en", sandbox=sandbox))
    requests = [parse_object(body.encode()) for body in re.findall(r"-d '(\{\n.*?\n\})'", text, re.DOTALL)]
    assert len(requests) == len(OPERATIONS)
    keys = {request["apiKey"] for request in requests}
    assert keys == ({"sandbox-api-key-0123456789abcdef"} if sandbox else {"YOUR_API_KEY"})
    assert ("/sandbox/" in text) == sandbox


async def test_the_published_document_is_served() -> None:
    answer = await opened("en", "/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body) == document(URL)


def test_every_phrase_has_both_languages_and_every_code_its_meaning() -> None:
    assert set(CODE_MEANINGS_KOREAN) == set(codes.CODES)
    for korean, english in PHRASES.values():
        assert korean
        assert english
        assert not re.search("[가-힣]", english)
