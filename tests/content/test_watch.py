"""A change of the content reaches whoever serves it within seconds; a broken one doesn't, and is logged."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import pytest
from small_content import Content

from bot.content.library import Library
from bot.content.watch import watch

PERIOD_S = 0.1
"""Instead of a second."""
SOON = 20
"""Seconds within which what has changed has to be there."""


@pytest.fixture
async def changes(content: Content, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Queue[Library]]:
    """What the watcher of the small content has reported."""
    monkeypatch.setattr("bot.content.watch.PERIOD_S", PERIOD_S)
    found: asyncio.Queue[Library] = asyncio.Queue()

    def changed(library: Library) -> bool:
        found.put_nowait(library)
        return library.topics["language"].matters != "high"

    task = asyncio.create_task(watch(content.root, changed))
    await asyncio.sleep(PERIOD_S)
    reported = None
    while reported is None:  # what changes before it has looked once is no change
        (content.root / "languages.yml").touch()
        with contextlib.suppress(TimeoutError):
            reported = await asyncio.wait_for(found.get(), 10 * PERIOD_S)
    yield found
    task.cancel()


async def logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Wait until the log says `text`."""
    async with asyncio.timeout(SOON):
        while text not in caplog.text:  # noqa: ASYNC110 - nothing else tells of it
            await asyncio.sleep(0.01)


async def test_a_topic_that_is_switched_off_is_off(content: Content, changes: asyncio.Queue[Library]) -> None:
    content.replace("answers/language.yml", "enabled: true", "enabled: false")
    library = await asyncio.wait_for(changes.get(), SOON)
    assert not library.departments["small-town"].answers["language"].enabled
    assert library.departments["small-town"].answers["asking"].enabled


async def test_broken_content_is_not_served_and_the_log_says_which_line(
    content: Content, changes: asyncio.Queue[Library], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        content.replace("answers/language.yml", "enabled: true", "enabled: perhaps")
        await logged(caplog, "language.yml:2")
        await asyncio.sleep(2 * PERIOD_S)
    assert changes.empty()
    content.replace("answers/language.yml", "enabled: perhaps", "enabled: false")
    library = await asyncio.wait_for(changes.get(), SOON)
    assert not library.departments["small-town"].answers["language"].enabled


async def test_what_is_not_taken_is_not_said_to_be_served(
    content: Content, changes: asyncio.Queue[Library], caplog: pytest.LogCaptureFixture
) -> None:
    topics = content.root / "topics.yml"
    with caplog.at_level(logging.INFO):
        topics.write_text(topics.read_text(encoding="utf-8").replace("matters: low", "matters: high"), encoding="utf-8")
        await asyncio.wait_for(changes.get(), SOON)
        await asyncio.sleep(2 * PERIOD_S)
        assert "is served" not in caplog.text
        topics.write_text(topics.read_text(encoding="utf-8").replace("matters: high", "matters: low"), encoding="utf-8")
        await logged(caplog, "the content has changed and is served")


async def test_a_changed_text_is_told_in_the_log(
    content: Content, changes: asyncio.Queue[Library], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        content.replace("policies/rules.md", "Every officer speaks Spanish.", "Some officers speak Spanish.")
        library = await asyncio.wait_for(changes.get(), SOON)
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
        await logged(caplog, "can't be read")
        await asyncio.sleep(2 * PERIOD_S)
    assert changes.empty()
    assert caplog.text.count("can't be read") == 1
    answer.rmdir()
    answer.write_text(kept.replace("enabled: true", "enabled: false"), encoding="utf-8")
    library = await asyncio.wait_for(changes.get(), SOON)
    assert not library.departments["small-town"].answers["language"].enabled
