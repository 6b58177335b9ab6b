"""Somebody who writes to us on WhatsApp, and what sends to them, for tests that need no server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from cloud_api import Config, Running, running
from phoning import KEY, PHONE
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from whatsapp_content import OUTBOUND, REAL

from bot.channels.whatsapp.cloud import Cloud
from bot.channels.whatsapp.contacts import Contacts
from bot.channels.whatsapp.inbound import Received, Status
from bot.channels.whatsapp.intake import Intake
from bot.channels.whatsapp.sender import Sender
from bot.channels.whatsapp.statuses import tracker
from bot.channels.whatsapp.tables import Contact, Sent
from bot.channels.whatsapp.trouble import Trouble
from bot.conversations.outbox import OutboxStore
from bot.conversations.ownership import write
from bot.conversations.store import begin
from bot.conversations.tables import Message, Outbox
from bot.database.tables import now
from bot.secrets import Secrets
from bot.settings import Settings

DELIVER_FOR_S = 3600


@pytest.fixture(scope="module")
def own_cloud_api() -> Iterator[Running]:
    """A local Cloud API of this module's own; nothing listens to its webhooks."""
    with running(Config()) as cloud_api:
        yield cloud_api


class Noted(Trouble):
    """Trouble that is noted for a test."""

    def __init__(self, noted: list[str]) -> None:
        super().__init__([])
        self._noted = noted

    def note(self, what: str, until_sent: bool = False) -> None:
        self._noted.append(what)


@dataclass
class World:
    """A database, a contact in it whose window is open, and what sends to them."""

    engine: AsyncEngine
    sender: Sender
    intake: Intake
    outbox: OutboxStore
    cloud: Cloud
    control: httpx.AsyncClient
    conversation_id: str
    alarms: list[str] = field(default_factory=list)

    async def say(self, text: str = "Hola", author: str = "bot") -> Any:
        """The outbox's row of a new message."""
        async with self.engine.begin() as connection:
            number = await write(connection, self.conversation_id, author, text, "es")
        return await self.row(number)

    async def row(self, number: int = 1) -> Any:
        """The outbox's row of the message with this number."""
        async with self.engine.connect() as connection:
            query = select(Outbox).order_by(Outbox.id).offset(number - 1).limit(1)
            return (await connection.execute(query)).one()

    async def tracker(self, row: Any, part: int, parts: int, attempt: int = 1) -> str:
        """What goes along with a part of the message of a row."""
        async with self.engine.connect() as connection:
            created_at = await connection.scalar(select(Message.created_at).where(Message.id == row.message_id))
        assert created_at
        return tracker(row.id, part, parts, attempt, row.conversation_id, created_at)

    async def contact(self, **values: Any) -> Any:
        """The contact, changed by `values`."""
        async with self.engine.begin() as connection:
            if values:
                await connection.execute(update(Contact).values(**values))
            return (await connection.execute(select(Contact))).one()

    async def screen(self) -> list[Any]:
        """What is on the phone."""
        answer = await self.control.get(f"/users/{PHONE}/messages")
        return [message for message in answer.json() if message["direction"] == "in"]

    async def fault(self, **what: Any) -> None:
        """Have the next request go wrong."""
        (await self.control.post("/faults", json=what)).raise_for_status()

    async def status(self, status: str, meta_id: str, data: str = "", error: int | None = None) -> None:
        """A webhook with a status."""
        taken = await self.intake.store([Status(meta_id, status, data, error)])
        self.alarms += taken.alarms

    async def parts(self) -> list[tuple[int, str]]:
        """What is known of the parts that were sent."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(Sent.part, Sent.status).order_by(Sent.part))
            return [(row.part, row.status) for row in rows]


@pytest.fixture
async def world(engine: AsyncEngine, own_cloud_api: Running) -> AsyncIterator[World]:
    """Somebody wrote a moment ago."""
    secrets = Secrets(KEY)
    contacts = Contacts(secrets)
    config = own_cloud_api.config
    cloud = Cloud(
        Settings(
            whatsapp_numbers={"1001": "kent-wa"},
            whatsapp_token=SecretStr(config.token),
            whatsapp_app_secret=SecretStr(config.app_secret),
            whatsapp_verify_token=SecretStr(config.verify_token),
            whatsapp_api_url=own_cloud_api.url,
        )
    )
    async with engine.begin() as connection:
        new = await begin(connection, "kent-wa", "whatsapp", "es", chosen=False)
        said = Received(id="wamid.1", number_id="1001", phone=PHONE, user=None, at=now(), kind="text", text="hola")
        await contacts.add(connection, said, new.id)
        contact = await contacts.find(connection, said)
        assert contact
        await contacts.wrote(connection, contact, [said])
    local: dict[str, Any] = {"trust_env": False, "verify": False, "timeout": 30}  # reading certificates takes 30 ms
    async with httpx.AsyncClient(base_url=f"{own_cloud_api.url}/_control", **local) as control:
        await control.post("/reset")
        await control.post("/users", json={"wa_id": PHONE, "name": "Rosa"})
        await control.post(f"/users/{PHONE}/say", json={"type": "text", "text": "hola"})
        for language in REAL.languages:
            await control.post("/templates", json=OUTBOUND.template_definition(language))
        alarms: list[str] = []
        sender = Sender(engine, cloud, contacts, OUTBOUND, Noted(alarms), DELIVER_FOR_S)
        intake = Intake(engine, secrets, ["1001"], 2000, DELIVER_FOR_S)
        yield World(engine, sender, intake, OutboxStore(engine), cloud, control, new.id, alarms)
    await cloud.close()
