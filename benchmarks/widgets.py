"""1,000 open chats on one server, each with a message a minute: is every event there, and how soon is the answer?"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import statistics
import time
from dataclasses import dataclass, field

import httpx

from benchmarks.server import Running

WIDGETS = 1000
MINUTES = 2.0
ASKED = ("¿me van a pedir papeles?", "how do I report a robbery", "gracias", "hello", "¿puedo reportar sin mi nombre?")


@dataclass
class _Widget:
    """One open chat."""

    id: str
    headers: dict[str, str]
    numbers: list[int] = field(default_factory=list)
    """Of the messages that its stream has brought, in their order."""
    answered: dict[int, asyncio.Event] = field(default_factory=dict)


async def _open(client: httpx.AsyncClient) -> _Widget:
    body = {"department": "kent-wa", "language": "es"}
    started = (await client.post("/api/conversations", json=body)).raise_for_status().json()
    return _Widget(started["id"], {"Authorization": f"Bearer {started['token']}"})


async def _listen(client: httpx.AsyncClient, widget: _Widget) -> None:
    url = f"/api/conversations/{widget.id}/events"
    async with client.stream("GET", url, headers=widget.headers, timeout=None) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: ") and (number := json.loads(line[6:]).get("number")):
                widget.numbers.append(number)
                if number in widget.answered:
                    widget.answered[number].set()


async def _talk(client: httpx.AsyncClient, widget: _Widget, until: float, times: list[float]) -> int:
    """A message a minute, beginning somewhere in the first; returns how many messages there must be in the end."""
    await asyncio.sleep(random.uniform(0, 60))
    for count in itertools.count(1):
        if time.monotonic() > until:
            return 2 * (count - 1)
        widget.answered[2 * count] = asyncio.Event()
        body = {"text": random.choice(ASKED)}
        began = time.monotonic()
        sending = asyncio.create_task(
            client.post(f"/api/conversations/{widget.id}/messages", json=body, headers=widget.headers)
        )
        await asyncio.wait_for(widget.answered[2 * count].wait(), 60)
        times.append(time.monotonic() - began)
        (await sending).raise_for_status()
        await asyncio.sleep(max(0.0, 60 - (time.monotonic() - began)))
    raise AssertionError


async def measure(running: Running) -> None:
    """Print how many events were lost, and how soon an answer was in its chat."""
    limits = httpx.Limits(max_connections=2 * WIDGETS + 100, max_keepalive_connections=100)
    async with httpx.AsyncClient(base_url=running.url, timeout=60, limits=limits, trust_env=False) as client:
        widgets = [await _open(client) for _ in range(WIDGETS)]
        listening = [asyncio.create_task(_listen(client, widget)) for widget in widgets]
        await asyncio.sleep(5)
        times: list[float] = []
        until = time.monotonic() + 60 * MINUTES
        wanted = await asyncio.gather(*(_talk(client, widget, until, times) for widget in widgets))
        await asyncio.sleep(2)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    lost = sum(widget.numbers != list(range(1, count + 1)) for widget, count in zip(widgets, wanted, strict=True))
    median, late = statistics.median(times), statistics.quantiles(times, n=20)[18]
    print(f"\n{WIDGETS} open chats, a message a minute each, {len(times)} messages\n")
    print(
        "| chats with an event lost, doubled or out of order | median ms | 95th percentile ms |\n| ---: | ---: | ---: |"
    )
    print(f"| {lost} | {1000 * median:.0f} | {1000 * late:.0f} |", flush=True)


def run(running: Running) -> None:
    """Measure on a server that runs."""
    asyncio.run(measure(running))
