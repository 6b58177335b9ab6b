"""The resident's side of a handoff: what they are told before, and what they agree to."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversations.ownership import Also, Consent, Notice, Ownership, danger
from bot.conversations.store import NewConversation, Store
from bot.conversations.tables import Conversation
from bot.database.tables import now
from bot.errors import AlreadyClaimed, Conflict
from bot.handoffs.satisfaction import rating
from bot.handoffs.tables import Callback
from bot.handoffs.wait import outlook
from bot.i18n import N_, in_language
from bot.liaisons.tables import Liaison
from bot.messages import REASONS
from bot.rendering.renderer import Renderer
from bot.replies import CONNECT_BARE, HELPED, NOT_HELPED, WHY, WITHDRAW, HandoffOffer, Outlook, Reader, Reply
from bot.secrets import Secrets, hash_token
from bot.text import beside, clean, line, shortened

_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without those that people take for another."""
MAX_SUMMARY_CHARS = 1000
"""Of what is offered, of the fields in which it is changed, and of what is passed on."""
MAX_LINE_CHARS = 200
"""Of a name, a contact, a time to be called."""

IS_HERE = N_("%(name)s is already here. If you do not want to go on, write that, or erase this chat.")
NOT_WAITING = N_("That button is over: you are not waiting for a person now.")
"""Why a resident's request can't be taken back."""


@dataclass(frozen=True)
class Resumed(NewConversation):
    """A conversation that was opened by its code, with its new token."""

    department: str


