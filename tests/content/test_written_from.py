"""A changed policy text withholds the answers written from it until somebody has looked; the rest is served on."""

from __future__ import annotations

import pytest
from small_content import Content
from typer.testing import CliRunner

from bot.__main__ import app
from bot.content.library import load
from bot.content.yamlfile import ContentError
from bot.i18n import Catalogs
from bot.rendering.renderer import Renderer
from bot.replies import Reply, Say
from bot.settings import ROOT

DOC, A, B = "policies/rules.md", "answers/asking.yml", "answers/language.yml"


def reply(content: Content, topic: str, language: str = "es") -> Reply:
    """What a resident reads on a topic."""
    library = load(content.root)
    renderer = Renderer(library, Catalogs(ROOT / "locales", library.languages))
    return renderer.render([Say(say="answer", topic=topic, confidence=0.9)], "small-town", language)


def test_a_changed_section_withholds_its_answer_and_shows_the_words_as_they_stand(content: Content) -> None:
    content.replace(DOC, "Every officer speaks Spanish.", "Some officers speak Spanish.")
    shown = reply(content, "language")
    assert "Sí." not in shown.text
    assert [citation.quote for citation in shown.citations] == ["Some officers speak Spanish."]
    assert shown.citations[0].translation is None
    assert (shown.kind, shown.reviewed, shown.handoff_offered) == ("answer", False, True)
    assert reply(content, "asking").text.startswith("No, con una excepción.")


def test_the_check_says_which_answer_waits_and_accepting_it_shows_it_again(content: Content) -> None:
    content.replace(DOC, "Every officer speaks Spanish.", "Every officer here speaks Spanish.")
    stale = [problem for problem in content.problems() if problem.path == content.path(B)]
    assert len(stale) == 2, "the quote that is gone, and the section that has changed"
    assert all(problem.stale for problem in stale)
    assert stale[-1].line == content.line(B, '"rules#speaking')
    assert "enlace content accept small-town language" in stale[-1].message
    content.replace(B, "Every officer speaks", "Every officer here speaks")
    result = CliRunner().invoke(app, ["content", "accept", "small-town", "language", "--root", str(content.root)])
    assert result.exit_code == 0, result.output
    assert [problem for problem in content.problems() if problem.path == content.path(B)] == []
    assert reply(content, "language").text.startswith("Sí.")


def test_a_new_section_withholds_what_says_that_the_text_is_silent(content: Content) -> None:
    content.replace(B, "citations:\n- document: rules\n  section: speaking\n", "silent: true\nunused:\n- {}\n")
    text = content.path(B).read_text(encoding="utf-8")
    start, end = text.index("unused:"), text.index("written_from:")
    content.write(B, text[:start] + text[end:])
    content.replace(DOC, "uncited:\n", "uncited:\n  - {sentence: Every officer, reason: For this test.}\n")
    content.accept()
    assert reply(content, "language").text.startswith("Sí.")
    content.replace(DOC, "Call (555)", "Officers speak Greek. Call (555)")
    shown = reply(content, "language")
    assert (shown.kind, shown.topic, shown.citations) == ("no_answer", None, [])
    assert "Sí." not in shown.text


def test_a_section_that_is_gone_is_no_stale_answer_but_an_error(content: Content) -> None:
    content.replace(A, "section: asking\n  quote: Officers", "section: nowhere\n  quote: Officers")
    with pytest.raises(ContentError, match="no section 'nowhere'"):
        load(content.root)
    result = CliRunner().invoke(app, ["content", "accept", "small-town", "asking", "--root", str(content.root)])
    assert result.exit_code != 0
    assert "rules#nowhere" in result.output


def test_an_answer_without_its_sections_is_an_error_with_the_remedy(content: Content) -> None:
    text = content.path(B).read_text(encoding="utf-8")
    start, end = text.index("written_from:"), text.index("variants:")
    content.write(B, text[:start] + text[end:])
    (problem,) = content.problems()
    assert not problem.stale
    assert "enlace content accept small-town language" in problem.message
