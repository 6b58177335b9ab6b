"""What a resident who agreed hears of how long it will take: when somebody is back, how soon others had a person, that
there is nobody yet, or nothing.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from people import liaison
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
    await liaison(engine, "ana")
    zone = ZoneInfo(library.departments["kent-wa"].profile.time_zone)
    opens = dt.datetime.now(zone) + dt.timedelta(days=3)
    reply = await agreed(engine, library, channel, language, {WEEKDAYS[opens.weekday()]: ["09:07-17:00"]})
    hint = reply.text.split("\n\n")[-1]
    back = {"es": "no están trabajando ahora. Vuelven el ", "en": "are not working now. They are back on "}
    assert back[language] in hint
    assert "9:07" in hint
    assert re.search(rf"\b{opens.day}\b", hint)
    assert (reply.kind, reply.forms) == ("handoff", FORMS[channel])


@pytest.mark.parametrize("channel", FORMS)
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("es", "Últimamente, a la mitad de quienes lo pidieron les llegó una persona en 20 minutos o menos."),
        ("en", "Lately, half of those who asked had a person within 20 minutes."),
    ],
)
async def test_where_it_is_open_how_soon_half_of_the_others_had_a_person(
    engine: AsyncEngine, library: Library, channel: str, language: str, said: str
) -> None:
    await liaison(engine, "ana")
    await waited(engine, [60, 300, 1200, 3000, 9000])
    reply = await agreed(engine, library, channel, language)
    assert reply.text.split("\n\n")[-1] == said
    assert (reply.kind, reply.forms) == ("handoff", FORMS[channel])


@pytest.mark.parametrize("channel", FORMS)
@pytest.mark.parametrize("language", ["es", "en"])
async def test_where_too_few_asked_no_time_is_promised(
    engine: AsyncEngine, library: Library, channel: str, language: str
) -> None:
    await liaison(engine, "ana")
    await waited(engine, [60] * 4)
    reply = await agreed(engine, library, channel, language)
    assert not re.search(r"\d", reply.text.replace("911", ""))
    assert "911" in reply.text
    assert (reply.kind, reply.forms) == ("handoff", FORMS[channel])


@pytest.mark.parametrize("channel", FORMS)
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("es", "Todavía nadie del departamento tiene una cuenta aquí, así que puede que nadie lo lea ni le llame."),
        ("en", "Nobody from the department has an account here yet, so maybe nobody will read it or call you."),
    ],
)
async def test_where_nobody_has_an_account_that_is_said_whatever_else_is_known(
    engine: AsyncEngine, library: Library, channel: str, language: str, said: str
) -> None:
    await waited(engine, [60] * 5)
    reply = await agreed(engine, library, channel, language)
    assert reply.text.split("\n\n")[-1] == said
    assert (reply.kind, reply.forms) == ("handoff", FORMS[channel])
