"""How alike two messages are, and what follows from that: kernel ridge regression.

The kernel adds two views of a message. What it means: a radial kernel on centred sentence vectors, under which a
message is only near what is really near it; a linear model on the same vectors put half of the questions that no text
answers among those it does (docs/architecture.md). How it is written: the inner product of its letters' n-grams.

One linear system is solved for everything that is learned from the same rows, each with a weight, so that a topic with
few variants counts as one with many. scikit-learn's `KernelRidge` factors it, which grows with the cube of the rows:
for 33,000 it takes several times as long as to solve it step by step.
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
_LANDMARKS = 2000
_JITTER = 1e-4
_TOLERANCE = 1e-4
"""Of a residual's length beside its target's. With 1e-6 the scores differ by less than 0.01, and it takes half as long
again."""
_STEPS = 500
"""Far more than are needed."""
_ROUNDS, _FEW = 8, 0.02
"""Of `separate`: how many fits at most, and which share of the rows may still change sides after the last."""


def by_meaning(cosines: Vectors, gamma: float = GAMMA) -> Vectors:
    """The kernel's share that sentence vectors have, of their cosines; same shape."""
    # MEANING * exp(gamma * (cosine - 1)) + BIAS, in as few passes as there can be: it is done for all pairs.
    alike = np.multiply(cosines, np.float32(gamma))
    alike += np.float32(math.log(MEANING) - gamma)
    np.exp(alike, out=alike)
    alike += np.float32(BIAS)
    return np.asarray(alike, dtype=np.float32)


def likeness(vectors: Vectors, wording: csr_matrix, gamma: float = GAMMA) -> NDArray[np.float32]:
    """The kernel (n, n) of rows (n, d) and (n, g), in blocks, or what it is made of would take twice its memory."""
    kernel = np.empty((len(vectors), len(vectors)), dtype=np.float32)

    def fill(start: int) -> None:
        block, before = slice(start, start + _BLOCK), slice(start + _BLOCK)
        alike = by_meaning(vectors[block] @ vectors[before].T, gamma)
        alike += (wording[block] @ wording[before].T).toarray()
        kernel[block, before] = alike
        kernel[before, block] = alike.T

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
    """The linear system of rows that are alike and count unequally, solved by conjugate gradients.

    What some of the rows say of all of them is nearly the whole system, and easily inverted: with that as a
    preconditioner (Nyström) some fifty steps are enough, each of them one product with the kernel.
    """

    def __init__(self, kernel: NDArray[np.float32], weights: NDArray[np.float32], penalty: float) -> None:
        """Of the `likeness` (n, n) of rows that count `weights` (n,)."""
        import torch

        self._kernel = torch.from_numpy(kernel)
        self._penalties = torch.from_numpy((penalty / weights).astype(np.float32))
        # Evenly, since rows that stand near each other are alike.
        some = torch.linspace(0, len(kernel) - 1, min(_LANDMARKS, len(kernel))).long()
        columns = self._kernel[:, some]
        among = columns[some].double()
        among.diagonal().add_(_JITTER)
        factor = torch.linalg.cholesky(among).float()
        self._nearly = torch.linalg.solve_triangular(factor, columns.T, upper=False)
        self._rest = (self._kernel.diagonal() - self._nearly.square().sum(dim=0)).clamp(min=0) + self._penalties

    def learn(self, targets: NDArray[np.float32], seen: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """Dual coefficients (n, k) for `targets` (n, k).

        `seen` (n,): the rows that are learned from, if not all; the coefficients of others are 0. Raises
        ArithmeticError.
        """
        import torch

        learned = torch.ones(len(targets), 1) if seen is None else torch.from_numpy(seen.astype(np.float32))[:, None]
        nearly = self._nearly * learned.T
        among = (nearly / self._rest) @ nearly.T
        among.diagonal().add_(1.0)
        factor = torch.linalg.cholesky(among)

        def nearly_solved(residual: torch.Tensor) -> torch.Tensor:
            """By the Woodbury identity."""
            scaled = residual / self._rest[:, None]
            explained = nearly.T @ torch.cholesky_solve(nearly @ scaled, factor)
            solved: torch.Tensor = scaled - explained / self._rest[:, None]
            return solved

        residual = torch.from_numpy(targets) * learned
        small = _TOLERANCE * residual.norm(dim=0)
        dual = torch.zeros_like(residual)
        step = nearly_solved(residual)
        size = (residual * step).sum(dim=0)
        for _ in range(_STEPS):
            product = (self._kernel @ step + self._penalties[:, None] * step) * learned
            # A target of zeros takes no step.
            length = size / (step * product).sum(dim=0).clamp(min=1e-30)
            dual += length * step
            residual -= length * product
            if bool((residual.norm(dim=0) <= small).all()):
                break
            better = nearly_solved(residual)
            size, before = (residual * better).sum(dim=0), size
            step = better + size / before.clamp(min=1e-30) * step
        else:
            raise ArithmeticError(
                f"the kernel of {len(targets)} rows can't be solved: it isn't positive, or not a number"
            )
        return np.asarray(dual.numpy(), dtype=np.float32)

    def separate(self, signs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Dual coefficients (n,) of a support vector machine for `signs` (n,), each 1 or -1; most of them 0.

        With a squared hinge loss, what is on its side by more than 1 needn't be known: the fit to the others, chosen
        anew until they hardly change, is Newton's method (Chapelle, "Training a Support Vector Machine in the Primal",
        2007). Raises ArithmeticError.
        """
        import torch

        within, dual = np.ones(len(signs), dtype=bool), np.zeros(len(signs), dtype=np.float32)
        for _ in range(_ROUNDS):
            dual = self.learn(signs[:, None], within)[:, 0]
            near = signs * (self._kernel @ torch.from_numpy(dual)).numpy() < 1
            changed, within = np.count_nonzero(near != within), near
            if changed <= _FEW * len(signs):
                break
        return dual


class Rows:
    """Unit vectors to compare messages with, in half precision.

    One message is compared with tens of thousands, which takes as long as to read them; cosines are off by less than
    0.0005.
    """

    def __init__(self, vectors: Vectors) -> None:
        """`vectors` (n, d), or the same in float16."""
        import torch

        self._halves = torch.from_numpy(vectors.astype(np.float16))

    def __len__(self) -> int:
        return len(self._halves)

    def cosines(self, vector: Vectors) -> Vectors:
        """(n,), of a unit vector (d,) with all rows."""
        import torch

        return np.asarray(torch.mv(self._halves, torch.from_numpy(vector).half()).float().numpy(), dtype=np.float32)


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
