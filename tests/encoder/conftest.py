"""What the tests of the encoder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def one_thread() -> Iterator[None]:
    """What encodes for training has torch use two cores; the tests beside these have one each."""
    import torch

    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
