"""Exact search within one department.

Each department has its question variants, the passages that its answers quote, and a linear model that tells its topics
apart. Where departments share a topic, the model also learns from the others' *questions* (at a lower weight): a way of
asking is the same everywhere. Their texts and answers are never searched; an index knows its own department's alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.content.library import Library
from bot.encoder import Vectors
from bot.retrieval import hashed
from bot.retrieval.cache import Progress, VectorCache, file_name

_VERSION = 1
"""Changes when an index built by older code can't be used."""
_OTHERS_WEIGHT = 0.3
_PENALTY = 30.0


def unit(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1; shape unchanged."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12), dtype=np.float32)


@dataclass(frozen=True)
class Match:
    """How well a topic fits a message; see `Decision` for what is made of it."""

    topic: str
    probability: float
    """The linear model's, over the department's topics; says which topic, not whether any."""
    variant: float
    """Centred cosine of the topic's nearest question variant, -1 to 1."""
    passage: float
    """Centred cosine of the topic's nearest quoted passage, -1 to 1; 0 for a silent topic."""


@dataclass(frozen=True)
class DepartmentIndex:
    """One department's share. `n` variants, `m` passages, `t` topics, `d` dimensions."""

    topics: NDArray[np.str_]
    """(t,)"""
    weights: Vectors
    """(t, d)"""
    bias: Vectors
    """(t,)"""
    variants: Vectors
    """(n, d), centred"""
    variant_topics: NDArray[np.int64]
    """(n,)"""
    passages: Vectors
    """(m, d), centred"""
    passage_topics: NDArray[np.int64]
    """(m,)"""

    def search(self, query: Vectors, passage_query: Vectors) -> list[Match]:
        """Every topic, best first; the queries are the message's vector, centred as variants and as passages are."""
        scores = self.weights @ query + self.bias
        odds = np.exp(scores - scores.max())
        probabilities = odds / odds.sum()
        variant = self._best(self.variants @ query, self.variant_topics)
        passage = self._best(self.passages @ passage_query, self.passage_topics)
        return [
            Match(str(self.topics[index]), float(probabilities[index]), float(variant[index]), float(passage[index]))
            for index in np.argsort(-probabilities)
        ]

    def _best(self, scores: Vectors, topics: NDArray[np.int64]) -> Vectors:
        best = np.full(len(self.topics), -1.0, dtype=np.float32)
        np.maximum.at(best, topics, scores)
        return np.where(best == -1.0, np.float32(0), best)


@dataclass(frozen=True)
class Index:
    """All departments of one version of the content, for one encoder."""

    query_mean: Vectors
    passage_mean: Vectors
    departments: Mapping[str, DepartmentIndex]

    def search(self, department: str, vector: Vectors) -> list[Match]:
        """The topics of `department` for a message's vector (d,), best first; raises KeyError."""
        return self.departments[department].search(unit(vector - self.query_mean), unit(vector - self.passage_mean))


def build_index(library: Library, cache: VectorCache, folder: Path, progress: Progress | None = None) -> Index:
    """The index of this content and this encoder: read from `folder`, or built and written there."""
    path = folder / f"{library.version}-{file_name(cache.path.stem)}-{_VERSION}.index"
    stored = hashed.read(path)
    if stored is None:
        for old in folder.glob("*.index"):
            old.unlink()
        stored = _build(library, cache, progress)
        hashed.write(path, stored)
    departments: dict[str, dict[str, Any]] = {}
    for key, array in stored.items():
        if "/" in key:
            name, field = key.split("/")
            departments.setdefault(name, {})[field] = array
    return Index(
        stored["query_mean"],
        stored["passage_mean"],
        {name: DepartmentIndex(**parts) for name, parts in departments.items()},
    )


def _build(library: Library, cache: VectorCache, progress: Progress | None) -> dict[str, NDArray[Any]]:
    variants = [
        (name, topic, text)
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
    vectors = cache.queries([text for *_, text in variants], progress)
    passage_vectors = cache.passages([text for *_, text in passages], progress)
    arrays: dict[str, NDArray[Any]] = {"query_mean": vectors.mean(axis=0), "passage_mean": passage_vectors.mean(axis=0)}
    centred = unit(vectors - arrays["query_mean"])
    centred_passages = unit(passage_vectors - arrays["passage_mean"])
    for name, department in library.departments.items():
        topics = sorted(department.answers)
        own = [index for index, (owner, *_) in enumerate(variants) if owner == name]
        quoted = [index for index, (owner, *_) in enumerate(passages) if owner == name]
        shared = [index for index, (_, topic, _) in enumerate(variants) if topic in department.answers]
        weights = np.array([1.0 if variants[index][0] == name else _OTHERS_WEIGHT for index in shared])
        coefficients, bias = _fit(centred[shared], [topics.index(variants[index][1]) for index in shared], weights)
        part = DepartmentIndex(
            topics=np.array(topics),
            weights=coefficients,
            bias=bias,
            variants=centred[own],
            variant_topics=np.array([topics.index(variants[index][1]) for index in own]),
            passages=centred_passages[quoted],
            passage_topics=np.array([topics.index(passages[index][1]) for index in quoted]),
        )
        arrays |= {f"{name}/{field.name}": getattr(part, field.name) for field in fields(part)}
    return arrays


def _fit(vectors: Vectors, topics: list[int], weights: NDArray[np.float64]) -> tuple[Vectors, Vectors]:
    """Softmax regression, each topic with the same total weight; (t, d) and (t,)."""
    from sklearn.linear_model import LogisticRegression

    totals: Counter[int] = Counter()
    for topic, weight in zip(topics, weights, strict=True):
        totals[topic] += weight
    balanced = np.array([weight / totals[topic] for topic, weight in zip(topics, weights, strict=True)])
    model = LogisticRegression(C=_PENALTY, max_iter=500)
    model.fit(vectors, topics, sample_weight=balanced * len(topics) / len(totals))
    return model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
