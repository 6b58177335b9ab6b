"""`/ready` says no, in the one shape of errors, where Rasa answers and the database doesn't."""

from __future__ import annotations

from types import SimpleNamespace

import httpx
import pytest

from bot.app import create_app
from bot.conversations.store import Store
from bot.database.engine import open_engine
from bot.rasa import free_port
from bot.settings import Settings


class AnsweringRasa:
    """A Rasa that answers."""

    async def ready(self) -> bool:
        """As `RasaClient.ready`."""
        return True


@pytest.mark.parametrize(("scheme", "status"), [("sqlite+aiosqlite", 200), ("postgresql+asyncpg", 503)])
async def test_it_is_ready_where_the_database_answers(scheme: str, status: int) -> None:
    url = f"{scheme}://" if "sqlite" in scheme else f"{scheme}://enlace@127.0.0.1:{free_port()}/enlace"
    app, engine = create_app(Settings()), open_engine(url)
    app.state.runtime = SimpleNamespace(rasa=AnsweringRasa(), store=Store(engine))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://enlace.test") as client:
        answer = await client.get("/ready")
    await engine.dispose()
    assert answer.status_code == status
    assert answer.json() == {"status": "ready"} or answer.json()["error"]["code"] == "unavailable"


async def test_an_error_that_nobody_foresaw_is_answered_and_its_words_are_logged_nowhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing:
        async def ready(self) -> bool:
            raise ValueError("canario-amarillo-7421")

    app = create_app(Settings())
    app.state.runtime = SimpleNamespace(rasa=Failing())
    # Whatever came out of the application would be logged by the server, message and all; here it would be raised.
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://enlace.test") as client:
        answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "ValueError" in caplog.text
    assert "canario" not in caplog.text
