"""A small content folder to break, and the real content."""

from __future__ import annotations

import pytest
import real_content
import small_content

from bot.content.library import Library

content = small_content.content


@pytest.fixture(scope="session")
def real() -> Library:
    """The content that is served."""
    return real_content.real()
