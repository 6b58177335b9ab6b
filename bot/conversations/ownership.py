"""Who has a conversation: the assistant, the queue, one liaison, or nobody any more.

            request            claim             close
    bot ─────────────► waiting ──────► liaison ─────────► closed
     ▲ ◄───────────────   ▲ ◄─────────   │ ▲                │ │
     │     withdraw          release     │ └────────────────┘ │
     │                                   │       reopen       │
     └───────────── hand_back ───────────┘                    │
     └───────────── the resident writes again ────────────────┘

Each move is one UPDATE that names the owner it moves from, so of two who move at once one wins and the other is told.
The database refuses the rest (migration 0003): a second owner, and a word of the bot in a liaison's conversation.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Update, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.conversations.tables import Conversation, Handoff, Message, Outbox
from bot.database.tables import now
from bot.errors import AlreadyClaimed, Conflict, NotFound
from bot.liaisons.tables import Liaison

Owner = Literal["bot", "waiting", "liaison", "closed"]
Also = Callable[[AsyncConnection], Awaitable[None]]
"""More to do in the same transaction."""
FLAG_LASTS = dt.timedelta(hours=24)
"""Danger that was found longer ago than this, before the resident asked for a person, isn't danger now."""


@dataclass(frozen=True)
class Notice:
    """What the resident is told of a move; stored as a message in the move's own transaction."""

    text: str
    language: str
    reply: dict[str, Any] | None = None
    """A whole reply, where it has buttons."""


@dataclass(frozen=True)
class Consent:
    """What a resident agrees to pass on."""

    summary: str | None
    """Masked; None: nothing."""
    asked: int | None = None
    """Number of the message whose words the summary has; None: none's."""
    topic: str | None = None
    """What the summary says that it is about; None: nothing."""
    name: str | None = None
    """Encrypted; None: they stay anonymous."""
    whole_chat: bool = False
    """Whether liaisons may read what was written before, too."""


