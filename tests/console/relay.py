"""Stands between a browser and the server, and can let the connections of the live updates die without a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Relay:
    """Passes bytes on, both ways."""

    def __init__(self, port: int) -> None:
        """`port`: the server's."""
        self._port = port
        self._live: set[asyncio.StreamWriter] = set()
        self._dead: set[asyncio.StreamWriter] = set()
        self.swallowed = asyncio.Event()
        """Set once something was lost on a dead connection."""

    def cut(self) -> None:
        """What comes on the live updates that are open now reaches nobody from here on; new ones work."""
        self._dead |= self._live
        self.swallowed.clear()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser's."""
        there, to = await asyncio.open_connection("127.0.0.1", self._port)
        with suppress(ConnectionError):
            await asyncio.wait(
                [asyncio.create_task(self._up(reader, to, writer)), asyncio.create_task(self._down(there, writer))],
                return_when=asyncio.FIRST_COMPLETED,
            )
        for each in (to, writer):
            each.close()

    async def _up(self, reader: asyncio.StreamReader, to: asyncio.StreamWriter, back: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if b"GET /console/events" in data:
                self._live.add(back)
            to.write(data)

    async def _down(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if back in self._dead:
                self.swallowed.set()
            else:
                back.write(data)


@asynccontextmanager
async def relay(base_url: str) -> AsyncIterator[tuple[Relay, str]]:
    """A relay to the server at `base_url`, and its own address."""
    between = Relay(int(base_url.rpartition(":")[2]))
    listening = await asyncio.start_server(between.pass_on, "127.0.0.1", 0)
    try:
        yield between, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
