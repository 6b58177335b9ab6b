"""The queue: who waits, for whom, and how long already."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from bot.api.dependencies import CurrentRuntime
from bot.console.web import SignedIn, Watching, page, to
from bot.handoffs.queue import queue
from bot.liaisons import words
from bot.liaisons.access import Who
from bot.runtime import Runtime

router = APIRouter()


@router.get("")
async def home(request: Request, who: SignedIn, runtime: CurrentRuntime) -> HTMLResponse:
    """The page."""
    return await _show(request, who, runtime, "queue.html")


@router.get("/queue")
async def lists(request: Request, who: Watching, runtime: CurrentRuntime) -> HTMLResponse:
    """Its lists alone, for the page to renew itself."""
    return await _show(request, who, runtime, "_queue.html")


@router.post("/duty")
async def duty(who: SignedIn, runtime: CurrentRuntime, on: Annotated[bool, Form()]) -> Response:
    """Begin to take conversations, or stop; either again changes nothing."""
    await runtime.accounts.set_on_duty(who.id, on)
    await runtime.sessions.present(who.id)
    return to("")


async def _show(request: Request, who: Who, runtime: Runtime, template: str) -> HTMLResponse:
    async with runtime.store.engine.connect() as connection:
        entries = await queue(connection, who)
    lists = {place: [entry for entry in entries if entry.place == place] for place in words.PLACES}
    part = template == "_queue.html"
    return await page(request, runtime, template, lists=lists, alarming=len(lists["for_you"]), part=part)
