"""How alike two messages are, and what follows from that: kernel ridge regression.

The kernel adds two views of a message. What it means: a radial kernel on centred sentence vectors, under which a
message is only near what is really near it; a linear model on the same vectors put half of the questions that no text
answers among those it does (docs/architecture.md). How it is written: the inner product of its letters' n-grams.

The fit solves one linear system for everything that is learned from the same rows, each with a weight, so that a topic
with few variants counts as one with many. scikit-learn's `KernelRidge` does the same on a copy of the kernel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from bot.encoder import Vectors

MEANING = 3.0
"""Weight of the sentence vectors, beside 1 for the wording."""
GAMMA = 1.5
"""How fast likeness falls off: exp(GAMMA * (cosine - 1))."""
PENALTY = 0.4
BIAS = 0.1
# Chosen by leaving out each variant in turn, and on the calibration questions.
_BLOCK = 1024


def by_meaning(cosines: Vectors) -> Vectors:
    """The kernel's share that sentence vectors have, of their cosines; same shape."""
    return np.asarray(MEANING * np.exp(GAMMA * (cosines - 1.0)) + BIAS, dtype=np.float32)


def likeness(vectors: Vectors, wording: csr_matrix) -> NDArray[np.float32]:
    """The kernel (n, n) of rows (n, d) and (n, g); in blocks, or what it is made of would take twice its memory."""
    kernel = np.empty((len(vectors), len(vectors)), dtype=np.float32)
    for start in range(0, len(kernel), _BLOCK):
        block, rest = slice(start, start + _BLOCK), slice(start, None)
        kernel[block, rest] = (
            by_meaning(vectors[block] @ vectors[rest].T) + (wording[block] @ wording[rest].T).toarray()
        )
        kernel[rest, block] = kernel[block, rest].T
    return kernel


def fit(kernel: NDArray[np.float32], targets: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Dual coefficients (n, k) for `targets` (n, k), from the `likeness` (n, n) of rows that count `weights` (n,).

    Overwrites `kernel`, which is hundreds of megabytes: hand it a copy if it is needed again.
    """
    import torch

    kernel[np.diag_indices_from(kernel)] += PENALTY / weights
    # Not SciPy's: the OpenBLAS in its wheel crashes on more than 25,000 rows.
    factor = torch.from_numpy(kernel)
    torch.linalg.cholesky(factor, out=factor)
    return np.asarray(torch.cholesky_solve(torch.from_numpy(targets), factor).numpy(), dtype=np.float32)


def of_ngrams(wording: csr_matrix, dual: Vectors) -> Vectors:
    """What each n-gram speaks for, (g, k): the wording's share of the kernel, summed up once over the rows (n, g)."""
    return np.asarray(wording.T @ dual, dtype=np.float32)


def scores(cosines: Vectors, wording: tuple[NDArray[np.int64], Vectors], dual: Vectors, ngrams: Vectors) -> Vectors:
    """(k,), for a message's cosines (n,) with the rows of a fit and its wording; `ngrams` is what `of_ngrams` made."""
    indexes, values = wording
    return np.asarray(by_meaning(cosines) @ dual + values @ ngrams[indexes], dtype=np.float32)


def balanced(classes: NDArray[np.int64], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """`weights` (n,) scaled so that each class has the same total, and their mean is 1."""
    totals = np.bincount(classes, weights=weights)
    scaled = weights / totals[classes]
    return np.asarray(scaled * len(scaled) / scaled.sum(), dtype=np.float32)
