"""Sends a row of the outbox: within WhatsApp's window, at its pace, each part once."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from aiolimiter import AsyncLimiter
from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.whatsapp.cloud import Cloud, NotReachedError, RefusedError, UnknownOutcomeError
from bot.channels.whatsapp.contacts import Contacts
from bot.channels.whatsapp.errors import ALARM_WAIT_S, action, is_of_one, may_pass, reason
from bot.channels.whatsapp.outbound import Outbound, Part
from bot.channels.whatsapp.statuses import FAILED, invitation, know, tracker
from bot.channels.whatsapp.tables import MARGIN, WINDOW, Contact, Sent
from bot.channels.whatsapp.trouble import Trouble
from bot.conversations.delivery import GiveUp, Keep, Later
from bot.conversations.outbox import LEASE_S
from bot.conversations.tables import Message, Outbox
from bot.database.tables import now
from bot.liaisons.tables import Liaison
from bot.problems import kind_and_place
from bot.replies import Reply

log = logging.getLogger(__name__)
_PER_SECOND = 80
_PAIR_BURST, _PAIR_EVERY_S = 45, 6
"""Meta's limits: messages a second in all; to one person, one every six seconds, or 45 at once and none for as long."""
_PAIRS_REMEMBERED = 10_000
_CLAIM = dt.timedelta(seconds=LEASE_S)
"""How long an invitation counts as being sent; longer than its request may take."""


