"""Takes up what the webhook stored: each contact's messages in the order of Meta's clock, fragments as one, and then
has the conversation's turns run.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.whatsapp.arrivals import Arrivals, Arrived
from bot.channels.whatsapp.cloud import Cloud, NotReachedError, RefusedError, UnknownOutcomeError
from bot.channels.whatsapp.commands import Commands
from bot.channels.whatsapp.contacts import Contacts
from bot.channels.whatsapp.errors import action
from bot.channels.whatsapp.inbound import Received
from bot.channels.whatsapp.outbound import Outbound
from bot.channels.whatsapp.tables import WINDOW, Contact, Event
from bot.conversations.delivery import backoff_s
from bot.conversations.tables import Conversation
from bot.database.tables import now
from bot.errors import NotFound, OnHold
from bot.problems import kind_and_place
from bot.rasa import RasaError
from bot.rendering.renderer import Renderer
from bot.replies import Reply
from bot.safety import SafetyRules
from bot.secrets import Secrets, WrongKeyError
from bot.turns.turns import Turns

log = logging.getLogger(__name__)
_AT_ONCE = 4
"""Contacts who are answered at the same time. More would only slow each other down, and the webhook with them."""
_LONGEST_PAUSES = 4
"""After so many pauses an answer is due, even if more keeps coming."""
_APART = dt.timedelta(seconds=30)
"""By Meta's clock; what was written further apart is no run of fragments, though it came at once, after an outage."""


