"""Who writes on WhatsApp, found by whichever of their ids a webhook names, and kept so that only our key reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.whatsapp.inbound import Received
from bot.channels.whatsapp.tables import WINDOW, Contact
from bot.secrets import Secrets


class Contacts:
    """Contacts in a database; every method is a part of the caller's transaction."""

    def __init__(self, secrets: Secrets) -> None:
        """`secrets` encrypts and hashes their ids."""
        self._secrets = secrets

    def digest(self, meta_id: str) -> str:
        """The keyed hash by which a message of Meta's is known."""
        return self._secrets.digest(meta_id)

    async def find(self, connection: AsyncConnection, received: Received) -> Any | None:
        """The contact who wrote, by business-scoped id or by number; None: they never wrote.

        The id stays with a person. A number may be given to another: where both ids are known and differ, it was.
        """
        user = received.about if received.kind == "moved" else received.user
        of_number = select(Contact).where(Contact.number_id == received.number_id)
        if user:
            by_id = of_number.where(Contact.user_hash == self._secrets.digest(user))
            if found := (await connection.execute(by_id)).one_or_none():
                return found
        if received.phone:
            by_phone = of_number.where(Contact.phone_hash == self._secrets.digest(received.phone))
            found = (await connection.execute(by_phone)).one_or_none()
            if found and not (user and found.user_hash):
                return found
        return None

    async def add(self, connection: AsyncConnection, received: Received, conversation_id: str) -> None:
        """Somebody who wrote for the first time."""
        ids = self._ids(received.phone, received.user)
        await self._free(connection, received.number_id, ids)
        await connection.execute(
            insert(Contact).values(number_id=received.number_id, conversation_id=conversation_id, **ids)
        )

    async def wrote(self, connection: AsyncConnection, contact: Any, received: Sequence[Received]) -> None:
        """Somebody wrote: the window is open from their last message on, and what is known of their ids is current."""
        last = max(received, key=lambda each: each.at)
        if contact.wrote_at and last.at < contact.wrote_at:  # a webhook may be days late
            return
        values: dict[str, Any] = {"wrote_at": last.at, "invited_at": None, "inviting_until": None}
        if last.kind != "reaction":  # which can't be marked as read
            values["last_id"] = self._secrets.encrypt(last.id)
        await self._change(connection, contact, values | self._ids(last.phone, last.user))

    async def moved(self, connection: AsyncConnection, contact: Any, received: Received) -> None:
        """Somebody has another number, or another business-scoped id."""
        if ids := self._ids(received.moved_to, received.user):
            await self._change(connection, contact, ids)

    async def _change(self, connection: AsyncConnection, contact: Any, values: dict[str, Any]) -> None:
        await self._free(connection, contact.number_id, values, but=contact.id)
        await connection.execute(update(Contact).where(Contact.id == contact.id).values(**values))

    @staticmethod
    async def _free(connection: AsyncConnection, number_id: str, ids: dict[str, Any], but: int = 0) -> None:
        """Whoever had these ids before has them no more."""
        for name in ("phone", "user"):
            if hashed := ids.get(f"{name}_hash"):
                column = getattr(Contact, f"{name}_hash")
                await connection.execute(
                    update(Contact)
                    .where(Contact.number_id == number_id, Contact.id != but, column == hashed)
                    .values({name: None, f"{name}_hash": None})
                )

    def address(self, contact: Any) -> dict[str, str]:
        """As a message to them names them: `to` a number, or `recipient` by business-scoped id."""
        if contact.phone:
            return {"to": self._secrets.decrypt(contact.phone)}
        return {"recipient": self._secrets.decrypt(contact.user)}

    def last_id(self, contact: Any) -> str | None:
        """Meta's id of what they wrote last."""
        return self._secrets.decrypt(contact.last_id) if contact.last_id else None

    def _ids(self, phone: str | None, user: str | None) -> dict[str, str]:
        """The columns of the ids that are known; what a webhook leaves out stays as it is."""
        columns: dict[str, str] = {}
        for name, value in (("phone", phone), ("user", user)):
            if value:
                columns |= {name: self._secrets.encrypt(value), f"{name}_hash": self._secrets.digest(value)}
        return columns


async def window_closes(connection: AsyncConnection, row: Any) -> dt.datetime | None:
    """Until when the resident can be written to, on a channel that has such a limit; else None."""
    if row.channel != "whatsapp":
        return None
    wrote_at: dt.datetime | None = await connection.scalar(
        select(Contact.wrote_at).where(Contact.conversation_id == row.id)
    )
    # Without a moment it is over already: WhatsApp said so itself.
    return wrote_at + WINDOW if wrote_at else row.created_at
