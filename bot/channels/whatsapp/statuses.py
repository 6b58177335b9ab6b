"""How far a message of ours has come, as WhatsApp tells it: in any order, more than once, or before we know its id."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.whatsapp.errors import ALARM_WAIT_S, action, reason
from bot.channels.whatsapp.inbound import Status
from bot.channels.whatsapp.tables import MARGIN, WINDOW, Contact, Sent
from bot.conversations.delivery import backoff_s
from bot.conversations.ownership import locking
from bot.conversations.tables import Conversation, Message, Outbox
from bot.database.tables import insert_unless, now

ACCEPTED, FAILED = "accepted", "failed"
_RANK = {ACCEPTED: 0, "sent": 1, FAILED: 2, "delivered": 3, "read": 4}
"""None goes back to one before it. What was delivered did not fail, whichever of the two is told first."""
_SAME = {"played": "read"}
_INVITATION = "invitation "


@dataclass(frozen=True)
class Told:
    """What a status changed."""

    conversations: Sequence[str] = ()
    counted: Sequence[str] = ()
    alarms: Sequence[str] = ()
    """Codes of what keeps messages from being delivered until somebody puts it right."""


_TRACKER = re.compile(r"(\d{1,18})\.(\d{1,4})/(\d{1,4})#(\d{1,9}) ([0-9a-f]{16})")
_INVITED = re.compile(rf"{_INVITATION}(\d{{1,18}})#(\d{{1,9}}) ([0-9a-f]{{16}})")


def tracker(outbox_id: int, part: int, parts: int, attempt: int, conversation_id: str, created_at: dt.datetime) -> str:
    """What is sent along with a part of a message of so many, and comes back with its statuses."""
    return f"{outbox_id}.{part}/{parts}#{attempt} {_mark(conversation_id, created_at)}"


class Tracked(NamedTuple):
    """What `tracker` made, read again."""

    outbox_id: int
    part: int
    parts: int
    attempt: int
    mark: str


def tracked(data: str) -> Tracked | None:
    """What `tracker` made of a part, or None if this is something else."""
    found = _TRACKER.fullmatch(data)
    return Tracked(int(found[1]), int(found[2]), int(found[3]), int(found[4]), found[5]) if found else None


def invitation(contact_id: int, number: int, conversation_id: str) -> str:
    """The same of the template that asks somebody to write: whom, and the number of this one."""
    return f"{_INVITATION}{contact_id}#{number} {_mark(conversation_id)}"


def _mark(conversation_id: str, *created_at: dt.datetime) -> str:
    """Tells a conversation, or a message of it, from another whose row has the same id.

    SQLite gives the id of a deleted row out again, and after a restored backup both databases do. A conversation's id
    is random, and no two of its messages are of the same microsecond.
    """
    return hashlib.sha256(" ".join(map(str, (conversation_id, *created_at))).encode()).hexdigest()[:16]


async def lock(connection: AsyncConnection, told: Sequence[tuple[str, Status]]) -> None:
    """Lock the conversations of all that a webhook tells, before anything of them.

    As an erase does, and in one order: two who lock in another order wait for each other. `told`: statuses, and the
    keyed hashes of their messages' ids.
    """
    found = [await connection.scalar(select(_conversation(*each))) for each in told]
    for conversation_id in sorted({each for each in found if each}):
        await connection.execute(locking(Conversation.id == conversation_id))


def _conversation(id_hash: str, status: Status) -> ColumnElement[str]:
    found = tracked(status.data)
    return func.coalesce(
        select(Outbox.conversation_id)
        .join(Sent, Sent.outbox_id == Outbox.id)
        .where(Sent.id_hash == id_hash)
        .scalar_subquery(),
        select(Outbox.conversation_id).where(Outbox.id == (found.outbox_id if found else 0)).scalar_subquery(),
        select(Contact.conversation_id).where(Contact.id == _whom(status)[0]).scalar_subquery(),
    )


async def apply(connection: AsyncConnection, id_hash: str, status: Status, deliver_for: dt.timedelta) -> Told:
    """Write down a status, whose conversation is locked; one that is older than what is known changes nothing.

    `deliver_for`: how old a message may be that is tried again.
    """
    name = _SAME.get(status.status, status.status)
    if name not in _RANK:
        return Told(counted=[f"status {re.sub('[^a-z_]', '', name)[:40]}"])
    is_invitation = status.data.startswith(_INVITATION)
    is_alarm = name == FAILED and action(status.error, invitation=is_invitation) == "alarm"
    alarms = [str(status.error)] if is_alarm else []
    if is_invitation:
        if not await _is_theirs(connection, status):
            return Told(alarms=alarms)
        if name == FAILED:
            return Told(conversations=await _not_invited(connection, status), alarms=alarms)
        await _invited(connection, status)
        return Told()
    # A status can overtake the answer that names the message's id: what we sent along says which message it is.
    parts = 1
    if found := tracked(status.data):
        parts = found.parts
        if found.mark == await _marked(connection, found.outbox_id):
            arrived = _RANK[name] > _RANK[FAILED]
            await know(connection, id_hash, found.outbox_id, found.part, found.attempt, arrived=arrived)
    sent = None
    if _RANK[name] > _RANK[FAILED]:
        sent = await _move(connection, id_hash, [FAILED], name)
    arrived_after_all = sent is not None
    if sent is None:
        sent = await _move(connection, id_hash, [each for each, rank in _RANK.items() if rank < _RANK[name]], name)
    if sent is None:
        return Told()
    query = select(Outbox, Message.number).join(Message, Message.id == Outbox.message_id).where(Outbox.id == sent)
    row = (await connection.execute(query)).one()
    if name == FAILED:
        await _failed(connection, row, status.error, deliver_for)
    else:
        await _come_further(connection, row, parts, arrived_after_all)
    return Told(conversations=[row.conversation_id], alarms=alarms)


async def _move(connection: AsyncConnection, id_hash: str, before: Sequence[str], to: str) -> int | None:
    """Move a part on from one of the statuses `before`; returns its row of the outbox, or None."""
    moved = await connection.execute(
        update(Sent).where(Sent.id_hash == id_hash, Sent.status.in_(before)).values(status=to).returning(Sent.outbox_id)
    )
    return moved.scalar_one_or_none()


async def know(
    connection: AsyncConnection, id_hash: str, outbox_id: int, part: int, attempt: int = 1, arrived: bool = False
) -> None:
    """Meta has a part of a message, under this id: the answer to the request says so, and each status, in any order.

    `arrived`: it is on the phone, so it counts as well where a later attempt has failed, as what failed and then came.
    """
    failed = [Sent.outbox_id == outbox_id, Sent.part == part, Sent.status == FAILED]
    values: dict[str, Any] = {"id_hash": id_hash, "attempt": attempt}
    if not arrived:
        failed.append(Sent.attempt < attempt)
        values["status"] = ACCEPTED
    is_known = select(Sent.id).where(Sent.id_hash == id_hash).exists()
    # What failed has been tried again, then. A write comes first, so that nobody else writes between the two.
    await connection.execute(update(Sent).where(*failed, ~is_known).values(**values))
    row = select(literal(id_hash), Outbox.id, literal(part), literal(ACCEPTED), literal(attempt)).where(
        Outbox.id == outbox_id, Outbox.channel == "whatsapp"
    )
    new = insert_unless(connection, Sent).from_select(["id_hash", "outbox_id", "part", "status", "attempt"], row)
    await connection.execute(new.on_conflict_do_nothing())


async def _invited(connection: AsyncConnection, status: Status) -> None:
    """The template is on its way, or there: where the answer to its request was lost, nobody knew."""
    contact_id, number = _whom(status)
    is_new = [
        Contact.id == contact_id,
        Contact.invited_at.is_(None),
        # Of one that they have answered since, something may be told late.
        or_(Contact.wrote_at.is_(None), Contact.wrote_at < now() - WINDOW + MARGIN),
    ]
    if status.status == "sent":  # which may be told after that it failed
        is_new.append(Contact.invitations == number)
    await connection.execute(update(Contact).where(*is_new).values(invited_at=now(), inviting_until=None))


async def _not_invited(connection: AsyncConnection, status: Status) -> list[str]:
    """The template did not arrive: the liaison sees why, and it is tried again later."""
    contact_id, number = _whom(status)
    contact = await connection.execute(
        update(Contact)
        .where(Contact.id == contact_id, Contact.invitations == number)  # not one that was tried again since
        .values(invited_at=None, inviting_until=None, invitations=Contact.invitations + 1)
        .returning(Contact.conversation_id)
    )
    conversation_id = contact.scalar_one_or_none()
    if conversation_id is None:
        return []
    await connection.execute(
        update(Outbox)
        .where(Outbox.conversation_id == conversation_id, Outbox.state == "kept")
        .values(reason=_reason(status.error))
    )
    return [conversation_id]


def _reason(code: int | None) -> str | None:
    return None if code is None else reason(code)


def _whom(status: Status) -> tuple[int, int]:
    """Whom an invitation was for, 0 if nobody, and its number."""
    found = _INVITED.fullmatch(status.data)
    return (int(found[1]), int(found[2])) if found else (0, 0)


async def _is_theirs(connection: AsyncConnection, status: Status) -> bool:
    """Whether an invitation was for the contact who has its number now."""
    contact_id, number = _whom(status)
    conversation_id = await connection.scalar(select(Contact.conversation_id).where(Contact.id == contact_id))
    return conversation_id is not None and status.data == invitation(contact_id, number, conversation_id)


async def _marked(connection: AsyncConnection, outbox_id: int) -> str | None:
    """The mark of the message that a row of the outbox is about; None where there is no such row."""
    query = (
        select(Message.conversation_id, Message.created_at)
        .join(Outbox, Outbox.message_id == Message.id)
        .where(Outbox.id == outbox_id)
    )
    row = (await connection.execute(query)).one_or_none()
    return _mark(*row) if row else None


async def _come_further(connection: AsyncConnection, row: Any, parts: int, after_all: bool) -> None:
    """A message of so many `parts` has come as far as the part that is behind. `after_all`: one had failed before."""
    known = list(await connection.scalars(select(Sent.status).where(Sent.outbox_id == row.id)))
    least = min(known, key=_RANK.__getitem__)
    if len(known) < parts or least not in {"sent", "delivered", "read"}:
        return
    values: dict[str, Any] = {"status": least}
    if after_all and row.state == "failed":
        values |= {"state": "sent", "reason": None}
    await connection.execute(update(Outbox).where(Outbox.id == row.id).values(**values))
    if least in {"delivered", "read"}:
        await connection.execute(
            update(Conversation)
            .where(Conversation.id == row.conversation_id, Conversation.delivered < row.number)
            .values(delivered=row.number)
        )


async def _failed(connection: AsyncConnection, row: Any, code: int | None, deliver_for: dt.timedelta) -> None:
    """WhatsApp took it, and then could not deliver it."""
    what = action(code)
    values: dict[str, Any] = {"reason": _reason(code), "leased_until": None}
    if what == "give_up" or row.created_at <= now() - deliver_for:
        values |= {"state": "failed"}
    else:
        if what == "template":  # nothing of it was seen, and it comes whole when they have opened it
            await connection.execute(update(Sent).where(Sent.outbox_id == row.id).values(status=FAILED))
            # Not where they have written since: then it goes out again, to an open window.
            sent_at = row.sent_at or row.created_at
            await connection.execute(
                update(Contact)
                .where(Contact.conversation_id == row.conversation_id, Contact.wrote_at <= sent_at)
                .values(wrote_at=None)
            )
        wait_s = {"template": 0.0, "wait": backoff_s(row.attempts), "alarm": ALARM_WAIT_S}[what]
        due_at = now() + dt.timedelta(seconds=wait_s)
        values |= {"state": "pending", "due_at": due_at, "attempts": row.attempts + 1}
    await connection.execute(update(Outbox).where(Outbox.id == row.id).values(**values))
