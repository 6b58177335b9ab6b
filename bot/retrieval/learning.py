"""What search learns from, and the index that is made of it.

All departments learn from the same rows, so that each fit (bot/retrieval/kernel.py) is one linear system with targets
for every department. The first tells a department's topics apart, from the questions of all: people ask alike
everywhere, but most alike where they ask the same department, so that rows of two departments are less alike by a
factor (multi-task learning: Evgeniou and Pontil, 2004). The second tells what a department's text is about from what it
isn't, which is what no text answers, and other departments' topics.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.content.library import Library, Variant
from bot.encoder import unit
from bot.retrieval import hashed, kernel
from bot.retrieval.cache import Progress, VectorCache
from bot.retrieval.index import DepartmentIndex, Index
from bot.retrieval.meaning import Meaning
from bot.retrieval.wording import Wording

_VERSION = 10
"""Changes when an index built by older code can't be used."""
_PENALTY = 0.2
_OTHER_DEPARTMENT = 0.7
"""How alike questions of two departments are, beside 1 for those of one. Of 16,600, each left out in turn, 3.0 %
are put to a wrong topic, with 1 it is 4.9 %."""
_NEAR = 0.5
"""Share of the questions that tell what is inside from what is outside: those nearest to the latter. The rest tells
nothing more, and costs most of the time."""


@dataclass(frozen=True)
class Examples:
    """What residents write, and what it is about."""

    variants: Sequence[Variant]
    outside: Sequence[str]
    """What no department's text is about."""
    elsewhere: Sequence[tuple[str, str]] = ()
    """(department, message): what this department's text isn't about, and another's may be."""


@dataclass(frozen=True)
class _Passage:
    department: str
    topic: str
    text: str


def _passages(library: Library) -> Iterator[_Passage]:
    for name, department in library.departments.items():
        for topic, answer in department.answers.items():
            yield from (_Passage(name, topic, citation.quote) for citation in answer.citations)


def build_index(
    library: Library, examples: Examples, cache: VectorCache, folder: Path, progress: Progress | None = None
) -> Index:
    """The index of these examples, the library's quotes and this encoder: read from `folder`, or built into it."""
    texts: list[Variant | _Passage] = [*examples.variants, *_passages(library)]
    known = [f"{each.department}/{each.topic}/{each.text}" for each in texts]
    known += [*examples.outside, *("/".join(each) for each in examples.elsewhere)]
    made_from = (cache.path.name, str(_VERSION), *known)
    return Index(hashed.kept(folder, "index", made_from, lambda: Learned(library, examples, cache, progress).arrays()))


