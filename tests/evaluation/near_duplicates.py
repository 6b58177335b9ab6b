"""Training texts that nearly repeat a held-out question: with one, a figure would say what was learned by heart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.content.check import plain
from bot.retrieval.wording import Wording

NEAR = 0.85
"""Cosine of two wordings (bot/retrieval/wording.py) from which one nearly repeats the other."""
_BLOCK = 256
"""Questions that are compared at a time: each with all texts takes a third of a megabyte."""
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
    questions = [question for question in questions if len(plain(question).split()) >= MIN_WORDS]
    _, rows = Wording.fit([*texts, *questions], most=1.0)
    learned = rows[: len(texts)].T.tocsr()
    found = []
    for start in range(0, len(questions), _BLOCK):
        alike = (rows[len(texts) + start :][:_BLOCK] @ learned).toarray()
        for index, closest in enumerate(alike.argmax(axis=1).tolist(), start):
            if (score := float(alike[index - start, closest])) >= NEAR:
                found.append(Repeat(texts[closest], questions[index], round(score, 3)))
    return sorted(found)
