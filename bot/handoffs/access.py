"""What of a conversation a liaison may read. One of a department that isn't their own is, for them, not there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversations.tables import Conversation, Handoff, Leaving, Message
from bot.errors import NotFound
from bot.liaisons.access import Who


async def access_conversation(connection: AsyncConnection, who: Who, conversation_id: str) -> Any:
    """The one door of a person to a conversation: its row, or NotFound.

    It opens to those of its department, and to nobody before the resident has agreed that a person reads it, or after
    they have left.
    """
    query = select(Conversation).where(
        Conversation.id == conversation_id,
        Conversation.department.in_(who.departments),
        Conversation.shown_from.is_not(None),
        is_there(),
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    return row


def is_there() -> ColumnElement[bool]:
    """Of a conversation: its resident has not left. One that they left is about to be erased, unless it is on hold."""
    return Conversation.id.not_in(select(Leaving.conversation_id)) | Conversation.legal_hold


def shown() -> ColumnElement[bool]:
    """Of a message: one of its conversation's handoffs shows it to liaisons. What is written after one is nobody's to
    read, until the resident agrees anew or is told that a person is back.
    """
    shows = (
        Handoff.conversation_id == Message.conversation_id,
        Handoff.shown_from <= Message.number,
        Handoff.shown_until.is_(None) | (Handoff.shown_until >= Message.number),
    )
    return select(Handoff.id).where(*shows).correlate(Message).exists()
