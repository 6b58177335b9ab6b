"""What a resident who agreed hears of how long it will take: when the office opens, what others waited, or nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.content.library import Library
from bot.content.models import WEEKDAYS
from bot.conversations.store import Store
from bot.conversations.tables import Handoff
from bot.database.tables import now
from bot.handoffs.desk import Desk
from bot.i18n import Catalogs
from bot.rendering.renderer import Renderer
from bot.replies import Reply
from bot.secrets import Secrets
from bot.settings import Settings

FORMS = {"web": ["callback", "code", "withdraw"], "whatsapp": ["withdraw"]}


async def agreed(
    engine: AsyncEngine, library: Library, channel: str, language: str, hours: dict[str, list[str]] | None = None
) -> Reply:
    """What somebody hears who has just asked for a person of Kent's, where these are its office hours."""
    kent = library.departments["kent-wa"]
    kent = dataclasses.replace(kent, profile=kent.profile.model_copy(update={"hours": hours}))
    changed = Library(library.languages, library.topics, {"kent-wa": kent}, "changed")
    renderer = Renderer(changed, Catalogs(Settings().locales_dir, library.languages))
    store = Store(engine)
    new = await store.create("kent-wa", channel, language, chosen=True)
    conversation = await store.access(new.id, new.token)
    return await Desk(store, Secrets("k" * 32), renderer).request(conversation, None, None, whole_chat=False)


async def waited(engine: AsyncEngine, seconds: list[int]) -> None:
    """Others have asked before, and were answered after so many seconds."""
    asked = now() - dt.timedelta(days=1)
    async with engine.begin() as connection:
        for each in seconds:
            claimed = asked + dt.timedelta(seconds=each)
            values = {"department": "kent-wa", "language": "es", "requested_at": asked, "claimed_at": claimed}
            await connection.execute(insert(Handoff).values(values))


@pytest.mark.parametrize("channel", FORMS)
@pytest.mark.parametrize("language", ["es", "en"])
async def test_where_the_office_is_closed_when_it_opens(
    engine: AsyncEngine, library: Library, channel: str, language: str
) -> None:
    await waited(engine, [60] * 5)
    zone = ZoneInfo(library.departments["kent-wa"].profile.time_zone)
    opens = dt.datetime.now(zone) + dt.timedelta(days=3)
    reply = await agreed(engine, library, channel, language, {WEEKDAYS[opens.weekday()]: ["09:07-17:00"]})
    hint = reply.text.split("\n\n")[-1]
    assert "9:07" in hint
    assert re.search(rf"\b{opens.day}\b", hint)
    assert (reply.kind, reply.forms) == ("handoff", FORMS[channel])


@pytest.mark.parametrize("channel", FORMS)
@pytest.mark.parametrize(("language", "time"), [("es", "20 minutos"), ("en", "20 minutes")])
async def test_where_it_is_open_what_half_of_the_others_waited(
    engine: AsyncEngine, library: Library, channel: str, language: str, time: str
) -> None:
    await waited(engine, [60, 300, 1200, 3000, 9000])
    reply = await agreed(engine, library, channel, language)
    assert time in reply.text.split("\n\n")[-1]
    assert (reply.kind, reply.forms) == ("handoff", FORMS[channel])


@pytest.mark.parametrize("channel", FORMS)
@pytest.mark.parametrize("language", ["es", "en"])
async def test_where_too_few_asked_no_time_is_promised(
    engine: AsyncEngine, library: Library, channel: str, language: str
) -> None:
    await waited(engine, [60] * 4)
    reply = await agreed(engine, library, channel, language)
    assert not re.search(r"\d", reply.text.replace("911", ""))
    assert "911" in reply.text
    assert (reply.kind, reply.forms) == ("handoff", FORMS[channel])
