"""Names that the tests of handoffs share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.conversations.ownership import Notice

NOTICE = Notice("aviso", "es")
Hand = Callable[..., Awaitable[str]]
