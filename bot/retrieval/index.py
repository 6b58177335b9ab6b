"""Exact search within one department.

Each department has its question variants, the passages that its answers quote, and two linear models over a message's
sentence vector and wording: one tells the department's topics apart, one tells what its text is about from what it
isn't. Where departments share a topic, the first also learns from the others' *questions* (at a lower weight): a way of
asking is the same everywhere. Their texts and answers are never searched; an index knows its own department's alone.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix, hstack

from bot.content.library import Library
from bot.encoder import Vectors, unit
from bot.retrieval import hashed
from bot.retrieval.cache import Progress, VectorCache
from bot.retrieval.wording import Wording

_VERSION = 4
"""Changes when an index built by older code can't be used."""
_OTHERS_WEIGHT = 0.3
_TOPICS_PENALTY = 30.0
_SCOPE_PENALTY = 10.0
"""Inverse strengths of the penalties, chosen on the calibration questions (docs/architecture.md)."""


@dataclass(frozen=True)
class Match:
    """How well a topic fits a message; see `Decision` for what is made of it."""

    topic: str
    probability: float
    """Over the department's topics: says which topic, not whether any."""
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
    """Log odds that the department's text is about it; says whether any topic, not which."""
    outside: float
    """Centred cosine of the nearest message that no department's text is about."""
    outside_wording: float
    """Cosine of the most alike worded one."""

    def only(self, topics: Sequence[str]) -> Found:
        """The same, with these topics alone."""
        return replace(self, matches=[match for match in self.matches if match.topic in topics])


@dataclass(frozen=True)
class DepartmentIndex:
    """One department's share. `n` variants, `m` passages, `t` topics; `d` dimensions and then `g` n-grams a text."""

    topics: NDArray[np.str_]
    """(t,)"""
    weights: Vectors
    """(d + g, t): a text has few n-grams, and the rows of those lie together"""
    bias: Vectors
    """(t,)"""
    scope_weights: Vectors
    """(d + g,)"""
    scope_bias: Vectors
    """()"""
    variants: Vectors
    """(n, d), centred"""
    variant_topics: NDArray[np.int64]
    """(n,)"""
    passages: Vectors
    """(m, d), centred"""
    passage_topics: NDArray[np.int64]
    """(m,)"""

    def search(
        self,
        query: Vectors,
        passage_query: Vectors,
        wording: tuple[NDArray[np.int64], Vectors],
        alike: Vectors,
    ) -> tuple[list[Match], float]:
        """Every topic, best first, and `Found.inside`.

        For a message's vector centred as variants and as passages are, its wording, and how alike it is worded to each
        variant (n,).
        """
        grams, values = wording[0] + len(query), wording[1]
        scores = query @ self.weights[: len(query)] + values @ self.weights[grams] + self.bias
        odds = np.exp(scores - scores.max())
        probabilities = odds / odds.sum()
        columns = zip(
            self.topics.tolist(),
            probabilities.tolist(),
            self._best(self.variants @ query, self.variant_topics).tolist(),
            self._best(alike, self.variant_topics).tolist(),
            self._best(self.passages @ passage_query, self.passage_topics).tolist(),
            strict=True,
        )
        matches = sorted((Match(*column) for column in columns), key=lambda match: -match.probability)
        inside = self.scope_weights[: len(query)] @ query + self.scope_weights[grams] @ values + self.scope_bias
        return matches, float(inside)

    def _best(self, scores: Vectors, topics: NDArray[np.int64]) -> Vectors:
        best = np.full(len(self.topics), -1.0, dtype=np.float32)
        np.maximum.at(best, topics, scores)
        return np.where(best == -1.0, np.float32(0), best)


