"""An alarm posted to an address of the department's own, signed so that it can be told from a forged one."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from dataclasses import asdict
from typing import Any

import aiohttp

from bot.handoffs.alarms import Alarm

_TIMEOUT = aiohttp.ClientTimeout(total=10)


class Webhook:
    """Posts alarms to one address."""

    def __init__(self, url: str, secret: str, public_url: str) -> None:
        """`secret` signs; `public_url` is where the console is."""
        self._url = url
        self._secret = secret.encode()
        self._public_url = public_url.rstrip("/")

    async def send(self, alarm: Alarm) -> None:
        """Raises unless the other side answers 2xx."""
        event = "handoff.waiting" if alarm.callback is None else "callback.wanted"
        content = {"event": event, **asdict(alarm), "url": f"{self._public_url}{alarm.path}"}
        await self._post(content, alarm.delivery)

    async def trouble(self, what: str, sentence: str | None) -> None:
        """WhatsApp doesn't work, by Meta's name or code for it; raises as `send` does."""
        await self._post({"event": "whatsapp.trouble", "what": what}, f"whatsapp-{secrets.token_hex(8)}")

    async def _post(self, content: dict[str, Any], delivery: str) -> None:
        """Redirects are not followed: what is signed is for this address."""
        body = json.dumps(content).encode()
        moment = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "Enlace-Delivery": delivery,
            "Enlace-Timestamp": moment,
            "Enlace-Signature": f"v1={sign(self._secret, moment, body)}",
        }
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            if not 200 <= answer.status < 300:
                raise RefusedError(answer.status)


class RefusedError(Exception):
    """The other side didn't take it."""


def sign(secret: bytes, moment: str, body: bytes) -> str:
    """HMAC-SHA-256 over "moment.body", in hex. The moment is signed, so that an old alarm can't be sent again."""
    return hmac.new(secret, moment.encode() + b"." + body, hashlib.sha256).hexdigest()
