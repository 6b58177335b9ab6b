"""Guards search: one department's topics alone, a cache that is checked, and switched-off topics that stay away."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bot import training
from bot.content.library import Library
from bot.encoder import Encoder
from bot.examples import calibration_questions, follow_ups, learned_text, search_examples
from bot.questions import Expectation, Question, read_questions
from bot.retrieval import calibration
from bot.retrieval.cache import VectorCache
from bot.retrieval.calibration import Example
from bot.retrieval.decision import FEATURES, TOGETHER, Decision
from bot.retrieval.index import Index
from bot.retrieval.learning import Examples, Learned, build_index
from bot.settings import ROOT, Settings

pytestmark = pytest.mark.model
OUTSIDE = ["what is the weather", "quiero una pizza", "how do I pay a parking ticket", "cuanto cuesta la licencia"]


def examples(library: Library, outside: list[str] = OUTSIDE) -> Examples:
    """Ten variants of each topic and language, and what is outside."""
    taken = Counter[tuple[str, str, str]]()
    few = []
    for variant in library.variants():
        key = (variant.department, variant.topic, variant.language)
        taken[key] += 1
        if taken[key] <= 10:
            few.append(variant)
    return Examples(few, outside)


class Counting:
    """An encoder that counts the texts it is given."""

    def __init__(self) -> None:
        self.encoder = Encoder()
        self.texts = 0

    def __call__(self) -> Counting:
        return self

    def queries(self, texts: list[str]) -> object:
        self.texts += len(texts)
        return self.encoder.queries(texts)

    def passages(self, texts: list[str]) -> object:
        self.texts += len(texts)
        return self.encoder.passages(texts)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """The encoder."""
    return Encoder()


@pytest.fixture(scope="module")
def cache(encoder: Encoder) -> VectorCache:
    """The vectors that training made."""
    return training.vector_cache(Settings(), lambda: encoder)


@pytest.fixture(scope="module")
def index(library: Library, cache: VectorCache) -> Index:
    """The index that is served."""
    return training.index_and_net(Settings(), library, cache)[0]


@pytest.fixture(scope="module")
def small(library: Library) -> Library:
    """A few topics of two departments: an index of them is built in a second."""
    departments = {
        name: dataclasses.replace(
            library.departments[name], answers=dict(list(library.departments[name].answers.items())[:4])
        )
        for name in ("kent-wa", "roeland-park-ks")
    }
    return dataclasses.replace(library, departments=departments, version="small")


def test_every_variant_finds_topics_of_its_own_department_alone(
    index: Index, library: Library, cache: VectorCache
) -> None:
    for name, department in library.departments.items():
        texts = [text for answer in department.answers.values() for text in answer.variants["es"][:1]]
        for text, vector in zip(texts, cache.queries(texts), strict=True):
            found = index.search(name, text, vector)
            assert {match.topic for match in found.matches} == set(department.answers)


def test_its_own_variants_find_their_topic(index: Index, library: Library, cache: VectorCache) -> None:
    for name, department in library.departments.items():
        for language in library.languages:
            pairs = [
                (topic, text)
                for topic, answer in department.answers.items()
                for text in answer.variants[language][::27]
            ]
            vectors = cache.queries([text for _, text in pairs])
            hits = sum(
                index.search(name, text, vector).matches[0].topic == topic
                for (topic, text), vector in zip(pairs, vectors, strict=True)
            )
            assert hits / len(pairs) > 0.97


@pytest.mark.parametrize("language", ["en", "es"])
def test_unseen_questions_get_their_topic_and_what_is_outside_is_declined(
    index: Index, cache: VectorCache, language: str
) -> None:
    """Every sixth held-out question, put to search alone; `enlace evaluate` has the whole turn, and all of them."""
    questions = read_questions([ROOT / "tests" / "questions"])
    asked = [each for each in questions if each.language == language and not each.before][::6]
    decision = Decision.load(ROOT / "data" / "calibration" / "decision.yml")
    right, declined = [], []
    for question, vector in zip(asked, cache.queries([each.text for each in asked]), strict=True):
        found = index.search(question.department, question.text, vector)
        outcome = decision.decide(found, len(question.text.split()))
        if question.topics:
            right.append(outcome.kind == "answer" and outcome.topics[0] in question.topics)
        elif question.expect.kind == "no_answer":
            declined.append(outcome.kind == "no_answer")
    assert len(right) > 80
    assert len(declined) > 40
    assert np.mean(right) >= 0.92
    assert np.mean(declined) >= 0.85


def test_what_is_outside_scores_lower(index: Index, encoder: Encoder) -> None:
    inside = "will the police ask me about my immigration status"
    outside = "where can I buy a birthday cake"
    scores = [index.search("kent-wa", text, encoder.queries([text])[0]).inside for text in (inside, outside)]
    assert scores[0] > scores[1]


def test_misspelt_words_still_find_their_topic(index: Index, encoder: Encoder) -> None:
    text = "la polisia me pide el pasaporte o la bisa"
    found = index.search("kent-wa", text, encoder.queries([text])[0])
    assert found.matches[0].topic == "identification-documents"


def test_the_index_is_read_back_and_a_damaged_one_is_built_anew(
    small: Library, cache: VectorCache, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = "can they arrest me for having no papers"
    vector = cache.queries([text])[0]
    expected = build_index(small, examples(small), cache, tmp_path).search("kent-wa", text, vector)
    file = next(tmp_path.glob("*.index"))
    written = file.stat().st_mtime_ns
    assert build_index(small, examples(small), cache, tmp_path).search("kent-wa", text, vector) == expected
    assert file.stat().st_mtime_ns == written
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert build_index(small, examples(small), cache, tmp_path).search("kent-wa", text, vector) == expected
    assert "damaged" in caplog.text
    assert file.stat().st_mtime_ns != written


def test_other_content_is_another_index(small: Library, cache: VectorCache, tmp_path: Path) -> None:
    build_index(small, examples(small), cache, tmp_path)
    first = {path.name for path in tmp_path.glob("*.index")}
    build_index(dataclasses.replace(small, version="other"), examples(small), cache, tmp_path)
    assert {path.name for path in tmp_path.glob("*.index")} == first, "an answer's text is not searched"
    build_index(small, examples(small, OUTSIDE[1:]), cache, tmp_path)
    second = {path.name for path in tmp_path.glob("*.index")}
    assert len(second) == 1
    assert first.isdisjoint(second)
    moved = dataclasses.replace(examples(small, OUTSIDE[1:-1]), elsewhere=OUTSIDE[-1:])
    build_index(small, moved, cache, tmp_path)
    assert second.isdisjoint(path.name for path in tmp_path.glob("*.index")), "the same texts, meant otherwise"


def test_what_the_text_that_was_asked_is_not_about_is_less_inside_but_not_near_what_no_text_is_about(
    small: Library, cache: VectorCache, tmp_path: Path
) -> None:
    text = "how many people live in town"
    vector = cache.queries([text])[0]
    plain = build_index(small, examples(small), cache, tmp_path)
    told = build_index(small, dataclasses.replace(examples(small), elsewhere=[text]), cache, tmp_path / "told")
    for name in small.departments:
        before, after = (index.search(name, text, vector) for index in (plain, told))
        assert after.inside < before.inside - 0.1
        assert after.outside == pytest.approx(before.outside, abs=0.05)


def test_what_only_another_department_s_text_is_about_is_told_from_what_this_one_s_is(
    index: Index, encoder: Encoder
) -> None:
    text = "how much do they pay if my tip solves a murder"
    vector = encoder.queries([text])[0]
    here, there = (index.search(name, text, vector) for name in ("kansas-city-mo", "roeland-park-ks"))
    assert here.matches[0].topic == "homicide-reward"
    assert there.elsewhere > there.matches[0].score
    assert here.elsewhere < here.matches[0].score
    assert here.inside == pytest.approx(there.inside, abs=1e-4), "inside of any text"
    decision = Decision.load(Settings().data_dir / "calibration/decision.yml")
    assert decision.decide(here, 10).kind == "answer"
    assert decision.decide(there, 10).kind == "no_answer"


def test_calibration_questions_are_learned_and_each_is_judged_by_an_index_without_it(
    small: Library, cache: VectorCache, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    (data / "calibration/en").mkdir(parents=True)
    (data / "nlu/en").mkdir(parents=True)
    topic = next(iter(small.departments["kent-wa"].answers))
    rows = [("the zebra one", "answer", topic, None), ("is it over the moon", "no_answer", None, "off-topic")] * 5
    rows += [("what about the next town", "no_answer", None, "other-department")]
    (data / "calibration/en/kent-wa.jsonl").write_text(
        "".join(
            json.dumps(
                {"department": "kent-wa", "language": "en", "text": f"{text} {number}", "sort": sort}
                | {"expect": {"kind": kind, "topic": topic}}
            )
            + "\n"
            for number, (text, kind, topic, sort) in enumerate(rows)
        ),
        encoding="utf-8",
    )
    (data / "nlu/en/goodbye.yml").write_text(
        "nlu:\n  - intent: goodbye\n    examples: |\n      - bye\n      - see you\n", encoding="utf-8"
    )
    row = {"department": "kent-wa", "language": "en", "before": ["the zebra one"]}
    after = [("the lynx then", {"kind": "answer", "topic": topic}), ("and on mars", {"kind": "no_answer"})]
    (data / "calibration/follow_ups.jsonl").write_text(
        "".join(json.dumps(row | {"text": text, "expect": expect}) + "\n" for text, expect in after), encoding="utf-8"
    )
    settings = Settings(data_dir=data)
    questions = calibration_questions(data, small)
    assert not any(question.before for question in questions)
    learned = search_examples(settings, small, [*questions, *follow_ups(data, small)])
    assert [(each.topic, each.text) for each in learned.variants[-6:]] == [
        *((topic, f"the zebra one {number}") for number in range(0, 10, 2)),
        (topic, "the lynx then"),
    ]
    assert learned.outside == ["bye", "see you", *(f"is it over the moon {number}" for number in range(1, 10, 2))]
    assert learned.elsewhere == ["what about the next town 10"]
    judged: list[Example] = []
    made = Learned(small, learned, cache)
    for asked in calibration.parts(questions):
        index = made.index(unseen=[learned_text(question) for question in asked])
        judged += calibration.judged(index, asked, small, cache)
    assert [len(judged), sum(each.inside for each in judged)] == [len(rows), 5]
    # Each fold learned the four that are worded alike, and not the very question: alike, and not the same.
    wording = FEATURES.index("wording")
    assert all(0.5 < each.features[wording] < 0.999 for each in judged if each.inside)
    assert all(each.right for each in judged if each.inside)


def test_follow_ups_are_judged_with_the_question_before_them_and_others_beside_them(
    small: Library, cache: VectorCache, tmp_path: Path
) -> None:
    index = build_index(small, examples(small), cache, tmp_path)
    variants = [each for each in small.variants() if each.department == "kent-wa" and each.language == "en"]
    first = variants[0]
    expected = Expectation(kind="answer", topic=first.topic)
    alone = Question(department="kent-wa", language="en", text="and for my brother?", expect=expected)
    follow_up = alone.model_copy(update={"before": [first.text]})
    (judged,) = calibration.judged_together(index, [follow_up], small, cache)
    assert len(judged.features) == len(TOGETHER)
    assert (judged.right, judged.inside) == (True, True)
    other = alone.model_copy(update={"expect": Expectation(kind="no_answer")})
    (judged,) = calibration.judged_together(index, calibration.after_others([other], small), small, cache)
    assert (judged.right, judged.inside) == (False, False)
    (put,) = calibration.after_others([other], small)
    assert put.text == other.text
    assert put.before[0] in {each.text for each in variants}


def test_a_text_is_encoded_once_and_a_damaged_cache_is_not_trusted(tmp_path: Path) -> None:
    counting = Counting()
    first = VectorCache(tmp_path, "model", counting).queries(["uno", "dos", "uno"])  # type: ignore[arg-type]
    assert counting.texts == 2
    again = VectorCache(tmp_path, "model", counting)  # type: ignore[arg-type]
    np.testing.assert_array_equal(again.queries(["uno", "dos", "uno"]), first)
    assert counting.texts == 2
    again.path.write_bytes(again.path.read_bytes()[:-5])
    np.testing.assert_array_equal(VectorCache(tmp_path, "model", counting).queries(["uno"]), first[:1])  # type: ignore[arg-type]
    assert counting.texts == 3


def test_questions_and_passages_are_kept_apart(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, "model", Counting())  # type: ignore[arg-type]
    assert not np.allclose(cache.queries(["uno"]), cache.passages(["uno"]), atol=1e-3)
