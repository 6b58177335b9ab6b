"""Guards the evaluation: what counts as right, and that questions and variants are kept apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content.check import plain
from bot.content.library import load
from bot.evaluation.figures import Share, figures
from bot.evaluation.questions import Question, QuestionError, read_questions, right_citation, right_decision
from bot.replies import Citation, Reply
from bot.settings import ROOT, Settings


def question(kind: str = "answer", topic: str | None = "what-is-asked", quote: tuple[str, ...] = ()) -> Question:
    expect = {"kind": kind, "topic": topic, "quote": list(quote)}
    return Question.model_validate({"department": "kent-wa", "language": "es", "text": "hola", "expect": expect})


def reply(kind: str = "answer", topic: str | None = "what-is-asked", quote: str | None = None) -> Reply:
    empty = dict.fromkeys(Citation.model_fields)
    texts = {"document": "d", "title": "t", "section": "s", "section_title": "s"}
    citations = [Citation.model_validate({**empty, **texts, "quote": quote})] if quote else []
    return Reply.model_validate(
        {"kind": kind, "department": "kent-wa", "language": "es", "text": "…", "topic": topic, "citations": citations}
    )


def test_right_topic_or_right_words() -> None:
    assert right_citation(question(), reply())
    assert not right_citation(question(), reply(topic="detainers"))
    words = question(quote=("shall not question",))
    assert right_citation(words, reply(topic="detainers", quote="officers  shall not\u00a0question any person"))
    assert not right_citation(words, reply(topic="detainers", quote="another sentence"))


def test_right_decision_allows_what_serves_as_well() -> None:
    assert right_decision(question(), reply())
    assert not right_decision(question(), reply("no_answer", None))
    assert right_decision(question(topic="report-danger-now"), reply("emergency", None))
    assert right_decision(question("handoff", "reach-liaison"), reply("answer", "reach-liaison"))
    assert not right_decision(question("no_answer", None), reply("emergency", None))


def test_shares_and_intervals() -> None:
    assert Share(9, 10).value == 0.9
    low, high = Share(9, 10).interval
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)  # Wilson's, as tables print it
    assert Share(0, 0).interval == (0.0, 1.0)
    pairs = [(question(), reply()), (question(), reply("no_answer", None)), (question("no_answer", None), reply())]
    found = figures(pairs)
    assert (found["right citation first"].hits, found["right citation first"].total) == (1, 2)
    assert (found["outside, answered"].hits, found["outside, answered"].total) == (1, 1)


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"department": "kent-wa"}\n', encoding="utf-8")
    with pytest.raises(QuestionError, match=r"questions\.jsonl:1"):
        read_questions([file])


@pytest.mark.parametrize("folder", ["tests/questions", "data/calibration"])
def test_no_variant_repeats_a_question(folder: str) -> None:
    questions = {plain(each.text) for each in read_questions([ROOT / folder])}
    library = load(Settings().data_dir)
    repeated = [
        text
        for department in library.departments.values()
        for answer in department.answers.values()
        for texts in answer.variants.values()
        for text in texts
        # One or two words are what everybody writes.
        if len(text.split()) > 2 and plain(text) in questions
    ]
    assert repeated == []


def test_every_topic_has_questions_in_each_language() -> None:
    library = load(Settings().data_dir)
    questions = read_questions([ROOT / "tests/questions"])
    for name, department in library.departments.items():
        for language in library.languages:
            asked = [each for each in questions if (each.department, each.language) == (name, language)]
            for topic in department.answers:
                assert sum(topic in each.topics for each in asked) >= 6, (name, language, topic)
