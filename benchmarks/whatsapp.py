"""WhatsApp under load: 10,000 messages in random batches and order while the app is killed; how soon they are taken.

The first part sends what Meta would, again whatever was not answered with a 200, and some of it twice. Afterwards every
message has to be in its conversation once and answered once, every part of an answer sent and on its phone once, and
nothing may stand before what had been taken before it was sent. The second part measures the webhook alone, at 50 a
second, while turns run. The Cloud API is the local one.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import text

from benchmarks import killed
from benchmarks.kill import print_wrong
from bot.channels.whatsapp.statuses import tracked
from bot.database.engine import open_engine
from tests.cloud_api import Config, Number, Running, running
from tests.cloud_api.webhooks import encode, envelope, sign

CONTACTS, EACH, KILLS = 1000, 10, 10
SECONDS = 180
"""Within which the messages are sent."""
RATE, RATE_SECONDS = 50, 60
ASKED = ("gracias {}", "¿me van a pedir papeles? {}", "thank you {}", "hola {}", "how do I report a robbery {}")
NUMBER = Number("1001", "+1 555-0100", "Kent Police Department")
WAITS = """
    SELECT (SELECT count(*) FROM whatsapp_events WHERE state != 'done')
         + (SELECT count(*) FROM inbox WHERE state != 'done')
         + (SELECT count(*) FROM outbox WHERE state = 'pending')
