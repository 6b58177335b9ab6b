"""Guards the two taps: about the last time that a person had the conversation, and only where one had it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from handed_over import NOTICE, Hand
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.ownership import Consent, Ownership
from bot.conversations.tables import Handoff
from bot.errors import Conflict
from bot.handoffs.satisfaction import rate


async def test_the_last_handoff_is_rated_and_no_other(
    engine: AsyncEngine, hand: Hand, hire: Callable[..., Awaitable[int]]
) -> None:
    ana, conversation, ownership = await hire("Ana"), await hand(), Ownership(engine)
    for _ in range(2):
        await ownership.request(conversation, Consent(None), NOTICE)
        with pytest.raises(Conflict):
            await rate(engine, await hand(), True, None)
        await ownership.claim(conversation, ana, NOTICE)
        await ownership.close(conversation, ana, NOTICE)
    await rate(engine, conversation, False, None)
    await rate(engine, conversation, False, "slow")
    async with engine.connect() as connection:
        query = select(Handoff.helpful, Handoff.helpful_why).where(Handoff.conversation_id == conversation)
        rated = [tuple(row) for row in (await connection.execute(query.order_by(Handoff.id))).all()]
    assert rated == [(None, None), (False, "slow")]
