"""People who are signed in to the console, and residents who ask for one."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from bot.liaisons.accounts import Credentials, Profile

if TYPE_CHECKING:
    from tests.conftest import Conversation


@dataclass
class Person:
    """Somebody with an account, signed in."""

    client: httpx.AsyncClient
    credentials: Credentials
    profile: Profile
    token: str
    csrf: str

    async def get(self, path: str = "", **headers: str) -> httpx.Response:
        """A page of the console."""
        return await self.client.get(f"/console{path}", headers={"Cookie": f"enlace={self.token}"} | headers)

    async def post(self, path: str, headers: dict[str, str] | None = None, **data: Any) -> httpx.Response:
        """Send a form, as the console's own pages do."""
        own = {"Cookie": f"enlace={self.token}", "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": self.csrf}
        return await self.client.post(f"/console{path}", data=data, headers=own | (headers or {}))

    async def do(self, conversation: Conversation, move: str, **data: Any) -> httpx.Response:
        """A move of a conversation."""
        return await self.post(f"/conversations/{conversation.id}/{move}", **data)

    async def write(self, conversation: Conversation, text: str, **data: Any) -> httpx.Response:
        """Write to a resident; fails on an error."""
        shown = await self.get(f"/conversations/{conversation.id}")
        key = re.search(r'name="key" value="([^"]+)"', shown.text)
        assert key, shown.text
        answer = await self.do(conversation, "messages", text=text, **({"key": key[1]} | data))
        assert answer.status_code == 200, answer.text
        return answer


Hire = Callable[..., Awaitable[Person]]


async def ask_for_a_person(conversation: Conversation, text: str = "", whole: bool = False) -> None:
    """The resident asks, and agrees to pass it on."""
    if text:
        await conversation.send(text)
    await conversation.send("quiero hablar con una persona" if not text or "¿" in text else "can I talk to a person")
    await conversation.send(choice="/press_connect_whole" if whole else "/press_connect")
