"""A small library whose figures can be worked out by hand, and questions and replies to it."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from bot.content.library import Library
from bot.i18n import Catalogs
from bot.questions import Question
from bot.rendering.renderer import Renderer
from bot.replies import Reply
from bot.settings import ROOT

# The small content lies beside the content's tests.
sys.path.append(str(ROOT / "tests" / "content"))
import small_content
from small_content import Content

content = small_content.content


@pytest.fixture
def library(content: Content) -> Library:
    """The same, loaded."""
    return content.library()


class Ask:
    """Makes questions to small-town and the replies that Enlace renders to them."""

    def __init__(self, library: Library) -> None:
        self._renderer = Renderer(library, Catalogs(ROOT / "locales", library.languages))

    @staticmethod
    def question(topic: str | None = "asking", kind: str = "answer", **more: Any) -> Question:
        """A question that expects `topic`, or that of another `kind`."""
        expect = {"kind": kind, "topic": topic, "quote": more.pop("quote", [])}
        row = {"department": "small-town", "language": "en", "text": "what do you ask", "expect": expect}
        return Question.model_validate({**row, **more})

    def reply(self, say: str = "answer", language: str = "en", **more: Any) -> Reply:
        """What is rendered for `say`, on the topic `asking` unless told otherwise."""
        start: dict[str, Any] = {"topic": "asking"} if say == "answer" else {}
        told: Any = {"say": say, "confidence": 0.9, **start, **more}
        return self._renderer.render([told], "small-town", language)


@pytest.fixture
def ask(library: Library) -> Ask:
    """Questions and replies of the small library."""
    return Ask(library)
