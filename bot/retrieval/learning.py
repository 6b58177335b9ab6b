"""What search learns from, and the index that is made of it.

All departments learn from the same rows, by two fits (bot/retrieval/kernel.py), each one linear system for all of them.
The first tells a department's topics apart, from the questions of all: people ask alike everywhere, but most alike
where they ask the same department, so that rows of two departments are less alike by a factor (multi-task learning:
Evgeniou and Pontil, 2004); what only other departments' texts are about is one more topic. The second tells what any
text is about from what none is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.content.library import Library, Variant
from bot.content.plain import plain
from bot.encoder import unit
from bot.retrieval import hashed, kernel
from bot.retrieval.cache import Progress, VectorCache
from bot.retrieval.index import DepartmentIndex, Index
from bot.retrieval.meaning import Meaning
from bot.retrieval.wording import Wording

_PENALTY = 0.2
_OTHER_DEPARTMENT = 0.7
"""How alike questions of two departments are, beside 1 for those of one. Of 16,600, each left out in turn, 3.0 %
are put to a wrong topic, with 1 it is 4.9 %."""


@dataclass(frozen=True)
class Examples:
    """What residents write, and what it is about."""

    variants: Sequence[Variant]
    outside: Sequence[str]
    """What no department's text is about."""
    elsewhere: Sequence[str] = ()
    """What the text of the department that was asked isn't about, and another's may be."""


@dataclass(frozen=True)
class Passage:
    """A quote of a department's text, and the topic that it answers."""

    department: str
    topic: str
    text: str


def passages(library: Library) -> Iterator[Passage]:
    """What answers quote."""
    for name, department in library.departments.items():
        for topic, answer in department.answers.items():
            yield from (Passage(name, topic, citation.quote) for citation in answer.citations)


def build_index(
    library: Library, examples: Examples, cache: VectorCache, folder: Path, progress: Progress | None = None
) -> Index:
    """The index of these examples, the library's quotes and this encoder: read from `folder`, or built into it."""
    texts: list[Variant | Passage] = [*examples.variants, *passages(library)]
    known = [f"{each.department}/{each.topic}/{each.text}" for each in texts]
    known += [variant.language for variant in examples.variants]
    known += [*examples.outside, *(f"elsewhere/{text}" for text in examples.elsewhere)]
    code = hashed.source(__name__, kernel.__name__, *(each.__module__ for each in (Meaning, Wording, plain, Index)))
    made_from = (cache.path.name, cache.made_by, code, *known)
    return Index(hashed.kept(folder, "index", made_from, lambda: Learned(library, examples, cache, progress).arrays()))


