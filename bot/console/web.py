"""What every page of the console stands on: who is signed in, what a form must carry, how a page is rendered."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta, get_timezone_name
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.api.dependencies import CurrentRuntime, is_of_another_site
from bot.channels.whatsapp import errors
from bot.database.tables import now
from bot.errors import EnlaceError, Forbidden, OldPage, SignInFailed, Unauthorized
from bot.handoffs import casework
from bot.i18n import N_, in_language, language_name
from bot.liaisons import words
from bot.liaisons.access import Who
from bot.runtime import Runtime
from bot.settings import Settings

HERE = Path(__file__).parent
STATIC = HERE / "static"
ROOT = "/console"
_BROWSER_S = 180 * 86400
"""Seconds for which a browser is known after a sign-in."""
_DIALLED = "+0123456789"
_PHONE = re.compile(r"\+?[0-9(][0-9 ().-]{5,24}[0-9]")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    extensions=["jinja2.ext.i18n"],
    trim_blocks=True,
    lstrip_blocks=True,
)
_SAFE = {"GET", "HEAD"}


def cookie_name(settings: Settings) -> str:
    """`__Host-` has the browser refuse it from a neighbour; it needs https, which a trial on this machine hasn't."""
    return "__Host-enlace" if _secure(settings) else "enlace"


def _secure(settings: Settings) -> bool:
    return settings.environment == "production" or settings.public_url.startswith("https://")


def set_cookie(response: Response, settings: Settings, token: str) -> None:
    """The session's token, for this browser session alone and out of every script's reach."""
    response.set_cookie(cookie_name(settings), token, path="/", secure=_secure(settings), httponly=True, samesite="lax")


def browser_cookie(settings: Settings) -> str:
    """The cookie by which a browser is known that has signed in before."""
    return f"{cookie_name(settings)}-browser"


def remember_browser(response: Response, settings: Settings, browser: str) -> None:
    """Have the browser known at the next sign-in, also after this session."""
    response.set_cookie(
        browser_cookie(settings),
        browser,
        max_age=_BROWSER_S,
        path="/",
        secure=_secure(settings),
        httponly=True,
        samesite="lax",
    )


def forget_cookie(response: Response, settings: Settings) -> None:
    """Take the session's token from the browser."""
    response.delete_cookie(cookie_name(settings), path="/", secure=_secure(settings), httponly=True, samesite="lax")


def from_own_page(request: Request) -> None:
    """Raises Forbidden for what another site's page had the browser send."""
    if is_of_another_site(request):
        raise Forbidden
    # A browser says one or the other; what says neither is none.
    if "sec-fetch-site" not in request.headers and request.headers.get("origin", "null") == "null":
        raise Forbidden


async def signed_in(request: Request, runtime: CurrentRuntime) -> Who:
    """Who sends this."""
    return await _session(request, runtime, acts=True)


async def reading(request: Request, runtime: CurrentRuntime) -> Who:
    """Who has asked for this page; a page that loads itself again says so (`renew`), and then as `watching`."""
    return await _session(request, runtime, acts="renew" not in request.query_params)


async def watching(request: Request, runtime: CurrentRuntime) -> Who:
    """Who has the page open that fetches or says this by itself: nobody may be there, so the session grows old."""
    return await _session(request, runtime, acts=False)


async def looking_up(request: Request, runtime: CurrentRuntime) -> Who:
    """Who looks for something (`q`); without a word the page asks for its first list by itself, as `watching`."""
    return await _session(request, runtime, acts=bool(request.query_params.get("q")))


async def _session(request: Request, runtime: Runtime, acts: bool) -> Who:
    """What changes something must come from the console's own page, with the session's CSRF token."""
    token = request.cookies.get(cookie_name(runtime.settings))
    who = await runtime.sessions.who(token, acts) if token else None
    if who is None:
        raise Unauthorized
    request.state.language = who.language
    request.state.who = who
    if request.method not in _SAFE:
        from_own_page(request)
        sent = request.headers.get("x-csrf-token") or (await request.form()).get("csrf")
        if not isinstance(sent, str) or not secrets.compare_digest(sent.encode(), who.csrf.encode()):
            raise OldPage
    return who


SignedIn = Annotated[Who, Depends(signed_in)]
Reading = Annotated[Who, Depends(reading)]
Watching = Annotated[Who, Depends(watching)]
LookingUp = Annotated[Who, Depends(looking_up)]


def overseer(who: SignedIn) -> Who:
    """A supervisor, or an administrator; raises Forbidden."""
    who.require("oversee")
    return who


def administrator(who: SignedIn) -> Who:
    """Raises Forbidden for anybody else."""
    who.require("administer")
    return who


Overseer = Annotated[Who, Depends(overseer)]
Administrator = Annotated[Who, Depends(administrator)]


