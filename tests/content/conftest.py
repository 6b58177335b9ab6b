"""A small content folder to break, and the real content."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_content import Content, build

from bot.content.library import Library, inspect
from bot.settings import ROOT


@pytest.fixture
def content(tmp_path: Path) -> Content:
    """A valid content folder with one department, one document, its translation and two topics."""
    return build(tmp_path / "data")


@pytest.fixture(scope="session")
def real() -> Library:
    """The content that is served."""
    return inspect(ROOT / "data")[0]
