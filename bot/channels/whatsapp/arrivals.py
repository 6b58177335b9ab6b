"""What somebody sent becomes a part of their conversation. One transaction for each message, or each run of fragments:
it is in the conversation and done with, or neither.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.channels.whatsapp.commands import Commands
from bot.channels.whatsapp.contacts import Contacts
from bot.channels.whatsapp.inbound import Received
from bot.channels.whatsapp.intake import piece_id
from bot.channels.whatsapp.outbound import OPEN
from bot.channels.whatsapp.tables import WINDOW, Contact, Event, Sent
from bot.conversations.ownership import lock, write
from bot.conversations.store import begin, take
from bot.conversations.tables import Conversation, Handoff, Inbox, Message, Outbox
from bot.database.tables import insert_unless, now
from bot.handoffs.desk import notice
from bot.language import LanguageDetector
from bot.messages import CHANGED, TAKEN_BACK, UNREAD_SHOWN
from bot.privacy import mask
from bot.rendering.renderer import Renderer
from bot.replies import UNREAD, Reply
from bot.safety import SafetyRules
from bot.text import beside

CHANNEL = "whatsapp"
_OPENS = {"text", "choice", "unread", "reaction", "welcome"}
"""Kinds that open the 24-hour window."""
_BEGINS = {*_OPENS, "edit"}
"""Kinds with which somebody may come for the first time: a change may come before what it changes."""


@dataclass(frozen=True)
class Arrived:
    """A stored message, read again."""

    event_id: int
    id_hash: str
    received_at: dt.datetime
    said: Received


class Arrivals:
    """Takes messages up."""

    def __init__(
        self,
        engine: AsyncEngine,
        departments: Mapping[str, str],
        contacts: Contacts,
        commands: Commands,
        renderer: Renderer,
        detector: LanguageDetector,
        safety: SafetyRules,
    ) -> None:
        """`departments`: by Meta's id of our number."""
        self._engine = engine
        self._departments = departments
        self._contacts = contacts
        self._commands = commands
        self._renderer = renderer
        self._detector = detector
        self._safety = safety

    async def take_up(self, group: Sequence[Arrived]) -> str | None:
        """Take up one message, or the fragments of one; returns the id of the conversation, where there is one."""
        async with self._engine.begin() as connection:
            # A write first: it locks, and whatever was taken up already is not again.
            claimed = await connection.execute(
                update(Event)
                .where(Event.id.in_([each.event_id for each in group]), Event.state == "received")
                .values(state="done", payload=None)
                .returning(Event.id)
            )
            left = set(claimed.scalars())
            group = [each for each in group if each.event_id in left]
            group = [each for each in group if not await self._is_gone(connection, each)]
            if not group:
                return None
            contact = await self._contact(connection, group)
            if contact is None:
                if group[0].said.kind == "revoke":  # what it is about may come yet
                    await self.never(connection, group[0].said)
                return None
            kept = False
            if group[-1].said.kind in _OPENS:
                await self._contacts.wrote(connection, contact, [each.said for each in group])
                kept = await _release(connection, contact)
            return await _One(self, connection, contact, group, kept).take_up()

    async def done(self, event_id: int) -> None:
        """Nothing of it goes into a conversation."""
        async with self._engine.begin() as connection:
            await connection.execute(update(Event).where(Event.id == event_id).values(state="done", payload=None))

    async def unreadable(self, event_id: int) -> None:
        """It was encrypted with another key: it stays as it is until a start with that key (`Intake.waiting`)."""
        async with self._engine.begin() as connection:
            waits = (Event.id == event_id, Event.state == "received")
            await connection.execute(update(Event).where(*waits).values(state="unreadable"))

    async def answer(self, arrived: Arrived, reply: Reply) -> None:
        """It opens the window, and is answered by this; nothing of it goes into the conversation."""
        async with self._engine.begin() as connection:
            # A write first: it locks.
            await connection.execute(
                update(Event).where(Event.id == arrived.event_id).values(state="done", payload=None)
            )
            contact = await self._contacts.find(connection, arrived.said)
            if contact is not None:
                await self._contacts.wrote(connection, contact, [arrived.said])
                await _release(connection, contact)
                await tell(connection, contact.conversation_id, reply)

    async def never(self, connection: AsyncConnection, said: Received) -> None:
        """What this takes back, or changes, isn't there yet: it counts as known, so it isn't taken up when it comes."""
        if not said.about:
            return
        event = {
            "id_hash": self._contacts.digest(said.about),
            "contact_hash": self._contacts.digest(said.contact),
            "at": said.at,
            "state": "done",
            "received_at": now(),
        }
        await connection.execute(
            insert_unless(connection, Event)
            .values(event)
            .on_conflict_do_update(
                index_elements=["id_hash"],
                set_={"state": "done", "payload": None},
                # It has come in the same moment, and would have been next.
                where=(Event.state == "received") & (Event.contact_hash == event["contact_hash"]),
            )
        )

    async def _is_gone(self, connection: AsyncConnection, arrived: Arrived) -> bool:
        """Whether it is a piece of a message whose first piece was done with before it came, as `never` has it."""
        if not arrived.said.goes_on:
            return False
        first = select(Event.id).where(
            Event.id_hash == self._contacts.digest(arrived.said.id), Event.state == "done", Event.number.is_(None)
        )
        return await connection.scalar(first) is not None

    def first(self, number_id: str, text: str) -> tuple[str, str]:
        """The department and the language of somebody of whom nothing else is known, who wrote `text`, or none."""
        department = self._departments[number_id]
        default = self._renderer.library.departments[department].profile.default_language
        return department, self._detector.decide(text, default, chosen=False, first=True) if text else default

    async def _contact(self, connection: AsyncConnection, group: Sequence[Arrived]) -> Any | None:
        """Who wrote, with a conversation begun and the welcome said if they are new."""
        said = group[0].said
        contact = await self._contacts.find(connection, said)
        if contact is not None and await lock(connection, contact.conversation_id):  # else it was erased just now
            return contact
        if said.kind not in _BEGINS:
            return None
        text = next((each.said.text for each in group if each.said.kind != "reaction" and each.said.text), "")
        department, language = self.first(said.number_id, text)
        new = await begin(connection, department, CHANNEL, language, chosen=False)
        await self._contacts.add(connection, said, new.id)
        await tell(connection, new.id, self._renderer.whatsapp("welcome", department, language))
        contact = await self._contacts.find(connection, said)
        if said.kind == "edit":  # what was changed has opened the window, and is never taken up
            first = said.model_copy(update={"id": said.about or said.id})
            await self._contacts.wrote(connection, contact, [first])
        return contact


