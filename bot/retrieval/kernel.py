"""How alike two messages are, and what follows from that: kernel ridge regression.

The kernel adds two views of a message. What it means: a radial kernel on centred sentence vectors, under which a
message is only near what is really near it; a linear model on the same vectors put half of the questions that no text
answers among those it does (docs/architecture.md). How it is written: the inner product of its letters' n-grams.

One linear system is solved for everything that is learned from the same rows, each with a weight, so that a topic with
few variants counts as one with many; what would have been learned without some of the rows follows from it.
scikit-learn's `KernelRidge` does the former on a copy of the kernel, and not the latter.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from bot.encoder import Vectors

MEANING = 3.0
"""Weight of the sentence vectors, beside 1 for the wording."""
GAMMA = 1.5
"""How fast likeness falls off: exp(gamma * (cosine - 1)); for topics. The safety net has its own."""
BIAS = 0.1
# Chosen by leaving out each variant in turn, and on the calibration questions; with 32,000 rows, 3 and 5 do no better.
_BLOCK = 1024


def by_meaning(cosines: Vectors, gamma: float = GAMMA) -> Vectors:
    """The kernel's share that sentence vectors have, of their cosines; same shape."""
    # MEANING * exp(gamma * (cosine - 1)) + BIAS, in as few passes as there can be: it is done for all pairs.
    alike = np.multiply(cosines, np.float32(gamma))
    alike += np.float32(math.log(MEANING) - gamma)
    np.exp(alike, out=alike)
    alike += np.float32(BIAS)
    return np.asarray(alike, dtype=np.float32)


def likeness(vectors: Vectors, wording: csr_matrix, gamma: float = GAMMA) -> NDArray[np.float32]:
    """The kernel (n, n) of rows (n, d) and (n, g), which is symmetric: its lower triangle, above which is nothing.

    In blocks, or what it is made of would take twice its memory.
    """
    kernel = np.zeros((len(vectors), len(vectors)), dtype=np.float32)

    def fill(start: int) -> None:
        block, before = slice(start, start + _BLOCK), slice(start + _BLOCK)
        kernel[block, before] = by_meaning(vectors[block] @ vectors[before].T, gamma)
        kernel[block, before] += (wording[block] @ wording[before].T).toarray()

    # SciPy multiplies on one core, and lets another thread do so on the next.
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(fill, range(0, len(kernel), _BLOCK)))
    return kernel


def nearest(rows: Vectors, others: Vectors, share: float) -> NDArray[np.int64]:
    """A `share` of `rows` (n, d), in their order: those most like their three nearest of `others` (m, d)."""
    few = min(3, len(others))
    likest = [np.partition(block @ others.T, -few, axis=1)[:, -few:].mean(axis=1) for block in np.array_split(rows, 32)]
    order = np.argsort(-np.concatenate(likest), kind="stable")
    return np.sort(order[: math.ceil(share * len(rows))])


class Ridge:
    """The linear system of rows that are alike and count unequally: factored once, learned from many times."""

    def __init__(self, kernel: NDArray[np.float32], weights: NDArray[np.float32], penalty: float) -> None:
        """Of the `likeness` (n, n) of rows that count `weights` (n,): its lower triangle.

        Overwrites `kernel`, which is gigabytes: hand it a copy if it is needed again.
        """
        import torch

        kernel[np.diag_indices_from(kernel)] += penalty / weights
        # Not SciPy's: the OpenBLAS in its wheel crashes on more than 25,000 rows.
        self._factor = torch.from_numpy(kernel)
        torch.linalg.cholesky(self._factor, out=self._factor)

    def learn(self, targets: NDArray[np.float32]) -> NDArray[np.float32]:
        """Dual coefficients (n, k) for `targets` (n, k)."""
        import torch

        return np.asarray(torch.cholesky_solve(torch.from_numpy(targets), self._factor).numpy(), dtype=np.float32)


def ones(n: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Targets (n, m) from which the columns of some `rows` (m,) of a system's inverse are learned: for `left_out`."""
    targets = np.zeros((n, len(rows)), dtype=np.float32)
    targets[rows, np.arange(len(rows))] = 1.0
    return targets


def left_out(dual: NDArray[np.float32], inverse: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """What `dual` (n, k) had been if `rows` (m,) had not been learned; theirs become 0. `inverse`: of those rows."""
    rest = np.asarray(dual - inverse @ np.linalg.solve(inverse[rows], dual[rows]), dtype=np.float32)
    rest[rows] = 0.0
    return rest


def of_ngrams(wording: csr_matrix, dual: Vectors) -> Vectors:
    """What each n-gram speaks for, (g, k): the wording's share of the kernel, summed up once over the rows (n, g)."""
    return np.asarray(wording.T @ dual, dtype=np.float32)


def scores(
    cosines: Vectors,
    wording: tuple[NDArray[np.int64], Vectors],
    dual: NDArray[np.floating[Any]],
    ngrams: Vectors,
    gamma: float = GAMMA,
) -> Vectors:
    """(k,), for a message's cosines (n,) with the rows of a fit and its wording; `ngrams` is what `of_ngrams` made.

    Fastest with a `dual` (n, k) in float64.
    """
    indexes, values = wording
    # In double precision: what speaks for a topic and against it is much greater than what is left of them.
    return np.asarray(by_meaning(cosines, gamma).astype(np.float64) @ dual + values @ ngrams[indexes], dtype=np.float32)


def balanced(classes: NDArray[np.int64], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """`weights` (n,) scaled so that each class has the same total, and their mean is 1."""
    totals = np.bincount(classes, weights=weights)
    scaled = weights / totals[classes]
    return np.asarray(scaled * len(scaled) / scaled.sum(), dtype=np.float32)
