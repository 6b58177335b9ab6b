"""Guards the one line of HTML: a strict and hostile page around the chat, its button, methods and events."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING

import httpx
import pytest
from browsing import anything, picture
from playwright.async_api import Route, expect
from visiting import CITY, DESKTOP, PHONE, QUESTION, STRANGER, Browsing, Visit, ask, framed

if TYPE_CHECKING:
    from tests.conftest import Server, Start

pytestmark = [pytest.mark.browser, pytest.mark.rasa]
AFTER_OPENING = (
    "/chat/kent-wa",
    "/static/colors.css",
    "/theme/kent-wa.css",
    "/static/chat.css",
    "/static/chat.js",
    "/static/icon.svg",
)


@pytest.mark.parametrize(("size", "locale"), [(PHONE, "es-MX"), (DESKTOP, "en-US")])
async def test_a_conversation_on_a_strict_and_hostile_page(visit: Visit, size: tuple[int, int], locale: str) -> None:
    page = await visit(f"{CITY}/", size, locale)
    button = page.get_by_role(
        "button", name={"es": "Preguntas sobre la policía", "en": "Questions about the police"}[locale[:2]]
    )
    await expect(button).to_be_visible()
    box = await button.bounding_box()
    assert box
    assert box["height"] >= 44
    assert box["x"] + box["width"] <= size[0]
    await button.click()
    frame = await framed(page)
    await expect(frame.locator("html")).to_have_attribute("lang", locale[:2])
    await expect(frame.locator("#notice > summary")).to_be_focused()  # to be read first
    # Where it covers the page, nothing behind it can be reached.
    assert await page.evaluate("document.body.inert") is (size == PHONE)
    answer = await ask(frame, QUESTION[locale[:2]])
    if locale == "es-MX":
        await frame.locator("#log .message.resident").evaluate("node => node.scrollIntoView()")
        await picture(page, "widget-es")
    await answer.locator("summary").click()
    await expect(answer.locator("blockquote").first).to_be_visible()
    await frame.locator("#close").click()
    await expect(page.locator("iframe")).to_be_hidden()
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")  # what was said is still there
    await expect(frame.locator("#log .message.answer")).to_be_visible()
    await expect(frame.locator("#text")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("iframe")).to_be_hidden()
    assert not await page.evaluate("document.body.inert")
    kept = "[document.cookie, localStorage.length, sessionStorage.length]"
    assert await page.evaluate(kept) == ["", 0, 0]
    assert await page.locator("[style], style").count() == 0


async def test_methods_and_events(visit: Visit) -> None:
    page = await visit(f"{CITY}/", DESKTOP, "en-US")
    await expect(page.get_by_role("button")).to_be_visible()
    await page.evaluate(
        "() => { window.told = []; for (const event of ['open', 'close', 'message', 'language', 'reset'])"
        " window.enlace.on(event, (detail) => window.told.push([event, detail ?? null])); }"
    )
    await page.evaluate("window.enlace.open()")
    frame = await framed(page)
    await page.evaluate("window.enlace.setLanguage('es-MX')")
    await expect(frame.locator("html")).to_have_attribute("lang", "es")
    answer = await ask(frame, "what can you tell me")
    await expect(answer).to_have_attribute("lang", "es")  # picked on the city's own page is picked
    await page.evaluate("window.enlace.toggle()")
    await expect(page.get_by_role("button", name="Preguntas sobre la policía")).to_be_visible()
    await page.evaluate("window.enlace.toggle()")
    async with page.expect_response(lambda answer: answer.request.method == "DELETE") as erased:
        await page.evaluate("window.enlace.reset()")
    assert (await erased.value).status == 204  # unlike elsewhere, a reset erases on the server
    await expect(frame.locator("#log .message")).to_have_count(1)
    await page.evaluate("window.enlace.close()")
    told = await page.evaluate("window.told")
    moves = [event for event, _ in told if event in {"open", "close", "reset"}]
    assert moves == ["open", "close", "open", "reset", "close"]
    assert ["language", "es"] in told
    assert all(detail is None for event, detail in told if event != "language")  # nobody's words leave the frame


async def test_a_site_that_is_not_the_department_s_may_not_frame_it(browsing: Browsing) -> None:
    page = await browsing.open(await browsing.context(DESKTOP, "en-US"), f"{STRANGER}/", quiet=True)
    async with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
        await page.get_by_role("button").click()
    await expect(page.locator("iframe")).to_be_visible()
    assert await page.frames[-1].locator("#log").count() == 0


async def test_an_unknown_department_is_said_to_whoever_wrote_the_line(browsing: Browsing) -> None:
    context = await browsing.context(DESKTOP, "en-US")
    html = f'<script async src="{browsing.base_url}/widget.js" data-department="nowhere"></script>'
    await context.route(f"{CITY}/wrong", lambda route: route.fulfill(body=html, content_type="text/html"))
    page = await browsing.open(context, f"{CITY}/wrong")
    await page.wait_for_load_state("networkidle")
    assert [each.rpartition(" http")[0] for each in browsing.complaints] == [
        f'Enlace: {browsing.base_url} serves no department "nowhere".'
    ]
    browsing.complaints.clear()


@pytest.mark.parametrize(
    ("attribute", "language", "button"),
    [('data-language="en"', "en", "Questions about the police"), ("", "es", "Preguntas sobre la policía")],
)
async def test_the_line_s_own_language_comes_before_the_page_s_and_that_before_the_browser_s(
    browsing: Browsing, attribute: str, language: str, button: str
) -> None:
    context = await browsing.context(DESKTOP, {"en": "es-MX", "es": "en-US"}[language])
    line = f'<script async src="{browsing.base_url}/widget.js" data-department="kent-wa" {attribute}></script>'
    html = f'<!doctype html><html lang="es"><title>City</title>{line}'
    await context.route(f"{CITY}/own", lambda route: route.fulfill(body=html, content_type="text/html"))
    page = await browsing.open(context, f"{CITY}/own")
    await page.get_by_role("button", name=button).click()
    await expect((await framed(page)).locator("html")).to_have_attribute("lang", language)


async def test_the_demonstration_site_says_that_it_is_one(visit: Visit) -> None:
    page = await visit("/demo", DESKTOP, "es-MX")
    await expect(page.get_by_role("note")).to_contain_text("esta ciudad es inventada")
    await page.get_by_role("link", name="Roeland Park").click()
    await expect(page.get_by_role("note")).to_contain_text("esta ciudad es inventada")
    await expect(page.get_by_role("link", name="La consola del personal de enlace")).to_have_attribute(
        "href", "/console"
    )
    await expect(page.get_by_role("button", name="Preguntas sobre la policía")).to_be_visible()
    assert await anything(page) == []


async def test_the_demonstration_site_answers_with_the_published_words(visit: Visit) -> None:
    # The browser says of a frame of one's own address that its sandbox holds nothing; a department's site is another.
    page = await visit("/demo/kent-wa", DESKTOP, "es-MX", quiet=True)
    await page.get_by_role("button", name="Preguntas sobre la policía").click()
    answer = await ask(await framed(page), "¿Me pueden arrestar por no tener papeles?")
    await answer.locator("summary").click()
    words = answer.locator("blockquote[lang=es]")
    await expect(words).to_contain_text("Ninguna persona deberá ser arrestada físicamente y fichada")
    await words.evaluate("node => node.scrollIntoView({ block: 'end' })")
    await picture(page, "demo-es")


def _sent(server: Server, path: str) -> int:
    """Bytes of a file as a browser gets it."""
    with (
        httpx.Client(base_url=server.base_url, trust_env=False) as client,
        client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer,
    ):
        assert answer.status_code == 200, path
        raw = b"".join(answer.iter_raw())
        assert len(gzip.decompress(raw) if answer.headers.get("content-encoding") == "gzip" else raw) >= len(raw)
        return len(raw)


def test_the_line_loads_2_kb_and_the_chat_15(server: Server) -> None:
    assert _sent(server, "/widget.js") <= 2048
    sizes = {path: _sent(server, path) for path in AFTER_OPENING}
    assert sum(sizes.values()) <= 15 * 1024, sizes


async def test_opening_asks_for_nothing_else_and_never_one_after_another(browsing: Browsing) -> None:
    context = await browsing.context(PHONE, "es-MX")
    page = await browsing.open(context, f"{CITY}/")
    await expect(page.get_by_role("button")).to_be_visible()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url.removeprefix(browsing.base_url).split("?")[0]))
    await page.get_by_role("button").click()
    frame = await framed(page)
    await page.wait_for_load_state("networkidle")
    assert set(asked) <= set(AFTER_OPENING)
    # All that the page needs is named in its HTML: on a slow network a second round trip would be what is felt.
    html = await frame.evaluate("fetch(location.href).then((answer) => answer.text())")
    assert [path for path in AFTER_OPENING[1:] if path not in html] == []


async def test_an_older_safari_gets_the_same_button(browsing: Browsing) -> None:
    context = await browsing.context(DESKTOP, "en-US")
    await context.add_init_script("delete window.CSSStyleSheet")
    html = f'<script async src="{browsing.base_url}/widget.js" data-department="kent-wa"></script>'
    await context.route(f"{CITY}/old", lambda route: route.fulfill(body=html, content_type="text/html"))
    page = await browsing.open(context, f"{CITY}/old")
    button = page.get_by_role("button")
    await expect(button).to_have_css("position", "fixed")
    await button.click()
    await framed(page)


async def test_a_message_that_comes_while_the_chat_is_closed_is_announced(visit: Visit) -> None:
    page = await visit(f"{CITY}/", DESKTOP, "en-US")
    button = page.get_by_role("button")
    await button.click()
    frame = await framed(page)
    await expect(button).to_have_attribute("aria-live", "off")  # else "Close" is said at every message
    await button.click()
    await expect(button).to_have_attribute("aria-live", "polite")
    await frame.evaluate("window.parent.postMessage({ enlace: 'message' }, '*')")
    await expect(button).to_have_text("New message")


async def test_an_answer_that_comes_while_the_chat_is_closed_is_announced(visit: Visit) -> None:
    page = await visit(f"{CITY}/", DESKTOP, "en-US")
    button = page.get_by_role("button")
    await button.click()
    frame = await framed(page)
    await frame.page.route("**/events", lambda route: None)  # no stream brings it
    slow = asyncio.Event()

    async def wait(route: Route) -> None:
        await slow.wait()
        await route.continue_()

    await page.route("**/messages", wait)
    await frame.locator("#text").fill(QUESTION["en"])
    await frame.locator("#text").press("Enter")
    await button.click()
    await expect(button).to_have_text("Questions about the police")
    slow.set()
    await expect(button).to_have_text("New message")


async def test_a_language_that_was_picked_before_the_chat_was_opened_is_picked(visit: Visit) -> None:
    page = await visit(f"{CITY}/", DESKTOP, "en-US")
    await expect(page.get_by_role("button")).to_be_visible()
    await page.evaluate("window.enlace.setLanguage('es')")
    await page.evaluate("window.enlace.open()")
    frame = await framed(page)
    await expect(frame.locator("html")).to_have_attribute("lang", "es")
    async with page.expect_request("**/api/conversations") as begun:
        answer = await ask(frame, "Will the police ask about my immigration status?")
    assert (await begun.value).post_data_json == {"department": "kent-wa", "language": "es"}
    await expect(answer).to_have_attribute("lang", "es")


async def test_a_code_of_another_department_opens_its_chat_in_a_city_s_frame_under_its_name(
    visit: Visit, start: Start
) -> None:
    theirs = await start("kansas-city-mo", "en")
    await theirs.send("hello")
    code = (await theirs.client.post(f"{theirs.url}/code", headers=theirs.headers)).json()["code"]
    page = await visit(f"{CITY}/", DESKTOP, "en-US")
    await page.get_by_role("button").click()
    frame = await framed(page)
    await frame.locator("#notice details:has(#code) summary").click()
    await frame.locator("#code").fill(code)
    await frame.get_by_role("button", name="Open the chat").click()
    await expect(frame.locator("#log .message.resident")).to_have_count(1)
    await expect(frame.locator("h1")).to_have_text("Kansas City Missouri Police Department")
    await frame.locator("#notice > summary").click()
    await frame.locator("#erase").click()
    await expect(frame.locator("h1")).to_have_text("Kent Police")