class Ownership:
    """Moves conversations from owner to owner. Each method is one transaction, `also` included; raises NotFound,
    Conflict.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        """`engine`: from `open_engine`, its schema migrated."""
        self._engine = engine

    def requesting(self, conversation_id: str, consent: Consent) -> Also:
        """`request` as a part of another transaction: the one that closes the turn in which the resident agreed."""

        async def request(connection: AsyncConnection) -> None:
            row = await _move(connection, conversation_id, {"bot", "closed", "waiting"}, "waiting", None)
            query = select(Handoff).where(*_running(conversation_id))
            before = (await connection.execute(query)).one_or_none()
            values = {
                "summary": consent.summary,
                "asked": consent.asked,
                "topic": consent.topic,
                "name": consent.name,
                "language": row.language,
                "shown_from": await _share(connection, row, consent, before),
            }
            if before is None:
                await connection.execute(
                    insert(Handoff).values(
                        conversation_id=conversation_id,
                        department=row.department,
                        flag=danger(row),
                        alarm_at=now(),
                        shown_before=row.shown_from,
                        **values,
                    )
                )
            # Asked again while waiting, it is the same request, with what the resident wants passed on now.
            elif row.legal_hold:
                kept = {"ended_at": now(), "outcome": "replaced", "alarm_at": None, "shown_from": None}
                await connection.execute(update(Handoff).where(Handoff.id == before.id).values(**kept))
                same = {column: value for column, value in before._asdict().items() if column != "id"}
                await connection.execute(insert(Handoff).values(**same | values))
            else:
                await connection.execute(update(Handoff).where(Handoff.id == before.id).values(**values))

        return request

    async def request(self, conversation_id: str, consent: Consent, notice: Notice) -> int:
        """The resident agrees to be handed to a person; returns the number of the notice that says so."""
        async with self._engine.begin() as connection:
            await self.requesting(conversation_id, consent)(connection)
            return await _tell(connection, conversation_id, notice)

    def withdrawing(self, conversation_id: str) -> Also:
        """`withdraw` as a part of another transaction: the one that closes the turn in which the resident said so."""

        async def withdraw(connection: AsyncConnection) -> None:
            row = await _move(connection, conversation_id, {"waiting"}, "bot", None)
            if not row.legal_hold:  # else nobody could look at what is kept, or let it go
                await _unshare(connection, conversation_id)
            await _end(connection, conversation_id, "withdrawn", row.last_number)

        return withdraw

    async def withdraw(self, conversation_id: str, notice: Notice) -> int:
        """The resident would rather stay with the assistant; what they agreed to is over where nobody has answered.

        Returns the number of the notice that says so.
        """
        async with self._engine.begin() as connection:
            await self.withdrawing(conversation_id)(connection)
            return await _tell(connection, conversation_id, notice)

    async def claim(self, conversation_id: str, liaison_id: int, notice: Notice, also: Also | None = None) -> None:
        """A liaison takes a waiting conversation; raises AlreadyClaimed with the name of who was first."""
        async with self._transaction(also) as connection:
            await _move(connection, conversation_id, {"waiting"}, "liaison", liaison_id)
            moment = now()
            await connection.execute(
                update(Handoff)
                .where(*_running(conversation_id))
                .values(
                    claimed_at=func.coalesce(Handoff.claimed_at, moment),
                    liaison_id=liaison_id,
                    unanswered_since=moment,
                    alarm_at=None,
                )
            )
            await _tell(connection, conversation_id, notice)

    async def transfer(
        self,
        conversation_id: str,
        liaison_id: int,
        to: int,
        notice: Notice,
        also: Also | None = None,
        here: bool = False,
    ) -> None:
        """A liaison gives a conversation to another, who is alarmed about it unless they are `here`: took it over."""
        async with self._transaction(also) as connection:
            await _move(connection, conversation_id, {"liaison"}, "liaison", to, of=liaison_id)
            moment = now()
            await connection.execute(
                update(Handoff)
                .where(*_running(conversation_id))
                .values(
                    liaison_id=to,
                    # Whoever took it over has time to answer, as after a claim.
                    unanswered_since=moment if here else func.coalesce(Handoff.unanswered_since, moment),
                    alarm_at=None if here else moment,
                )
            )
            await _tell(connection, conversation_id, notice)

    async def release(self, conversation_id: str, liaison_id: int, notice: Notice, also: Also | None = None) -> None:
        """A liaison puts a conversation back into the queue, where it has waited since the resident asked."""
        async with self._transaction(also) as connection:
            await _move(connection, conversation_id, {"liaison"}, "waiting", None, of=liaison_id)
            await connection.execute(
                update(Handoff)
                .where(*_running(conversation_id))
                .values(liaison_id=None, unanswered_since=None, alarm_at=now())
            )
            await _tell(connection, conversation_id, notice)

    async def hand_back(self, conversation_id: str, liaison_id: int, notice: Notice, also: Also | None = None) -> None:
        """A liaison gives a conversation back to the assistant."""
        async with self._transaction(also) as connection:
            await _leave(connection, conversation_id, liaison_id, "bot", "handed_back", notice)

    async def close(self, conversation_id: str, liaison_id: int, notice: Notice, also: Also | None = None) -> None:
        """A liaison ends a conversation; the resident's next message opens it again, with the assistant."""
        async with self._transaction(also) as connection:
            await _leave(connection, conversation_id, liaison_id, "closed", "closed", notice)

    async def reopen(self, conversation_id: str, liaison_id: int, notice: Notice, also: Also | None = None) -> None:
        """A liaison takes a closed conversation up again: what the resident agreed to before still stands.

        Raises Conflict where the resident has written since, to the assistant.
        """
        async with self._transaction(also) as connection:
            row = await _move(connection, conversation_id, {"closed"}, "liaison", liaison_id)
            moment = now()
            handoffs = select(Handoff).where(Handoff.conversation_id == conversation_id)
            last = (await connection.execute(handoffs.order_by(Handoff.id.desc()).limit(1))).one()
            written = select(Message.id).where(
                Message.conversation_id == conversation_id,
                Message.author == "resident",
                Message.number > last.shown_until,
            )
            if await connection.scalar(written.limit(1)) is not None:
                raise Conflict
            await connection.execute(
                insert(Handoff).values(
                    conversation_id=conversation_id,
                    department=row.department,
                    language=row.language,
                    topic=last.topic,
                    flag=last.flag if last.ended_at > moment - FLAG_LASTS else None,
                    summary=last.summary,
                    asked=last.asked,
                    name=last.name,
                    shown_from=last.shown_from,
                    shown_before=row.shown_from,
                    requested_at=moment,
                    claimed_at=moment,
                    unanswered_since=moment,
                    liaison_id=liaison_id,
                )
            )
            await _tell(connection, conversation_id, notice)

    async def say(
        self,
        conversation_id: str,
        liaison_id: int,
        text: str,
        language: str,
        reply: dict[str, Any] | None = None,
        also: Also | None = None,
    ) -> int:
        """A liaison writes, in a conversation that is theirs; returns the message's number."""
        async with self._transaction(also) as connection:
            await _move(connection, conversation_id, {"liaison"}, "liaison", liaison_id, of=liaison_id)
            await connection.execute(
                update(Handoff)
                .where(*_running(conversation_id))
                .values(replied_at=func.coalesce(Handoff.replied_at, now()), unanswered_since=None, alarm_at=None)
            )
            return await write(connection, conversation_id, "liaison", text, language, reply, liaison_id)

    @contextlib.asynccontextmanager
    async def _transaction(self, also: Also | None) -> AsyncIterator[AsyncConnection]:
        async with self._engine.begin() as connection:
            yield connection
            if also:
                await also(connection)


