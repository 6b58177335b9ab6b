"""Exact search within one department.

Each department has its question variants, the passages that its answers quote, and what was learned from them
(bot/retrieval/kernel.py): one score for each topic, which tells the topics apart, and one that tells what the
department's text is about from what it isn't. Where departments share a topic, both also learn from the others'
*questions*, at a lower weight: a way of asking is the same everywhere. Their texts and answers are never searched; an
index knows its own department's topics alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from bot.content.library import Library, Variant
from bot.encoder import Vectors, unit
from bot.retrieval import hashed, kernel
from bot.retrieval.cache import Progress, VectorCache
from bot.retrieval.meaning import Meaning
from bot.retrieval.wording import Wording

_VERSION = 8
"""Changes when an index built by older code can't be used."""
_OTHERS_WEIGHT = 0.05
_FOREIGN_WEIGHT = 0.5
"""Of other departments' questions: on shared topics, and on topics that this department hasn't.

Both were chosen by leaving out each variant in turn; without the former, a tenth more of them were told wrongly.
"""
_ALONE, _TOGETHER, _AGAIN = 0.8, 0.5, 0.1
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
    inside: float
    """1 where the department's text is surely about it, -1 where it surely isn't; says whether any topic, not which."""
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
        return replace(other, matches=matches, inside=max(self.inside, other.inside))


@dataclass(frozen=True)
class DepartmentIndex:
    """One department's share: of `n` texts, `m` passages, `t` topics and `g` n-grams."""

    topics: NDArray[np.str_]
    """(t,)"""
    dual: Vectors
    """(n, t + 1): what each text speaks for, topics first, then whether the department's text is about it at all"""
    letters: Vectors
    """(g, t + 1): what each n-gram speaks for"""
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
    ) -> tuple[list[Match], float]:
        """Every topic, best first, and `Found.inside`.

        For a message's cosines (n,) with the index's texts, its vector centred as passages are, its wording, and how
        alike it is worded to each variant.
        """
        scores = kernel.scores(cosines, wording, self.dual, self.letters)
        odds = np.exp(_SHARPNESS * (scores[:-1] - scores[:-1].max()))
        columns = zip(
            self.topics.tolist(),
            (odds / odds.sum()).tolist(),
            scores[:-1].tolist(),
            self._best(cosines[self.own], self.own_topics).tolist(),
            self._best(alike[self.own], self.own_topics).tolist(),
            self._best(self.passages @ passage_query, self.passage_topics).tolist(),
            strict=True,
        )
        return sorted((Match(*column) for column in columns), key=lambda match: -match.score), float(scores[-1])

    def _best(self, scores: Vectors, topics: NDArray[np.int64]) -> Vectors:
        best = np.full(len(self.topics), -1.0, dtype=np.float32)
        np.maximum.at(best, topics, scores)
        return np.where(best == -1.0, np.float32(0), best)


class Index:
    """All departments of one version of the content, for one encoder."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """`arrays`: what `_build` made."""
        self._meaning = Meaning(arrays["query_mean"], arrays["languages"])
        self._passage_mean = arrays["passage_mean"]
        self._wording = Wording(arrays["ngrams"], arrays["idf"])
        self._vectors = arrays["vectors"]
        self._outside = arrays["outside"]
        self._letters = self._wording.rows(arrays["variants"].tolist()).tocsc()
        names = {key.split("/")[0] for key in arrays if "/" in key}
        self._departments = {
            name: DepartmentIndex(**{field.name: arrays[f"{name}/{field.name}"] for field in fields(DepartmentIndex)})
            for name in names
        }

    def search(self, department: str, text: str, vector: Vectors) -> Found:
        """The topics of `department` for a message and its vector (d,), best first; raises KeyError."""
        query, passage_query = self._meaning.of(vector), unit(vector - self._passage_mean)
        cosines, wording = self._vectors @ query, self._wording.row(text)
        alike = _alike(self._letters, wording)
        matches, inside = self._departments[department].search(cosines, passage_query, wording, alike)
        return Found(matches, inside, float(cosines[self._outside].max()))


def _alike(rows: csc_matrix, wording: tuple[NDArray[np.int64], Vectors]) -> Vectors:
    """How alike a text is worded to each of `rows` (n, g): (n,). Touches the n-grams of the text alone."""
    scores = np.zeros(rows.shape[0], dtype=np.float32)
    for gram, value in zip(*wording, strict=True):
        start, end = rows.indptr[gram], rows.indptr[gram + 1]
        scores[rows.indices[start:end]] += value * rows.data[start:end]
    return scores


@dataclass(frozen=True)
class _Passage:
    department: str
    topic: str
    text: str


def _passages(library: Library) -> Iterator[_Passage]:
    for name, department in library.departments.items():
        for topic, answer in department.answers.items():
            yield from (_Passage(name, topic, citation.quote) for citation in answer.citations)


@dataclass(frozen=True)
class Examples:
    """What residents write, and what it is about."""

    variants: Sequence[Variant]
    outside: Sequence[str]
    """What no department's text is about."""
    elsewhere: Sequence[tuple[str, str]] = ()
    """(department, message): what this department's text isn't about, and another's may be."""


