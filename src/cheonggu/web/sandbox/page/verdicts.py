"""Why a try of a callback counted or did not, in a sentence of the page's language.

The service keeps its sentence in Korean. In English a page words the same fault from what was heard.
"""

from __future__ import annotations

import json
from typing import cast

from markupsafe import Markup, escape

from cheonggu.providers.reply import SENTENCES
from cheonggu.web.sandbox.page.lab_words import SILENT
from cheonggu.web.sandbox.page.words import say
from cheonggu.web.words import Language


def why(status: int | None, reason: str | None, answer: bytes, language: Language) -> Markup:
    """Why a try with this answer counted, or why it did not."""
    verdict = verdict_of(status, reason, answer.decode(errors="replace"))
    return sentence(verdict, status, reason, language)


def sentence(verdict: str, status: int | None, reason: str | None, language: Language) -> Markup:
    """The service's own sentence in Korean, ours for the same fault in English."""
    if reason and language.code == "ko":
        return escape(reason)
    silent = next((SILENT[fault] for fault, korean in SENTENCES.items() if korean == reason), None)
    if silent is not None:  # also where the answer had begun
        return escape(silent)
    if verdict == "silent":
        return language.theirs(reason or "")
    return say(language, f"verdict_{verdict}", status=status)


def verdict_of(status: int | None, reason: str | None, text: str) -> str:
    """Which of the usual faults it is; each has its words."""
    if reason is None:
        return "ok"
    if status is None:
        return "silent"
    if status != 200:
        return "status"
    if not text.strip():
        return "empty"
    try:
        answer: object = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return "not_json"
    if not isinstance(answer, dict) or "code" not in answer:
        return "no_code"
    return "code_text" if isinstance(cast("dict[str, object]", answer)["code"], str) else "code_type"
