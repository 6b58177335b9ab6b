"""How alike two messages are, and what follows from that: kernel ridge regression.

The kernel adds two views of a message. What it means: a radial kernel on centred sentence vectors, under which a
message is only near what is really near it; a linear model on the same vectors put half of the questions that no text
answers among those it does (docs/measurements.md). How it is written: the inner product of its letters' n-grams.

One linear system is solved for everything that is learned from the same rows, each with a weight, so that a topic with
few variants counts as one with many. scikit-learn's `KernelRidge` factors it, which grows with the cube of the rows:
for 33,000 it takes several times as long as to solve it step by step.
"""

from __future__ import annotations

import contextlib
import math
import mmap
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from bot.encoder import Vectors

if TYPE_CHECKING:
    import torch

MEANING = 3.0
"""Weight of the sentence vectors, beside 1 for the wording."""
GAMMA = 1.5
"""How fast likeness falls off: exp(gamma * (cosine - 1)); for topics. The safety net has its own."""
BIAS = 0.1
# Chosen by leaving out each variant in turn, and on the calibration questions; with 32,000 rows, a
# GAMMA of 3 or 5 did no better.
_TILE = 512
"""Rows and columns of the kernel that are made at once, so that they stay in a core's cache while they are."""
_LANDMARKS, _LANDMARKS_ROUGHLY = 2000, 500
"""Rows that stand for all: many where many steps follow, few in the fits of `separate`, which end after some steps."""
_JITTER = 1e-4
_TOLERANCE = 1e-3
"""Of a residual's length beside its target's. With 1e-4 the scores differ by 0.005 at most, and it takes a third
longer."""
_STEPS = 500
"""Far more than are needed."""
_ROUNDS, _FEW, _ROUGHLY = 20, 0.02, 1e-2
"""Of `separate`: how many fits at most before the last, which share of the rows may still change sides after them (the
scores are within 0.03 of those of none), and their tolerance."""
_EACH, _FEW_OF_SOME = 3, 0.1
"""Which rows it begins with, and which share of these may still change sides."""


def by_meaning(cosines: torch.Tensor, gamma: float = GAMMA) -> torch.Tensor:
    """The kernel's share that sentence vectors have, of their cosines; same shape."""
    # MEANING * exp(gamma * (cosine - 1)) + BIAS, in as few passes as there can be: it is done for all pairs.
    return (cosines * gamma).add_(math.log(MEANING) - gamma).exp_().add_(BIAS)


