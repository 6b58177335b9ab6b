"""One's own account, the canned replies, and, for administrators, other people's accounts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse, Response

from bot.api.dependencies import CurrentRuntime
from bot.console.web import Administrator, Overseer, SignedIn, page, runtime_say, to
from bot.database.tables import MAX_ID
from bot.errors import NotFound, WeakPassword, WrongPassword
from bot.handoffs import casework
from bot.liaisons.access import Who
from bot.liaisons.accounts import MIN_PASSWORD_CHARS
from bot.runtime import Runtime
from bot.text import tidy

router = APIRouter(prefix="/settings")
_MAX_CANNED_CHARS = 2000


@router.get("")
async def show(request: Request, who: SignedIn, runtime: CurrentRuntime) -> HTMLResponse:
    """The page."""
    return await _show(request, who, runtime)


@router.post("/password")
async def password(
    request: Request,
    who: SignedIn,
    runtime: CurrentRuntime,
    old: Annotated[str, Form(max_length=1024)],
    new: Annotated[str, Form(max_length=1024)],
) -> Response:
    """A new password; every other session ends."""
    try:
        await runtime.accounts.change_password(who.id, old, new, who.session)
    except (WrongPassword, WeakPassword) as error:
        return await _show(request, who, runtime, error.status, problem=runtime_say(runtime, request, error))
    return await _show(request, who, runtime, changed=True)


@router.post("/canned")
async def add_canned(request: Request, who: Overseer, runtime: CurrentRuntime) -> Response:
    """A canned reply: `department`, `title`, and `text-<language>` for each language."""
    form = await request.form()
    texts = {
        code: tidy(str(form.get(f"text-{code}") or ""), _MAX_CANNED_CHARS)
        for code, entry in runtime.library.languages.items()
        if entry.completeness == "required" or form.get(f"text-{code}")
    }
    title, department = tidy(str(form.get("title") or ""), 80), str(form.get("department") or "")
    async with runtime.store.engine.begin() as connection:
        await casework.add_canned_reply(connection, who, department, title, texts)
    return to("/settings")


@router.post("/canned/{canned_id}/delete")
async def delete_canned(
    canned_id: Annotated[int, Path(ge=1, le=MAX_ID)], who: Overseer, runtime: CurrentRuntime
) -> Response:
    """Take a canned reply away."""
    async with runtime.store.engine.begin() as connection:
        await casework.delete_canned_reply(connection, who, canned_id)
    return to("/settings")


@router.post("/people/{liaison_id}")
async def person(
    liaison_id: Annotated[int, Path(ge=1, le=MAX_ID)],
    who: Administrator,
    runtime: CurrentRuntime,
    active: Annotated[bool, Form()],
) -> Response:
    """Switch the account of somebody of one's own departments off or on; nobody can lock themselves out."""
    people = {row.id: row for row in await runtime.accounts.everybody()}
    row = people.get(liaison_id)
    if row is None or row.id == who.id or not set(row.departments) <= set(who.departments):
        raise NotFound
    await runtime.accounts.set_active(row.email, active, by=who.id)
    return to("/settings")


async def _show(
    request: Request, who: Who, runtime: Runtime, status: int = 200, problem: str | None = None, changed: bool = False
) -> HTMLResponse:
    async with runtime.store.engine.connect() as connection:
        canned = await casework.canned_replies(connection, who.departments)
    people = await runtime.accounts.everybody() if who.may("administer") else []
    return await page(
        request,
        runtime,
        "settings.html",
        status,
        canned=canned,
        people=[row for row in people if set(row.departments) <= set(who.departments)],
        problem=problem,
        changed=changed,
        min_chars=MIN_PASSWORD_CHARS,
    )