def locking(*which: ColumnElement[bool]) -> Update:
    """A write that changes nothing: on both engines it locks these conversations for the rest of the transaction."""
    return update(Conversation).where(*which).values(delivered=Conversation.delivered)


async def lock(connection: AsyncConnection, conversation_id: str) -> bool:
    """Lock a conversation before anything of it; False where it is gone.

    Every move does so, and an erase: two who lock in another order wait for each other.
    """
    locked = await connection.execute(locking(Conversation.id == conversation_id).returning(Conversation.id))
    return locked.first() is not None


def danger(conversation: Any) -> str | None:
    """What the safety layer found in it that counts as danger now: passed on with a request, whatever else is not."""
    flagged_at = conversation.flagged_at
    return conversation.flag if flagged_at and flagged_at > now() - FLAG_LASTS else None


async def wrote(connection: AsyncConnection, conversation_id: str) -> None:
    """The resident has written in a liaison's conversation: somebody is alarmed unless they answer."""
    await connection.execute(
        update(Handoff)
        .where(*_running(conversation_id), Handoff.liaison_id.is_not(None))
        .values(unanswered_since=func.coalesce(Handoff.unanswered_since, now()))
    )


async def wrote_again(connection: AsyncConnection, conversation_id: str) -> None:
    """The resident has written in a closed conversation, and the assistant answers: it is the assistant's."""
    with contextlib.suppress(Conflict):  # they have asked for a person since, elsewhere, or a liaison took it up again
        await _move(connection, conversation_id, {"closed"}, "bot", None)


async def found(connection: AsyncConnection, conversation_id: str, flag: str) -> None:
    """The safety layer found danger in a handed-over conversation: of who waits, somebody is alarmed at once.

    Of one that a liaison has, too, if somebody is alarmed already; else first they have time to answer.
    """
    alarming = Handoff.liaison_id.is_(None) | Handoff.alarm_at.is_not(None)
    await connection.execute(
        update(Handoff)
        .where(*_running(conversation_id))
        .values(flag=flag, alarm_at=case((alarming, now()), else_=Handoff.alarm_at))
    )


