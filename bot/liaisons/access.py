"""Who may do what. A conversation of a department that isn't somebody's own is, for them, not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversations.tables import Conversation, Handoff, Message
from bot.errors import Forbidden, NotFound
from bot.liaisons.roles import Role

Permission = Literal["serve", "oversee", "administer"]
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "liaison": frozenset({"serve"}),
    "supervisor": frozenset({"serve", "oversee"}),
    "admin": frozenset({"serve", "oversee", "administer"}),
}
"""serve: the queue, conversations, callbacks, search, export. oversee: the audit, the figures, legal holds, canned
replies. administer: other people's accounts."""


@dataclass(frozen=True)
class Who:
    """Somebody who is signed in."""

    id: int
    name: str
    title: dict[str, str]
    sworn: bool
    role: Role
    departments: tuple[str, ...]
    languages: tuple[str, ...]
    on_duty: bool
    session: str
    """Hash of the session's token."""
    csrf: str
    language: str
    """Of the console's pages."""

    def may(self, permission: Permission) -> bool:
        """Whether their role has the permission."""
        return permission in PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raises Forbidden."""
        if not self.may(permission):
            raise Forbidden


async def access_conversation(connection: AsyncConnection, who: Who, conversation_id: str) -> Any:
    """The one door of a person to a conversation: its row, or NotFound.

    It opens to those of its department, and to nobody before the resident has agreed that a person reads it.
    """
    query = select(Conversation).where(
        Conversation.id == conversation_id,
        Conversation.department.in_(who.departments),
        Conversation.shown_from.is_not(None),
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    return row


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
