"""Signing in and out of the console."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from bot.api.dependencies import CurrentRuntime
from bot.console.web import (
    ROOT,
    SignedIn,
    browser_cookie,
    cookie_name,
    forget_cookie,
    from_own_page,
    page,
    remember_browser,
    runtime_say,
    set_cookie,
    to,
)
from bot.database.tables import STORABLE
from bot.errors import EnlaceError, SignInFailed, TooSoon
from bot.runtime import Runtime

router = APIRouter()
Next = Annotated[str, Query(max_length=200)]


@router.get("/sign-in")
async def form(
    request: Request,
    runtime: CurrentRuntime,
    next: Next = ROOT,  # noqa: A002
    over: bool = False,
) -> HTMLResponse:
    """The first step. `over`: whoever comes here was signed in until now."""
    return await page(request, runtime, "sign_in.html", problem=None, next=next, over=over)


@router.post("/sign-in", dependencies=[Depends(from_own_page)])
async def sign_in(
    request: Request,
    runtime: CurrentRuntime,
    email: Annotated[str, Form(max_length=254, pattern=STORABLE)],
    password: Annotated[str, Form(max_length=1024)],
    next: Annotated[str, Form(max_length=200)] = ROOT,  # noqa: A002
) -> Response:
    """The password; the second factor comes next."""
    language = runtime.catalogs.negotiate(request.headers.get("accept-language"), "en")
    try:
        await runtime.flood.sign_in(request)
        token = await runtime.sessions.sign_in(email, password, language, _browser(request, runtime))
    except (SignInFailed, TooSoon) as error:
        return await _again(request, runtime, "sign_in.html", error, next)
    answer = await page(request, runtime, "second_factor.html", problem=None, next=next)
    set_cookie(answer, runtime.settings, token)
    return answer


@router.post("/second-factor", dependencies=[Depends(from_own_page)])
async def second_factor(
    request: Request,
    runtime: CurrentRuntime,
    code: Annotated[str, Form(max_length=40)],
    next: Annotated[str, Form(max_length=200)] = ROOT,  # noqa: A002
) -> Response:
    """The code of the app, or a recovery code."""
    half = request.cookies.get(cookie_name(runtime.settings), "")
    try:
        token = await runtime.sessions.second_factor(half, code, _browser(request, runtime))
    except (SignInFailed, TooSoon) as error:
        return await _again(request, runtime, "second_factor.html", error, next)
    inside = next == ROOT or next.startswith(f"{ROOT}/")
    answer = to(next.removeprefix(ROOT) if inside and "//" not in next and "\\" not in next else "")
    set_cookie(answer, runtime.settings, token)
    if who := await runtime.sessions.who(token):
        remember_browser(answer, runtime.settings, runtime.sessions.browser(who.id))
    return answer


@router.post("/sign-out")
async def sign_out(who: SignedIn, runtime: CurrentRuntime, everywhere: Annotated[bool, Form()] = False) -> Response:
    """End this session, or all of them; the browser forgets what it has of the console."""
    await runtime.sessions.sign_out(who, everywhere)
    answer = to("/sign-in")
    forget_cookie(answer, runtime.settings)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@router.post("/language")
async def speak(who: SignedIn, runtime: CurrentRuntime, language: Annotated[str, Form(max_length=8)]) -> Response:
    """The language of the console's pages."""
    if language in runtime.library.languages:
        await runtime.sessions.speak(who.session, language)
    return to("")


def _browser(request: Request, runtime: Runtime) -> str:
    return request.cookies.get(browser_cookie(runtime.settings), "")


async def _again(
    request: Request,
    runtime: CurrentRuntime,
    template: str,
    error: EnlaceError,
    next: str,  # noqa: A002
) -> HTMLResponse:
    return await page(
        request, runtime, template, error.status, problem=runtime_say(runtime, request, error), next=next, over=False
    )
