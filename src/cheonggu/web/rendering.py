"""How a payer's page leaves: from a template, with strict headers, and without anything of others."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from cheonggu.web import words
from cheonggu.web.icons import icon
from cheonggu.web.words import Language

STATIC: Final = Path(__file__).parent / "static"
_HASH_CHARACTERS: Final = 12

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    # With no-referrer a browser would post our own form with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}


def _content_hash(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()[:_HASH_CHARACTERS]


_CONTENT_HASHES: Final = {file.name: _content_hash(file) for file in STATIC.iterdir() if file.is_file()}


def asset(name: str) -> str:
    """The address of one of our own files; it changes with the content, so that it may be kept for ever."""
    return f"/static/{name}?v={_CONTENT_HASHES[name]}"


_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
# Filters, as those are applied to constants when a template is compiled.
_TEMPLATES.filters.update(asset=asset, icon=icon)


def language_of(request: Request) -> Language:
    """The language that this request asks for."""
    return words.choose(request.query_params.get("lang"), request.headers.get("accept-language", ""))


def page(
    template: str,
    language: Language,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    keep: str = "",
    **shown: object,
) -> HTMLResponse:
    """A page of ours, in `language`, with the headers that every page has.

    `keep` is what the link to the other language adds to its query.
    """
    switch = f"?lang={language.other}{keep}"
    ours = {"language": language, "say": language.say, "switch": switch}
    text = _TEMPLATES.get_template(template).render(ours, **shown)
    about = {"Content-Language": language.code, "Vary": "Accept-Language"}
    return HTMLResponse(text, status, {**HEADERS, **about, **(headers or {})})


class OwnFiles(StaticFiles):
    """The files under /static: kept for ever under the address `asset` gives, else asked for every time."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or 304 when the browser has it."""
        response = await super().get_response(path, scope)
        asked_hash = Request(scope).query_params.get("v")
        kept = asked_hash is not None and asked_hash == _CONTENT_HASHES.get(path)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
