"""Guards the database's files, and what happens while PostgreSQL can't be reached."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.app import create_app
from bot.conversations.store import Store
from bot.database.engine import migrate, open_engine
from bot.database.outage import Outage, is_away
from bot.problems import sentence
from bot.rasa import free_port
from bot.settings import Settings


@pytest.fixture
def _usual_umask() -> Iterator[None]:
    """Everybody may read what is made without further ado."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """The rights to each file of a folder."""
    return {path.name: f"{stat.S_IMODE(path.stat().st_mode):o}" for path in sorted(folder.iterdir())}


@pytest.mark.usefixtures("_usual_umask")
async def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'var/enlace.db'}")
    await migrate(engine)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1 FROM conversations"))
        found = modes(tmp_path / "var")
    await engine.dispose()
    assert found == {"enlace.db": "600", "enlace.db-shm": "600", "enlace.db-wal": "600"}


async def test_one_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "enlace.db"
    path.write_bytes(b"")
    path.chmod(0o640)
    await open_engine(f"sqlite+aiosqlite:///{path}").dispose()
    assert modes(tmp_path) == {"enlace.db": "640"}


async def test_one_in_memory_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"):
        engine = open_engine(url)
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1
        await engine.dispose()
    assert modes(tmp_path) == {}


@pytest.mark.parametrize("name", ["var", "var/enlace.db"])
def test_what_cannot_be_written_is_said_before_a_connection_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    closed = tmp_path / name
    # To root, who may run the tests, nothing is closed.
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != closed)
    with pytest.raises(PermissionError) as caught:
        open_engine(f"sqlite+aiosqlite:///{tmp_path / 'var/enlace.db'}")
    said = f"{closed}: Permission denied: give the user that Enlace runs as the right to write there"
    assert sentence(caught.value) == said


async def test_without_postgresql_a_request_is_told_to_try_again() -> None:
    engine = open_engine(f"postgresql+asyncpg://enlace:geheim@127.0.0.1:{free_port()}/enlace")
    app = create_app(Settings())
    app.state.runtime = SimpleNamespace(rasa=SimpleNamespace(ready=Store(engine).ping))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://enlace.test") as client:
        answer = await client.get("/ready")
    await engine.dispose()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


class Lines(logging.Handler):
    """Keeps what reaches the log."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """logging's contract."""
        self.said.append(record.getMessage())


@pytest.mark.postgres
async def test_an_outage_is_logged_when_it_begins_and_when_it_is_over(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage, lines = Outage(), Lines()
    monkeypatch.setattr("bot.database.outage.outage", outage)
    lines.addFilter(outage)
    log = logging.getLogger("bot.something")
    logging.getLogger("bot").addHandler(lines)
    there, away = open_engine(postgres), open_engine(f"postgresql+asyncpg://enlace@127.0.0.1:{free_port()}/enlace")

    async def ask(engine: object) -> None:
        try:
            await Store(engine).ping()  # type: ignore[arg-type]
        except Exception as error:
            log.error("a round failed: %s", type(error).__name__)

    try:
        for _ in range(3):
            await ask(away)
        try:
            raise ConnectionRefusedError  # a mail server's
        except ConnectionRefusedError:
            log.error("an alarm could not be delivered")
        await ask(there)
        await ask(there)
    finally:
        logging.getLogger("bot").removeHandler(lines)
        for engine in (there, away):
            await engine.dispose()
    assert lines.said == [
        "PostgreSQL can't be used (Connection refused): look whether it runs, and at ENLACE_DATABASE_URL; residents "
        "are told to try again until it is back",
        "an alarm could not be delivered",
        "PostgreSQL can be used again",
    ]


@pytest.mark.postgres
async def test_a_connection_that_is_lost_while_it_is_asked_counts_as_away(postgres: str) -> None:
    engine, other = open_engine(postgres), open_engine(postgres)
    async with engine.connect() as connection:
        own = await connection.scalar(text("SELECT pg_backend_pid()"))
        async with other.connect() as killer:
            await killer.execute(text(f"SELECT pg_terminate_backend({own})"))
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text("SELECT pg_sleep(5)"))
        with contextlib.suppress(DBAPIError):
            await connection.rollback()
    assert is_away(caught.value)
    for each in (engine, other):
        await each.dispose()
