"""What the tests of the encoder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def one_core() -> None:
    """Torch uses one core: the tests beside these need the others, and more threads than cores wait for each other."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def one_thread(one_core: None) -> Iterator[None]:
    """Again after the test, too, which has two threads encode for training."""
    import torch

    yield
    torch.set_num_threads(1)