class Sender:
    """The channel's way to send."""

    def __init__(
        self,
        engine: AsyncEngine,
        cloud: Cloud,
        contacts: Contacts,
        outbound: Outbound,
        trouble: Trouble,
        deliver_for_s: float,
    ) -> None:
        """`trouble` is told what keeps everything from being sent, and when it is over.

        `deliver_for_s`: seconds after which a message that could not be sent counts as failed.
        """
        self._engine = engine
        self._cloud = cloud
        self._contacts = contacts
        self._outbound = outbound
        self._trouble = trouble
        self._deliver_for = dt.timedelta(seconds=deliver_for_s)
        self._overall = AsyncLimiter(_PER_SECOND, 1)
        self._pairs: dict[int, AsyncLimiter] = {}

    async def send(self, row: Any) -> None:
        """Send a row; raises GiveUp, Keep, Later (bot/conversations/delivery.py)."""
        async with self._engine.connect() as connection:
            message = (
                await connection.execute(
                    select(Message, Liaison.name)
                    .outerjoin(Liaison, Liaison.id == Message.liaison_id)
                    .where(Message.id == row.message_id)
                )
            ).one_or_none()
            contact = (
                await connection.execute(select(Contact).where(Contact.conversation_id == row.conversation_id))
            ).one_or_none()
            query = select(Sent.part, Sent.status, Sent.attempt).where(Sent.outbox_id == row.id)
            sent = {each.part: each for each in await connection.execute(query)}
        if message is None or contact is None or not (contact.phone or contact.user):
            raise GiveUp("gone")
        if contact.stopped_at is not None and (message.in_reply_to or 0) < contact.stopped_at:
            raise GiveUp("stopped")
        if contact.wrote_at is None or now() >= contact.wrote_at + WINDOW - MARGIN:
            silent = select(Contact.conversation_id).where(
                Contact.id == contact.id,
                # As it was read, or as Meta's refusal of an invitation left it.
                or_(Contact.wrote_at.is_(None), Contact.wrote_at == contact.wrote_at),
            )
            try:
                await self._invite(contact, message.language)
            except Later as later:
                # Tried again after that it would count as failed: what waits for them to write isn't lost.
                if now() < row.created_at + self._deliver_for - MARGIN:
                    raise
                raise Keep(later.reason, still=silent) from None
            except GiveUp as refused:
                raise Keep(refused.reason, still=silent) from None
            raise Keep("window", still=silent)
        if message.author == "liaison" and (message_id := self._contacts.last_id(contact)):
            await self._cloud.read(contact.number_id, message_id, typing=False)
        try:
            reply = Reply.model_validate(message.reply) if message.reply else None
            parts = self._outbound.parts(message.text, message.language, reply, message.name)
        except Exception as error:  # tried again it would fail again, and hold up what comes after it
            log.error("a message could not be put into parts: %s", kind_and_place(error))
            raise GiveUp("not_rendered") from None
        for index, part in enumerate(parts):
            before = sent.get(index)
            if before is None or before.status == FAILED:
                attempt = before.attempt + 1 if before else 1
                data = tracker(row.id, index, len(parts), attempt, message.conversation_id, message.created_at)
                await self._send(contact, part, data, row.id, index, attempt)

    async def _send(self, contact: Any, part: Part, data: str, outbox_id: int, index: int, attempt: int) -> None:
        await self._pace(contact.id)
        try:
            meta_id = await self._cloud.send(contact.number_id, self._contacts.address(contact), part, data)
        except NotReachedError as error:
            raise Later(str(error)) from None
        except UnknownOutcomeError as error:
            # If it arrived, a status tells us so before this is over, and the part is not sent again.
            raise Later(str(error), at_least_s=LEASE_S) from None
        except RefusedError as error:
            await self._refused(contact, error)
        else:
            self._trouble.over()
            try:
                async with self._engine.begin() as connection:
                    await know(connection, self._contacts.digest(meta_id), outbox_id, index, attempt)
            except Exception as error:
                # Meta has it, and we could not write that down: a status says it again before this is tried again.
                raise Later(type(error).__name__, at_least_s=LEASE_S) from None

    async def _refused(self, contact: Any, error: RefusedError, invited: bool = False) -> None:
        why = reason(error.code, error.subcode)
        match action(error.code, error.subcode, invited):
            case "template":
                async with self._engine.begin() as connection:
                    # Not where they have written meanwhile.
                    unchanged = (Contact.id == contact.id, Contact.wrote_at == contact.wrote_at)
                    await connection.execute(update(Contact).where(*unchanged).values(wrote_at=None))
                raise Later(why) from None  # which finds the window closed, or open again
            case "wait":
                raise Later(why) from None
            case "alarm":
                self._trouble.note(why, until_sent=not invited)
                raise Later(why, at_least_s=ALARM_WAIT_S) from None
            case _:
                log.error("WhatsApp refused a message with code %s", why)
                raise GiveUp(why) from None

    async def _invite(self, contact: Any, language: str) -> None:
        """Ask them, once, to write, so that what is kept may be sent."""
        if contact.invited_at is not None or contact.stopped_at is not None:
            return
        await self._pace(contact.id)
        free = or_(Contact.inviting_until.is_(None), Contact.inviting_until <= now())
        async with self._engine.begin() as connection:
            # Whoever is stopped from here on leaves nothing but this, which passes.
            claimed = await connection.execute(
                update(Contact)
                .where(Contact.id == contact.id, Contact.invited_at.is_(None), free)
                .values(inviting_until=now() + _CLAIM, invitations=Contact.invitations + 1)
                .returning(Contact.invitations)
            )
            number = claimed.scalar_one_or_none()
            if number is None:
                of_them = select(Contact.id).where(Contact.id == contact.id, Contact.invited_at.is_(None))
                if await connection.scalar(of_them):  # by another, or the last time, and nobody knows what became of it
                    raise Later("window", at_least_s=LEASE_S)
                return
        try:
            address = self._contacts.address(contact)
            template = self._outbound.template(language)
            data = invitation(contact.id, number, contact.conversation_id)
            await self._cloud.send(contact.number_id, address, template, data)
        except UnknownOutcomeError as error:
            # If it arrived after all, a status tells us so before the next try, and they are not asked twice.
            raise Later(str(error), at_least_s=LEASE_S) from None
        except NotReachedError as error:
            await self._claim_ends(contact.id, number)
            raise Later(str(error)) from None
        except RefusedError as error:
            await self._claim_ends(contact.id, number)
            await self._refused(contact, error, invited=True)
        else:
            await self._claim_ends(contact.id, number, invited_at=now())

    async def _claim_ends(self, contact_id: int, number: int, **values: Any) -> None:
        """What became of this invitation is known; where a status has said so first, or they wrote, that counts."""
        current = (Contact.id == contact_id, Contact.invitations == number, Contact.inviting_until.is_not(None))
        async with self._engine.begin() as connection:
            await connection.execute(update(Contact).where(*current).values(inviting_until=None, **values))

    async def invite_again(self) -> list[str]:
        """Ask those whom a trouble of ours kept from being asked: it may be over.

        Returns the conversations in which something changed. What Meta refuses of all is tried of no other.
        """
        kept = (
            select(Outbox.conversation_id, func.max(Outbox.id).label("last"))
            .where(Outbox.state == "kept")
            .group_by(Outbox.conversation_id)
            .subquery()
        )
        query = (
            select(Contact, Message.language, Outbox.reason)
            .join(kept, kept.c.conversation_id == Contact.conversation_id)
            .join(Outbox, Outbox.id == kept.c.last)
            .join(Message, Message.id == Outbox.message_id)
            .where(
                Contact.invited_at.is_(None),
                Contact.stopped_at.is_(None),
                or_(Contact.inviting_until.is_(None), Contact.inviting_until <= now()),
            )
            .order_by(Outbox.id)
        )
        async with self._engine.connect() as connection:
            waiting = (await connection.execute(query)).all()
        asked = []
        for contact in waiting:
            if not (contact.phone or contact.user) or not (contact.reason and may_pass(contact.reason)):
                continue
            try:
                await self._invite(contact, contact.language)
            except Later as later:
                if is_of_one(later.reason):
                    continue
                break
            except GiveUp as refused:
                why = refused.reason
            else:
                why = "window"
            async with self._engine.begin() as connection:
                await connection.execute(
                    update(Outbox)
                    .where(Outbox.conversation_id == contact.conversation_id, Outbox.state == "kept")
                    .values(reason=why)
                )
            asked.append(contact.conversation_id)
        return asked

    async def _pace(self, contact_id: int) -> None:
        """Wait until one more may be sent, to them and at all; others' pace is forgotten when there are too many."""
        if contact_id not in self._pairs and len(self._pairs) >= _PAIRS_REMEMBERED:
            self._pairs.clear()
        await self._pairs.setdefault(contact_id, AsyncLimiter(_PAIR_BURST, _PAIR_BURST * _PAIR_EVERY_S)).acquire()
        await self._overall.acquire()