async def write(
    connection: AsyncConnection,
    conversation_id: str,
    author: str,
    text: str,
    language: str,
    reply: dict[str, Any] | None = None,
    liaison_id: int | None = None,
    in_reply_to: int | None = None,
) -> int:
    """Store a message to the resident and its outbox row, and return its number; raises NotFound."""
    taken = await connection.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(last_number=Conversation.last_number + 1, last_at=now())
        .returning(Conversation.last_number, Conversation.channel)
    )
    conversation = taken.one_or_none()
    if conversation is None:
        raise NotFound
    message = await connection.execute(
        insert(Message)
        .values(
            conversation_id=conversation_id,
            number=conversation.last_number,
            author=author,
            text=text,
            language=language,
            reply=reply,
            liaison_id=liaison_id,
            in_reply_to=in_reply_to,
        )
        .returning(Message.id)
    )
    await connection.execute(
        insert(Outbox).values(
            channel=conversation.channel, conversation_id=conversation_id, message_id=message.scalar_one()
        )
    )
    return int(conversation.last_number)


def _running(conversation_id: str) -> tuple[Any, ...]:
    return (Handoff.conversation_id == conversation_id, Handoff.ended_at.is_(None))


async def _move(
    connection: AsyncConnection,
    conversation_id: str,
    before: Collection[Owner],
    to: Owner,
    liaison_id: int | None,
    of: int | None = None,
) -> Any:
    """The one place that changes an owner. `of`: only if this liaison has it. Returns the row as it is then."""
    where = [Conversation.id == conversation_id, Conversation.owner.in_(before)]
    if of is not None:
        where.append(Conversation.liaison_id == of)
    moved = await connection.execute(
        update(Conversation).where(*where).values(owner=to, liaison_id=liaison_id).returning(*Conversation.__table__.c)
    )
    row = moved.one_or_none()
    if row is None:
        await _refuse(connection, conversation_id)
    return row


async def _refuse(connection: AsyncConnection, conversation_id: str) -> None:
    query = (
        select(Conversation.id, Liaison.name)
        .outerjoin(Liaison, Liaison.id == Conversation.liaison_id)
        .where(Conversation.id == conversation_id)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    if row.name:
        raise AlreadyClaimed(name=row.name)
    raise Conflict


async def _share(connection: AsyncConnection, row: Any, consent: Consent, before: Any | None) -> int:
    """What liaisons may read: all, or what is written from now on; never less than the resident agreed to before.

    `before`: the request that runs already. Returns from where on the request shows the conversation.
    """
    start = 1 if consent.whole_chat else row.last_number + 1
    await connection.execute(
        update(Conversation)
        .where(Conversation.id == row.id)
        .values(shown_from=start if row.shown_from is None else min(start, row.shown_from))
    )
    return int(start if before is None else min(start, before.shown_from))


async def _unshare(connection: AsyncConnection, conversation_id: str) -> None:
    """Nobody reads what was agreed to with the running request, unless a liaison has written to the resident since."""
    taken_back = await connection.execute(
        update(Handoff)
        .where(*_running(conversation_id), Handoff.replied_at.is_(None))
        .values(summary=None, asked=None, name=None, shown_from=None)
        .returning(Handoff.shown_before)
    )
    handoff = taken_back.one_or_none()
    if handoff is not None:
        await connection.execute(
            update(Conversation).where(Conversation.id == conversation_id).values(shown_from=handoff.shown_before)
        )


async def _leave(
    connection: AsyncConnection, conversation_id: str, liaison_id: int, to: Owner, outcome: str, notice: Notice
) -> None:
    """A liaison is done with it: what was found before is no danger to be told of again, and nobody reads on."""
    await _move(connection, conversation_id, {"liaison"}, to, None, of=liaison_id)
    await connection.execute(
        update(Conversation).where(Conversation.id == conversation_id).values(flag=None, flagged_at=None)
    )
    last = await _tell(connection, conversation_id, notice)
    await _end(connection, conversation_id, outcome, last)


async def _end(connection: AsyncConnection, conversation_id: str, outcome: str, last: int) -> None:
    """`last`: number of the last message that liaisons may read for this handoff."""
    await connection.execute(
        update(Handoff)
        .where(*_running(conversation_id))
        .values(ended_at=now(), outcome=outcome, alarm_at=None, shown_until=last)
    )


async def _tell(connection: AsyncConnection, conversation_id: str, notice: Notice) -> int:
    return await write(connection, conversation_id, "notice", notice.text, notice.language, notice.reply)
