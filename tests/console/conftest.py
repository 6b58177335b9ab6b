"""What the tests of the console share: people with accounts on the session's server, and their sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
import pyotp
import pytest
from signed_in import Hire, Person

from bot.database.engine import open_engine
from bot.liaisons.accounts import Accounts, Profile
from bot.liaisons.sessions import Sessions
from bot.secrets import Secrets

if TYPE_CHECKING:
    from tests.conftest import Server


@pytest.fixture(scope="session")
async def hire(server: Server, client: httpx.AsyncClient) -> AsyncIterator[Hire]:
    """`await hire(name, **profile)`: a new account on the session's server, signed in. Each on its own department's."""
    engine = open_engine(f"sqlite+aiosqlite:///{server.var_dir / 'enlace.db'}")
    secrets = Secrets((server.var_dir / "secret.key").read_text().strip())
    accounts, sessions = Accounts(engine, secrets), Sessions(engine, secrets)

    async def add(name: str, language: str = "en", **values: Any) -> Person:
        profile = Profile(
            **{
                "email": f"{name.replace(' ', '.').lower()}@example.org",
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
