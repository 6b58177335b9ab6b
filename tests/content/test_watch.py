"""A change of the content reaches whoever serves it within seconds; a broken one doesn't, and is logged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from small_content import Content

from bot.content.library import Library
from bot.content.watch import PERIOD_S, watch


@pytest.fixture
async def changes(content: Content) -> AsyncIterator[asyncio.Queue[Library]]:
    """What the watcher of the small content has reported."""
    found: asyncio.Queue[Library] = asyncio.Queue()
    task = asyncio.create_task(watch(content.root, found.put_nowait))
    await asyncio.sleep(PERIOD_S / 2)  # it has looked once
    yield found
    task.cancel()


async def test_a_topic_that_is_switched_off_is_off(content: Content, changes: asyncio.Queue[Library]) -> None:
    content.replace("answers/language.yml", "enabled: true", "enabled: false")
    library = await asyncio.wait_for(changes.get(), 20 * PERIOD_S)
    assert not library.departments["small-town"].answers["language"].enabled
    assert library.departments["small-town"].answers["asking"].enabled


async def test_broken_content_is_not_served_and_the_log_says_which_line(
    content: Content, changes: asyncio.Queue[Library], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        content.replace("answers/language.yml", "enabled: true", "enabled: perhaps")
        await asyncio.sleep(4 * PERIOD_S)
    assert changes.empty()
    assert "language.yml:2" in caplog.text
    content.replace("answers/language.yml", "enabled: perhaps", "enabled: false")
    library = await asyncio.wait_for(changes.get(), 20 * PERIOD_S)
    assert not library.departments["small-town"].answers["language"].enabled


async def test_a_changed_text_is_told_in_the_log(
    content: Content, changes: asyncio.Queue[Library], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        content.replace("policies/rules.md", "Every officer speaks Spanish.", "Some officers speak Spanish.")
        library = await asyncio.wait_for(changes.get(), 20 * PERIOD_S)
    assert library.departments["small-town"].stale == {"language"}
    assert "the answer is withheld" in caplog.text


async def test_a_file_that_cannot_be_read_for_a_while_is_read_afterwards(
    content: Content, changes: asyncio.Queue[Library], caplog: pytest.LogCaptureFixture
) -> None:
    answer = content.root / "faq/small-town/answers/language.yml"
    kept = answer.read_text(encoding="utf-8")
    with caplog.at_level(logging.ERROR):
        answer.unlink()
        answer.mkdir()  # as root, a file that may not be read can be
        await asyncio.sleep(3 * PERIOD_S)
    assert changes.empty()
    assert caplog.text.count("can't be read") == 1
    answer.rmdir()
    answer.write_text(kept.replace("enabled: true", "enabled: false"), encoding="utf-8")
    library = await asyncio.wait_for(changes.get(), 20 * PERIOD_S)
    assert not library.departments["small-town"].answers["language"].enabled
