"""How a message is written, letter by letter: what the sentence vector misses in "kiero", "polisia" and "la migra".

Character n-grams of two to five letters inside words, weighted by tf-idf over the question variants of both languages.
Since the variants are in both, this helps in each; over the English passages alone it would hurt Spanish.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.content.plain import plain

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_COMMON = 0.05
"""Share of the texts from which an n-gram says nothing: without those as many of the calibration questions are answered
right and as many emergencies found, and to compare all texts takes a third of the time."""
_SHORTEST, _LONGEST = 2, 5


def ngrams(text: str) -> Iterator[str]:
    """Those of the words of `text`, each word between two spaces, a short one whole (scikit-learn's `char_wb`)."""
    for word in plain(text).split():
        yield from _of_word(word)


def _of_word(word: str) -> Iterator[str]:
    padded = f" {word} "
    for length in range(_SHORTEST, _LONGEST + 1):
        if length >= len(padded):
            yield padded
            break
        for start in range(len(padded) - length + 1):
            yield padded[start : start + length]


class Wording:
    """Texts as sparse rows, shape (texts, n-grams), each of length 1."""

    def __init__(self, ngrams: NDArray[np.str_], idf: NDArray[np.float64]) -> None:
        """`ngrams` (g,) and their weights (g,), as `fit` found them."""
        self.ngrams = ngrams
        self.idf = idf
        self._places = {gram: index for index, gram in enumerate(ngrams.tolist())}

    @classmethod
    def fit(cls, texts: Sequence[str], most: float = _COMMON) -> tuple[Wording, csr_matrix]:
        """The n-grams that at least two of `texts` have, and at most that share of them, or 50; and the texts' rows."""
        from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

        # Texts have their words in common, so n-grams are counted once for each word: a quarter of the time.
        words = CountVectorizer(analyzer=lambda text: plain(text).split(), dtype=np.float32)
        of_texts = words.fit_transform(texts)
        grams = CountVectorizer(analyzer=_of_word, dtype=np.float32)
        of_words = grams.fit_transform(words.get_feature_names_out())
        counts = (of_texts @ of_words).tocsc()
        texts_with = np.diff(counts.indptr)
        kept = np.flatnonzero((texts_with >= 2) & (texts_with <= max(int(most * len(texts)), 50)))
        weighting = TfidfTransformer(sublinear_tf=True)
        rows = weighting.fit_transform(counts[:, kept].tocsr())
        return cls(grams.get_feature_names_out()[kept].astype(str), weighting.idf_), rows

    def row(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """One text: the indexes of its n-grams and their values, as in its row of a fit."""
        places = self._places
        counts = Counter(places[gram] for gram in ngrams(text) if gram in places)
        indexes = np.fromiter(counts, dtype=np.int64, count=len(counts))
        values = (1 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))) * self.idf[indexes]
        return indexes, np.asarray(values / max(float(np.linalg.norm(values)), 1e-12), dtype=np.float32)
