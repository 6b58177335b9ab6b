"""Guards what is learned: the solution of the linear system, from all of its rows or some."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, random_array

from bot.retrieval import kernel

PENALTY = 0.3
GROUPS, FACTOR = [0, 11, 26], 0.7
System = tuple[kernel.Likeness, NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def alike_in_groups(alike: NDArray[np.float32]) -> NDArray[np.float32]:
    """How alike rows (40, 40) are, those of different groups less."""
    group = np.searchsorted(GROUPS, np.arange(40), side="right")
    return alike * np.where(group[:, None] == group, 1, FACTOR).astype(np.float32)


@pytest.fixture(autouse=True)
def exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Solved further than it is for residents: here it is the method that is looked at."""
    monkeypatch.setattr(kernel, "_TOLERANCE", 1e-5)
    monkeypatch.setattr(kernel, "_ROUGHLY", 1e-5)


@pytest.fixture(params=["alike", "in groups"])
def system(request: pytest.FixtureRequest) -> System:
    """How alike 40 rows are, as it is learned from and multiplied out, what each counts, and three targets."""
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(40, 12)).astype(np.float32)
    weights = chance.uniform(0.2, 2.0, 40).astype(np.float32)
    wording = random_array((40, 30), density=0.2, rng=chance, dtype=np.float32)
    meaning = rows @ rows.T + np.eye(40, dtype=np.float32)
    likeness = kernel.Likeness(torch.from_numpy(meaning), csr_matrix(wording))
    alike = meaning + (wording @ wording.T).toarray()
    if request.param == "in groups":
        likeness, alike = likeness.first(40, GROUPS, FACTOR), alike_in_groups(alike)
    return likeness, alike, weights, chance.normal(size=(40, 3)).astype(np.float32)


@pytest.fixture(params=[2000, 15])
def landmarks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows of the system stand for it, or some."""
    monkeypatch.setattr(kernel, "_LANDMARKS", request.param)
    monkeypatch.setattr(kernel, "_LANDMARKS_ROUGHLY", request.param)


@pytest.mark.usefixtures("landmarks")
def test_what_is_learned_solves_the_system(system: System) -> None:
    likeness, alike, weights, targets = system
    dual = kernel.Ridge(likeness, weights, PENALTY).learn(targets)
    exact = np.linalg.solve(alike + np.diag(PENALTY / weights), targets)
    np.testing.assert_allclose(alike @ dual, alike @ exact, atol=2e-3)
    np.testing.assert_allclose(
        alike @ kernel.Ridge(likeness, weights, PENALTY).learn(targets, begin=dual + 0.1), alike @ exact, atol=2e-3
    )


@pytest.mark.usefixtures("landmarks")
def test_rows_that_are_not_seen_are_rows_never_learned(system: System) -> None:
    likeness, alike, weights, targets = system
    seen = ~np.isin(np.arange(40), [3, 4, 17, 39])
    dual = kernel.Ridge(likeness, weights, PENALTY).learn(targets, seen)
    rest = alike[np.ix_(seen, seen)]
    exact = np.linalg.solve(rest + np.diag(PENALTY / weights[seen]), targets[seen])
    np.testing.assert_allclose(rest @ dual[seen], rest @ exact, atol=2e-3)
    assert not dual[~seen].any()


def test_what_nothing_is_learned_of_is_zero(system: System) -> None:
    likeness, _, weights, targets = system
    targets[:, 1] = 0
    dual = kernel.Ridge(likeness, weights, PENALTY).learn(targets)
    assert np.isfinite(dual).all()
    assert not dual[:, 1].any()


def test_what_cannot_be_solved_is_an_error_and_not_a_result(system: System) -> None:
    likeness, _, weights, targets = system
    targets[3, 0] = np.nan
    with pytest.raises(ArithmeticError):
        kernel.Ridge(likeness, weights, PENALTY).learn(targets)


@pytest.mark.usefixtures("landmarks")
def test_a_machine_is_supported_by_those_rows_that_are_not_surely_on_their_side(system: System) -> None:
    likeness, alike, weights, targets = system
    signs = np.where(targets[:, 0] > 0, 1, -1).astype(np.float32)
    dual = kernel.separate(likeness, signs, weights, PENALTY)
    # Where a squared hinge loss is least, each row's coefficient is what it lacks.
    lacks = np.maximum(1 - signs * (alike @ dual), 0)
    np.testing.assert_allclose(signs * dual, lacks * weights / PENALTY, atol=5e-3)
    assert 0 < np.count_nonzero(dual) < len(dual)


def test_rows_in_half_precision_say_the_same_cosines() -> None:
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(2000, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vector = vectors[0] * np.float32(0.8) + vectors[1] * np.float32(0.6)
    cosines = kernel.Rows(vectors).cosines(vector)
    assert cosines.dtype == np.float32
    np.testing.assert_allclose(cosines, vectors @ vector, atol=5e-4)
    np.testing.assert_array_equal(kernel.Rows(vectors.astype(np.float16)).cosines(vector), cosines)


def test_likeness_is_meaning_and_wording() -> None:
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(1500, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    wording = random_array((1500, 50), density=0.1, rng=chance, dtype=np.float32)
    expected = kernel.by_meaning(torch.from_numpy(vectors @ vectors.T)).numpy() + (wording @ wording.T).toarray()
    alike = kernel.Likeness.between(vectors, csr_matrix(wording))
    each = torch.eye(1500)
    np.testing.assert_allclose(alike.times(each), expected, atol=1e-4)
    np.testing.assert_allclose(alike.diagonal(), np.diag(expected), atol=1e-4)
    some = np.array([3, 77, 1400])
    np.testing.assert_allclose(alike.columns(some), expected[:, some], atol=1e-4)
    np.testing.assert_allclose(alike.among(some).times(each[:3, :3]), expected[np.ix_(some, some)], atol=1e-4)
    np.testing.assert_allclose(alike.first(9).times(each[:9, :9]), expected[:9, :9], atol=1e-4)


def test_the_nearest_are_those_most_like_their_three_likest() -> None:
    others = np.eye(4, dtype=np.float32)
    rows = np.array(
        [[0.1] * 4, [0.5, 0.5, 0.5, 0], [1, 0, 0, 0], [0.4, 0.4, 0.4, 0.4], [-1, 0, 0, 0]], dtype=np.float32
    )
    assert kernel.nearest(rows, others, 0.5).tolist() == [1, 2, 3]  # a half of five, rounded up; 1/3 is above 0.1
    assert kernel.nearest(rows, others, 0.4).tolist() == [1, 3]
    assert kernel.nearest(rows, others[:1], 0.4).tolist() == [1, 2]


def test_each_class_counts_the_same() -> None:
    classes, weights = np.array([0, 0, 0, 1]), np.array([1, 1, 2, 1], dtype=np.float32)
    scaled = kernel.balanced(classes, weights)
    np.testing.assert_allclose(np.bincount(classes, weights=scaled), [2, 2])
    assert scaled[2] == pytest.approx(2 * scaled[0])
