"""Guards the evaluation: what counts as right, and that questions and variants are kept apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from real_content import real

from bot.content.library import Library
from bot.content.plain import plain
from bot.evaluation.figures import EXCEPTIONS, LEAKS, PARITY, Share, figures
from bot.evaluation.judging import right_citation, right_decision
from bot.examples import follow_ups
from bot.questions import Question, QuestionError, read_questions
from bot.replies import Citation, Reply
from bot.settings import ROOT, Settings

if TYPE_CHECKING:
    from tests.evaluation.conftest import Ask


def question(kind: str = "answer", topic: str | None = "what-is-asked", quote: tuple[str, ...] = ()) -> Question:
    expect = {"kind": kind, "topic": topic, "quote": list(quote)}
    return Question.model_validate({"department": "kent-wa", "language": "es", "text": "hola", "expect": expect})


def reply(kind: str = "answer", topic: str | None = "what-is-asked", quote: str | None = None) -> Reply:
    empty = dict.fromkeys(Citation.model_fields)
    texts = {"document": "d", "title": "t", "section": "s", "section_title": "s", "language": "en"}
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


def test_shares_and_intervals(library: Library, ask: Ask) -> None:
    assert Share(9, 10).value == 0.9
    low, high = Share(9, 10).interval
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)  # Wilson's, as tables print it
    assert Share(0, 0).interval == (0.0, 1.0)
    assert all(
        0 <= bound <= 1 for total in range(1, 1000) for hits in (0, total) for bound in Share(hits, total).interval
    )
    declined = ask.reply("no_answer")
    pairs = [
        (ask.question(), ask.reply()),
        (ask.question(), declined),
        (ask.question(None, "no_answer", sort="weather"), ask.reply()),
        (ask.question(None, "no_answer", sort="weather"), declined),
        (ask.question(None, "no_answer", sort="taxes"), declined),
    ]
    found = figures(pairs, library)
    assert found["right citation first"] == Share(1, 2)
    assert found["outside, answered"] == Share(1, 3)
    assert found["outside, declined: weather"] == Share(1, 2)
    assert found["outside, declined: taxes"] == Share(1, 1)


def test_asked_back_with_the_right_topic(library: Library, ask: Ask) -> None:
    asked_back = ask.reply("clarify", topics=["language"])
    pairs = [(ask.question("language"), asked_back), (ask.question("asking"), asked_back)]
    assert figures(pairs, library)["inside, asked back"] == Share(2, 2)
    assert figures(pairs, library)["inside, asked back with the right topic"] == Share(1, 2)


def test_parity_is_one_decision_in_both_languages(library: Library, ask: Ask) -> None:
    declined, other = ask.reply("no_answer"), ask.reply(topic="language")
    both = [
        (1, ask.reply(), ask.reply(language="es")),  # the same
        (2, ask.reply(), other),  # both answered, another topic
        (3, ask.reply(), declined),  # another kind
        (4, declined, declined.model_copy(update={"confidence": 0.1})),  # the same
    ]
    pairs = [
        (ask.question(pair=number, language=language), answer)
        for number, english, spanish in both
        for language, answer in (("en", english), ("es", spanish))
    ]
    alone = [(ask.question(pair=5), ask.reply()), (ask.question(), declined)]
    assert figures(pairs + alone, library)[PARITY] == Share(2, 4)
    assert figures(alone, library)[PARITY] == Share(0, 0)


def test_every_exception_of_a_cited_rule_has_to_be_cited(library: Library, ask: Ask) -> None:
    whole = ask.reply()
    rule, exception = "Officers shall not ask about status", "unless a person was arrested for a felony."
    cut = whole.citations[0].model_copy(update={"quote": rule})
    short = whole.model_copy(update={"citations": [cut]})
    mended = whole.model_copy(update={"citations": [cut, cut.model_copy(update={"quote": exception})]})
    other = ask.reply(topic="language")  # cites no rule that has exceptions
    pairs = [(ask.question(), each) for each in (whole, short, mended, other)]
    assert figures(pairs, library)[EXCEPTIONS] == Share(2, 3)


def test_a_leak_is_a_quote_that_the_department_did_not_publish(library: Library, ask: Ask) -> None:
    good = ask.reply()
    quotes = ["Every officer  speaks\u00a0Spanish.", "Every officer speaks French."]
    others = [good.citations[0].model_copy(update={"quote": quote}) for quote in quotes]
    pairs = [(ask.question(), good.model_copy(update={"citations": others})), (ask.question(), ask.reply("no_answer"))]
    # The reply says that it is small-town's: that isn't asked.
    assert figures(pairs, library)[LEAKS] == Share(1, 2)


def test_no_real_answer_leaks_or_leaves_out_an_exception() -> None:
    from bot.i18n import Catalogs
    from bot.rendering.renderer import Renderer

    library = real()
    renderer = Renderer(library, Catalogs(Settings().locales_dir, library.languages))
    pairs = []
    for department, content in library.departments.items():
        for topic in content.answers:
            expect = {"kind": "answer", "topic": topic}
            row = {"department": department, "language": "en", "text": topic, "expect": expect}
            answer = renderer.render([{"say": "answer", "topic": topic, "confidence": 1.0}], department, "en")
            pairs.append((Question.model_validate(row), answer))
    found = figures(pairs, library)
    assert found[EXCEPTIONS].total >= 15
    assert found[EXCEPTIONS].hits == found[EXCEPTIONS].total
    assert found[LEAKS].total >= 100
    assert found[LEAKS].hits == 0


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"department": "kent-wa"}\n', encoding="utf-8")
    with pytest.raises(QuestionError, match=r"questions\.jsonl:1"):
        read_questions([file])


def test_every_line_that_is_no_question_and_a_file_that_is_not_utf8_are_named(tmp_path: Path) -> None:
    file, latin = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    file.write_text('[1]\n{"department": 1\n', encoding="utf-8")
    latin.write_bytes("¿qué?".encode("latin-1"))
    with pytest.raises(QuestionError) as caught:
        read_questions([tmp_path])
    first, second, third = str(caught.value).splitlines()
    assert first == f"{file}:1: not a question as JSON: it is no object"
    assert second.startswith(f"{file}:2: not a question as JSON: ")
    assert third == f"{latin}:1: not UTF-8: invalid start byte at byte 0"


def test_no_follow_up_that_is_learned_repeats_a_question() -> None:
    questions = {plain(each.text) for each in read_questions([ROOT / "tests/questions"])}
    learned = [each.text for each in follow_ups(Settings().data_dir, real()) if len(each.text.split()) > 2]
    assert [text for text in learned if plain(text) in questions] == []


@pytest.mark.parametrize("folder", ["tests/questions", "data/calibration"])
def test_no_variant_repeats_a_question(folder: str) -> None:
    questions = {plain(each.text) for each in read_questions([ROOT / folder])}
    library = real()
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
    library = real()
    questions = read_questions([ROOT / "tests/questions"])
    for name, department in library.departments.items():
        for language in library.languages:
            asked = [each for each in questions if (each.department, each.language) == (name, language)]
            for topic in department.answers:
                assert sum(topic in each.topics for each in asked) >= 6, (name, language, topic)


def test_a_question_whose_answer_is_that_the_text_is_silent_expects_none() -> None:
    library = real()
    for question in read_questions([ROOT / "tests/questions", ROOT / "data/calibration"]):
        if question.expect.topic:
            answer = library.departments[question.department].answers[question.expect.topic]
            assert answer.citations or question.expect.kind == "no_answer", question
