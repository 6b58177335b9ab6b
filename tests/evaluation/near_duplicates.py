"""Training texts that nearly repeat a held-out question: with one, a figure would say what was learned by heart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.content.check import plain
from bot.retrieval.wording import Wording

NEAR = 0.85
"""Cosine of two wordings (bot/retrieval/wording.py) from which one nearly repeats the other."""
MIN_WORDS = 4
"""Of a question that is compared: "anonymous tip" or "good evening" are everybody's words."""


@dataclass(frozen=True, order=True)
class Repeat:
    """A training text, and the question that it nearly repeats."""

    text: str
    question: str
    alike: float


def near_duplicates(texts: Sequence[str], questions: Sequence[str]) -> list[Repeat]:
    """Every question with the training text most alike, where the two are too alike."""
    _, rows = Wording.fit([*texts, *questions], most=1.0)
    alike = (rows[len(texts) :] @ rows[: len(texts)].T).tocsr()
    best, nearest = alike.max(axis=1).toarray().ravel(), np.asarray(alike.argmax(axis=1)).ravel()
    found = []
    for question, score, index in zip(questions, best.tolist(), nearest.tolist(), strict=True):
        if len(plain(question).split()) >= MIN_WORDS and score >= NEAR:
            found.append(Repeat(texts[index], question, round(score, 3)))
    return sorted(found)