class Desk:
    """Where a resident asks for a person."""

    def __init__(
        self, store: Store, secrets: Secrets, renderer: Renderer, changed: Callable[[str], None] = lambda _: None
    ) -> None:
        """`secrets` encrypts what residents leave about themselves; `changed` is told which conversation changed."""
        self._changed = changed
        self._store = store
        self._secrets = secrets
        self._renderer = renderer
        self._ownership = Ownership(store.engine)

    async def offer(self, conversation: Any, language: str) -> HandoffOffer:
        """Who would read it, and the summary that would be passed on. Changes nothing."""
        asked = conversation.asked
        question = await self._store.text(conversation.id, asked) if asked is not None else None
        summary = self._renderer.summary(conversation.department, language, conversation.topic, question)
        summary = shortened(summary, MAX_SUMMARY_CHARS)
        return HandoffOffer(
            readers=await self.readers(conversation.department, language),
            summary=summary,
            asked=asked,
            topic=conversation.topic if self._renderer.labels.names(conversation.topic, summary) else None,
            danger=danger(conversation) is not None,
        )

    async def readers(self, department: str, language: str) -> list[Reader]:
        """Everybody who may read the department's handed-over conversations, by name."""
        async with self._store.engine.connect() as connection:
            rows = (await connection.execute(select(Liaison).where(Liaison.active).order_by(Liaison.name))).all()
        return [reader(row, language) for row in rows if department in row.departments]

    async def person(self, conversation: Any) -> Reader | None:
        """The liaison who has the conversation, or None."""
        if conversation.liaison_id is None:
            return None
        async with self._store.engine.connect() as connection:
            row = (await connection.execute(select(Liaison).where(Liaison.id == conversation.liaison_id))).one_or_none()
        return reader(row, conversation.language) if row else None

    async def outlook(self, department: str) -> Outlook:
        """What is known of how long somebody who asks now will wait."""
        profile = self._renderer.library.departments[department].profile
        known = await outlook(self._store.engine, profile)
        return replace(known, nobody=not await self.readers(department, profile.default_language))

    async def agreeing(self, conversation_id: str, whole_chat: bool) -> Also | None:
        """What a turn's transaction does when the resident agrees by a button: to the summary that they were shown.

        None where they were shown none.
        """
        offered = await self._store.offered(conversation_id)
        if offered is None:
            return None
        consent = Consent(offered["summary"], offered.get("asked"), offered.get("topic"), whole_chat=whole_chat)
        return self._ownership.requesting(conversation_id, consent)

    async def pressed(self, conversation: Any, choice: str) -> tuple[Reply, Also] | None:
        """What a button does that stands for one of the website's forms; None where `choice` is no such button.

        The reply is the turn's, and the rest is done in its transaction.
        """
        department, language = conversation.department, conversation.language
        if choice == CONNECT_BARE:
            expected = await self.outlook(department)
            reply = self._renderer.notices.connected(department, language, expected, conversation.channel)
            return reply, self._ownership.requesting(conversation.id, Consent(None))
        if choice == WITHDRAW:
            reply = await self._withdrawn(conversation)
            return reply, _if_it_still_can(self._ownership.withdrawing(conversation.id))
        if choice in {HELPED, NOT_HELPED}:
            helpful = choice == HELPED
            reply = self._renderer.notices.rated(department, language, helpful)
            return reply, _if_it_still_can(rating(conversation.id, helpful))
        for tap, keys in REASONS.items():
            for key in keys:
                if choice == WHY + key:
                    reply = self._renderer.notices.rated(department, language, None)
                    return reply, _if_it_still_can(rating(conversation.id, tap == "yes", key))
        return None

    async def request(self, conversation: Any, summary: str | None, name: str | None, whole_chat: bool) -> Reply:
        """The resident agrees in a form, where they may change the summary or drop it, and give a name or none."""
        consent = Consent(
            summary=await beside(clean, summary, MAX_SUMMARY_CHARS) if summary and summary.strip() else None,
            asked=conversation.asked if summary else None,
            topic=conversation.topic if self._renderer.labels.names(conversation.topic, summary or "") else None,
            name=self._secrets.encrypt(line(name, MAX_LINE_CHARS)) if name and name.strip() else None,
            whole_chat=whole_chat,
        )
        expected = await self.outlook(conversation.department)
        reply = self._renderer.notices.connected(
            conversation.department, conversation.language, expected, conversation.channel
        )
        reply.number = await self._ownership.request(conversation.id, consent, notice(reply))
        self._changed(conversation.id)
        return reply

    async def withdraw(self, conversation: Any) -> Reply:
        """The resident would rather not be handed over; raises AlreadyClaimed once a liaison has the conversation, and
        Conflict where nobody is waited for.
        """
        reply = await self._withdrawn(conversation)
        try:
            reply.number = await self._ownership.withdraw(conversation.id, notice(reply))
        except AlreadyClaimed as error:
            raise AlreadyClaimed(message=IS_HERE, **error.values) from None
        except Conflict:
            raise Conflict(message=NOT_WAITING) from None
        self._changed(conversation.id)
        return reply

    async def _withdrawn(self, conversation: Any) -> Reply:
        wish = select(Callback.id).where(*_open_wish(conversation.id)).limit(1)
        async with self._store.engine.connect() as connection:
            callback = await connection.scalar(wish) is not None
        return self._renderer.notices.withdrawn(conversation.department, conversation.language, callback)

    async def call_back(self, conversation: Any, contact: str, time: str, language: str) -> None:
        """The resident wants to be called back: `contact` and `time` as they wrote them, stored encrypted.

        A conversation has one such wish at a time: while nobody has called, another takes its place, unless what is
        there has to be kept.
        """
        values = {
            "language": language,
            "created_at": now(),
            "contact": self._secrets.encrypt(line(contact, MAX_LINE_CHARS)),
            "time": self._secrets.encrypt(line(time, MAX_LINE_CHARS)),
        }
        async with self._store.engine.begin() as connection:
            # Counts as a last message, and locks the row: a purge at this moment comes first, or not at all.
            held = await connection.scalar(
                update(Conversation)
                .where(Conversation.id == conversation.id)
                .values(last_at=now())
                .returning(Conversation.legal_hold)
            )
            replaced = None
            if not held:
                again = await connection.execute(
                    update(Callback).where(*_open_wish(conversation.id)).values(**values).returning(Callback.id)
                )
                replaced = again.first()
            if replaced is None:
                await connection.execute(
                    insert(Callback).values(
                        conversation_id=conversation.id, department=conversation.department, **values
                    )
                )
        self._changed(conversation.id)

    async def code(self, conversation_id: str) -> str:
        """A new code with which the resident opens the conversation elsewhere; it replaces the one before.

        Twelve of 30 characters, 58 bits: kept as a keyed hash, shown once, in no message that a liaison could read.
        """
        code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(12))
        async with self._store.engine.begin() as connection:
            await connection.execute(
                update(Conversation)
                .where(Conversation.id == conversation_id)
                .values(resume_hash=self._secrets.digest(code))
            )
        return "-".join((code[:4], code[4:8], code[8:]))

    async def resume(self, code: str) -> Resumed | None:
        """Open the conversation of a code with a new token; the code and the old token are over then.

        None where the code opens nothing.
        """
        digest = self._secrets.digest("".join(char for char in code.upper() if char in _CODE_LETTERS))
        token = secrets.token_urlsafe(32)
        async with self._store.engine.begin() as connection:
            opened = await connection.execute(
                update(Conversation)
                .where(Conversation.resume_hash == digest)
                .values(resume_hash=None, token_hash=hash_token(token))
                .returning(Conversation.id, Conversation.department)
            )
            conversation = opened.one_or_none()
        return Resumed(conversation.id, token, conversation.department) if conversation else None


def _open_wish(conversation_id: str) -> tuple[Any, ...]:
    """A wish to be called back that nobody has met yet."""
    return (Callback.conversation_id == conversation_id, Callback.done_at.is_(None))


def _if_it_still_can(also: Also) -> Also:
    """A button stays on the screen when what it does is over: then it does nothing."""

    async def do(connection: AsyncConnection) -> None:
        with contextlib.suppress(Conflict):
            await also(connection)

    return do


def reader(person: Any, language: str) -> Reader:
    """A person of the department, or their account's row, as residents know them."""
    return Reader(name=person.name, title=in_language(person.title, language), sworn=person.sworn)


def notice(reply: Reply) -> Notice:
    """What the resident is told of a move."""
    return Notice(reply.text, reply.language, reply.model_dump(mode="json"))