class Receiver:
    """A task for each contact who has written, as long as there is something of theirs to take up."""

    def __init__(
        self,
        engine: AsyncEngine,
        secrets: Secrets,
        arrivals: Arrivals,
        contacts: Contacts,
        commands: Commands,
        turns: Turns,
        renderer: Renderer,
        outbound: Outbound,
        cloud: Cloud,
        safety: SafetyRules,
        pause_s: float,
        max_chars: int,
        finish_s: float,
        changed: Callable[[str], None],
    ) -> None:
        """`pause_s`: how long to wait for a further fragment. `finish_s`: how long `stop` waits for turns that run.

        `changed` is told which conversation has news.
        """
        self._engine = engine
        self._secrets = secrets
        self._arrivals = arrivals
        self._contacts = contacts
        self._commands = commands
        self._turns = turns
        self._renderer = renderer
        self._outbound = outbound
        self._cloud = cloud
        self._safety = safety
        self._pause_s = pause_s
        self._max_chars = max_chars
        self._finish_s = finish_s
        self._changed = changed
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._news: dict[str, asyncio.Event] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._receipts: set[asyncio.Task[None]] = set()
        self._settling: set[asyncio.Task[Any]] = set()

    def wake(self, contact_hash: str) -> None:
        """There is something new of this contact."""
        if contact_hash in self._serving:
            self._news[contact_hash].set()
        else:
            self._news[contact_hash] = asyncio.Event()
            self._serving[contact_hash] = asyncio.create_task(self._serve(contact_hash))

    async def stop(self) -> None:
        """End, once the turns that are running are finished; what is not taken up stays stored."""
        await _cancelled([*self._serving.values(), *self._receipts])
        if self._settling:
            await asyncio.wait(self._settling, timeout=self._finish_s)
        await _cancelled(list(self._settling))

    async def _serve(self, contact_hash: str) -> None:
        news, place, failures = self._news[contact_hash], _Place(self._places), 0
        unsettled: set[str] = set()
        try:
            while True:
                news.clear()
                try:
                    for conversation_id in list(unsettled):
                        await self._settle(conversation_id)
                        unsettled.discard(conversation_id)
                    waiting = await self._waiting(contact_hash)
                    if not waiting:
                        if news.is_set():
                            continue  # it came while we looked
                        return
                    is_urgent = self._is_urgent(waiting)
                    if not is_urgent and not place.asked and (pause := self._pause(waiting)) > 0:
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(news.wait(), pause)
                        continue
                    for group in self._groups(waiting):  # each has its turn, and others theirs in between
                        if not is_urgent and not await place.taken(news):
                            break  # more has come meanwhile
                        await self._take_up(group, unsettled)
                        place.leave()
                        failures = 0
                        if news.is_set():
                            break  # it may be urgent
                except Exception as error:  # it stays stored, and is tried again
                    log.error("what came by WhatsApp could not be taken up: %s", kind_and_place(error))
                    place.leave()
                    failures += 1
                    with contextlib.suppress(TimeoutError):  # what comes meanwhile may be urgent
                        await asyncio.wait_for(news.wait(), backoff_s(failures))
        finally:
            place.leave()
            del self._serving[contact_hash], self._news[contact_hash]

    async def _waiting(self, contact_hash: str) -> list[Arrived]:
        """What is not taken up yet, in the order of Meta's clock; of one second in that of arrival."""
        query = (
            select(Event)
            .where(Event.state == "received", Event.contact_hash == contact_hash)
            .order_by(Event.at, Event.id)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        arrived = []
        for row in rows:
            try:
                said = Received.model_validate_json(self._secrets.decrypt(row.payload))
            except WrongKeyError as error:
                log.error("a message that came by WhatsApp can't be read: %s", error)
                await self._arrivals.unreadable(row.id)
                continue
            arrived.append(Arrived(row.id, row.id_hash, row.received_at, said))
        return arrived

    def _is_urgent(self, waiting: Sequence[Arrived]) -> bool:
        """Nobody waits with a button, a command, or a word of danger: neither for a fragment nor for others."""
        return any(
            each.said.kind != "text" or self._commands.of(each.said) or self._safety.check(each.said.text)
            for each in waiting
        )

    def _pause(self, waiting: Sequence[Arrived]) -> float:
        """Seconds to wait for a further fragment."""
        quiet = (now() - max(each.received_at for each in waiting)).total_seconds()
        since = (now() - min(each.received_at for each in waiting)).total_seconds()
        return min(self._pause_s - quiet, self._pause_s * _LONGEST_PAUSES - since)

    async def _take_up(self, group: Sequence[Arrived], unsettled: set[str]) -> None:
        """Put a message into the conversation and answer it; `unsettled` keeps what is due if that fails."""
        conversation_id: str | None
        if self._commands.of(group[0].said) == "erase":
            conversation_id = await self._erase(group[0])
        else:
            conversation_id = await self._arrivals.take_up(group)
        if conversation_id is None:
            return
        unsettled.add(conversation_id)
        self._changed(conversation_id)
        await self._receipt(conversation_id)
        await self._settle(conversation_id)
        unsettled.discard(conversation_id)

    async def _settle(self, conversation_id: str) -> None:
        """Run what turns are due, to their end even if whoever waits for it here is stopped."""
        task = asyncio.create_task(self._turns.settle(conversation_id))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        await asyncio.shield(task)

    def _groups(self, waiting: Sequence[Arrived]) -> Iterator[list[Arrived]]:
        """Texts that follow soon upon one another are fragments of one message, up to the length of a message."""
        group: list[Arrived] = []
        for each in waiting:
            fragment = each.said.kind == "text" and not self._commands.of(each.said)
            length = sum(len(one.said.text) + 1 for one in group) + len(each.said.text)
            if group and (not fragment or length > self._max_chars or each.said.at - group[-1].said.at > _APART):
                yield group
                group = []
            group.append(each)
            if not fragment:
                yield group
                group = []
        if group:
            yield group

    async def _receipt(self, conversation_id: str) -> None:
        """Show that it was read and that an answer is being written, where the assistant will answer."""
        query = (
            select(Contact)
            .join(Conversation, Conversation.id == Contact.conversation_id)
            .where(Contact.conversation_id == conversation_id, Conversation.owner != "liaison")
        )
        async with self._engine.connect() as connection:
            contact = (await connection.execute(query)).one_or_none()
        if contact and contact.stopped_at is None and (message_id := self._contacts.last_id(contact)):
            task = asyncio.create_task(self._cloud.read(contact.number_id, message_id, typing=True))
            self._receipts.add(task)
            task.add_done_callback(self._receipts.discard)

    async def _erase(self, arrived: Arrived) -> str | None:
        """They want what they wrote erased: it is, and they are told so by a message that is kept nowhere.

        It is done with once they are told; what comes after it waits as long, so that none of that is erased.
        """
        async with self._engine.connect() as connection:
            contact = await self._contacts.find(connection, arrived.said)
        if contact is None:  # who asks again, or never wrote, is told so as well
            await self._say_erased(arrived.said, *self._arrivals.first(arrived.said.number_id, arrived.said.text))
            await self._arrivals.done(arrived.event_id)
            return None
        query = select(Conversation).where(Conversation.id == contact.conversation_id)
        async with self._engine.connect() as connection:
            conversation = (await connection.execute(query)).one()
        try:
            await self._turns.erase(conversation.id)
        except OnHold as held:
            await self._arrivals.answer(arrived, _plain(self._renderer, conversation, held.message))
            return str(conversation.id)
        except NotFound:
            pass
        except RasaError:
            await self._turns.leave(conversation.id)  # Rasa forgets it later
        await self._say_erased(arrived.said, conversation.department, conversation.language)
        await self._arrivals.done(arrived.event_id)
        return None

    async def _say_erased(self, received: Received, department: str, language: str) -> None:
        """Raises what went wrong where that may pass while they may still be written to."""
        said = self._renderer.whatsapp("erased", department, language)
        address = {"to": received.phone} if received.phone else {"recipient": received.user or ""}
        try:
            for part in self._outbound.parts(said.text, said.language, said):
                await self._cloud.send(received.number_id, address, part, tracker="")
        except (RefusedError, NotReachedError, UnknownOutcomeError) as error:
            # To be told twice is better than not at all.
            passes = not isinstance(error, RefusedError) or action(error.code, error.subcode) in {"wait", "alarm"}
            if passes and now() < received.at + WINDOW:
                raise
            log.error("somebody could not be told that their conversation was erased: %s", error)


class _Place:
    """A contact's place among those who are answered at the same time: first come, first served."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._coming: asyncio.Task[Any] | None = None

    @property
    def asked(self) -> bool:
        """Whether they are in the queue, or have the place: they wait for no further fragment then."""
        return self._coming is not None

    async def taken(self, news: asyncio.Event) -> bool:
        """Wait for the place or for news; whether the place is there. Who hears news keeps their place in the queue."""
        self._coming = self._coming or asyncio.create_task(self._places.acquire())
        hearing = asyncio.create_task(news.wait())
        await asyncio.wait({self._coming, hearing}, return_when=asyncio.FIRST_COMPLETED)
        hearing.cancel()
        return self._coming.done()

    def leave(self) -> None:
        """Give the place to the next."""
        if self._coming and not self._coming.cancel():
            self._places.release()
        self._coming = None


async def _cancelled(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _plain(renderer: Renderer, conversation: Any, message: str) -> Reply:
    return Reply(
        kind="smalltalk",
        department=conversation.department,
        language=conversation.language,
        text=renderer.labels.say(conversation.language, message),
    )
