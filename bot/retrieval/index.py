"""Exact search within one department.

Each department has its question variants, the passages that its answers quote, and what was learned from them
(bot/retrieval/learning.py): one score for each topic and one for all that only other departments have, which tells
the topics apart, and one that tells what any text is about from what none is. Texts and answers of others are never
searched; a department knows its own topics alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from bot.encoder import Vectors, unit
from bot.retrieval import kernel
from bot.retrieval.meaning import Meaning
from bot.retrieval.wording import Wording

_ALONE, _TOGETHER, _AGAIN = 0.8, 0.5, 0.2
"""Weights of the two scores of a follow-up, what it says itself counting more than the question before it; and what is
added to the topic of the last answer, which many go on about."""
_SHARPNESS = 8.0
"""Makes probabilities of scores; chosen on the calibration questions."""


@dataclass(frozen=True)
class Match:
    """How well a topic fits a message; see `Decision` for what is made of it."""

    topic: str
    probability: float
    """Over the department's topics: says which topic, not whether any."""
    score: float
    """Of the topic against the others: about 1 for one of its own variants, about 0 for what isn't near it."""
    variant: float
    """Centred cosine of the topic's nearest question variant, -1 to 1."""
    wording: float
    """Cosine of the topic's most alike worded variant, 0 to 1."""
    passage: float
    """Centred cosine of the topic's nearest quoted passage, -1 to 1; 0 for a silent topic."""


@dataclass(frozen=True)
class Found:
    """What search found: every topic, best first, and how much the message seems to be about this department's text."""

    matches: list[Match]
    elsewhere: float
    """About 1 for what other departments' texts are about and this one's isn't, about 0 for other messages."""
    inside: float
    """1 where some department's text is surely about it, -1 where surely none is; says whether any, not which."""
    outside: float
    """Centred cosine of the nearest message that no department's text is about."""

    def only(self, topics: Sequence[str]) -> Found:
        """The same, with these topics alone."""
        return replace(self, matches=[match for match in self.matches if match.topic in topics])

    def both(self, other: Found, last_topic: str | None) -> Found:
        """What fits a message by itself, this, and what fits it with the question before it, `other`.

        `last_topic`: of the last answer, if there was one.
        """
        alone = {match.topic: match for match in self.matches}
        matches = [
            replace(
                match,
                score=_ALONE * alone[match.topic].score
                + _TOGETHER * match.score
                + _AGAIN * (match.topic == last_topic),
                wording=max(match.wording, alone[match.topic].wording),
                passage=max(match.passage, alone[match.topic].passage),
            )
            for match in other.matches
        ]
        matches.sort(key=lambda match: -match.score)
        elsewhere = _ALONE * self.elsewhere + _TOGETHER * other.elsewhere
        return replace(other, matches=matches, elsewhere=elsewhere, inside=max(self.inside, other.inside))


@dataclass(frozen=True)
class DepartmentIndex:
    """One department's share: of `n` texts, `m` passages, `t` topics and `g` n-grams."""

    topics: NDArray[np.str_]
    """(t,)"""
    dual: NDArray[np.floating[Any]]
    """(n, t + 2): what each text speaks for: each topic, those of other departments, and whether it is inside"""
    letters: Vectors
    """(g, t + 2): what each n-gram speaks for"""
    own: NDArray[np.int64]
    """(v,), of the index's texts: this department's variants"""
    own_topics: NDArray[np.int64]
    """(v,)"""
    passages: Vectors
    """(m, d), centred"""
    passage_topics: NDArray[np.int64]
    """(m,)"""

    def search(
        self, cosines: Vectors, passage_query: Vectors, wording: tuple[NDArray[np.int64], Vectors], alike: Vectors
    ) -> tuple[list[Match], float, float]:
        """Every topic, best first, `Found.elsewhere` and `Found.inside`.

        For a message's cosines (n,) with the index's texts, its vector centred as passages are, its wording, and how
        alike it is worded to each variant.
        """
        scores = kernel.scores(cosines, wording, self.dual, self.letters)
        own, elsewhere, inside = scores[:-2], float(scores[-2]), float(scores[-1])
        odds = np.exp(_SHARPNESS * (own - own.max()))
        columns = zip(
            self.topics.tolist(),
            (odds / odds.sum()).tolist(),
            own.tolist(),
            self._best(cosines[self.own], self.own_topics).tolist(),
            self._best(alike[self.own], self.own_topics).tolist(),
            self._best(self.passages @ passage_query, self.passage_topics).tolist(),
            strict=True,
        )
        return sorted((Match(*column) for column in columns), key=lambda match: -match.score), elsewhere, inside

    def _best(self, scores: Vectors, topics: NDArray[np.int64]) -> Vectors:
        best = np.full(len(self.topics), -1.0, dtype=np.float32)
        np.maximum.at(best, topics, scores)
        return np.where(best == -1.0, np.float32(0), best)


class Index:
    """All departments of one version of the content, for one encoder."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """`arrays`: what bot/retrieval/learning.py made."""
        self._meaning = Meaning(arrays["query_mean"], arrays["languages"])
        self._passage_mean = arrays["passage_mean"]
        self._wording = Wording(arrays["ngrams"], arrays["idf"])
        self._rows = kernel.Rows(arrays["vectors"])
        self._outside = arrays["outside"]
        columns = (arrays["wording_values"], arrays["wording_rows"], arrays["wording_starts"])
        self._letters = csc_matrix(columns, shape=(len(self._rows), len(self._wording.ngrams)))
        names = {key.split("/")[0] for key in arrays if "/" in key}
        self._departments = {
            name: _exact(
                DepartmentIndex(**{field.name: arrays[f"{name}/{field.name}"] for field in fields(DepartmentIndex)})
            )
            for name in names
        }

    def search(self, department: str, text: str, vector: Vectors) -> Found:
        """The topics of `department` for a message and its vector (d,), best first; raises KeyError."""
        query, passage_query = self._meaning.of(vector), unit(vector - self._passage_mean)
        cosines, wording = self._rows.cosines(query), self._wording.row(text)
        alike = _alike(self._letters, wording)
        matches, elsewhere, inside = self._departments[department].search(cosines, passage_query, wording, alike)
        return Found(matches, elsewhere, inside, float(cosines[self._outside].max()))


def _exact(department: DepartmentIndex) -> DepartmentIndex:
    """With coefficients in float64, for `kernel.scores`; on disk they take half the room."""
    return replace(department, dual=department.dual.astype(np.float64))


def _alike(rows: csc_matrix, wording: tuple[NDArray[np.int64], Vectors]) -> Vectors:
    """How alike a text is worded to each of `rows` (n, g): (n,). Touches the n-grams of the text alone."""
    scores = np.zeros(rows.shape[0], dtype=np.float32)
    for gram, value in zip(*wording, strict=True):
        start, end = rows.indptr[gram], rows.indptr[gram + 1]
        scores[rows.indices[start:end]] += value * rows.data[start:end]
    return scores
