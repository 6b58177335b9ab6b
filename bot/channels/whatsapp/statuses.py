"""How far a message of ours has come, as WhatsApp tells it: in any order, more than once, or before we know its id."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.whatsapp.errors import action
from bot.channels.whatsapp.inbound import Status
from bot.channels.whatsapp.tables import Contact, Sent
from bot.conversations.delivery import backoff_s
from bot.conversations.tables import Conversation, Message, Outbox
from bot.tables import now

ACCEPTED = "accepted"
_RANK = {ACCEPTED: 0, "sent": 1, "failed": 2, "delivered": 3, "read": 4}
"""None goes back to one before it. What was delivered did not fail, whichever of the two is told first."""
_SAME = {"played": "read"}
_ALARM_WAIT_S = 300.0


@dataclass(frozen=True)
class Told:
    """What a status changed."""

    conversations: Sequence[str] = ()
    counted: Sequence[str] = ()


def tracker(outbox_id: int, part: int) -> str:
    """What is sent along with a part of a message, and comes back with its statuses."""
    return f"{outbox_id}.{part}"


async def apply(connection: AsyncConnection, id_hash: str, status: Status) -> Told:
    """Write down a status; one that is older than what is known changes nothing."""
    name = _SAME.get(status.status, status.status)
    if name not in _RANK:
        return Told(counted=[f"status {re.sub('[^a-z_]', '', name)[:40]}"])
    await _know(connection, id_hash, status.data)
    lower = [each for each, rank in _RANK.items() if rank < _RANK[name]]
    moved = await connection.execute(
        update(Sent)
        .where(Sent.id_hash == id_hash, Sent.status.in_(lower))
        .values(status=name)
        .returning(Sent.outbox_id)
    )
    outbox_id = moved.scalar_one_or_none()
    if outbox_id is None:
        return Told()
    query = select(Outbox, Message.number).join(Message, Message.id == Outbox.message_id).where(Outbox.id == outbox_id)
    row = (await connection.execute(query)).one()
    if name == "failed":
        await _failed(connection, row, id_hash, status.error or 0)
    else:
        await _come_further(connection, row)
    return Told(conversations=[row.conversation_id])


async def _know(connection: AsyncConnection, id_hash: str, data: str) -> None:
    """A status can overtake the answer that names the message's id: what we sent along says which message it is."""
    found = re.fullmatch(r"(\d{1,18})\.(\d{1,4})", data)
    if not found:
        return
    outbox_id, part = map(int, found.groups())
    is_there = select(Outbox.id).where(Outbox.id == outbox_id, Outbox.channel == "whatsapp")
    known = select(Sent.id).where((Sent.id_hash == id_hash) | ((Sent.outbox_id == outbox_id) & (Sent.part == part)))
    if await connection.scalar(is_there) and not await connection.scalar(known):
        await connection.execute(insert(Sent).values(id_hash=id_hash, outbox_id=outbox_id, part=part, status=ACCEPTED))


async def _come_further(connection: AsyncConnection, row: Any) -> None:
    """A message has come as far as the part of it that is behind."""
    parts = list(await connection.scalars(select(Sent.status).where(Sent.outbox_id == row.id)))
    least = min(parts, key=_RANK.__getitem__)
    if least in {"sent", "delivered", "read"}:
        await connection.execute(update(Outbox).where(Outbox.id == row.id).values(status=least))
    if least in {"delivered", "read"}:
        await connection.execute(
            update(Conversation)
            .where(Conversation.id == row.conversation_id, Conversation.delivered < row.number)
            .values(delivered=row.number)
        )


async def _failed(connection: AsyncConnection, row: Any, id_hash: str, code: int) -> None:
    """WhatsApp took it, and then could not deliver it."""
    what = action(code)
    values: dict[str, Any] = {"reason": str(code), "leased_until": None}
    if what == "give_up":
        values |= {"state": "failed"}
    else:
        # The part is sent again: what stood for it is forgotten.
        again = Sent.id_hash == id_hash
        if what == "template":
            again = Sent.outbox_id == row.id
            await connection.execute(
                update(Contact).where(Contact.conversation_id == row.conversation_id).values(wrote_at=None)
            )
        await connection.execute(delete(Sent).where(again))
        wait_s = {"template": 0.0, "wait": backoff_s(row.attempts), "alarm": _ALARM_WAIT_S}[what]
        due_at = now() + dt.timedelta(seconds=wait_s)
        values |= {"state": "pending", "due_at": due_at, "attempts": row.attempts + 1}
    await connection.execute(update(Outbox).where(Outbox.id == row.id).values(**values))
