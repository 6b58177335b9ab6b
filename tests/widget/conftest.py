"""Fixtures of the tests of the residents' pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import Browser, Page
from visiting import PHONE, Browsing, Visit

if TYPE_CHECKING:
    from tests.conftest import Server


@pytest.fixture
async def browsing(browser: Browser, server: Server) -> AsyncIterator[Browsing]:
    """Whatever a page complains of, or asks elsewhere, fails the test at its end."""
    browsing = Browsing(browser, server)
    yield browsing
    for context in browsing.contexts:
        await context.close()
    assert browsing.complaints == []
    assert browsing.elsewhere == []


@pytest.fixture
def visit(browsing: Browsing) -> Visit:
    """`await visit(path, size, locale)`: a page in a window of its own."""

    async def open_page(
        path: str = "/chat/kent-wa",
        size: tuple[int, int] = PHONE,
        locale: str = "es-MX",
        quiet: bool = False,
        **options: Any,
    ) -> Page:
        return await browsing.open(await browsing.context(size, locale, **options), path, quiet)

    return open_page
