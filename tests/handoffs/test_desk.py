"""Guards what a resident hears who takes their request for a person back."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.content.library import Library
from bot.conversations.store import Store
from bot.database.tables import now
from bot.handoffs.desk import Desk
from bot.handoffs.tables import Callback
from bot.i18n import Catalogs
from bot.rendering.renderer import Renderer
from bot.replies import WITHDRAW
from bot.secrets import Secrets
from bot.settings import Settings

STANDS = {
    "en": "If you asked to be called back, that still stands. To take it back, erase this chat.",
    "es": "Si pidió que le llamen, eso sigue en pie. Para retirarlo, borre este chat.",
}


@pytest.mark.parametrize("language", STANDS)
@pytest.mark.parametrize("by_button", [True, False])
async def test_that_a_wish_to_be_called_back_still_stands_is_said_while_it_does(
    engine: AsyncEngine, library: Library, language: str, by_button: bool
) -> None:
    store = Store(engine)
    renderer = Renderer(library, Catalogs(Settings().locales_dir, library.languages))
    desk = Desk(store, Secrets("k" * 32), renderer)
    new = await store.create("kent-wa", "web", language, chosen=True)
    row = await store.access(new.id, new.token)

    async def told() -> str:
        await desk.request(row, None, None, whole_chat=False)
        pressed = await desk.pressed(row, WITHDRAW)
        assert pressed
        return pressed[0].text if by_button else (await desk.withdraw(row)).text

    assert STANDS[language] not in await told()
    await desk.call_back(row, "+12065550142", "mañana", "es")
    assert (await told()).endswith(f"\n\n{STANDS[language]}")
    async with engine.begin() as connection:
        await connection.execute(update(Callback).values(done_at=now()))
    assert STANDS[language] not in await told()