def build_index(
    library: Library, examples: Examples, cache: VectorCache, folder: Path, progress: Progress | None = None
) -> Index:
    """The index of these examples, the library's quotes and this encoder: read from `folder`, or built into it."""
    passages = list(_passages(library))
    texts: list[Variant | _Passage] = [*examples.variants, *passages]
    known = [f"{each.department}/{each.topic}/{each.text}" for each in texts]
    known += [*examples.outside, *("/".join(each) for each in examples.elsewhere)]
    made_from = (cache.path.name, str(_VERSION), *known)
    return Index(hashed.kept(folder, "index", made_from, lambda: _build(examples, passages, cache, progress)))


def _build(
    examples: Examples, passages: Sequence[_Passage], cache: VectorCache, progress: Progress | None
) -> dict[str, NDArray[Any]]:
    variants = examples.variants
    texts = [*(each.text for each in variants), *examples.outside, *(text for _, text in examples.elsewhere)]
    vectors = cache.queries(texts, progress)
    passage_vectors = cache.passages([each.text for each in passages], progress)
    meaning = Meaning.fit(vectors[: len(variants)], [each.language for each in variants])
    passage_mean = passage_vectors.mean(axis=0)
    centred, centred_passages = meaning.of(vectors), unit(passage_vectors - passage_mean)
    wording = Wording.fit(texts)
    letters = wording.rows(texts)
    alike = kernel.likeness(centred, letters)
    arrays: dict[str, NDArray[Any]] = {
        "query_mean": meaning.mean,
        "languages": meaning.languages,
        "passage_mean": passage_mean,
        "ngrams": wording.ngrams,
        "idf": wording.idf,
        "vectors": centred,
        "variants": np.array(texts[: len(variants)]),
        "outside": np.arange(len(variants), len(variants) + len(examples.outside)),
    }
    first_elsewhere = len(texts) - len(examples.elsewhere)
    for name in dict.fromkeys(each.department for each in variants):
        own = np.array([index for index, each in enumerate(variants) if each.department == name])
        topics = sorted({variants[index].topic for index in own})
        quoted = [index for index, each in enumerate(passages) if each.department == name]
        # Outside is one more class: what others' questions on topics that this department hasn't speak for, too.
        classes = np.full(len(texts), len(topics))
        weights = np.ones(len(texts), dtype=np.float32)
        for index, each in enumerate(variants):
            if each.topic in topics:
                classes[index] = topics.index(each.topic)
            if each.department != name:
                weights[index] = _OTHERS_WEIGHT if each.topic in topics else _FOREIGN_WEIGHT
        # What is said of another department may be about its text, and says nothing of this one's.
        rows = np.flatnonzero(
            [*[True] * first_elsewhere, *(department == name for department, _ in examples.elsewhere)]
        )
        dual = np.zeros((len(texts), len(topics) + 1), dtype=np.float32)
        dual[rows] = _learn(alike[np.ix_(rows, rows)], classes[rows], weights[rows], len(topics))
        part = DepartmentIndex(
            topics=np.array(topics),
            dual=dual,
            letters=kernel.of_ngrams(letters, dual),
            own=own,
            own_topics=classes[own],
            passages=centred_passages[quoted],
            passage_topics=np.array([topics.index(passages[index].topic) for index in quoted]),
        )
        arrays |= {f"{name}/{field.name}": np.asarray(getattr(part, field.name)) for field in fields(part)}
    return arrays


def _learn(
    alike: NDArray[np.float32], classes: NDArray[np.int64], weights: NDArray[np.float32], outside: int
) -> Vectors:
    """Dual coefficients (n, t + 1): each topic against the others, by the texts inside; then inside against outside.

    Overwrites `alike`.
    """
    inside = np.flatnonzero(classes != outside)
    dual = np.zeros((len(classes), outside + 1), dtype=np.float32)
    targets = np.eye(outside, dtype=np.float32)[classes[inside]]
    dual[inside, :outside] = kernel.fit(
        alike[np.ix_(inside, inside)], targets, kernel.balanced(classes[inside], weights[inside])
    )
    is_inside = (classes != outside).astype(np.int64)
    dual[:, outside] = kernel.fit(
        alike, (2.0 * is_inside - 1)[:, None].astype(np.float32), kernel.balanced(is_inside, weights)
    )[:, 0]
    return dual
