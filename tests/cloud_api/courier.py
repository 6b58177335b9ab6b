"""Takes webhooks to whoever subscribed: in order, again after anything but a 200, or held back for a test."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

import httpx

from .config import JSON, Config
from .webhooks import Signature, batches, encode, envelope, sign


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: it takes longer than most deliveries."""
    return httpx.create_ssl_context(trust_env=False)


@dataclass(slots=True)
class Delivery:
    """A webhook and what came of it. A status of 0 is no answer at all."""

    payload: JSON
    attempts: list[int] = field(default_factory=list)
    done: bool = False
    given_up: bool = False
    ms: float = 0.0
    """How long the last attempt waited for its answer."""

    def view(self) -> JSON:
        """It, as the control API has it."""
        rest = {"attempts": self.attempts, "done": self.done, "given_up": self.given_up, "ms": round(self.ms, 1)}
        return {"payload": self.payload} | rest


@dataclass(slots=True)
class Courier:
    """Delivers each webhook once its turn comes; a failed one waits for its next attempt beside the queue."""

    config: Config
    transport: httpx.AsyncBaseTransport | None = None
    """For a receiver in the same process."""
    url: str | None = None
    override: str | None = None
    """The account's own callback, which goes before the app's."""
    app_subscribed: bool = True
    copies: int = 1
    held: list[JSON] | None = None
    """Changes that wait, if it holds."""
    arrived: Callable[[JSON], None] = lambda payload: None
    """Told of each webhook that was answered with a 200."""
    deliveries: list[Delivery] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """As many first attempts at once as are set."""
        self._turns = asyncio.Semaphore(self.config.webhooks_at_once)

    def post(self, change: JSON) -> None:
        """Queue a change, if it is subscribed to."""
        if not self.app_subscribed or change["field"] not in self.config.webhook_fields:
            return
        if self.held is not None:
            self.held.append(change)
            return
        for _ in range(self.copies):
            self.carry(envelope(self.config, [change]))

    def carry(self, payload: JSON) -> Delivery:
        """Queue a whole webhook."""
        delivery = Delivery(payload)
        self.deliveries.append(delivery)
        if self.callback:
            task = asyncio.create_task(self._deliver(delivery))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            delivery.given_up = True
        return delivery

    @property
    def callback(self) -> str | None:
        """Where webhooks go."""
        return self.override or self.url

    def release(self, *, size: int, merge: bool, shuffle: bool, seed: int, copies: int) -> int:
        """Stop holding and send what was held; returns how many webhooks that makes."""
        changes, self.held = (self.held or []) * copies, None
        if shuffle:
            random.Random(seed).shuffle(changes)
        payloads = batches(self.config, changes, max(size, 1), merge)
        for payload in payloads:
            self.carry(payload)
        return len(payloads)

    async def _deliver(self, delivery: Delivery) -> None:
        async with self._turns:
            await self._attempt(delivery)
        for delay in self.config.retry_delays_s:
            if delivery.done:
                return
            await asyncio.sleep(delay)
            await self._attempt(delivery)
        delivery.given_up = not delivery.done

    async def _attempt(self, delivery: Delivery) -> None:
        body = encode(delivery.payload, self.config.escape)
        started = time.perf_counter()
        status, _ = await self.send(body, sign(body, self.config.app_secret))
        delivery.ms = (time.perf_counter() - started) * 1000
        delivery.attempts.append(status)
        delivery.done = status == 200
        if delivery.done:
            self.arrived(delivery.payload)

    async def send(self, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        """One request to the callback: its status and text; 0 and the reason if there was no answer."""
        headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"} | headers
        try:
            async with self.client() as client:
                answer = await client.post(self.callback or "", content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return 0, repr(error)
        return answer.status_code, answer.text

    async def forged(self, payload: JSON | str, how: Signature, escape: bool) -> tuple[int, str]:
        """A payload, or text that needn't be JSON, signed in any way, once."""
        body = payload.encode() if isinstance(payload, str) else encode(payload, escape)
        return await self.send(body, sign(body, self.config.app_secret, how))

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client for one request."""
        timeout = self.config.webhook_timeout_s
        async with httpx.AsyncClient(
            transport=self.transport, timeout=timeout, trust_env=False, verify=_certificates()
        ) as client:
            yield client

    async def verify(self, url: str, token: str) -> str | None:
        """The handshake before a callback is taken: None if it passed, or why not, in Meta's words."""
        challenge = str(random.SystemRandom().randrange(10**8, 10**9))
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
        try:
            async with self.client() as client:
                answer = await client.get(url, params=query)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"The URL couldn't be validated. Callback verification failed: {type(error).__name__}"
        if answer.status_code != 200:
            reason = f"HTTP Status Code = {answer.status_code}; HTTP Message = {answer.reason_phrase}"
            return f"The URL couldn't be validated. Callback verification failed with the following errors: {reason}"
        if answer.text != challenge:
            return "The URL couldn't be validated. Response does not match challenge"
        return None

    async def idle(self, timeout_s: float) -> bool:
        """Wait until nothing is under way; whether it came to that."""
        until = time.monotonic() + timeout_s
        while self._tasks and time.monotonic() < until:
            await asyncio.wait(set(self._tasks), timeout=max(until - time.monotonic(), 0))
        return not self._tasks

    def restart(self, config: Config) -> None:
        """Forget what was delivered, and how."""
        self.config, self.held, self.copies = config, None, 1
        self.deliveries.clear()

    async def close(self) -> None:
        """Drop what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
