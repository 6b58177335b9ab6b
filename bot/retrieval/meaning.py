"""What a message means: its sentence vector without what all messages share, and without the language it is in.

Vectors of one language lie a little to one side, whatever they say: a Spanish question is nearer to any other Spanish
one than it should be. Without that direction, one variant in twelve less was put to the wrong topic.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bot.encoder import Vectors, unit


class Meaning:
    """Centres vectors on those it was fitted to."""

    def __init__(self, mean: Vectors, languages: Vectors) -> None:
        """`mean` (d,); `languages` (l - 1, d): orthonormal, in which the means of l languages differ."""
        self.mean = mean
        self.languages = languages

    @classmethod
    def fit(cls, vectors: Vectors, languages: Sequence[str]) -> Meaning:
        """From vectors (n, d) of messages, and the language of each."""
        mean = vectors.mean(axis=0)
        codes = np.array(languages)
        centred = unit(np.asarray(vectors - mean, dtype=np.float32))
        means = np.stack([centred[codes == code].mean(axis=0) for code in sorted(set(languages))])
        _, _, directions = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
        return cls(mean, directions[: len(means) - 1])

    def of(self, vectors: Vectors) -> Vectors:
        """Of length 1, in the shape of `vectors` (…, d)."""
        centred = unit(np.asarray(vectors - self.mean, dtype=np.float32))
        return unit(np.asarray(centred - centred @ self.languages.T @ self.languages, dtype=np.float32))