"""


@dataclass
class _Message:
    """One message, when it was first sent, and when it was taken."""

    contact: int
    place: int
    body: dict[str, Any]
    sent_at: float = 0.0
    taken_at: float = 0.0


def _message(contact: int, place: int, at: float) -> _Message:
    # A word that is nobody's identifier, and tells one message from all others.
    words = random.choice(ASKED).format(f"c{contact}m{place}x")
    body = {
        "from": str(15_550_000_000 + contact),
        "id": f"wamid.{contact}.{place}",
        "timestamp": str(int(at)),
        "type": "text",
        "text": {"body": words},
    }
    return _Message(contact, place, body)


class _Meta:
    """Sends webhooks, and again what was not taken."""

    def __init__(self, config: Config, url: str) -> None:
        self._config = config
        self._url = f"{url}/webhooks/whatsapp"
        self._client = httpx.AsyncClient(timeout=10, trust_env=False, limits=httpx.Limits(max_connections=100))
        self.times: list[float] = []

    async def deliver(self, messages: list[_Message]) -> bool:
        """One webhook; whether it was taken."""
        metadata = {"display_phone_number": NUMBER.digits, "phone_number_id": NUMBER.id}
        value = {"messaging_product": "whatsapp", "metadata": metadata}
        changes = [
            {"field": "messages", "value": value | {"messages": [message.body for message in some]}}
            for some in (messages[: len(messages) // 2], messages[len(messages) // 2 :])
            if some
        ]
        raw = encode(envelope(self._config, changes))
        began = time.monotonic()
        for message in messages:
            message.sent_at = message.sent_at or began
        headers = {"Content-Type": "application/json"} | sign(raw, self._config.app_secret)
        try:
            answer = await self._client.post(self._url, content=raw, headers=headers)
        except httpx.HTTPError:
            return False
        if answer.status_code != 200:
            return False
        self.times.append(time.monotonic() - began)
        for message in messages:
            message.taken_at = message.taken_at or time.monotonic()
        return True

    async def insist(self, messages: list[_Message]) -> None:
        """Until it is taken, as Meta does, which waits longer."""
        while not await self.deliver(messages):
            await asyncio.sleep(random.uniform(0.2, 1.0))

    async def close(self) -> None:
        await self._client.aclose()


def _stream() -> list[list[_Message]]:
    """All messages in random batches: neighbours may be out of order, and one in twenty comes a second time."""
    began = time.time()
    messages = [_message(contact, place, began + place) for contact in range(CONTACTS) for place in range(EACH)]
    again = random.sample(messages, len(messages) // 20)
    order = sorted(messages + again, key=lambda message: message.place + random.uniform(0, 2.5))
    batches, start = [], 0
    while start < len(order):
        size = random.randint(1, 30)
        batches.append(order[start : start + size])
        start += size
    return batches


async def _send_all(meta: _Meta, batches: list[list[_Message]]) -> None:
    """Spread over the time, several at once."""
    sending: set[asyncio.Task[None]] = set()
    for batch in batches:
        task = asyncio.create_task(meta.insist(batch))
        sending.add(task)
        task.add_done_callback(sending.discard)
        await asyncio.sleep(random.expovariate(len(batches) / SECONDS))
    await asyncio.gather(*sending)


async def _kill(app: killed.App) -> None:
    for _ in range(KILLS):
        await asyncio.sleep(random.uniform(0.5, 1.5) * SECONDS / KILLS)
        app.kill()
        await asyncio.sleep(random.uniform(0, 2))
        await app.start()


async def _rest(database: str) -> int:
    """Wait until nothing is under way any more; returns what is left after ten minutes without progress."""
    engine = open_engine(database)
    left, since = -1, time.monotonic()
    while left and time.monotonic() - since < 600:
        async with engine.connect() as connection:
            now = int(await connection.scalar(text(WAITS)) or 0)
        if now != left:
            left, since = now, time.monotonic()
        await asyncio.sleep(1)
    await engine.dispose()
    return left


def undelivered(rows: Iterable[tuple[int, str]], shown: Iterable[str]) -> Counter[str]:
    """What should have reached a phone and hasn't, counted: of the outbox's `rows` (id, state), by what was `shown`."""
    arrived: dict[int, set[int]] = {}
    parts: dict[int, int] = {}
    for found in filter(None, map(tracked, shown)):
        arrived.setdefault(found.outbox_id, set()).add(found.part)
        parts[found.outbox_id] = found.parts
    wrong = Counter({"not sent": 0, "parts never on a phone": 0})
    for number, state in rows:
        wrong["not sent"] += state != "sent"
        if state == "sent":
            wrong["parts never on a phone"] += parts.get(number, 1) - len(arrived.get(number, ()))
    return wrong


async def _check(database: str, messages: list[_Message], cloud: Running) -> Counter[str]:
    """What is wrong, counted."""
    engine = open_engine(database)
    async with engine.connect() as connection:
        rows = (
            await connection.execute(
                text("SELECT conversation_id, number, author, in_reply_to, text FROM messages ORDER BY id")
            )
        ).all()
        outbox = (await connection.execute(text("SELECT id, state FROM outbox"))).all()
    await engine.dispose()
    wrong: Counter[str] = Counter()
    of_word = {f"c{message.contact}m{message.place}x": message for message in messages}
    found: dict[str, list[tuple[int, _Message]]] = {}
    replies: dict[str, Counter[int]] = {}
    seen: Counter[str] = Counter()
    for row in rows:
        word = row.text.rsplit(" ", 1)[-1]
        if row.author == "resident" and word in of_word:
            seen[word] += 1
            found.setdefault(row.conversation_id, []).append((row.number, of_word[word]))
        elif row.in_reply_to:
            replies.setdefault(row.conversation_id, Counter())[row.in_reply_to] += 1
    wrong["messages lost"] = sum(word not in seen for word in of_word)
    wrong["messages doubled"] = sum(times > 1 for times in seen.values())
    wrong["answered twice"] = sum(times > 1 for counts in replies.values() for times in counts.values())
    wrong["unanswered"] = wrong["out of order"] = wrong["two conversations"] = 0
    homes: dict[int, set[str]] = {}
    for conversation, said in found.items():
        answered = sorted(replies.get(conversation, Counter()))
        last = answered[-1] if answered else 0
        wrong["unanswered"] += sum(number > last for number, _ in said)
        for (_, first), (_, second) in itertools.combinations(sorted(said, key=lambda each: each[0]), 2):
            # `second` was written earlier and had been taken before `first` was sent at all.
            wrong["out of order"] += second.place < first.place and second.taken_at < first.sent_at
        for _, message in said:
            homes.setdefault(message.contact, set()).add(conversation)
    wrong["two conversations"] = sum(len(each) > 1 for each in homes.values())
    wrong["parts twice on a phone"] = 0
    every: list[str] = []
    for user in cloud.cloud.phones:
        shown = [each.request["biz_opaque_callback_data"] for each in user.messages if each.outgoing and each.request]
        every += shown
        wrong["parts twice on a phone"] += len(shown) - len(set(shown))
        order = [found[:2] for data in shown if (found := tracked(data))]
        wrong["parts out of order on a phone"] += order != sorted(order)
    wrong.update(undelivered(((row.id, row.state) for row in outbox), every))
    print(f"{len(found)} conversations, {sum(seen.values())} messages, {sum(map(len, replies.values()))} answers")
    return wrong


async def measure() -> Counter[str]:
    """Both parts; returns what is wrong after the first."""
    config = Config(numbers=[NUMBER], pair_interval_s=0, throughput=10**9, window_s=10**9)
    config.webhooks_at_once = 16
    config.retry_delays_s = tuple(min(2.0**each, 30) for each in range(12))
    with running(config) as cloud:
        async with httpx.AsyncClient(base_url=f"{cloud.url}/_control", timeout=60, trust_env=False) as control:
            for contact in range(CONTACTS + RATE * RATE_SECONDS):  # whoever has written may be written to
                wa_id = str(15_550_000_000 + contact)
                await control.post("/users", json={"wa_id": wa_id, "name": "R"})
                await control.post(f"/users/{wa_id}/say", json={"type": "text", "text": "hola"})
            async with killed.app() as app:
                await app.start(
                    ENLACE_WHATSAPP_NUMBERS=f"{NUMBER.id}:kent-wa",
                    ENLACE_WHATSAPP_TOKEN=config.token,
                    ENLACE_WHATSAPP_APP_SECRET=config.app_secret,
                    ENLACE_WHATSAPP_VERIFY_TOKEN=config.verify_token,
                    ENLACE_WHATSAPP_API_URL=cloud.url,
                    ENLACE_WHATSAPP_PAUSE_S="0.5",
                )
                await control.post("/delivery", json={"url": f"{app.url}/webhooks/whatsapp"})
                database = f"sqlite+aiosqlite:///{app.var_dir / 'enlace.db'}"
                meta, batches, began = _Meta(config, app.url), _stream(), time.monotonic()
                await asyncio.gather(_send_all(meta, batches), _kill(app))
                sent_s = time.monotonic() - began
                left = await _rest(database)
                print(
                    f"{len(batches)} webhooks sent in {sent_s:.0f} s, all answered in {time.monotonic() - began:.0f} s"
                )
                messages = list({id(each): each for batch in batches for each in batch}.values())
                wrong = await _check(database, messages, cloud)
                wrong["left undone"] = left
                print_wrong(wrong)
                await _rate(meta)
                await meta.close()
    return wrong


async def _rate(meta: _Meta) -> None:
    """Print how soon a webhook is taken, at a steady rate, each from somebody who gets an answer."""
    meta.times.clear()
    began = time.monotonic()
    sending = []
    for count in range(RATE * RATE_SECONDS):
        await asyncio.sleep(max(0.0, began + count / RATE - time.monotonic()))
        message = _message(CONTACTS + count, 0, time.time())
        sending.append(asyncio.create_task(meta.deliver([message])))
    taken = sum(await asyncio.gather(*sending))
    times = sorted(1000 * each for each in meta.times)
    print(f"\n{RATE} webhooks a second for {RATE_SECONDS} s, {taken} of {len(sending)} taken, while turns run\n")
    print("| taken within ms, median | 95 % | 99 % | slowest |\n| ---: | ---: | ---: | ---: |")
    cuts = statistics.quantiles(times, n=100)
    print(f"| {statistics.median(times):.0f} | {cuts[94]:.0f} | {cuts[98]:.0f} | {times[-1]:.0f} |", flush=True)
