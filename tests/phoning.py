"""WhatsApp for tests: a local Cloud API, the phones of people who use it, and the settings of a server that does."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cloud_api import Config, Number, Running, running
from whatsapp_content import OUTBOUND, REAL

if TYPE_CHECKING:
    from tests.conftest import Server

SOON_S = 20
"""Seconds within which an answer has to come, on a busy machine."""
UNDER_WAY = """
    SELECT 'event', id, received_at, NULL, NULL FROM whatsapp_events WHERE state = 'received'
    UNION SELECT 'inbox', id, state, NULL, NULL FROM inbox WHERE channel = 'whatsapp' AND state != 'done'
    UNION SELECT 'outbox', id, due_at, attempts, reason FROM outbox WHERE channel = 'whatsapp' AND state = 'pending'
"""
PHONE, KEY = "15550142", "a key for tests that is long enough"
"""Of somebody, and of an installation, for tests that need no server."""
DAY_S = 24 * 60 * 60


def words(message: dict[str, Any]) -> str:
    """What a message shows as text."""
    if message["type"] == "template":
        return str(message["shown"]["body"])
    body = message["content"]["body"]
    return str(body if isinstance(body, str) else body["text"])


def labels(message: dict[str, Any]) -> list[str]:
    """The buttons or rows of a message."""
    action = message["content"].get("action", {})
    buttons = [button["reply"]["title"] for button in action.get("buttons", [])]
    rows = [row["title"] for section in action.get("sections", []) for row in section["rows"]]
    return buttons + rows + [button["text"] for button in message["shown"].get("buttons", [])]


@dataclass
class Phone:
    """A user of the local Cloud API, with one of the department's numbers in their list."""

    control: httpx.AsyncClient
    wa_id: str
    name: str
    number: str
    database: Path
    """The app's."""
    user_id: str | None = None
    seen: int = 0
    """How many messages of ours `next` has returned."""

    async def ask(self, path: str, **body: Any) -> Any:
        """A call of the control API that has to work."""
        answer = await self.control.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def does(self, kind: str, **what: Any) -> str:
        """Do something; returns Meta's id of it."""
        made: str = (await self.ask(f"/users/{self.wa_id}/say", number=self.number, type=kind, **what))["id"]
        return made

    async def says(self, text: str, **what: Any) -> str:
        """Write."""
        return await self.does("text", text=text, **what)

    async def screen(self) -> list[dict[str, Any]]:
        """What the department sent, oldest first."""
        answer = await self.control.get(f"/users/{self.wa_id}/messages", params={"number": self.number})
        return [message for message in answer.json() if message["direction"] == "in"]

    async def next(self, that: Callable[[str], bool] | str = "", within: float = SOON_S) -> dict[str, Any]:
        """The next message of ours that has these words, or of which `that` holds; those before it are passed over."""
        matches = that if callable(that) else lambda said: str(that) in said
        until = time.monotonic() + within
        shown: list[dict[str, Any]] = []
        while time.monotonic() < until:
            shown = await self.screen()
            for place, message in enumerate(shown[self.seen :], self.seen):
                if matches(words(message)):
                    self.seen = place + 1
                    return message
            await asyncio.sleep(0.05)
        raise AssertionError(f"not on the screen: {that!r}; there is {[words(each) for each in shown[self.seen :]]}")

    async def rest(self) -> list[dict[str, Any]]:
        """Everything that `next` has not returned, once nothing is under way any more."""
        until = time.monotonic() + SOON_S
        while not await self._quiet():
            assert time.monotonic() < until, f"still under way: {self._under_way()}"
            await asyncio.sleep(0.02)
        shown = await self.screen()
        news, self.seen = shown[self.seen :], len(shown)
        return news

    def _under_way(self) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(UNDER_WAY).fetchall()

    async def _quiet(self) -> bool:
        """Webhooks have been delivered, and in the app's database nothing waits: to be taken up, answered or sent."""
        await self.control.get("/idle")
        return not self._under_way() and (await self.control.get("/idle")).json()["idle"]

    def webhook(self, *messages: dict[str, Any]) -> dict[str, Any]:
        """A webhook with messages of theirs, for what a phone does not do by itself: an old one, a second copy."""
        contact = {"profile": {"name": self.name}, "wa_id": self.wa_id}
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550100", "phone_number_id": self.number},
            "contacts": [contact],
            "messages": [{"from": self.wa_id} | message for message in messages],
        }
        return {"object": "whatsapp_business_account", "entry": [{"id": "2001", "changes": [change(value)]}]}

    async def deliver(self, payload: Any, signature: str = "valid", **how: Any) -> int:
        """Deliver a webhook, signed in some way; returns the app's answer."""
        answer = await self.ask("/webhook", payload=payload, signature=signature, **how)
        return int(answer["status"])

    async def wrote(self, text: str, message_id: str, ago_s: float = 0) -> int:
        """Have written something some time ago; returns the app's answer to the webhook."""
        return await self.deliver(self.webhook(text_message(text, message_id, ago_s)))


def change(value: dict[str, Any]) -> dict[str, Any]:
    """A change of the messages."""
    return {"value": value, "field": "messages"}


def text_message(text: str, message_id: str, ago_s: float = 0) -> dict[str, Any]:
    """A message of text as a webhook has it."""
    return {"id": message_id, "timestamp": str(int(time.time() - ago_s)), "type": "text", "text": {"body": text}}


# --- Fixtures ----------------------------------------------------------------------------------------------------

NewPhone = Callable[..., Awaitable[Phone]]
_ids = itertools.count(15550150)


@pytest.fixture(scope="session")
def cloud_api() -> Iterator[Running]:
    """A local Cloud API with a number for each of two departments; its webhooks go to the session's server."""
    numbers = [Number("1001", "+1 555-0100", "kent-wa"), Number("1002", "+1 555-0101", "kansas-city-mo")]
    with running(Config(numbers=numbers, coexistence=True)) as cloud_api:
        yield cloud_api


@pytest.fixture(scope="session")
async def control(cloud_api: Running) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the local Cloud API's control."""
    async with httpx.AsyncClient(base_url=f"{cloud_api.url}/_control", timeout=30, trust_env=False) as client:
        for language in REAL.languages:
            made = await client.post("/templates", json=OUTBOUND.template_definition(language))
            assert made.status_code == 200, made.text
        yield client


@pytest.fixture(scope="session")
def new_phone(server: Server, control: httpx.AsyncClient) -> NewPhone:
    """`await new_phone(name="Rosa", number="1001", **user)`: the phone of somebody new."""

    async def make(name: str = "Rosa", number: str = "1001", **user: Any) -> Phone:
        phone = Phone(control, str(next(_ids)), name, number, server.var_dir / "enlace.db")
        made = await phone.ask("/users", wa_id=phone.wa_id, name=name, **user)
        phone.user_id = made["user_id"]
        return phone

    return make


@pytest.fixture
async def rosa(new_phone: NewPhone) -> Phone:
    """Somebody who has not written yet."""
    return await new_phone()
