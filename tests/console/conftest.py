"""What the tests of the console share: people with accounts on the session's server, and their sessions."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pyotp
import pytest

from bot.conversations.database import open_engine
from bot.liaisons.accounts import Accounts, Credentials, Profile
from bot.liaisons.sessions import Sessions
from bot.secrets import Secrets

if TYPE_CHECKING:
    from tests.conftest import Conversation, Server


@dataclass
class Person:
    """Somebody with an account, signed in."""

    client: httpx.AsyncClient
    credentials: Credentials
    profile: Profile
    token: str
    csrf: str
    cookies: dict[str, str] = field(default_factory=dict)

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


@pytest.fixture(scope="session")
async def hire(server: Server, client: httpx.AsyncClient) -> AsyncIterator[Hire]:
    """`await hire(name, **profile)`: a new account on the session's server, signed in. Each on its own department's."""
    engine = open_engine(f"sqlite+aiosqlite:///{server.var_dir / 'enlace.db'}")
    secrets = Secrets((server.var_dir / "secret.key").read_text().strip())
    accounts, sessions = Accounts(engine, secrets), Sessions(engine, secrets)

    async def add(name: str, language: str = "en", **values: Any) -> Person:
        profile = Profile(
            **{
                "email": f"{name}@example.org",
                "name": name,
                "title": {"en": "Community liaison", "es": "Enlace comunitario"},
                "sworn": False,
                "role": "liaison",
                "departments": ["kent-wa"],
                "languages": ["en", "es"],
            }
            | values
        )
        credentials = await accounts.add(profile)
        half = await sessions.sign_in(profile.email, credentials.password, language)
        code = pyotp.parse_uri(credentials.uri).now()  # type: ignore[union-attr]
        token = await sessions.second_factor(half, code)
        who = await sessions.who(token)
        assert who
        return Person(client, credentials, profile, token, who.csrf)

    yield add
    await engine.dispose()


@pytest.fixture(scope="session")
async def ana(hire: Hire) -> Person:
    """A liaison of Kent who helps in Spanish and English."""
    return await hire("Ana Reyes")


@pytest.fixture(scope="session")
async def ben(hire: Hire) -> Person:
    """A liaison of Kent who helps in English, a sworn officer."""
    return await hire("Ben Cole", languages=["en"], sworn=True)


@pytest.fixture(scope="session")
async def sue(hire: Hire) -> Person:
    """A supervisor of Kent."""
    return await hire("Sue Park", role="supervisor")


@pytest.fixture(scope="session")
async def kay(hire: Hire) -> Person:
    """A supervisor of another department."""
    return await hire("Kay Lind", role="supervisor", departments=["kansas-city-mo"])


async def ask_for_a_person(conversation: Conversation, text: str = "", whole: bool = False) -> None:
    """The resident asks, and agrees to pass it on."""
    if text:
        await conversation.send(text)
    await conversation.send("quiero hablar con una persona" if not text or "¿" in text else "can I talk to a person")
    await conversation.send(choice="/press_connect_whole" if whole else "/press_connect")