def _square(size: int) -> torch.Tensor:
    """(size, size), to be filled; of large pages where the system has them, as thousands of rows are gigabytes: to get
    these in pages of 4 KB takes longer than to fill them.
    """
    import torch

    memory = mmap.mmap(-1, size * size * torch.float32.itemsize, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a system without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(memory, dtype=torch.float32).view(size, size)


class Likeness:
    """How alike rows are to each other: the kernel (n, n) of their vectors and their wording.

    The share of the wording is the product of sparse rows, and stays that: to multiply it out takes as long as all
    else, and to multiply with its rows, one after the other, next to nothing.
    """

    def __init__(
        self, meaning: torch.Tensor, wording: csr_matrix, starts: Sequence[int] = (0,), factor: float = 1.0
    ) -> None:
        """The share of the vectors (n, n), multiplied out, and the rows (n, g) of the wording.

        `starts`: rows may stand in groups, of which these are the first ones; those of two groups are less alike by a
        factor.
        """
        self._meaning = meaning
        self._wording = wording
        self._groups = [slice(*pair) for pair in pairwise([*starts, len(meaning)])]
        self._ngrams = [wording[group].T.tocsr() for group in self._groups]
        self._factor = factor

    @classmethod
    def between(cls, vectors: Vectors, wording: csr_matrix, gamma: float = GAMMA) -> Likeness:
        """That of rows (n, d) and (n, g)."""
        import torch

        rows = torch.from_numpy(vectors)
        meaning = _square(len(rows))
        tiles = [slice(start, start + _TILE) for start in range(0, len(rows), _TILE)]

        def compare(number: int) -> None:
            these = tiles[number]
            for those in tiles[: number + 1]:
                tile = by_meaning(rows[these] @ rows[those].T, gamma)
                meaning[these, those] = tile
                meaning[those, these] = tile.T

        # A core for each tile, not all for one: what waits for another after each step waits long while Rasa trains.
        threads = torch.get_num_threads()
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as cores:
            list(cores.map(compare, reversed(range(len(tiles)))))
        torch.set_num_threads(threads)
        return cls(meaning, wording)

    def __len__(self) -> int:
        return len(self._meaning)

    def first(self, size: int, starts: Sequence[int] = (0,), factor: float = 1.0) -> Likeness:
        """That of the first rows to each other, without a copy; `starts` and `factor` as above."""
        return Likeness(self._meaning[:size, :size], self._wording[:size], starts, factor)

    def among(self, rows: NDArray[np.int64]) -> Likeness:
        """That of some of the rows, in their order, to each other."""
        import torch

        if len(rows) == len(self):
            return self
        places = torch.from_numpy(rows)
        starts = np.searchsorted(rows, [group.start for group in self._groups]).tolist()
        return Likeness(self._meaning[places[:, None], places], self._wording[rows], starts, self._factor)

    def diagonal(self) -> torch.Tensor:
        """(n,): how alike each row is to itself."""
        import torch

        wording = self._wording.multiply(self._wording).sum(axis=1)
        return self._meaning.diagonal() + torch.from_numpy(np.asarray(wording, dtype=np.float32).ravel())

    def columns(self, some: NDArray[np.int64]) -> torch.Tensor:
        """(n, s): how alike all rows are to `some` (s,) of them."""
        import torch

        columns = self._meaning[:, torch.from_numpy(some)]
        columns += torch.from_numpy((self._wording @ self._wording[some].T).toarray())
        for group in self._groups:
            columns[group, torch.from_numpy((some < group.start) | (some >= group.stop))] *= self._factor
        return columns

    def times(self, values: torch.Tensor) -> torch.Tensor:
        """The kernel's product (n, k) with `values` (n, k)."""
        import torch

        spoken = [ngrams @ values[group].numpy() for ngrams, group in zip(self._ngrams, self._groups, strict=True)]
        by_others = self._factor * sum(spoken)
        product = torch.empty_like(values)
        for group, own in zip(self._groups, spoken, strict=True):
            scaled = values * self._factor
            scaled[group] = values[group]
            product[group] = self._meaning[group] @ scaled
            product[group] += torch.from_numpy(self._wording[group] @ (by_others + (1 - self._factor) * own))
        return product


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

    def __init__(
        self, alike: Likeness, weights: NDArray[np.float32], penalty: float, landmarks: int | None = None
    ) -> None:
        """Of rows that count `weights` (n,); `landmarks`: how many stand for all, `_LANDMARKS` if nothing is said."""
        import torch

        self._alike = alike
        self._penalties = torch.from_numpy((penalty / weights).astype(np.float32))
        # Evenly, since rows that stand near each other are alike.
        some = np.linspace(0, len(alike) - 1, min(landmarks or _LANDMARKS, len(alike))).astype(np.int64)
        columns = alike.columns(some)
        among = columns[torch.from_numpy(some)].double()
        among.diagonal().add_(_JITTER)
        factor = torch.linalg.cholesky(among).float()
        self._nearly = torch.linalg.solve_triangular(factor, columns.T, upper=False)
        self._rest = (alike.diagonal() - self._nearly.square().sum(dim=0)).clamp(min=0) + self._penalties

    def learn(
        self,
        targets: NDArray[np.float32],
        seen: NDArray[np.bool_] | None = None,
        begin: NDArray[np.float32] | None = None,
        tolerance: float | None = None,
    ) -> NDArray[np.float32]:
        """Dual coefficients (n, k) for `targets` (n, k).

        `seen` (n,): the rows that are learned from, if not all; the coefficients of others are 0. `begin` (n, k): what
        they will be, nearly. `tolerance`: `_TOLERANCE`, if it is no other. Raises ArithmeticError.
        """
        import torch

        learned = torch.ones(len(targets), 1) if seen is None else torch.from_numpy(seen.astype(np.float32))[:, None]
        nearly = self._nearly * learned.T
        among = (nearly / self._rest) @ nearly.T
        among.diagonal().add_(1.0)
        factor = torch.linalg.cholesky(among)

        def product(values: torch.Tensor) -> torch.Tensor:
            return (self._alike.times(values) + self._penalties[:, None] * values) * learned

        def nearly_solved(residual: torch.Tensor) -> torch.Tensor:
            """By the Woodbury identity."""
            scaled = residual / self._rest[:, None]
            explained = nearly.T @ torch.cholesky_solve(nearly @ scaled, factor)
            solved: torch.Tensor = scaled - explained / self._rest[:, None]
            return solved

        residual = torch.from_numpy(targets) * learned
        small = (tolerance or _TOLERANCE) * residual.norm(dim=0)
        dual = torch.zeros_like(residual)
        if begin is not None:
            dual = torch.from_numpy(begin) * learned
            residual -= product(dual)
        step = nearly_solved(residual)
        size = (residual * step).sum(dim=0)
        for _ in range(_STEPS):
            moved = product(step)
            # A target of zeros takes no step.
            length = size / (step * moved).sum(dim=0).clamp(min=1e-30)
            dual += length * step
            residual -= length * moved
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


def separate(
    alike: Likeness, signs: NDArray[np.float32], weights: NDArray[np.float32], penalty: float
) -> NDArray[np.float32]:
    """Dual coefficients (n,) of a support vector machine for `signs` (n,), each 1 or -1; most of them 0.

    With a squared hinge loss, what is on its side by more than 1 needn't be known: the fit to the others, chosen anew
    until they hardly change, is Newton's method (Chapelle, "Training a Support Vector Machine in the Primal", 2007).
    Only the last fit has to be exact. Raises ArithmeticError.
    """
    import torch

    some, dual = np.arange(len(signs)) % _EACH == 0, np.zeros(len(signs), dtype=np.float32)
    within = np.flatnonzero(some)

    def fit(tolerance: float) -> None:
        supporting = Ridge(alike.among(within), weights[within], penalty, _LANDMARKS_ROUGHLY)
        learned = supporting.learn(signs[within, None], begin=dual[within, None], tolerance=tolerance)
        dual[:] = 0
        dual[within] = learned[:, 0]

    # Some first, which show where the border is: most of the others are far from it, and are never fitted to.
    for shown, few in ((some, _FEW_OF_SOME), (np.ones_like(some), _FEW)):
        for _ in range(_ROUNDS):
            fit(_ROUGHLY)
            scores = alike.times(torch.from_numpy(dual)[:, None])[:, 0].numpy()
            near = np.flatnonzero(shown & (signs * scores < 1))
            changed, within = len(np.setxor1d(near, within, assume_unique=True)), near
            if changed <= few * np.count_nonzero(shown):
                break
    fit(_TOLERANCE)
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

        # `torch.mv` takes three times as long where a processor computes in half precision (AVX512-FP16).
        cosines = torch.nn.functional.linear(torch.from_numpy(vector).half(), self._halves)
        return np.asarray(cosines.float().numpy(), dtype=np.float32)


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
    import torch

    indexes, values = wording
    # In double precision: what speaks for a topic and against it is much greater than what is left of them.
    alike = by_meaning(torch.from_numpy(cosines), gamma).double().numpy()
    return np.asarray(alike @ dual + values @ ngrams[indexes], dtype=np.float32)


def balanced(classes: NDArray[np.int64], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """`weights` (n,) scaled so that each class has the same total, and their mean is 1."""
    totals = np.bincount(classes, weights=weights)
    scaled = weights / totals[classes]
    return np.asarray(scaled * len(scaled) / scaled.sum(), dtype=np.float32)
