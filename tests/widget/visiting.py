"""What the tests of the residents' pages share: windows that complain, and a city's own site around the chat."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from browsing import EXIT, WATCH
from playwright.async_api import Browser, BrowserContext, Frame, Locator, Page, Route, expect

if TYPE_CHECKING:
    from tests.conftest import Server

PHONE, DESKTOP = (360, 740), (1280, 800)
QUESTION = {
    "es": "¿La policía me va a preguntar si tengo papeles?",
    "en": "Will the police ask about my immigration status?",
}
CITY, STRANGER = "http://city.test", "http://stranger.test"
Visit = Callable[..., Awaitable[Page]]

_CITY_PAGE = """<!doctype html><html lang="{language}"><head><title>City</title>
<link rel="stylesheet" href="/city.css"></head>
<body><h1>City</h1><p>News</p><div id="app"></div>
<script async src="{base_url}/widget.js" data-department="kent-wa"></script></body></html>"""
_HOSTILE_CSS = """
* { display: none !important; transform: rotate(7deg) !important; font: 3px/1 cursive !important; color: red; }
div, iframe, button { all: revert !important; position: static !important; opacity: 0 !important; width: 1px; }
html, body, h1, p { display: block !important; transform: none !important; }
"""
STRICT = (
    "default-src 'none'; script-src {base_url}; frame-src {base_url}; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


class Browsing:
    """Opens pages and gathers what they complain of, run, keep or ask elsewhere."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.browser, self.base_url = browser, server.base_url
        self.complaints: list[str] = []
        self.contexts: list[BrowserContext] = []
        self.elsewhere: list[str] = []
        """Requests to anything but the server, the city and the page to leave to."""

    async def context(self, size: tuple[int, int], locale: str, **options: Any) -> BrowserContext:
        """A browser window of its own: no storage of another's."""
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=locale, base_url=self.base_url, **options
        )
        self.contexts.append(context)
        await context.add_init_script(WATCH)
        await context.route(
            f"{EXIT}**", lambda route: route.fulfill(body="<title>Weather</title>", content_type="text/html")
        )
        for site in (CITY, STRANGER):
            await context.route(f"{site}/**", self._city)
        context.on("request", self._asked)
        return context

    async def open(self, context: BrowserContext, path: str, quiet: bool = False) -> Page:
        """A page of a window. `quiet`: what the browser itself says of being offline is no complaint."""
        page = await context.new_page()
        if not quiet:
            page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        await page.goto(path)
        return page

    def _said(self, said: Any) -> None:
        if said.type in {"error", "warning"} and "favicon" not in said.text:
            self.complaints.append(f"{said.text} {said.location.get('url', '')}")

    def _asked(self, request: Any) -> None:
        known = (f"{self.base_url}/", CITY, STRANGER, EXIT)
        if not request.url.startswith(known):
            self.elsewhere.append(request.url)

    async def _city(self, route: Route) -> None:
        if route.request.url.endswith(".css"):
            await route.fulfill(body=_HOSTILE_CSS, content_type="text/css")
        elif route.request.url.endswith("/"):
            language = "es" if "es" in (route.request.headers.get("accept-language") or "")[:2] else "en"
            headers = {"Content-Security-Policy": STRICT.format(base_url=self.base_url)}
            html = _CITY_PAGE.format(base_url=self.base_url, language=language)
            await route.fulfill(body=html, content_type="text/html", headers=headers)
        else:
            await route.fulfill(status=404, body="")


async def ask(page: Page | Frame, text: str) -> Locator:
    """Write `text` and wait for the answer to it; returns that."""
    replies = page.locator("#log .message.bot")
    await expect(replies).not_to_have_count(0)
    before = await replies.count()
    await page.locator("#text").fill(text)
    await page.locator("#text").press("Enter")
    await expect(replies).to_have_count(before + 1)
    return replies.last


async def framed(page: Page) -> Frame:
    """The chat in the page's frame, once it is there."""
    await expect(page.locator("iframe")).to_be_visible()
    await expect(page.frame_locator("iframe").locator("#text")).to_be_visible()
    frame = next(frame for frame in page.frames if "/chat/" in frame.url)
    await expect(frame.locator("#log .message")).not_to_have_count(0)
    return frame
