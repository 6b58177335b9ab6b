"""`create_app(settings)`: the web application, with its one shape of errors and its limits."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Mapping
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.api import conversations, handoff, whatsapp
from bot.api.dependencies import errors, runtime_of
from bot.console import web as console
from bot.console.app import add_console
from bot.database.outage import is_away
from bot.errors import BadRequest, EnlaceError, NotFound, TooLarge, TooOften, Unavailable
from bot.i18n import Catalogs
from bot.problems import kind_and_place, sentence
from bot.runtime import Progress, Runtime
from bot.settings import Settings
from bot.widget import assets, demo, loader, page, plain, theme
from bot.widget.web import failed

log = logging.getLogger(__name__)

MAX_BODY = 64 * 1024
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_HEADERS = {
    b"content-security-policy": b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    b"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Refuses large bodies before they are read, sets the security headers on every answer, and answers what nothing
    else does: an error that went on to the server would be logged there with its message, which may quote a resident.
    """

    def __init__(self, app: ASGIApp) -> None:
        """ASGI's contract."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's contract."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        begun = False

        async def with_headers(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in _HEADERS.items() if name not in present),
                ]
                if b"cache-control" not in present:
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        body = await self._body(scope, receive)
        if body is None:
            await error_answer(Request(scope), TooLarge())(scope, receive, with_headers)
            return

        async def replay() -> Message:
            # Once the body is handed over, what comes next is the client going away.
            return body.pop(0) if body else await receive()

        try:
            await self.app(scope, replay, with_headers)
        except Exception as error:  # the kind alone is logged
            log.error("%s %s failed: %s", scope["method"], scope.get("route"), kind_and_place(error))
            if not begun:
                known = Unavailable() if is_away(error) else EnlaceError()
                await error_answer(Request(scope), known)(scope, receive, with_headers)

    @staticmethod
    async def _body(scope: Scope, receive: Receive) -> list[Message] | None:
        """The request's body, read here since it is small, or None if it is larger than that."""
        most = whatsapp.MAX_BODY if scope["path"] == whatsapp.PATH else MAX_BODY
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > most:
            return None
        messages: list[Message] = []
        received, more = 0, True
        while more:
            message = await receive()
            messages.append(message)
            received += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)
            if received > most:
                return None
        return messages


def error_answer(request: Request, error: EnlaceError, headers: Mapping[str, str] | None = None) -> Response:
    """An error in its one shape, in the language of the conversation or of the browser; as a page, where one was asked
    for. `headers`: what else it says.
    """
    if request.url.path.startswith(console.ROOT) and (answer := console.failed(request, error)):
        return answer
    catalogs: Catalogs = request.app.state.catalogs
    language = getattr(request.state, "language", None) or catalogs.negotiate(
        request.headers.get("accept-language"), "en"
    )
    body = error.body(catalogs, language)
    if shown := failed(request, body["error"]["message"], language, error.status):
        shown.headers.update(headers or {})
        return shown
    more = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if isinstance(error, TooOften):
        more["Retry-After"] = str(error.values["seconds"])
    return JSONResponse(body, error.status, {**(headers or {}), **more})


def _allowed(request: Request) -> str:
    """The methods that an address takes; the framework's own list is that of one of its routes."""

    def takes(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    return ", ".join(method for method in _METHODS if takes(method))


def create_app(settings: Settings, progress: Progress = log.info) -> FastAPI:
    """The application; its parts start with its lifespan, and the server answers nothing before they have."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runtime = Runtime(settings, progress)
        app.state.starting = asyncio.current_task()
        try:
            async with runtime.run():
                app.state.runtime, app.state.catalogs = runtime, runtime.catalogs
                # The libraries' millions of objects stay for good: to look through them again and again would hold
                # everybody up for half a second each time.
                gc.collect()
                gc.freeze()
                try:
                    yield
                finally:
                    app.state.runtime = None
        except asyncio.CancelledError:
            app.state.problem = "stopped while it started"
            raise
        except Exception as error:
            app.state.problem = sentence(error)
            raise

    app = FastAPI(
        title="Enlace",
        version=version("enlace"),
        summary="Answers out of a police department's own published words, in the resident's language.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.runtime = None
    app.state.starting = None  # the task that starts it, to be cancelled where it is stopped before it is ready
    app.state.problem = None  # a sentence, where the start failed for a reason that somebody can put right
    app.state.catalogs = Catalogs(settings.locales_dir, ["en", "es"])  # until the content says which
    app.add_middleware(Guard)
    app.include_router(handoff.resuming)  # before the routes with an id: "resume" is none
    app.include_router(conversations.router)
    app.include_router(handoff.router)
    pages = [page.router, plain.router, loader.router, theme.router, assets.router]
    for each in [*pages, demo.router] if settings.demo else pages:
        for route in each.routes:
            if isinstance(route, APIRoute) and route.methods and "GET" in route.methods:
                route.methods.add("HEAD")  # for those who look whether a page is there: link checkers, monitors
        app.include_router(each)
    if settings.whatsapp_numbers:
        app.include_router(whatsapp.router)
    add_console(app)

    @app.get("/health", tags=["operations"])
    async def health() -> dict[str, str]:
        """The process lives. Says nothing of whether it can answer."""
        return {"status": "alive"}

    @app.get("/ready", tags=["operations"], responses=errors())
    async def ready(request: Request) -> dict[str, str]:
        """Whether residents are answered: the database and Rasa both are."""
        runtime = runtime_of(request)
        if not await runtime.rasa.ready():
            raise Unavailable
        try:
            await runtime.store.ping()
        except (SQLAlchemyError, OSError) as error:
            raise Unavailable from error
        return {"status": "ready"}

    @app.exception_handler(EnlaceError)
    async def known(request: Request, error: EnlaceError) -> Response:
        return error_answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        # The values are left out: they are what somebody wrote.
        details = [
            {"field": ".".join(str(part) for part in item["loc"]), "problem": item["msg"]} for item in error.errors()
        ]
        answer = BadRequest(details=details)
        answer.status = 422
        return error_answer(request, answer)

    @app.exception_handler(HTTPException)
    async def from_framework(request: Request, error: HTTPException) -> Response:
        known = NotFound() if error.status_code == 404 else BadRequest()
        known.status = error.status_code
        return error_answer(request, known, {"Allow": _allowed(request)} if error.status_code == 405 else None)

    @app.exception_handler(UnicodeDecodeError)
    async def not_utf8(request: Request, error: UnicodeDecodeError) -> Response:
        return error_answer(request, BadRequest())

    return app