class _One:
    """One message, or the fragments of one, within its transaction."""

    def __init__(
        self, arrivals: Arrivals, connection: AsyncConnection, contact: Any, group: Sequence[Arrived], kept: bool
    ) -> None:
        self._commands, self._renderer, self._safety = arrivals._commands, arrivals._renderer, arrivals._safety
        self._contacts, self._never = arrivals._contacts, arrivals.never
        self._connection, self._contact, self._group, self._kept = connection, contact, group, kept
        self._id: str = contact.conversation_id

    async def take_up(self) -> str:
        query = select(Conversation).where(Conversation.id == self._id)
        self._conversation = (await self._connection.execute(query)).one()
        said = self._group[0].said
        match said.kind:
            case "text" | "choice" | "unread" | "edit":
                await self._written(said)
            case "reaction":
                await self._reaction(said)
            case "revoke":
                await self._replace(said, TAKEN_BACK)
            case "moved":
                await self._contacts.moved(self._connection, self._contact, said)
            case "welcome":
                await self._say(self._renderer.greeting(self._conversation.department, self._language))
        return self._id

    @property
    def _language(self) -> str:
        return str(self._conversation.language)

    async def _written(self, said: Received) -> None:
        if said.about and said.kind == "edit":
            await self._replace(said, CHANGED)
        command = self._commands.of(said)
        if said.choice == OPEN:
            command = "open"
        if command == "open" and (self._kept or said.choice == OPEN):
            await self._store(said.text, "done")
            if not self._kept:
                await self._say(self._whatsapp("nothing_kept"))
        elif command == "stop":
            number = await self._store(said.text, "done")
            await self._set(stopped_at=number)
            await self._say(self._whatsapp("stopped"), number)
        elif self._contact.stopped_at is not None and command == "start":
            number = await self._store(said.text, "done")
            await self._set(stopped_at=None)
            await self._say(self._whatsapp("started"), number)
        elif self._contact.stopped_at is not None:
            whole = await beside(mask, "\n".join(each.said.text for each in self._group))
            number = await self._store(whole, "done", said)
            flag = next((flag for each in self._group if (flag := self._safety.check(each.said.text))), None)
            if flag:
                await self._say(self._renderer.safety(flag.say, self._conversation.department, self._language), number)
            await self._say(self._whatsapp("still_stopped"), number)
        else:
            await self._to_the_turn(said)

    async def _to_the_turn(self, said: Received) -> None:
        quoted = next((each.said.about for each in reversed(self._group) if each.said.about), None)
        if quoted and said.kind != "edit":
            await self._turn_to(quoted)
        if said.kind == "unread":
            await self._store(said.text, "received", said)
            if said.text:  # what stands below a picture is a message as well
                await self._store(said.text, "received", suffix=":caption")
            return
        if said.kind == "choice" and self._renderer.labels.of(self._conversation.department, "en", said.choice or ""):
            await self._store(said.text, "received", said)
            return
        # Fragments are one message with the last of them. What is an identifier only when put together is masked then.
        texts = [each.said.text for each in self._group]
        whole = "\n".join(texts)
        masked = await beside(mask, whole)
        if masked != whole:
            await self._store(masked, "received")
            return
        for each, text in zip(self._group[:-1], texts[:-1], strict=True):
            await self._store(text, "joined", of=each)
        await self._store(texts[-1], "received", of=self._group[-1])

    async def _store(
        self,
        text: str,
        state: Any,
        said: Received | None = None,
        of: Arrived | None = None,
        suffix: str = "",
    ) -> int:
        """Put a message into the conversation. `said`: a button, or no text. `of`: it alone, not all the group."""
        choice = said.choice if said else None
        if said and said.kind == "unread":
            kind = said.choice or "other"
            text, choice = self._renderer.labels.say(self._language, UNREAD_SHOWN[kind]), UNREAD + kind
        elif said and said.kind != "choice":
            choice = None
        group = [of] if of else self._group
        number, _ = await take(
            self._connection, self._id, CHANNEL, group[-1].id_hash + suffix, text or "…", self._language, choice, state
        )
        await self._connection.execute(
            update(Event)
            .where(Event.id.in_([each.event_id for each in group]))
            .values(conversation_id=self._id, number=number)
        )
        return number

    async def _reaction(self, said: Received) -> None:
        helpful = self._commands.helpful(said.text) if said.text else None
        answer = await self._ours(said.about)
        if answer and answer.author == "bot":  # with another reaction, or none, they take it back
            await self._connection.execute(update(Message).where(Message.id == answer.id).values(helpful=helpful))
        if not said.text:
            return
        number = await self._store(said.text, "done")
        message = "reaction" if helpful is None else "helped" if helpful else "not_helped"
        if self._conversation.owner != "liaison" and self._contact.stopped_at is None:
            await self._say(self._whatsapp(message), number)

    async def _replace(self, said: Received, with_what: str) -> None:
        """A message was taken back, or changed: its words go, and if it waits for its turn it has none any more."""
        numbers = await self._numbers(said.about or "")
        if not numbers:
            await self._never(self._connection, said)
        if not numbers or self._conversation.legal_hold:
            return
        text = self._renderer.labels.say(self._language, with_what)
        of_it = (Message.conversation_id == self._id, Message.number.in_(numbers))
        await self._connection.execute(update(Message).where(*of_it).values(text=text))
        await self._no_longer_offered(numbers)
        await self._connection.execute(
            update(Inbox)
            .where(Inbox.conversation_id == self._id, Inbox.number.in_(numbers))
            .values(state="done", done_at=now())
        )
        # Fragments before it, which were to have their turn with it, have it with the last of them now.
        query = (
            select(Inbox.id, Inbox.state)
            .where(Inbox.conversation_id == self._id, Inbox.state.in_(("joined", "received")))
            .order_by(Inbox.id.desc())
            .limit(1)
        )
        last = (await self._connection.execute(query)).one_or_none()
        if last and last.state == "joined":
            await self._connection.execute(update(Inbox).where(Inbox.id == last.id).values(state="received"))

    async def _numbers(self, meta_id: str) -> list[int]:
        """The numbers of the messages that one of theirs became, of a long one several, and what it was changed to."""
        changes = select(Event.number).where(
            Event.about_hash == self._contacts.digest(meta_id),
            Event.conversation_id == self._id,
            Event.number.is_not(None),
        )
        numbers: list[int] = list(await self._connection.scalars(changes))
        for piece in itertools.count():
            theirs = select(Event.number).where(
                Event.id_hash == self._contacts.digest(piece_id(meta_id, piece)), Event.conversation_id == self._id
            )
            number = await self._connection.scalar(theirs)
            if number is None:
                break
            numbers.append(number)
        return numbers

    async def _no_longer_offered(self, numbers: Sequence[int]) -> None:
        """What was passed on to a person, or was to be, has no words in it that were taken back."""
        await self._connection.execute(
            update(Conversation)
            .where(Conversation.id == self._id, Conversation.asked.in_(numbers))
            .values(asked=None, topic=None)
        )
        bare = self._renderer.summary(self._conversation.department, self._language, None, None)
        query = select(Message).where(Message.conversation_id == self._id, Message.author == "bot")
        for message in await self._connection.execute(query):
            offer = (message.reply or {}).get("handoff")
            if offer and offer.get("asked") in numbers:
                values = {
                    "text": message.text.replace(offer["summary"], bare),
                    "reply": {
                        **message.reply,
                        "text": message.reply["text"].replace(offer["summary"], bare),
                        "handoff": {**offer, "summary": bare, "asked": None, "topic": None},
                    },
                }
                await self._connection.execute(update(Message).where(Message.id == message.id).values(**values))
        await self._connection.execute(
            update(Handoff)
            .where(Handoff.conversation_id == self._id, Handoff.asked.in_(numbers))
            .values(summary=bare, asked=None, topic=None)
        )

    async def _turn_to(self, meta_id: str) -> None:
        """They quote an answer of ours: what they write is about that, not about what was said since."""
        answer = await self._ours(meta_id)
        if answer and answer.reply and answer.reply.get("topic") and answer.in_reply_to:
            await self._connection.execute(
                update(Conversation)
                .where(Conversation.id == self._id)
                .values(topic=answer.reply["topic"], asked=answer.in_reply_to)
            )

    async def _ours(self, meta_id: str | None) -> Any | None:
        """The message of ours that Meta knows by this id."""
        query = (
            select(Message)
            .join(Outbox, Outbox.message_id == Message.id)
            .join(Sent, Sent.outbox_id == Outbox.id)
            .where(Sent.id_hash == self._contacts.digest(meta_id or ""), Message.conversation_id == self._id)
        )
        return (await self._connection.execute(query)).one_or_none()

    async def _set(self, **values: Any) -> None:
        await self._connection.execute(update(Contact).where(Contact.id == self._contact.id).values(**values))

    async def _say(self, reply: Reply, in_reply_to: int | None = None) -> None:
        await tell(self._connection, self._id, reply, in_reply_to)

    def _whatsapp(self, message: str) -> Reply:
        return self._renderer.whatsapp(message, self._conversation.department, self._language)


