"""The WhatsApp channel as one running Enlace has it: its parts, started and stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.whatsapp.arrivals import CHANNEL, Arrivals
from bot.channels.whatsapp.cloud import Cloud
from bot.channels.whatsapp.commands import Commands
from bot.channels.whatsapp.contacts import Contacts
from bot.channels.whatsapp.inbound import Item
from bot.channels.whatsapp.intake import Intake
from bot.channels.whatsapp.outbound import Outbound
from bot.channels.whatsapp.receiver import Receiver
from bot.channels.whatsapp.sender import Sender
from bot.channels.whatsapp.trouble import Tell, Trouble
from bot.conversations.delivery import Channel
from bot.database.engine import open_engine
from bot.i18n import Catalogs
from bot.language import LanguageDetector
from bot.problems import StartError, kind_and_place
from bot.rendering.renderer import Renderer
from bot.safety import SafetyRules
from bot.secrets import Secrets
from bot.settings import Settings
from bot.turns.turns import Turns

log = logging.getLogger(__name__)
_INVITED_AGAIN_S = 3600.0
"""How often to ask those again whom a trouble of ours kept from being asked to write."""


class SetupError(StartError):
    """The channel can't work as it is set up; the message says what to change."""


def check_numbers(numbers: Mapping[str, str], departments: Collection[str]) -> None:
    """Raises SetupError where a number is that of a department that isn't there."""
    for department in numbers.values():
        if department not in departments:
            raise SetupError(f"ENLACE_WHATSAPP_NUMBERS names {department!r}; there are {', '.join(departments)}")


class WhatsApp:
    """Webhooks in, messages out."""

    def __init__(
        self,
        settings: Settings,
        engine: AsyncEngine,
        secrets: Secrets,
        turns: Turns,
        renderer: Renderer,
        catalogs: Catalogs,
        detector: LanguageDetector,
        safety: SafetyRules,
        changed: Callable[[str], None],
        tell: Sequence[Tell],
    ) -> None:
        """Raises SetupError. `changed` is told which conversation has news; `tell`: ways to tell operators."""
        if settings.whatsapp_app_secret is None or settings.whatsapp_verify_token is None:
            raise ValueError("Settings asks for these where there is a number")
        self.app_secret = settings.whatsapp_app_secret.get_secret_value()
        self.verify_token = settings.whatsapp_verify_token.get_secret_value()
        self._changed = changed
        self.trouble = Trouble(tell)
        self._cloud = Cloud(settings)
        contacts, commands = Contacts(secrets), Commands(settings.data_dir)
        outbound = Outbound(renderer, catalogs)
        if too_long := [line for language in renderer.library.languages for line in outbound.too_long(language)]:
            raise SetupError("WhatsApp would refuse these, so shorten them:\n" + "\n".join(too_long))
        # Connections of its own: Meta doesn't wait behind the turns of those who wrote before.
        self._door = open_engine(settings.database, urgent=True)
        self.intake = Intake(
            self._door, secrets, settings.whatsapp_numbers, settings.max_message_chars, settings.deliver_for_s
        )
        self._receiver = Receiver(
            engine=engine,
            secrets=secrets,
            arrivals=Arrivals(engine, settings.whatsapp_numbers, contacts, commands, renderer, detector, safety),
            contacts=contacts,
            commands=commands,
            turns=turns,
            renderer=renderer,
            outbound=outbound,
            cloud=self._cloud,
            safety=safety,
            pause_s=settings.whatsapp_pause_s,
            max_chars=settings.max_message_chars,
            finish_s=settings.rasa_timeout_s,
            changed=changed,
        )
        self._sender = Sender(engine, self._cloud, contacts, outbound, self.trouble, settings.deliver_for_s)
        # A status says which parts arrived, so a row is sent again after a crash without one being seen twice,
        # where that status comes within a minute.
        self.channel = Channel(CHANNEL, self._sender.send)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take up what an earlier run left, and what comes, until the end of the block."""
        for contact_hash in await self.intake.waiting():
            self._receiver.wake(contact_hash)
        inviting = asyncio.create_task(self._invite_again())
        try:
            yield
        finally:
            inviting.cancel()
            await asyncio.gather(inviting, return_exceptions=True)
            await self._receiver.stop()
            await self.trouble.stop()
            await self._cloud.close()
            await self._door.dispose()

    async def _invite_again(self) -> None:
        while True:
            try:
                for conversation_id in await self._sender.invite_again():
                    self._changed(conversation_id)
            except Exception as error:
                log.error("those who have a reply could not be asked to write: %s", kind_and_place(error))
            await asyncio.sleep(_INVITED_AGAIN_S)

    async def take(self, items: Sequence[Item]) -> None:
        """Store what a webhook carries; what there is to do about it is done afterwards."""
        taken = await self.intake.store(items)
        for alarm in taken.alarms:
            self.trouble.note(alarm)
        for contact_hash in taken.contacts:
            self._receiver.wake(contact_hash)
        for conversation_id in taken.conversations:
            self._changed(conversation_id)