class Index:
    """All departments of one version of the content, for one encoder."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """`arrays`: what `_build` made."""
        self._query_mean = arrays["query_mean"]
        self._passage_mean = arrays["passage_mean"]
        self._wording = Wording(arrays["ngrams"], arrays["idf"])
        self._departments: dict[str, tuple[DepartmentIndex, csc_matrix]] = {}
        self._outside = arrays["outside"]
        self._outside_rows = self._wording.rows(arrays["outside_texts"].tolist()).tocsc()
        for name in {key.split("/")[0] for key in arrays if "/" in key}:
            parts = {field.name: arrays[f"{name}/{field.name}"] for field in fields(DepartmentIndex)}
            variants = self._wording.rows(arrays[f"{name}/texts"].tolist()).tocsc()
            self._departments[name] = (DepartmentIndex(**parts), variants)

    def search(self, department: str, text: str, vector: Vectors) -> Found:
        """The topics of `department` for a message and its vector (d,), best first; raises KeyError."""
        index, variants = self._departments[department]
        query, passage_query = unit(vector - self._query_mean), unit(vector - self._passage_mean)
        wording = self._wording.row(text)
        matches, inside = index.search(query, passage_query, wording, _alike(variants, wording))
        outside, outside_wording = (self._outside @ query).max(), _alike(self._outside_rows, wording).max()
        return Found(matches, inside, float(outside), float(outside_wording))


def _alike(rows: csc_matrix, wording: tuple[NDArray[np.int64], Vectors]) -> Vectors:
    """How alike a text is worded to each of `rows` (n, g): (n,). Touches the n-grams of the text alone."""
    scores = np.zeros(rows.shape[0], dtype=np.float32)
    for gram, value in zip(*wording, strict=True):
        start, end = rows.indptr[gram], rows.indptr[gram + 1]
        scores[rows.indices[start:end]] += value * rows.data[start:end]
    return scores


def build_index(
    library: Library, outside: Sequence[str], cache: VectorCache, folder: Path, progress: Progress | None = None
) -> Index:
    """The index of this content and this encoder: read from `folder`, or built and written there.

    `outside`: messages that no department's text is about.
    """
    digest = hashlib.sha256("\0".join((library.version, cache.path.name, str(_VERSION), *outside)).encode())
    path = folder / f"{digest.hexdigest()[:16]}.index"
    stored = hashed.read(path)
    if stored is None:
        for old in folder.glob("*.index"):
            old.unlink()
        stored = _build(library, outside, cache, progress)
        hashed.write(path, stored)
    return Index(stored)


def _build(
    library: Library, outside: Sequence[str], cache: VectorCache, progress: Progress | None
) -> dict[str, NDArray[Any]]:
    variants = [
        (name, topic, " ".join(text.split()))
        for name, department in library.departments.items()
        for topic, answer in department.answers.items()
        for texts in answer.variants.values()
        for text in texts
    ]
    passages = [
        (name, topic, citation.quote)
        for name, department in library.departments.items()
        for topic, answer in department.answers.items()
        for citation in answer.citations
    ]
    texts = [*(text for *_, text in variants), *outside]
    vectors = cache.queries(texts, progress)
    passage_vectors = cache.passages([text for *_, text in passages], progress)
    query_mean, passage_mean = vectors[: len(variants)].mean(axis=0), passage_vectors.mean(axis=0)
    centred, centred_passages = unit(vectors - query_mean), unit(passage_vectors - passage_mean)
    wording = Wording.fit(texts)
    rows = csr_matrix(hstack([csr_matrix(centred), wording.rows(texts)]))
    arrays: dict[str, NDArray[Any]] = {
        "query_mean": query_mean,
        "passage_mean": passage_mean,
        "ngrams": wording.ngrams,
        "idf": wording.idf,
        "outside": centred[len(variants) :],
        "outside_texts": np.array(outside),
    }
    for name, department in library.departments.items():
        topics = sorted(department.answers)
        own = [index for index, (owner, *_) in enumerate(variants) if owner == name]
        quoted = [index for index, (owner, *_) in enumerate(passages) if owner == name]
        shared = [index for index, (_, topic, _) in enumerate(variants) if topic in department.answers]
        foreign = [index for index, (_, topic, _) in enumerate(variants) if topic not in department.answers]
        foreign += range(len(variants), len(texts))
        coefficients, bias = _fit(
            rows[shared],
            [topics.index(variants[index][1]) for index in shared],
            np.array([1.0 if variants[index][0] == name else _OTHERS_WEIGHT for index in shared]),
            _TOPICS_PENALTY,
        )
        inside = [1] * len(own) + [0] * len(foreign)
        scope, scope_bias = _fit(rows[own + foreign], inside, np.ones(len(inside)), _SCOPE_PENALTY)
        part = DepartmentIndex(
            topics=np.array(topics),
            weights=np.ascontiguousarray(coefficients.T),
            bias=bias,
            scope_weights=scope[0],
            scope_bias=scope_bias[0],
            variants=centred[own],
            variant_topics=np.array([topics.index(variants[index][1]) for index in own]),
            passages=centred_passages[quoted],
            passage_topics=np.array([topics.index(passages[index][1]) for index in quoted]),
        )
        arrays |= {f"{name}/{field.name}": np.asarray(getattr(part, field.name)) for field in fields(part)}
        arrays[f"{name}/texts"] = np.array([variants[index][2] for index in own])
    return arrays


def _fit(rows: csr_matrix, classes: list[int], weights: NDArray[np.float64], penalty: float) -> tuple[Vectors, Vectors]:
    """Logistic regression, each class with the same total weight: (t, d + g) and (t,); of two classes, one row."""
    from sklearn.linear_model import LogisticRegression

    totals: Counter[int] = Counter()
    for each, weight in zip(classes, weights, strict=True):
        totals[each] += weight
    balanced = np.array([weight / totals[each] for each, weight in zip(classes, weights, strict=True)])
    model = LogisticRegression(C=penalty, max_iter=500)
    model.fit(rows, classes, sample_weight=balanced * len(classes) / len(totals))
    return model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
