"""Whether the assistant's own answers helped, by topic: what those who write the content look at."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversations.tables import Conversation, Message
from bot.handoffs.figures import FEWEST


@dataclass(frozen=True)
class Rated:
    """The answers of one topic that residents said something of."""

    topic: str
    rated: int
    helpful: float
    """Share of those who said that it helped."""


async def rated_answers(connection: AsyncConnection, departments: Collection[str], since: dt.datetime) -> list[Rated]:
    """The least helpful first. Topics that were rated in fewer than FEWEST conversations are left out, and no total
    tells of them.
    """
    query = (
        select(Message.reply, Message.helpful, Message.conversation_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            Conversation.department.in_(list(departments)),
            Message.helpful.is_not(None),
            Message.created_at >= since.astimezone(dt.UTC),
        )
    )
    groups: defaultdict[str, list[bool]] = defaultdict(list)
    conversations: defaultdict[str, set[str]] = defaultdict(set)
    for row in await connection.execute(query):
        if topic := (row.reply or {}).get("topic"):
            groups[topic].append(row.helpful)
            conversations[topic].add(row.conversation_id)
    rated = [
        Rated(topic, len(said), sum(said) / len(said))
        for topic, said in groups.items()
        if len(conversations[topic]) >= FEWEST
    ]
    return sorted(rated, key=lambda each: (each.helpful, each.topic))