class Words:
    """What templates call things, in one language."""

    def __init__(self, runtime: Runtime, language: str) -> None:
        """`language`: of the page."""
        self._runtime = runtime
        self.language = language

    def __call__(self, message: str, /, **values: Any) -> str:
        """A sentence of the catalogs."""
        return self._runtime.catalogs.gettext(self.language, message, **values)

    def department(self, name: str) -> str:
        """A department's short name."""
        known = self._runtime.library.departments.get(name)
        return in_language(known.profile.short_name, self.language) if known else name

    def topic(self, name: str | None) -> str:
        """What a topic is called, or nothing."""
        known = self._runtime.library.topics.get(name) if name else None
        return in_language(known.label, self.language) if known else ""

    def flag(self, name: str) -> str:
        """What a safety rule found."""
        return self(words.FLAGS[name]) if name in words.FLAGS else name

    def named(self, kind: str, name: str) -> str:
        """A word of bot/liaisons/words.py: `kind` is one of its tables."""
        return self(getattr(words, kind)[name])

    def delivery(self, message: Any, conversation: Any) -> str:
        """How far a message to the resident has come, and why no further."""
        if message.state in {"failed", "kept"}:
            said = self(N_("Not delivered")) if message.state == "failed" else self(N_("Kept"))
            return f"{said}: {self._reason(message.reason) or self(errors.LOST)}" if message.reason else said
        if message.status == "read":
            return self(N_("Read"))
        if message.status == "sent":
            return self(N_("Sent"))
        return self(N_("Delivered") if message.number <= conversation.delivered else N_("On its way"))

    @property
    def trouble(self) -> list[str]:
        """What keeps WhatsApp from working now."""
        whatsapp = self._runtime.whatsapp
        return [self._reason(what) or what for what in whatsapp.trouble.present] if whatsapp else []

    def _reason(self, reason: str) -> str | None:
        """What a channel's own word for what went wrong, or WhatsApp's code, means; None for any other."""
        sentence = errors.in_words(reason)
        return self(sentence, code=reason) if sentence else None

    def tongue(self, code: str) -> str:
        """A language's name in itself."""
        return language_name(code)

    def language_name(self, code: str) -> str:
        """A language's name in the language of the page."""
        return language_name(code, self.language)

    def moment(self, at: dt.datetime, department: str) -> str:
        """A moment in the department's own time."""
        known = self._runtime.library.departments.get(department)
        return self._runtime.catalogs.moment(self.language, at, known.profile.time_zone if known else "UTC")

    @staticmethod
    def left(at: dt.datetime) -> str:
        """How long it is until a moment, in hours and minutes, as console.js counts it down."""
        minutes = max(int((at - now()).total_seconds() // 60), 0)
        return f"{minutes // 60}:{minutes % 60:02} h"

    @staticmethod
    def is_over(at: dt.datetime) -> bool:
        """Whether a moment has passed."""
        return at <= now()

    def zone(self, department: str) -> str:
        """What a department's own time is called."""
        known = self._runtime.library.departments.get(department)
        zone = ZoneInfo(known.profile.time_zone if known else "UTC")
        return str(get_timezone_name(zone, locale=self.language))

    def since(self, at: dt.datetime) -> str:
        """How long ago: "5 minutes"."""
        return str(format_timedelta(now() - at, threshold=1.5, locale=self.language))

    @staticmethod
    def link(contact: str) -> str | None:
        """What calls or writes to a contact when it is pressed, where it is a phone number or an email address."""
        if _PHONE.fullmatch(contact):
            return "tel:" + "".join(char for char in contact if char in _DIALLED)
        return f"mailto:{quote(contact, safe='@')}" if _EMAIL.fullmatch(contact) else None


async def page(request: Request, runtime: Runtime, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page or a part of one, in the language of the session or of the browser."""
    who: Who | None = getattr(request.state, "who", None)
    # Whole pages say how many callbacks are open, and so do the parts that pages fetch by themselves.
    if who and (not template.startswith("_") or context.get("part")):
        async with runtime.store.engine.connect() as connection:
            context["callbacks_open"] = await casework.open_callbacks(connection, who)
    return _render(request, runtime, template, status, context)


def _render(request: Request, runtime: Runtime, template: str, status: int, context: dict[str, Any]) -> HTMLResponse:
    who: Who | None = getattr(request.state, "who", None)
    language = who.language if who else runtime.catalogs.negotiate(request.headers.get("accept-language"), "en")
    say = Words(runtime, language)
    html = _templates.get_template(template).render(
        _=say,
        say=say,
        language=language,
        languages=runtime.library.languages,
        who=who,
        root=ROOT,
        here=request.url.path,
        **{"callbacks_open": 0} | context,
    )
    return HTMLResponse(html, status)


def to(path: str) -> RedirectResponse:
    """Go on at another page of the console, by GET."""
    return RedirectResponse(f"{ROOT}{path}", 303)


def failed(request: Request, error: EnlaceError) -> Response | None:
    """An error as a page, for somebody who follows a link or sends a form; None: answer with JSON, for a script.

    Who isn't signed in goes to where they can, and comes back afterwards. Who was, is told that they are no longer.
    """
    runtime: Runtime | None = request.app.state.runtime
    script = request.headers.get("hx-request") == "true"
    if isinstance(error, Unauthorized) and not isinstance(error, SignInFailed):
        if script:
            return Response(status_code=401)
        here = request.url.path if request.method in _SAFE else ROOT
        over = "&over=true" if runtime and cookie_name(runtime.settings) in request.cookies else ""
        return to(f"/sign-in?next={quote(here)}{over}")
    if script or runtime is None or "text/html" not in request.headers.get("accept", ""):
        return None
    # It counts no callbacks: the database may be what failed.
    context = {"message": runtime_say(runtime, request, error)}
    return _render(request, runtime, "error.html", error.status, context)


def runtime_say(runtime: Runtime, request: Request, error: EnlaceError) -> str:
    """What an error says, in the language of the page."""
    who: Who | None = getattr(request.state, "who", None)
    language = who.language if who else runtime.catalogs.negotiate(request.headers.get("accept-language"), "en")
    return str(error.body(runtime.catalogs, language)["error"]["message"])