async def tell(connection: AsyncConnection, conversation_id: str, reply: Reply, in_reply_to: int | None = None) -> None:
    """Something that the channel itself says."""
    told = notice(reply)
    await write(connection, conversation_id, "notice", told.text, told.language, told.reply, in_reply_to=in_reply_to)


async def _release(connection: AsyncConnection, contact: Any) -> bool:
    """What was kept until they write goes out now; returns whether anything was. `contact`: as it was before.

    So does what was put off because the invitation to write couldn't be sent: nothing after it would go out before it.
    What was put off while the window was open waits on: whether Meta has it may not be known yet.
    """
    conversation_id = contact.conversation_id
    if contact.wrote_at is None or now() >= contact.wrote_at + WINDOW:
        await connection.execute(
            update(Outbox)
            .where(Outbox.conversation_id == conversation_id, Outbox.state == "pending", Outbox.leased_until.is_(None))
            .values(due_at=now())
        )
    released = await connection.execute(
        update(Outbox)
        .where(Outbox.conversation_id == conversation_id, Outbox.state == "kept")
        # From the beginning: what waited for them for days isn't given up at the first trouble.
        .values(state="pending", due_at=now(), created_at=now(), attempts=0, leased_until=None, reason=None)
        .returning(Outbox.id)
    )
    return released.first() is not None
