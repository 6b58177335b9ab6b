"""Guards that one app at a time has a database, on both engines, and that the next one gets it when the first ends."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys

import pytest

from bot.conversations.alone import alone
from bot.conversations.database import open_engine
from bot.problems import StartError
from bot.settings import ROOT

HOLD = """
import asyncio, sys
from bot.conversations.alone import alone
from bot.conversations.database import open_engine

async def hold():
    async with alone(open_engine(sys.argv[1])):
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


async def test_it_is_free_again_once_it_is_let_go(empty_url: str) -> None:
    first, second = open_engine(empty_url), open_engine(empty_url)
    async with alone(first):
        with pytest.raises(StartError, match="another Enlace is running on this database: stop it first"):
            async with alone(second):
                pass
    async with alone(second):
        pass


async def test_who_is_killed_lets_it_go(empty_url: str) -> None:
    command = [sys.executable, "-c", HOLD, empty_url]
    holder = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    engine = open_engine(empty_url)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StartError):
            async with alone(engine):
                pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    async with asyncio.timeout(10):
        while True:
            try:
                async with alone(engine):
                    return
            except StartError:  # PostgreSQL notices a moment later
                await asyncio.sleep(0.05)
