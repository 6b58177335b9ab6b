"""`kill -9` of the app at random moments of handoffs and replies; afterwards nothing may be lost, doubled or ownerless.

Residents write, ask for a person and withdraw; a liaison claims, writes, releases, hands back, closes and reopens, all
at once, over HTTP. Rasa runs beside the app and isn't killed: what is tested is the store. What a client was told is
compared with what the database holds.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from benchmarks import killed
from benchmarks.handoff import _hire, _Liaison
from bot.conversations.outbox import LEASE_S
from bot.database.engine import migrate, open_engine

KILLS = 200
RESIDENTS = 12


class _Talk:
    """One conversation, and what its client was told is stored."""

    def __init__(self, client: httpx.AsyncClient, started: dict[str, Any]) -> None:
        self.client = client
        self.id = started["id"]
        self.headers = {"Authorization": f"Bearer {started['token']}"}
        self.confirmed: set[str] = set()
        self.unknown: dict[str, dict[str, Any]] = {}
        self.count = 0

    async def act(self, liaison: _Liaison) -> None:
        """One thing at random; a cut connection leaves a message that may or may not be stored: it is sent again."""
        kind = random.choice(
            ("write", "write", "reply", "reply", "ask", "withdraw", "claim", "hand_back", "close", "release", "reopen")
        )
        console, own = f"/console/conversations/{self.id}", liaison.headers
        if kind == "write":
            self.count += 1
            said = f"residente {self.id[:6]} {self.count}"
            self.unknown[said] = {"text": said, "id": f"mine-{self.id[:8]}-{self.count}".replace("_", "a")}
            await self._send(said)
        elif kind == "reply":
            self.count += 1
            said = f"enlace {self.id[:6]} {self.count}"
            form = {"text": said, "key": f"key-{self.count}-0000"}
            answer = await self.client.post(f"{console}/messages", data=form, headers=own)
            if answer.status_code == 200:
                self.confirmed.add(said)
        elif kind == "ask":
            await self.client.post(f"/api/conversations/{self.id}/handoff", json={}, headers=self.headers)
        elif kind == "withdraw":
            await self.client.delete(f"/api/conversations/{self.id}/handoff", headers=self.headers)
        else:
            await self.client.post(f"{console}/{kind}", headers=own)

    async def _send(self, said: str) -> None:
        url = f"/api/conversations/{self.id}/messages"
        answer = await self.client.post(url, json=self.unknown[said], headers=self.headers)
        if answer.status_code == 200:
            del self.unknown[said]
            self.confirmed.add(said)

    async def finish(self) -> None:
        """Send again what nobody confirmed, as the page does."""
        for said in list(self.unknown):
            await self._send(said)


async def _check(var_dir: Path, talks: list[_Talk]) -> Counter[str]:
    """What is wrong, counted."""
    wrong: Counter[str] = Counter()
    engine = open_engine(f"sqlite+aiosqlite:///{var_dir / 'enlace.db'}")
    await migrate(engine)
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT conversation_id, number, author, text FROM messages"))).all()
        owners = (await connection.execute(text("SELECT id, owner, liaison_id, last_number FROM conversations"))).all()
        open_handoffs = Counter(
            (await connection.execute(text("SELECT conversation_id FROM handoffs WHERE ended_at IS NULL"))).scalars()
        )
        unsent = await connection.scalar(text("SELECT count(*) FROM outbox WHERE state != 'sent'"))
        left = await connection.scalar(text("SELECT count(*) FROM inbox WHERE state != 'done'"))
    await engine.dispose()
    texts = Counter((row.conversation_id, row.text) for row in rows if row.author in {"resident", "liaison"})
    for talk in talks:
        wrong["lost"] += sum((talk.id, said) not in texts for said in talk.confirmed)
        wrong["never taken"] += len(talk.unknown)
    wrong["doubled"] += sum(number > 1 for number in texts.values())
    numbers: dict[str, list[int]] = {}
    for row in rows:
        numbers.setdefault(row.conversation_id, []).append(row.number)
    for row in owners:
        wrong["gaps"] += sorted(numbers.get(row.id, [])) != list(range(1, row.last_number + 1))
        wrong["owner unknown"] += row.owner not in {"bot", "waiting", "liaison", "closed"}
        wrong["two owners or none"] += (row.owner == "liaison") != (row.liaison_id is not None)
        wrong["handoff and owner disagree"] += open_handoffs[row.id] != (row.owner in {"waiting", "liaison"})
    wrong["not delivered"] += unsent or 0
    wrong["without a turn"] += left or 0
    print(f"{len(owners)} conversations, {len(rows)} messages, {sum(len(t.confirmed) for t in talks)} confirmed")
    return wrong


async def measure(kills: int = KILLS) -> Counter[str]:
    """Kill so many times, then count what is wrong."""
    talks: list[_Talk] = []
    async with killed.app() as app:
        await app.start()
        liaison = (await _hire(app.var_dir))[0]
        async with httpx.AsyncClient(base_url=app.url, timeout=20, trust_env=False) as client:
            began = time.monotonic()
            for kill in range(kills):
                new = [
                    _Talk(client, (await client.post("/api/conversations", json={"department": "kent-wa"})).json())
                    for _ in range(2 if talks else RESIDENTS)
                ]
                talks += new
                work = [asyncio.create_task(_forever(talk, liaison)) for talk in talks[-RESIDENTS:]]
                await asyncio.sleep(random.uniform(0.05, 0.6))
                app.kill()
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)
                await app.start()
                for talk in talks[-RESIDENTS:]:
                    await talk.finish()
                if kill % 20 == 19:
                    print(f"{kill + 1} kills in {time.monotonic() - began:.0f} s", flush=True)
            await asyncio.sleep(LEASE_S + 5)  # what the last kill cut off in the outbox is due again, and sent
        wrong = await _check(app.var_dir, talks)
    print_wrong(wrong)
    return wrong


def print_wrong(wrong: Counter[str]) -> None:
    """The table of what was found."""
    print("\n| after kill -9 | times |\n| --- | ---: |")
    for name, times in wrong.items():
        print(f"| {name} | {times} |")


async def _forever(talk: _Talk, liaison: _Liaison) -> None:
    while True:
        try:
            await talk.act(liaison)
        except httpx.HTTPError:
            await asyncio.sleep(0.01)