class Learned:
    """What was learned from all examples; indexes are made of it, with some of the examples left out if need be."""

    def __init__(
        self, library: Library, examples: Examples, cache: VectorCache, progress: Progress | None = None
    ) -> None:
        """Learn (a minute, and gigabytes, for 24,000 examples), once they are encoded."""
        variants = examples.variants
        self._passages = list(_passages(library))
        self._texts = [*(each.text for each in variants), *examples.outside, *(text for _, text in examples.elsewhere)]
        # What each row speaks of: a department's topic, "" where it is outside; "" for the department of all.
        self._topics = np.array([each.topic for each in variants] + [""] * (len(self._texts) - len(variants)))
        self._departments = np.array(
            [each.department for each in variants]
            + [""] * len(examples.outside)
            + [department for department, _ in examples.elsewhere]
        )
        vectors = cache.queries(self._texts, progress)
        self._passage_vectors = cache.passages([each.text for each in self._passages], progress)
        self._meaning = Meaning.fit(vectors[: len(variants)], [each.language for each in variants])
        self._vectors = self._meaning.of(vectors)
        self._wording = Wording.fit(self._texts)
        self._letters = self._wording.rows(self._texts)
        self._inside = self._topics != ""
        alike = kernel.likeness(self._vectors, self._letters)
        # Every topic of every department counts the same, and all of them as much as what is outside.
        _, pairs = np.unique(np.char.add(self._departments, self._topics)[self._inside], return_inverse=True)
        count = kernel.balanced(pairs, np.ones(len(pairs), dtype=np.float32))
        self._which = kernel.Ridge(self._among_departments(alike), count, _PENALTY)
        weights = np.ones(len(self._texts), dtype=np.float32)
        weights[self._inside] = count
        near = kernel.nearest(self._vectors[self._inside], self._vectors[~self._inside], _NEAR)
        self._rows = np.concatenate([near, np.flatnonzero(~self._inside)])
        weights = kernel.balanced(self._inside[self._rows].astype(np.int64), weights[self._rows])
        self._whether = kernel.Ridge(alike[np.ix_(self._rows, self._rows)], weights, _PENALTY)

    def _among_departments(self, alike: NDArray[np.float32]) -> NDArray[np.float32]:
        """How alike the questions are, which are the first rows, if it matters whom one asks."""
        asked = self._departments[self._inside]
        among = alike[: len(asked), : len(asked)].copy()
        for name in np.unique(asked):
            among[np.ix_(asked == name, asked != name)] *= _OTHER_DEPARTMENT
        return among

    def index(self, unseen: Collection[str] = ()) -> Index:
        """The index, as if none of the texts `unseen` had been among the examples."""
        return Index(self.arrays(unseen))

    def arrays(self, unseen: Collection[str] = ()) -> dict[str, NDArray[Any]]:
        """What an `Index` is made of."""
        seen = ~np.isin(self._texts, list(unseen))
        passage_mean = self._passage_vectors.mean(axis=0)
        passages = unit(self._passage_vectors - passage_mean)
        arrays: dict[str, NDArray[Any]] = {
            "query_mean": self._meaning.mean,
            "languages": self._meaning.languages,
            "passage_mean": passage_mean,
            "ngrams": self._wording.ngrams,
            "idf": self._wording.idf,
            "vectors": self._vectors,
            "variants": np.array(self._texts)[self._inside],
            "outside": np.flatnonzero(seen & (self._departments == "")),
        }
        names = np.unique(self._departments[self._inside]).tolist()
        owns = [seen & (self._departments == name) & self._inside for name in names]
        each_topics = [np.unique(self._topics[own]) for own in owns]
        which = self._learned_which(each_topics, seen[self._inside])
        whether = self._learned_whether(names, each_topics, seen)
        for name, own, topics, told in zip(names, owns, each_topics, which, strict=True):
            dual = np.zeros((len(seen), len(topics) + 1), dtype=np.float32)
            dual[self._inside, :-1] = told
            dual[self._inside & (self._departments != name), :-1] *= _OTHER_DEPARTMENT
            dual[:, -1] = whether[name]
            quoted = [index for index, each in enumerate(self._passages) if each.department == name]
            places = {topic: place for place, topic in enumerate(topics.tolist())}
            part = DepartmentIndex(
                topics=topics,
                dual=dual,
                letters=kernel.of_ngrams(self._letters, dual),
                own=np.flatnonzero(own),
                own_topics=np.searchsorted(topics, self._topics[own]),
                passages=passages[quoted],
                passage_topics=np.array([places[self._passages[index].topic] for index in quoted]),
            )
            arrays |= {f"{name}/{field.name}": np.asarray(getattr(part, field.name)) for field in fields(part)}
        return arrays

    def _learned_which(
        self, each_topics: Sequence[NDArray[np.str_]], seen: NDArray[np.bool_]
    ) -> list[NDArray[np.float32]]:
        """Of each department's topics (t,) the dual coefficients (questions, t), from the questions `seen`."""
        targets = [self._topics[self._inside, None] == topics for topics in each_topics]
        rows = np.flatnonzero(~seen)
        *duals, inverse = _learn(self._which, [*targets, kernel.ones(len(seen), rows)])
        return [kernel.left_out(dual, inverse, rows) for dual in duals]

    def _learned_whether(
        self, names: Sequence[str], each_topics: Sequence[NDArray[np.str_]], seen: NDArray[np.bool_]
    ) -> dict[str, NDArray[np.float32]]:
        """Of each department the dual coefficients (n,) of what its text is about, from the texts `seen`."""
        # What is said of one department may be about another's text, which learns nothing from it.
        departments, seen = self._departments[self._rows], seen[self._rows]
        elsewhere = ~self._inside[self._rows] & (departments != "")
        rows = np.flatnonzero(elsewhere | ~seen)
        about = self._topics[self._rows]
        targets = [np.where(np.isin(about, topics), 1.0, -1.0)[:, None] for topics in each_topics]
        *duals, inverse = _learn(self._whether, [*targets, kernel.ones(len(seen), rows)])
        learned = {name: np.zeros(len(self._texts), dtype=np.float32) for name in names}
        for name, dual in zip(names, duals, strict=True):
            out = (~seen | (departments != name))[rows]
            learned[name][self._rows] = kernel.left_out(dual, inverse[:, out], rows[out])[:, 0]
        return learned


def _learn(ridge: kernel.Ridge, targets: Sequence[NDArray[Any]]) -> list[NDArray[np.float32]]:
    """Dual coefficients for each of `targets` (n, k), at once, since the factor is gigabytes to read."""
    dual = ridge.learn(np.hstack(targets).astype(np.float32))
    return np.split(dual, np.cumsum([each.shape[1] for each in targets])[:-1], axis=1)
