"""Guards the decision to answer: its thresholds, its calibration file, and the wording that it rests on."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.encoder import encoder_name
from bot.retrieval.calibration import ANSWER_FROM, CLARIFY_FROM, Example, fit
from bot.retrieval.decision import FEATURES, TOGETHER, Decision, Outcome
from bot.retrieval.index import Found, Match
from bot.retrieval.wording import Wording, ngrams
from bot.settings import Settings

DECISION = Decision.load(Settings().data_dir / "calibration/decision.yml")


def match(topic: str, score: float, alike: float) -> Match:
    """A match that is as good in meaning as in wording."""
    return Match(topic, probability=score, score=score, variant=alike, wording=alike, passage=alike)


LIKELY = [match("a", 0.98, 0.9), match("b", 0.01, 0.1), match("c", 0.01, 0.1)]
UNLIKELY = [match("a", 0.2, 0.1), match("b", 0.19, 0.1), match("c", 0.18, 0.1)]
SURE = Found(LIKELY, elsewhere=0.0, inside=1.0, outside=0.0)
LOST = Found(UNLIKELY, elsewhere=0.3, inside=-1.0, outside=0.9)


def test_the_file_fits_the_code() -> None:
    assert len(DECISION.alone.weights) == len(FEATURES)
    assert len(DECISION.together.weights) == len(TOGETHER)
    assert DECISION.encoder == encoder_name(Settings().encoder_model)
    assert (DECISION.answer_from, DECISION.clarify_from) == (ANSWER_FROM, CLARIFY_FROM)


def test_an_encoder_that_it_was_not_fitted_to_is_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    DECISION.check(DECISION.encoder)
    assert caplog.text == ""
    DECISION.check("another")
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "another: run `enlace calibrate`" in record.getMessage()


def test_what_is_sure_is_answered_and_what_is_lost_is_not() -> None:
    assert DECISION.decide(SURE, 8).kind == "answer"
    assert DECISION.decide(SURE, 8).topics == ("a",)
    assert DECISION.decide(LOST, 8).kind == "no_answer"
    assert DECISION.decide(LOST, 8).topics == ()


def test_with_one_topic_left_it_is_answered_or_not_and_with_none_nothing_is() -> None:
    one = SURE.only(["a"])
    assert DECISION.decide(one, 8).topics == ("a",)
    assert DECISION.decide(LOST.only(["a"]), 8).kind == "no_answer"
    none = SURE.only([])
    assert DECISION.decide(none, 8) == Outcome("no_answer", (), 0.0)
    assert DECISION.decide_together(none, none, "a", 3) is None


def test_what_is_far_outside_alone_is_not_answered_as_the_question_before_it() -> None:
    unsure = Found(UNLIKELY, elsewhere=0.0, inside=0.0, outside=0.3)
    answer = DECISION.decide_together(unsure, SURE, "a", 3)
    assert answer is not None
    assert (answer.kind, answer.topics) == ("answer", ("a",))
    assert DECISION.decide_together(Found(UNLIKELY, elsewhere=0.0, inside=-2.0, outside=0.9), LOST, "a", 3) is None
    farther = dataclasses.replace(unsure, inside=-0.3)
    assert DECISION.confidence(farther, 3) < 0.1
    assert DECISION.decide_together(farther, SURE, "a", 3) is not None
    assert DECISION.decide_together(farther, SURE, "b", 3) is None  # nothing that it says itself is about topic a
    nearer = DECISION.decide_together(dataclasses.replace(unsure, inside=0.5), SURE, "a", 3)
    assert nearer is not None
    assert nearer.confidence > answer.confidence


def test_in_between_offers_at_most_three_topics() -> None:
    four = dataclasses.replace(LOST, matches=[*LOST.matches, match("d", 0.17, 0.1)])
    confidence = DECISION.confidence(four, 8)
    between = dataclasses.replace(DECISION, clarify_from=confidence / 2, answer_from=(1 + confidence) / 2)
    outcome = between.decide(four, 8)
    assert (outcome.kind, outcome.topics) == ("clarify", ("a", "b", "c"))


def test_a_fit_finds_the_feature_that_decides() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(200, len(FEATURES)))
    examples = [Example(row.tolist(), bool(row[0] > 0), True) for row in rows]
    fitted = fit(examples)
    assert max(fitted.weights, key=lambda name: abs(fitted.weights[name])) == FEATURES[0]
    assert np.corrcoef(fitted.held_out, rows[:, 0] > 0)[0, 1] > 0.8


def test_one_row_of_wording_is_what_it_was_in_the_fit() -> None:
    texts = ["quiero reportar un robo", "I want to report a robbery", "la polisia, ¿y?", "can I report", "a", "¿?"]
    wording, rows = Wording.fit(texts * 2)
    for text, expected in zip(texts, rows.toarray(), strict=False):
        indexes, values = wording.row(text)
        row = np.zeros(len(wording.ngrams), dtype=np.float32)
        row[indexes] = values
        np.testing.assert_allclose(row, expected, atol=1e-6)
    assert len(wording.row("zzz")[0]) == 0


def test_ngrams_are_those_of_scikit_learn() -> None:
    analyze = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)).build_analyzer()
    for text in ("", "a", "la polisia", "quiero reportar un robo de mi bicicleta a las 10"):
        assert Counter(ngrams(text)) == Counter(analyze(text))


def test_a_misspelt_word_is_worded_alike() -> None:
    texts = ["la policía", "la polisia", "the weather"]
    rows = Wording.fit(texts * 2)[1].toarray()
    assert rows[0] @ rows[1] > rows[0] @ rows[2]
