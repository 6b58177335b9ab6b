"""How soon a message is on the other side's screen: 200 open conversations, 20 liaisons, one server.

"On the screen" is when the other side's page has it: the resident's stream has brought it; the console's stream has
said that something changed, and the page has fetched it. Both pages are spoken for here over HTTP, as they do it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pyotp

from benchmarks.server import Running
from bot.database.engine import open_engine
from bot.liaisons.accounts import Accounts, Profile
from bot.liaisons.sessions import Sessions
from bot.secrets import Secrets

CONVERSATIONS = 200
LIAISONS = 20
ROUNDS = 3


@dataclass
class _Liaison:
    token: str
    csrf: str
    changed: dict[str, asyncio.Event] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"enlace={self.token}", "X-CSRF-Token": self.csrf, "Sec-Fetch-Site": "same-origin"}


@dataclass
class _Resident:
    id: str
    headers: dict[str, str]
    liaison: _Liaison
    last: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    text: str = ""


async def _hire(var_dir: Path) -> list[_Liaison]:
    engine = open_engine(f"sqlite+aiosqlite:///{var_dir / 'enlace.db'}")
    secrets = Secrets((var_dir / "secret.key").read_text().strip())
    accounts, sessions = Accounts(engine, secrets), Sessions(engine, secrets)
    hired = []
    for number in range(LIAISONS):
        titles = {"en": "Liaison", "es": "Enlace"}
        email = f"liaison{number}@example.org"
        profile = Profile(email, f"Liaison {number}", titles, False, "liaison", ["kent-wa"], ["es", "en"])
        made = await accounts.add(profile)
        totp = pyotp.parse_uri(made.uri)
        token = await sessions.second_factor(await sessions.sign_in(email, made.password, "en"), totp.now())
        who = await sessions.who(token)
        assert who
        hired.append(_Liaison(token, who.csrf))
    await engine.dispose()
    return hired


async def _events(client: httpx.AsyncClient, url: str, headers: dict[str, str]) -> AsyncIterator[tuple[str, str]]:
    async with client.stream("GET", url, headers=headers, timeout=None) as stream:
        event = ""
        async for line in stream.aiter_lines():
            if line.startswith("event: "):
                event = line[7:]
            elif line.startswith("data: "):
                yield event, line[6:]


async def _listen_console(client: httpx.AsyncClient, liaison: _Liaison) -> None:
    async for event, data in _events(client, "/console/events", liaison.headers):
        if event == "changed":
            found = liaison.changed.get(json.loads(data).get("id"))
            if found:
                found.set()


async def _listen_page(client: httpx.AsyncClient, resident: _Resident) -> None:
    async for event, data in _events(client, f"/api/conversations/{resident.id}/events", resident.headers):
        if event == "message":
            message = json.loads(data)
            resident.last = message["number"]
            if message["author"] == "liaison" and message["text"] == resident.text:
                resident.arrived.set()


async def _open(client: httpx.AsyncClient, liaison: _Liaison) -> _Resident:
    started = (await client.post("/api/conversations", json={"department": "kent-wa", "language": "es"})).json()
    headers = {"Authorization": f"Bearer {started['token']}"}
    url = f"/api/conversations/{started['id']}"
    (await client.post(f"{url}/handoff", json={}, headers=headers)).raise_for_status()
    claimed = await client.post(f"/console/conversations/{started['id']}/claim", headers=liaison.headers)
    assert claimed.status_code == 303, claimed.text
    return _Resident(started["id"], headers, liaison)


async def _to_liaison(client: httpx.AsyncClient, resident: _Resident, text: str) -> float:
    changed = resident.liaison.changed[resident.id] = asyncio.Event()
    url = f"/console/conversations/{resident.id}/messages?after={max(resident.last, 1)}"
    start = time.perf_counter()
    sending = asyncio.create_task(
        client.post(f"/api/conversations/{resident.id}/messages", json={"text": text}, headers=resident.headers)
    )
    while True:
        await changed.wait()
        changed.clear()
        if text in (await client.get(url, headers=resident.liaison.headers)).text:
            break
    taken = time.perf_counter() - start
    (await sending).raise_for_status()
    return taken


async def _to_resident(client: httpx.AsyncClient, resident: _Resident, text: str) -> float:
    resident.text = text
    resident.arrived.clear()
    start = time.perf_counter()
    form = {"text": text, "key": f"key-{time.monotonic_ns()}"}
    url = f"/console/conversations/{resident.id}/messages"
    sending = asyncio.create_task(client.post(url, data=form, headers=resident.liaison.headers))
    await resident.arrived.wait()
    taken = time.perf_counter() - start
    (await sending).raise_for_status()
    return taken


async def measure(running: Running) -> None:
    """Print the median and the 95th percentile of both ways, alone and with everybody talking."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=running.url, timeout=60, limits=limits, trust_env=False) as client:
        liaisons = await _hire(running.var_dir)
        residents = [await _open(client, liaisons[number % LIAISONS]) for number in range(CONVERSATIONS)]
        listening = [asyncio.create_task(_listen_console(client, liaison)) for liaison in liaisons]
        listening += [asyncio.create_task(_listen_page(client, resident)) for resident in residents]
        await asyncio.sleep(3)
        print(f"\n{CONVERSATIONS} open conversations, {LIAISONS} liaisons\n")
        print("| from | to | at once | median ms | 95th percentile ms |\n| --- | --- | ---: | ---: | ---: |")
        count = itertools.count(1)
        for at_once in (1, LIAISONS):
            for name, way in (("resident | liaison", _to_liaison), ("liaison | resident", _to_resident)):
                times: list[float] = []
                for _ in range(ROUNDS):
                    for first in range(0, CONVERSATIONS, at_once):
                        group = residents[first : first + at_once]
                        work = (way(client, one, f"mensaje {next(count)}") for one in group)
                        times += await asyncio.gather(*work)
                median, late = statistics.median(times), statistics.quantiles(times, n=20)[18]
                print(f"| {name} | {at_once} | {1000 * median:.0f} | {1000 * late:.0f} |", flush=True)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)


def run(running: Running) -> None:
    """Measure on a server that runs."""
    asyncio.run(measure(running))
