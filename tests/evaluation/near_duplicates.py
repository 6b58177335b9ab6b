"""Training texts that nearly repeat a held-out question: with one, a figure would say what was learned by heart."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from bot.content.plain import plain
from bot.retrieval.wording import Wording

NEAR = 0.85
"""Cosine of two wordings (bot/retrieval/wording.py) from which one nearly repeats the other."""
_BLOCK = 512
"""Questions that are compared at a time, in some 100 MB."""
_RARE = 0.6
"""How much of a question's squared length its rarest n-grams hold, by which texts are sought. To a cosine the common
ones, which most texts have, can add the root of the rest at most, and count only where that may be enough."""
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
    learned = rows[: len(texts)]
    texts_with = np.diff(learned.tocsc().indptr)
    by_ngram = learned.T.tocsr()
    found = []
    for start in range(0, len(questions), _BLOCK):
        asked = rows[len(texts) + start :][:_BLOCK]
        rare = _rarest(asked, texts_with)
        common = np.sqrt(1 - np.asarray(rare.multiply(rare).sum(axis=1)).ravel())
        shared = (rare @ by_ngram).tocoo()
        may_be = shared.data >= NEAR - common[shared.row] - 1e-5
        of, text = shared.row[may_be], shared.col[may_be]
        alike = np.asarray(asked[of].multiply(learned[text]).sum(axis=1)).ravel()
        closest: dict[int, int] = {}
        for place in np.flatnonzero(alike >= NEAR).tolist():
            best = closest.setdefault(int(of[place]), place)
            if alike[place] > alike[best]:
                closest[int(of[place])] = place
        found += [
            Repeat(texts[text[place]], questions[start + question], round(float(alike[place]), 3))
            for question, place in closest.items()
        ]
    return sorted(found)


def _rarest(rows: csr_matrix, texts_with: NDArray[np.int64]) -> csr_matrix:
    """Of each row, shape (questions, n-grams), the n-grams of the fewest texts, until they hold `_RARE` of it."""
    kept = rows.copy()
    for begin, end in itertools.pairwise(rows.indptr.tolist()):
        rarest_first = begin + np.argsort(texts_with[rows.indices[begin:end]], kind="stable")
        squared = rows.data[rarest_first] ** 2
        kept.data[rarest_first[np.cumsum(squared) - squared >= _RARE]] = 0
    kept.eliminate_zeros()
    return kept
