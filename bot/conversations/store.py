"""Conversations as their residents have them: begun, written in, answered. Who has one is ownership.py's.

Every method that writes does so in one transaction. None but `access` asks for a token: whoever calls another has to
know that the conversation is the resident's.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import and_, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.conversations.ownership import Also, found, write, wrote, wrote_again
from bot.conversations.tables import Conversation, Handoff, Inbox, Leaving, Message
from bot.database.tables import insert_unless, now
from bot.errors import NotFound, Unauthorized
from bot.liaisons.tables import Liaison
from bot.secrets import hash_token


@dataclass(frozen=True)
class NewConversation:
    """What only its starter is told: the id, and the token that opens it."""

    id: str
    token: str


@dataclass(frozen=True)
class Pending:
    """A resident's message that waits for its turn, and its conversation as it stands."""

    inbox_id: int
    number: int
    text: str
    choice: str | None
    conversation: Any
    """The columns of its conversation."""
    fragments: tuple[str, ...] = ()
    """The messages before it that are one with it; `text` has them, too."""


class Store:
    """Conversations in a database."""

    def __init__(self, engine: AsyncEngine) -> None:
        """`engine`: from `open_engine`, its schema migrated."""
        self.engine = engine

    async def ping(self) -> None:
        """Raises if the database doesn't answer."""
        async with self.engine.connect() as connection:
            await connection.execute(select(1))

    async def create(self, department: str, channel: str, language: str, chosen: bool) -> NewConversation:
        """Start a conversation."""
        async with self.engine.begin() as connection:
            return await begin(connection, department, channel, language, chosen)

    async def access(self, conversation_id: str, token: str) -> Any:
        """The conversation's row, if `token` is its own; raises Unauthorized, the same for a wrong id and token."""
        async with self.engine.connect() as connection:
            row = await self._conversation(connection, conversation_id)
        if row is None or not hmac.compare_digest(row.token_hash, hash_token(token)):
            raise Unauthorized
        return row

    async def is_open(self, conversation_id: str, token_hash: str) -> bool:
        """Whether the conversation is there, and the token with this hash still its own."""
        query = select(Conversation.token_hash).where(Conversation.id == conversation_id)
        async with self.engine.connect() as connection:
            return await connection.scalar(query) == token_hash

    async def accept(
        self, conversation_id: str, channel: str, provider_id: str, text: str, language: str, choice: str | None
    ) -> int:
        """Store a resident's message, already masked, and return its inbox id; a repeated one returns the first's."""
        try:
            async with self.engine.begin() as connection:
                _, inbox_id = await take(connection, conversation_id, channel, provider_id, text, language, choice)
                return inbox_id
        except IntegrityError:
            # The database decides what is a duplicate; a check before the write would race.
            async with self.engine.connect() as connection:
                query = select(Inbox.id).where(Inbox.channel == channel, Inbox.provider_id == provider_id)
                first = await connection.scalar(query)
            if first is None:
                raise
            return int(first)

    async def pending(self, conversation_id: str) -> Pending | None:
        """The oldest message of the conversation that has not had its turn; None where its resident has left."""
        query = (
            select(Inbox.id.label("inbox_id"), Inbox.number, Inbox.choice, Message.text, Conversation)
            .join(Conversation, Conversation.id == Inbox.conversation_id)
            .join(Message, (Message.conversation_id == Inbox.conversation_id) & (Message.number == Inbox.number))
            .where(
                Inbox.conversation_id == conversation_id,
                Inbox.state == "received",
                Inbox.conversation_id.not_in(select(Leaving.conversation_id)),
            )
            .order_by(Inbox.id)
            .limit(1)
        )
        fragments = (
            select(Message.text)
            .join(Inbox, (Inbox.conversation_id == Message.conversation_id) & (Inbox.number == Message.number))
            .where(Inbox.conversation_id == conversation_id, Inbox.state == "joined")
            .order_by(Message.number)
        )
        async with self.engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            before = list(await connection.scalars(fragments.where(Inbox.id < row.inbox_id)))
        return Pending(row.inbox_id, row.number, "\n".join([*before, row.text]), row.choice, row, tuple(before))

    async def conversations_with_pending(self) -> list[str]:
        """Conversations with messages that a crash left without a turn."""
        query = select(Inbox.conversation_id).where(Inbox.state == "received").distinct()
        async with self.engine.connect() as connection:
            return list(await connection.scalars(query))

    async def complete(
        self,
        pending: Pending,
        reply: dict[str, Any],
        changes: dict[str, Any],
        also: Also | None = None,
        author: Literal["bot", "safety"] = "bot",
    ) -> int | None:
        """Close a turn: the reply, its outbox row, the inbox, the conversation and `also`, all or nothing.

        Returns the reply's number; None where a liaison has taken the conversation since the turn began: the bot says
        nothing then, but for a warning (`changes` has a `flag`), which is the safety layer's.
        """
        conversation_id = pending.conversation.id
        this = Conversation.id == conversation_id
        if flag := changes.get("flag"):
            changes = {**changes, "flagged_at": now()}
        async with self.engine.begin() as connection:
            where = [this]
            if author == "bot":
                where.append(Conversation.owner != "liaison")
                if pending.conversation.owner == "closed":
                    await wrote_again(connection, conversation_id)
            taken = await connection.execute(
                update(Conversation).where(*where).values(last_at=now(), **changes).returning(Conversation.id)
            )
            is_there = taken.first() is not None
            if not is_there and flag:
                found_now = {"flag": flag, "flagged_at": changes["flagged_at"]}
                flagged = update(Conversation).where(this).values(last_at=now(), **found_now)
                is_there = (await connection.execute(flagged.returning(Conversation.id))).first() is not None
                author, also = "safety", None
            if flag:
                await found(connection, conversation_id, flag)
            if author == "safety" or not is_there:
                await wrote(connection, conversation_id)
            number = None
            if is_there:
                number = await write(
                    connection,
                    conversation_id,
                    author,
                    reply["text"],
                    reply["language"],
                    reply,
                    in_reply_to=pending.number,
                )
                if also:
                    await also(connection)
            elif await self._conversation(connection, conversation_id) is None:
                raise NotFound
            await self._done(connection, pending)
        return number

    async def pass_on(self, pending: Pending) -> bool:
        """Close the turn of a message that is a liaison's to answer; does nothing where no liaison has it any more."""
        async with self.engine.begin() as connection:
            theirs = await connection.execute(
                update(Conversation)
                .where(Conversation.id == pending.conversation.id, Conversation.owner == "liaison")
                .values(last_at=now())
                .returning(Conversation.id)
            )
            if theirs.first() is None:
                return False
            await wrote(connection, pending.conversation.id)
            await self._done(connection, pending)
        return True

    @staticmethod
    async def _done(connection: AsyncConnection, pending: Pending) -> None:
        done = Inbox.id == pending.inbox_id
        if pending.fragments:
            done |= and_(
                Inbox.conversation_id == pending.conversation.id, Inbox.state == "joined", Inbox.id < pending.inbox_id
            )
        await connection.execute(update(Inbox).where(done).values(state="done", done_at=now()))

    async def reply_to(self, inbox_id: int) -> dict[str, Any] | None:
        """The reply to a message, or None if its turn isn't over."""
        query = (
            select(Message.reply, Message.number)
            .join(
                Inbox,
                (Message.conversation_id == Inbox.conversation_id) & (Message.in_reply_to == Inbox.number),
            )
            .where(Inbox.id == inbox_id)
        )
        async with self.engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else {**row.reply, "number": row.number}

    async def passed_on(self, inbox_id: int) -> Any | None:
        """The conversation of a message whose turn is over without a reply: a liaison answers it. Else None."""
        query = (
            select(Conversation)
            .join(Inbox, Inbox.conversation_id == Conversation.id)
            .where(Inbox.id == inbox_id, Inbox.state == "done")
        )
        async with self.engine.connect() as connection:
            return (await connection.execute(query)).one_or_none()

    async def messages(self, conversation_id: str, after: int = 0) -> Sequence[Any]:
        """The messages of a conversation numbered above `after`, in order.

        Each has the `name` of its liaison and, where a resident wrote it, the channel's own id of it, `provider_id`.
        """
        query = (
            select(Message, Liaison.name.label("name"), Inbox.provider_id)
            .outerjoin(Liaison, Liaison.id == Message.liaison_id)
            .outerjoin(Inbox, (Inbox.conversation_id == Message.conversation_id) & (Inbox.number == Message.number))
            .where(Message.conversation_id == conversation_id, Message.number > after)
            .order_by(Message.number)
        )
        async with self.engine.connect() as connection:
            return (await connection.execute(query)).all()

    async def delivered(self, conversation_id: str, number: int) -> bool:
        """The resident's page has taken the messages up to `number`; False where that was known."""
        async with self.engine.begin() as connection:
            moved = await connection.execute(
                update(Conversation)
                .where(Conversation.id == conversation_id, Conversation.delivered < number)
                .values(delivered=number)
                .returning(Conversation.id)
            )
            return moved.first() is not None

    async def revoke(self, conversation_id: str) -> None:
        """From now on no token opens the conversation, and no code; unless it is on legal hold, it is to be erased."""
        async with self.engine.begin() as connection:
            await connection.execute(
                update(Conversation)
                .where(Conversation.id == conversation_id)
                .values(token_hash=hash_token(secrets.token_urlsafe(32)), resume_hash=None)
            )
            # In the same transaction: whatever ends this process, it is known that an erase is owed.
            left = select(Conversation.id).where(Conversation.id == conversation_id, ~Conversation.legal_hold)
            new = insert_unless(connection, Leaving).from_select(["conversation_id"], left)
            await connection.execute(new.on_conflict_do_nothing())

    async def leaving(self) -> list[str]:
        """Conversations whose residents have left, and that are still to be erased."""
        query = select(Leaving.conversation_id).join(Conversation, Conversation.id == Leaving.conversation_id)
        async with self.engine.connect() as connection:
            return list(await connection.scalars(query.where(~Conversation.legal_hold)))

    async def rate_answer(self, conversation_id: str, number: int, helpful: bool) -> None:
        """Whether an answer of the assistant helped; a second time changes that. Raises NotFound."""
        async with self.engine.begin() as connection:
            rated = await connection.execute(
                update(Message)
                .where(Message.conversation_id == conversation_id, Message.number == number, Message.author == "bot")
                .values(helpful=helpful)
                .returning(Message.id)
            )
            if rated.first() is None:
                raise NotFound

    async def text(self, conversation_id: str, number: int) -> str:
        """The text of one message; raises NotFound."""
        query = select(Message.text).where(Message.conversation_id == conversation_id, Message.number == number)
        async with self.engine.connect() as connection:
            found: str | None = await connection.scalar(query)
        if found is None:
            raise NotFound
        return found

    async def offered(self, conversation_id: str) -> dict[str, Any] | None:
        """The last reply that asked whether to hand the conversation to a person (`Reply.handoff`)."""
        query = (
            select(Message.reply)
            .where(Message.conversation_id == conversation_id, Message.author == "bot")
            .order_by(Message.number.desc())
        )
        async with self.engine.connect() as connection:
            replies = await connection.scalars(query)
            return next((reply["handoff"] for reply in replies if reply and reply.get("handoff")), None)

    async def offers_a_person(self, conversation_id: str) -> bool:
        """Whether what was said last asked whether to hand the conversation to a person."""
        reply = await self.last_reply(conversation_id)
        return bool(reply and reply.get("handoff"))

    async def last_reply(self, conversation_id: str) -> dict[str, Any] | None:
        """What was said last to the resident; None where a liaison said it, or nobody anything."""
        query = (
            select(Message.reply)
            .where(Message.conversation_id == conversation_id, Message.author != "resident")
            .order_by(Message.number.desc())
            .limit(1)
        )
        async with self.engine.connect() as connection:
            reply: dict[str, Any] | None = await connection.scalar(query)
        return reply

    async def waiting(self) -> Sequence[Any]:
        """Conversations whose residents asked for a person, with when they asked (`requested_at`), the longest waiting
        first.
        """
        query = (
            select(Conversation, Handoff.requested_at)
            .join(Handoff, (Handoff.conversation_id == Conversation.id) & Handoff.ended_at.is_(None))
            .where(Conversation.owner == "waiting")
            .order_by(Handoff.requested_at)
        )
        async with self.engine.connect() as connection:
            return (await connection.execute(query)).all()

    async def set_language(self, conversation_id: str, language: str) -> None:
        """The resident chose a language."""
        async with self.engine.begin() as connection:
            await connection.execute(
                update(Conversation)
                .where(Conversation.id == conversation_id)
                .values(language=language, language_chosen=True)
            )

    @staticmethod
    async def _conversation(connection: AsyncConnection, conversation_id: str) -> Any:
        query = select(Conversation).where(Conversation.id == conversation_id)
        return (await connection.execute(query)).one_or_none()


