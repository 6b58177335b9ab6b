"""What the tests share: one real server with its Rasa for the whole session (and databases.py, phoning.py)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from browsing import EXIT, chromium
from cloud_api import Running
from playwright.async_api import Browser
from real_content import real
from serving import UNHURRIED, subscribe, whatsapp_settings

from bot.content.library import Library
from bot.limits import Limits
from bot.safety.rules import SafetyRules
from bot.settings import Settings

pytest_plugins = ["databases", "phoning"]
ROOT = Path(__file__).resolve().parent.parent
START_S = 600
"""A start that has to train first takes some minutes, with the vectors there."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that need Rasa or the encoder come first: else one process is left alone with them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("rasa") or item.get_closest_marker("model")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def safety() -> SafetyRules:
    """The safety rules that are served; compiling them takes a second."""
    return SafetyRules()


@pytest.fixture(scope="session")
def library() -> Library:
    """The content as it is."""
    return real()


@pytest.fixture(scope="session")
def limits(library: Library) -> Limits:
    """The limits that are served."""
    return Limits(Settings().data_dir, {name: each.profile for name, each in library.departments.items()})


# --- The server --------------------------------------------------------------------------------------------------


@dataclass
class Server:
    """`enlace serve` as a process of its own, ready."""

    process: subprocess.Popen[str]
    var_dir: Path
    base_url: str = ""
    lines: list[str] = field(default_factory=list)
    """What it has printed and logged so far."""

    def children(self) -> list[psutil.Process]:
        """Its processes: Rasa's."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def rasa(self) -> psutil.Process:
        """Its Rasa, as it runs now."""
        return next(child for child in self.children() if "bot.nlu.command" in " ".join(child.cmdline()))

    def stop(self) -> None:
        """Stop it as Ctrl-C does; it has to end well, and to leave no process behind."""
        children = self.children()
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(30)
            _, left = psutil.wait_procs(children, timeout=5)
        finally:
            self.kill(children)
        assert code == 0, "".join(self.lines)
        assert not left, f"left behind: {left}"

    def kill(self, children: list[psutil.Process]) -> None:
        """Leave nothing of it, whatever state it is in."""
        self.process.kill()
        self.process.wait()
        for child in children:
            if child.is_running():
                child.kill()

    def files(self) -> Iterator[tuple[Path, bytes]]:
        """Every file of its var folder, with its bytes."""
        for path in sorted(self.var_dir.rglob("*")):
            if path.is_file():
                yield path, path.read_bytes()


def start_server(var_dir: Path, **settings: str) -> Server:
    """Start a server on a free port and wait until it says that it is ready; training comes first if it is due."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ENLACE_")}
    environment |= {"ENLACE_VAR_DIR": str(var_dir), "PYTHONUNBUFFERED": "1", **UNHURRIED, **settings}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--port", "0"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Server(process, var_dir)
    said_ready = threading.Event()

    def read_output() -> None:
        assert process.stdout
        with process.stdout as output:
            for line in output:
                server.lines.append(line)
                if "ready in" in line:
                    server.base_url = next(word for word in line.split() if word.startswith("http://")).removesuffix(
                        "/demo"
                    )
                    said_ready.set()
        said_ready.set()  # it ended: there is nothing more to wait for

    threading.Thread(target=read_output, daemon=True).start()
    said_ready.wait(START_S)
    if not server.base_url:
        process.kill()
        process.wait()
        pytest.fail("the server did not start:\n" + "".join(server.lines))
    answer = httpx.get(f"{server.base_url}/ready", timeout=10)
    assert answer.status_code == 200, answer.text
    return server


SITE = "http://city.test"
"""A department's own site: the session's server lets it show Kent's chat in a frame."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, cloud_api: Running) -> Iterator[Server]:
    """The session's server: real `enlace serve`, real Rasa, a database and a WhatsApp of its own, and one site that may
    frame it.
    """
    data = tmp_path_factory.mktemp("content") / "data"
    shutil.copytree(ROOT / "data", data)
    profile = data / "faq" / "kent-wa" / "department.yml"
    profile.write_text(profile.read_text(encoding="utf-8") + f"sites: [{SITE!r}]\n", encoding="utf-8")
    server = start_server(
        tmp_path_factory.mktemp("var"),
        ENLACE_DATA_DIR=str(data),
        ENLACE_DEMO="true",
        ENLACE_EXIT_URL=EXIT,
        **whatsapp_settings(cloud_api),
    )
    subscribe(cloud_api, server.base_url)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[..., Server]]:
    """`serve(var_dir, **settings)`: one more server, for tests that do harm to theirs; nothing of it is left
    afterwards.
    """
    started: list[Server] = []

    def begin(var_dir: Path, **settings: str) -> Server:
        started.append(start_server(var_dir, **settings))
        return started[-1]

    yield begin
    for server in started:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
async def client(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the session's server."""
    async with httpx.AsyncClient(base_url=server.base_url, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A real browser, for all tests that need one."""
    async with chromium() as browser:
        yield browser


# --- Conversations over HTTP -------------------------------------------------------------------------------------


@dataclass
class Conversation:
    """A resident's conversation with a server."""

    client: httpx.AsyncClient
    id: str
    token: str
    greeting: dict[str, Any]

    @property
    def url(self) -> str:
        """Its address."""
        return f"/api/conversations/{self.id}"

    @property
    def headers(self) -> dict[str, str]:
        """What proves that it is ours."""
        return {"Authorization": f"Bearer {self.token}"}

    async def post(self, **body: Any) -> httpx.Response:
        """Send a message, whatever the answer to it is."""
        return await self.client.post(f"{self.url}/messages", json=body, headers=self.headers)

    async def send(self, text: str = "", **body: Any) -> dict[str, Any]:
        """Send a text, or `choice=`, and return the reply; fails on an error."""
        if text:
            body["text"] = text
        answer = await self.post(**body)
        assert answer.status_code == 200, answer.text
        reply: dict[str, Any] = answer.json()
        return reply

    async def press(self, reply: dict[str, Any], label: str) -> dict[str, Any]:
        """Press a button of `reply`."""
        sends = {choice["label"]: choice["send"] for choice in reply["choices"]}
        return await self.send(choice=sends[label])

    async def transcript(self) -> dict[str, Any]:
        """The conversation as stored."""
        answer = await self.client.get(self.url, headers=self.headers)
        assert answer.status_code == 200, answer.text
        transcript: dict[str, Any] = answer.json()
        return transcript

    async def erase(self) -> httpx.Response:
        """Ask that it be erased."""
        return await self.client.delete(self.url, headers=self.headers)


Start = Callable[..., Awaitable[Conversation]]


@pytest.fixture
def start(client: httpx.AsyncClient) -> Start:
    """`await start(department, language=None)`: a new conversation; without `language` none is chosen."""

    async def begin(
        department: str = "kent-wa",
        language: str | None = None,
        headers: dict[str, str] | None = None,
        of: httpx.AsyncClient = client,
    ) -> Conversation:
        body = {"department": department} | ({"language": language} if language else {})
        answer = await of.post("/api/conversations", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return Conversation(of, **answer.json())

    return begin
