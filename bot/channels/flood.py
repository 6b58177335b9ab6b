"""How often a conversation, or an address, may send. An address is known here for a moment, and kept nowhere."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import secrets
import time
from collections.abc import Iterable

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerSecond, parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from bot.errors import TooOften, TooSoon
from bot.settings import Settings

_TYPING = RateLimitItemPerSecond(1)


class Flood:
    """Counts in this process's memory, under keys made with a random secret that ends with the process.

    One app process serves a database (docs/architecture.md), so these counts are all there are.
    """

    def __init__(self, settings: Settings) -> None:
        """The limits of `settings`: for a conversation, for an address, for what is begun or signed in to from one."""
        self._conversation = parse_many(settings.limit_conversation)
        self._of_address = parse_many(settings.limit_address)
        self._starts = parse_many(settings.limit_starts)
        self._sign_ins = parse_many(settings.limit_sign_ins)
        self._secret = secrets.token_bytes(32)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def message(self, conversation_id: str, request: Request) -> None:
        """Something is sent in a conversation; raises TooOften."""
        await self._take(self._conversation, "conversation", conversation_id)
        await self._take(self._of_address, "address", self._address(request))

    async def stream(self, conversation_id: str) -> None:
        """A conversation is to be followed live, counted apart: no lost connection costs a message. Raises TooOften."""
        await self._take(self._conversation, "stream", conversation_id)

    async def typing(self, conversation_id: str) -> bool:
        """Whether it may be told now that the resident is typing; it costs no message."""
        return await self._limiter.hit(_TYPING, "typing", conversation_id)

    async def start(self, request: Request) -> None:
        """A conversation is begun, or a code is tried; raises TooOften."""
        await self._take(self._starts, "start", self._address(request))

    async def sign_in(self, request: Request) -> None:
        """Somebody tries to sign in to the console; raises TooSoon."""
        await self._take(self._sign_ins, "sign-in", self._address(request), error=TooSoon)

    async def _take(
        self, limits: Iterable[RateLimitItem], *key: str, error: type[TooOften | TooSoon] = TooOften
    ) -> None:
        for limit in limits:
            if not await self._limiter.hit(limit, *key):
                window = await self._limiter.get_window_stats(limit, *key)
                raise error(seconds=max(1, math.ceil(window.reset_time - time.time())))

    def _address(self, request: Request) -> str:
        """A keyed hash of where a request comes from: of an IPv6 address its network, since a host has many."""
        host = request.client.host if request.client else ""
        try:
            address = ipaddress.ip_address(host)
            if address.version == 6:
                # Served on "::", an IPv4 address comes as one of a single network of IPv6.
                network = ipaddress.ip_network((address, 64), strict=False)
                host = str(address.ipv4_mapped or network)
        except ValueError:
            pass
        return hmac.digest(self._secret, host.encode(), hashlib.sha256).hex()
