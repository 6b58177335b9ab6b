"""The report: one file that says what was found, shows no markup of others, and asks nothing of a network."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.content.library import Library
from bot.evaluation.figures import Pair
from bot.evaluation.peers import First, Passage
from bot.evaluation.report import ASKED_BACK, DECLINED, OUTSIDE, confusion, render, write_report
from bot.evaluation.results import Results, as_json, results

if TYPE_CHECKING:
    from tests.evaluation.conftest import Ask

MARKUP = "<script>alert('¿papeles?')</script> & <b>"
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Tags that are open at the end, all tags, all attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def pairs(ask: Ask) -> list[Pair]:
    """A right answer, a wrong one in Spanish to a question with markup, one declined, one asked back."""
    return [
        (ask.question("asking"), ask.reply(confidence=0.95)),
        (ask.question("asking", language="es", text=MARKUP), ask.reply(topic="language", language="es")),
        (ask.question(None, "no_answer", sort="weather"), ask.reply("no_answer", confidence=0.1)),
        (ask.question("language"), ask.reply("clarify", topics=["asking"], confidence=0.25)),
    ]


@pytest.fixture
def found(pairs: list[Pair], library: Library) -> Results:
    """The results of these, beside a peer that finds one of three."""
    spanish = First(1.0, Passage("rules", "speaking", "Every officer speaks Spanish."))
    return results(pairs, library, "encoder <1>", {"bm25": [spanish] * 3})


def test_the_page_is_whole_and_asks_nothing_of_a_network(found: Results) -> None:
    page = Page(render(found))
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not {name for name, _ in page.attributes if name in {"src", "href", "style"} or name.startswith("on")}
    assert not re.search(r"https?:|url\(|@import", render(found))


def test_the_page_says_when_of_what_and_with_what(found: Results) -> None:
    text = Page(render(found)).text
    for expected in (found.made.strftime("%Y-%m-%d %H:%M UTC"), found.content, "encoder <1>", "small-town"):
        assert expected in text
    assert "right citation first" in text
    assert "outside, declined: weather" in text  # nobody asked that in Spanish
    assert "33.3\N{NO-BREAK SPACE}%" in text  # one of three


def test_words_of_others_are_text_never_markup(found: Results) -> None:
    html = render(found)
    assert MARKUP in Page(html).text
    assert "<script" not in html
    assert "encoder <1>" not in html


def test_the_pictures_have_what_the_tables_have(found: Results) -> None:
    html = render(found)
    assert html.count('role="img"') == 2
    # Four replies reached the decision, in three bins.
    assert found.reliability
    assert len(found.reliability.bins) == len(re.findall(r'<circle class="dot"[^>]* r="5"', html)) == 3
    assert "<title>asking: language, 1</title>" in html


def test_confusion_by_hand(pairs: list[Pair]) -> None:
    seen = confusion(pairs)
    assert seen.rows == ["asking", "language", OUTSIDE]
    assert seen.columns == ["asking", "language", ASKED_BACK, DECLINED]
    cells = {
        (seen.rows[each.row], seen.columns[each.column]): (each.count, each.share, each.tone) for each in seen.cells
    }
    assert cells == {
        ("asking", "asking"): (1, 0.5, "right"),
        ("asking", "language"): (1, 0.5, "wrong"),
        ("language", ASKED_BACK): (1, 1.0, "unsure"),
        (OUTSIDE, DECLINED): (1, 1.0, "right"),
    }


def test_a_large_confusion_leaves_out_what_was_never_confused(ask: Ask) -> None:
    right = [(ask.question(f"topic-{n}"), ask.reply().model_copy(update={"topic": f"topic-{n}"})) for n in range(5)]
    wrong = (ask.question("topic-0"), ask.reply().model_copy(update={"topic": "topic-1"}))
    seen = confusion([*right, wrong], max_topics=4)
    assert seen.rows == seen.columns == ["topic-0", "topic-1"]
    assert seen.left_out == 3
    assert confusion([*right, wrong], max_topics=5).left_out == 0


def test_without_peers_or_misses_the_page_is_whole_too(ask: Ask, library: Library, tmp_path: Path) -> None:
    found = results([(ask.question(), ask.reply("smalltalk", message="greet"))], library, "e")
    page = write_report(tmp_path / "new" / "folder", found)
    assert page == tmp_path / "new" / "folder" / "index.html"
    text = Page(page.read_text(encoding="utf-8")).text
    assert "Beside other systems" not in text
    assert "Reliability" not in text


def test_json_has_everything(found: Results) -> None:
    data = json.loads(json.dumps(as_json(found), allow_nan=False))
    right = data["figures"]["all"]["right citation first"]
    assert (right["hits"], right["total"], round(right["value"], 3)) == (1, 3, 0.333)
    assert data["figures_by_department_and_language"]["small-town"]["es"]["right citation first"]["total"] == 1
    assert {system: shares["all"]["hits"] for system, shares in data["right_citation_first"].items()} == {
        "enlace": 1,
        "bm25": 1,
    }
    assert data["right_citation_first"]["bm25"]["es"]["hits"] == 0
    assert data["reliability"]["total"] == 4
    assert sum(each["right"]["total"] for each in data["reliability"]["bins"]) == 4
    assert [miss["question"]["text"] for miss in data["misses"]] == [MARKUP, "what do you ask"]
    assert data["encoder"] == "encoder <1>"
    assert data["content"] == found.content
