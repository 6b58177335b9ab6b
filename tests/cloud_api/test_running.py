"""The server on a port of its own: connections that hang or are cut, live events, and its command."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from .__main__ import config_of, parse
from .config import Number
from .running import Running, running

HELLO = {"messaging_product": "whatsapp", "to": "15550142", "type": "text", "text": {"body": "hola"}}
TOKEN = {"Authorization": "Bearer local-access-token"}


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server that runs, where Rosa has written."""
    with running() as found:
        httpx.post(f"{found.url}/_control/users", json={"wa_id": "15550142", "name": "Rosa"})
        httpx.post(f"{found.url}/_control/users/15550142/say", json={"text": "hola"})
        yield found


def send(server: Running, timeout: float = 5) -> httpx.Response:
    """Send Rosa a message."""
    return httpx.post(f"{server.url}/v24.0/1001/messages", json=HELLO, headers=TOKEN, timeout=timeout)


def test_cut_off_after_the_message_was_taken(server: Running) -> None:
    httpx.post(f"{server.url}/_control/faults", json={"what": "drop"})
    with pytest.raises(httpx.RemoteProtocolError):
        send(server)
    shown = httpx.get(f"{server.url}/_control/users/15550142/messages").json()
    assert [each["content"]["body"] for each in shown] == ["hola", "hola"]
    assert send(server).status_code == 200


def test_left_hanging(server: Running) -> None:
    httpx.post(f"{server.url}/_control/faults", json={"what": "hang", "seconds": 0.6})
    with pytest.raises(httpx.ReadTimeout):
        send(server, timeout=0.2)


def test_the_page_hears_of_what_is_new(server: Running) -> None:
    page = httpx.get(server.url, headers={"Accept-Language": "es-MX,es;q=0.9,en;q=0.8"})
    assert "Teléfono simulado" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    with httpx.stream("GET", f"{server.url}/_phone/events", timeout=5) as events:
        lines = events.iter_lines()
        assert next(line for line in lines if line.startswith("data:")) == "data: changed"
        send(server)
        assert next(line for line in lines if line.startswith("data:")) == "data: changed"


def test_the_command() -> None:
    given = parse(["--number", "1001:kent-wa", "--number", "1002:+1 555-0109:Roeland Park: Police"])
    assert config_of(given).numbers == [
        Number("1001", "+1 555-0100", "kent-wa"),
        Number("1002", "+1 555-0109", "Roeland Park: Police"),
    ]
    with pytest.raises(ValueError, match="ID:NAME"):
        config_of(parse(["--number", "kent"]))
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "tests.cloud_api", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        line, since = process.stdout.readline(), time.monotonic()
        assert line.startswith("Local Cloud API and phone: http://127.0.0.1:")
        process.terminate()
    assert time.monotonic() - since < 10
