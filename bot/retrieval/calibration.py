"""Fits the decision (bot/retrieval/decision.py) to questions whose right topics are known.

Search learns from these questions too, so each is put to an index that has not seen it (bot/retrieval/learning.py).
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bot.content.library import Library
from bot.encoder import MAX_CHARS
from bot.questions import Question, has_words
from bot.retrieval.cache import VectorCache
from bot.retrieval.decision import FEATURES, GOES_ON_BELOW, features, features_together
from bot.retrieval.index import Found, Index

FOLDS = 5
"""How many parts the questions have, each put to an index without it."""

# When to answer and when to ask back: chosen by a person from the table that `enlace calibrate` prints. To answer
# wrongly is worse than to ask back, and to ask back is better than to send somebody away. They are low because more of
# those questions are outside, and near to what is inside, than of what residents send.
ANSWER_FROM = 0.15
CLARIFY_FROM = 0.12


@dataclass(frozen=True)
class Example:
    """What search said to a question, and whether the first topic was right."""

    features: Sequence[float]
    right: bool
    inside: bool
    """Whether the department's text has an answer at all."""


@dataclass(frozen=True)
class Fit:
    """Weights by feature, and each example's probability when it was left out of the fit (10 folds)."""

    weights: dict[str, float]
    bias: float
    held_out: list[float]


def parts(questions: Sequence[Question]) -> list[list[Question]]:
    """The questions in FOLDS parts."""
    # One hand wrote what stands side by side, and files of two languages ask much the same in the same order: what is
    # alike is left out together.
    files = defaultdict(list)
    for question in questions:
        files[question.department, question.language, question.sort].append(question)
    made: list[list[Question]] = [[] for _ in range(FOLDS)]
    for file in files.values():
        for place, question in enumerate(file):
            made[place * FOLDS // len(file)].append(question)
    return made


def judged(index: Index, asked: Sequence[Question], library: Library, cache: VectorCache) -> list[Example]:
    """What `index` says to questions that it has not learned."""
    vectors = cache.queries([question.text[:MAX_CHARS] for question in asked])
    found = []
    for question, vector in zip(asked, vectors, strict=True):
        said = index.search(question.department, question.text, vector)
        right = _right(library, question, said)
        found.append(Example(features(said, len(question.text.split())), right, bool(question.topics)))
    return found


def judged_together(index: Index, asked: Sequence[Question], library: Library, cache: VectorCache) -> list[Example]:
    """What `index` says to questions that it has not learned, read together with the question before each.

    Those that go on from nothing, by what they say themselves, are left out.
    """
    before = [question.before[-1] for question in asked]
    both = [f"{first} {question.text}" for first, question in zip(before, asked, strict=True)]
    vectors = cache.queries([text[:MAX_CHARS] for text in (*before, *(each.text for each in asked), *both)])
    found = []
    for question, first, text, *three in zip(asked, before, both, *np.split(vectors, 3), strict=True):
        last, alone, joined = (
            index.search(question.department, each, vector)
            for each, vector in zip((first, question.text, text), three, strict=True)
        )
        if alone.outside >= GOES_ON_BELOW:
            continue
        last_topic = last.matches[0].topic
        together = alone.both(joined, last_topic)
        values = features_together(alone, together, last_topic, len(question.text.split()))
        found.append(Example(values, _right(library, question, together), bool(question.topics)))
    return found


def after_others(asked: Sequence[Question], library: Library) -> list[Question]:
    """Questions that need none before them, each after one that its department answers."""
    chance = random.Random(0)  # noqa: S311
    variants = defaultdict(list)
    for variant in library.variants():
        variants[variant.department, variant.language].append(variant.text)
    return [
        question.model_copy(update={"before": [chance.choice(variants[question.department, question.language])]})
        for question in asked
    ]


def _right(library: Library, question: Question, said: Found) -> bool:
    topic = said.matches[0].topic
    citations = library.departments[question.department].answers[topic].citations
    return topic in question.topics or (bool(citations) and has_words(question, citations[0].quote))


def fit(examples: Sequence[Example], names: Sequence[str] = FEATURES) -> Fit:
    """Logistic regression on standardized features of these names, its weights given for the features as they are."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values = np.array([example.features for example in examples])
    right = np.array([example.right for example in examples])
    model = make_pipeline(StandardScaler(), LogisticRegression())
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    held_out = cross_val_predict(model, values, right, cv=folds, method="predict_proba")[:, 1]
    model.fit(values, right)
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - weights @ scaler.mean_)
    return Fit(dict(zip(names, map(float, weights), strict=True)), bias, held_out.tolist())


def write(path: Path, alone: Fit, together: Fit, encoder: str) -> None:
    """Write data/calibration/decision.yml."""
    data = {
        "encoder": encoder,
        "answer_from": ANSWER_FROM,
        "clarify_from": CLARIFY_FROM,
        "alone": _rounded(alone),
        "together": _rounded(together),
    }
    head = "# Made by `enlace calibrate` from the questions beside it; bot/retrieval/decision.py says what it means.\n"
    path.write_text(head + yaml.safe_dump(data, sort_keys=False), encoding="utf-8")


def _rounded(fitted: Fit) -> dict[str, Any]:
    weights = {name: round(weight, 4) for name, weight in fitted.weights.items()}
    return {"bias": round(fitted.bias, 4), "weights": weights}