class Learned:
    """What was learned from all examples; indexes are made of it, with some of the examples left out if need be."""

    def __init__(
        self, library: Library, examples: Examples, cache: VectorCache, progress: Progress | None = None
    ) -> None:
        """Compare all examples (half a minute, and gigabytes, for 43,000), once they are encoded."""
        variants = sorted(examples.variants, key=attrgetter("department", "topic"))
        self._passages = list(passages(library))
        self._texts = [*(each.text for each in variants), *examples.outside, *examples.elsewhere]
        # What each row speaks of: a department's topic, and "" where it is outside.
        others = [""] * (len(self._texts) - len(variants))
        self._topics = np.array([*(each.topic for each in variants), *others])
        self._departments = np.array([*(each.department for each in variants), *others])
        self._outside = np.arange(len(variants), len(variants) + len(examples.outside))
        vectors = cache.queries(self._texts, progress)
        self._passage_vectors = cache.passages([each.text for each in self._passages], progress)
        self._meaning = Meaning.fit(vectors[: len(variants)], [each.language for each in variants])
        self._vectors = self._meaning.of(vectors)
        self._wording, self._letters = Wording.fit(self._texts)
        self._inside = self._topics != ""
        # Every topic of every department counts the same, and all of them as much as what is outside.
        _, pairs = np.unique(np.char.add(self._departments, self._topics)[self._inside], return_inverse=True)
        count = kernel.balanced(pairs, np.ones(len(pairs), dtype=np.float32))
        alike = kernel.Likeness.between(self._vectors, self._letters)
        # Sorted by department, so that these stand together.
        _, starts = np.unique(self._departments[self._inside], return_index=True)
        questions = alike.first(len(variants), starts.tolist(), _OTHER_DEPARTMENT)
        self._which = kernel.Ridge(questions, count, _PENALTY)
        weights = np.ones(len(self._texts), dtype=np.float32)
        weights[self._inside] = count
        weights = kernel.balanced(self._inside.astype(np.int64), weights)
        self._whether = kernel.Ridge(alike, weights, _PENALTY)

    def index(self, unseen: Collection[str] = ()) -> Index:
        """The index without what was learned from the texts `unseen`; means, n-grams and weights are still of all."""
        return Index(self.arrays(unseen))

    def arrays(self, unseen: Collection[str] = ()) -> dict[str, NDArray[Any]]:
        """What an `Index` is made of (less than a minute)."""
        seen = ~np.isin(self._texts, list(unseen))
        passage_mean = self._passage_vectors.mean(axis=0)
        quotes = unit(self._passage_vectors - passage_mean)
        variants = self._letters[self._inside].tocsc()
        arrays: dict[str, NDArray[Any]] = {
            "query_mean": self._meaning.mean,
            "languages": self._meaning.languages,
            "passage_mean": passage_mean,
            "ngrams": self._wording.ngrams,
            "idf": self._wording.idf,
            "vectors": self._vectors.astype(np.float16),
            "wording_values": variants.data,
            "wording_rows": variants.indices,
            "wording_starts": variants.indptr,
            "outside": self._outside[seen[self._outside]],
        }
        names = np.unique(self._departments[self._inside]).tolist()
        owns = [seen & (self._departments == name) for name in names]
        each_topics = [np.unique(self._topics[own]) for own in owns]
        which = self._learned_which(each_topics, seen[self._inside])
        whether = self._learned_whether(seen)
        for name, own, topics, told in zip(names, owns, each_topics, which, strict=True):
            dual = np.zeros((len(seen), len(topics) + 2), dtype=np.float32)
            dual[self._inside, :-1] = told
            dual[self._inside & (self._departments != name), :-1] *= _OTHER_DEPARTMENT
            dual[:, -1] = whether
            quoted = [index for index, each in enumerate(self._passages) if each.department == name]
            places = {topic: place for place, topic in enumerate(topics.tolist())}
            part = DepartmentIndex(
                topics=topics,
                dual=dual,
                letters=kernel.of_ngrams(self._letters, dual),
                own=np.flatnonzero(own),
                own_topics=np.searchsorted(topics, self._topics[own]),
                passages=quotes[quoted],
                passage_topics=np.array([places[self._passages[index].topic] for index in quoted]),
            )
            arrays |= {f"{name}/{field.name}": np.asarray(getattr(part, field.name)) for field in fields(part)}
        return arrays

    def _learned_which(
        self, each_topics: Sequence[NDArray[np.str_]], seen: NDArray[np.bool_]
    ) -> list[NDArray[np.float32]]:
        """Of each department's topics (t,), and of all that it hasn't, the dual coefficients (questions, t + 1).

        From the questions `seen`.
        """
        topics, about = np.unique(self._topics[self._inside], return_inverse=True)
        told = self._which.learn(np.eye(len(topics), dtype=np.float32)[about], seen)
        owns = [np.isin(topics, own) for own in each_topics]
        return [np.column_stack([told[:, own], told[:, ~own].sum(axis=1)]) for own in owns]

    def _learned_whether(self, seen: NDArray[np.bool_]) -> NDArray[np.float32]:
        """The dual coefficients (n,) of whether any department's text is about a message, from the texts `seen`."""
        return self._whether.learn(np.where(self._inside, 1.0, -1.0).astype(np.float32)[:, None], seen)[:, 0]