async def begin(
    connection: AsyncConnection, department: str, channel: str, language: str, chosen: bool
) -> NewConversation:
    """Start a conversation, as a part of a transaction."""
    new = NewConversation(secrets.token_urlsafe(16), secrets.token_urlsafe(32))
    await connection.execute(
        insert(Conversation).values(
            id=new.id,
            token_hash=hash_token(new.token),
            department=department,
            channel=channel,
            language=language,
            language_chosen=chosen,
        )
    )
    return new


async def take(
    connection: AsyncConnection,
    conversation_id: str,
    channel: str,
    provider_id: str,
    text: str,
    language: str,
    choice: str | None,
    state: Literal["received", "joined", "done"] = "received",
) -> tuple[int, int]:
    """Store a resident's message, already masked, as a part of a transaction; returns its number and inbox id.

    Raises IntegrityError where the channel's id of it is known already, NotFound without a conversation.
    """
    # The update locks the row against a second writer.
    numbered = await connection.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(last_number=Conversation.last_number + 1, last_at=now())
        .returning(Conversation.last_number)
    )
    number = numbered.scalar_one_or_none()
    if number is None:
        raise NotFound
    await connection.execute(
        insert(Message).values(
            conversation_id=conversation_id, number=number, author="resident", text=text, language=language
        )
    )
    stored = await connection.execute(
        insert(Inbox)
        .values(
            channel=channel,
            provider_id=provider_id,
            conversation_id=conversation_id,
            number=number,
            choice=choice,
            state=state,
            done_at=now() if state == "done" else None,
        )
        .returning(Inbox.id)
    )
    return int(number), int(stored.scalar_one())
