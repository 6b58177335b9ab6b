"""The console, all of it under one address."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from bot.console import conversation, events, figures, moves, queue, records, settings, sign_in
from bot.console.web import ROOT, STATIC

PARTS = (sign_in, queue, events, moves, conversation, records, figures, settings)


def add_console(app: FastAPI) -> None:
    """Give `app` the console's routes; they are people's pages, not part of the API that OpenAPI describes."""
    for part in PARTS:
        app.include_router(part.router, prefix=ROOT, include_in_schema=False)
    app.mount(f"{ROOT}/static", StaticFiles(directory=STATIC), name="console-static")
