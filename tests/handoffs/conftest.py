"""What the tests of handoffs share: people, and conversations that are handed over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from handed_over import NOTICE, Hand
from people import liaison
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.ownership import Consent, Ownership
from bot.conversations.store import Store
from bot.conversations.tables import Conversation, Handoff
from bot.database.tables import now


@pytest.fixture
def hand(engine: AsyncEngine) -> Hand:
    """`await hand(flag=None, ago_s=0, department=…)`: the id of a new conversation that waits for a person.

    `flag`: what was found just now. `whole`: liaisons may read the whole chat.
    """

    async def over(
        flag: str | None = None,
        ago_s: float = 0,
        department: str = "kent-wa",
        said: str = "hola",
        whole: bool = False,
    ) -> str:
        store = Store(engine)
        new = await store.create(department, "web", "es", chosen=False)
        await store.accept(new.id, "web", new.id, said, "es", None)
        async with engine.begin() as connection:
            found = {"flag": flag, "flagged_at": now() if flag else None}
            await connection.execute(update(Conversation).where(Conversation.id == new.id).values(**found))
        await Ownership(engine).request(new.id, Consent(said, name="x", whole_chat=whole), NOTICE)
        async with engine.begin() as connection:
            asked = now() - dt.timedelta(seconds=ago_s)
            await connection.execute(
                update(Handoff).where(Handoff.conversation_id == new.id).values(requested_at=asked, alarm_at=asked)
            )
        return new.id

    return over


@pytest.fixture
def hire(engine: AsyncEngine) -> Callable[..., Awaitable[int]]:
    """`await hire(name, **columns)`: the id of a new account of Kent's, without a way to sign in."""

    async def add(name: str, **columns: Any) -> int:
        return await liaison(engine, name, **columns)

    return add
