"""Guards leaving fast: nothing is seen, nothing is left here, nothing is left on the server, and Back shows nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from browsing import EXIT
from playwright.async_api import Frame, Page, expect
from visiting import CITY, DESKTOP, PHONE, Browsing, Visit, ask, framed

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.rasa]
KEPT = "sessionStorage.getItem('enlace:kent-wa')"


async def _gone(client: httpx.AsyncClient, kept: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {kept['token']}"}
    answer = await client.get(f"/api/conversations/{kept['id']}", headers=headers)
    assert answer.status_code == 401, answer.text


async def _shift(page: Page, times: int) -> None:
    for _ in range(times):
        await page.keyboard.press("Shift")


@pytest.mark.parametrize("way", ["button", "shift"])
async def test_leaving_the_page(visit: Visit, client: httpx.AsyncClient, server: Server, way: str) -> None:
    page = await visit("/demo")  # what was there before
    await page.goto("/chat/kent-wa")
    await ask(page, "me robaron y tengo miedo")
    kept = json.loads(await page.evaluate(KEPT))
    if way == "button":
        await page.locator("#leave").click()
    else:
        await _shift(page, 2)
        await page.keyboard.press("a")  # somebody who writes in capitals isn't leaving
        await _shift(page, 1)
        await expect(page.locator("#log")).to_be_visible()
        await _shift(page, 2)
    await page.wait_for_url(EXIT)
    await _gone(client, kept)
    assert not any(b"tengo miedo" in content for path, content in server.files() if path.suffix != ".log")
    await page.go_back()
    assert page.url.endswith("/demo")
    await page.go_forward()
    assert page.url == EXIT
    await page.goto("/chat/kent-wa")
    await expect(page.locator("#log .message")).to_have_count(1)
    await expect(page.locator("body")).not_to_contain_text("tengo miedo")
    assert await page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]") == [0, 0, ""]
    assert await page.evaluate("indexedDB.databases().then((all) => all.length)") == 0
    assert await page.evaluate("caches.keys().then((all) => all.length)") == 0


@pytest.mark.parametrize("way", ["button", "shift in the chat", "shift on the page"])
async def test_leaving_a_city_s_page(visit: Visit, client: httpx.AsyncClient, way: str) -> None:
    page = await visit(f"{CITY}/", DESKTOP)
    await page.get_by_role("button").click()
    frame = await framed(page)
    await ask(frame, "me robaron y tengo miedo")
    kept = json.loads(await frame.evaluate(KEPT))
    if way == "button":
        await frame.locator("#leave").click()
    elif way == "shift in the chat":
        await frame.locator("#text").focus()
        await _shift(page, 3)
    else:
        await page.get_by_role("button").last.focus()
        await _shift(page, 3)
    await page.wait_for_url(EXIT)
    await _gone(client, kept)
    await page.goto(f"{CITY}/")
    await page.get_by_role("button").click()
    frame = await framed(page)
    await expect(frame.locator("#log .message")).to_have_count(1)
    assert await frame.evaluate("sessionStorage.length") == 0


async def test_the_page_is_blank_before_anything_else(visit: Visit) -> None:
    page = await visit()
    await ask(page, "me robaron y tengo miedo")
    stalled = []

    async def stall(route: Any) -> None:
        stalled.append(await page.evaluate("[document.body.innerText, document.title.trim(), sessionStorage.length]"))
        await route.continue_()

    await page.route("**/leave", stall)
    await page.locator("#leave").click()
    await page.wait_for_url(EXIT)
    assert stalled == [["", "\u200b", 0]]


async def test_leaving_does_not_wait_for_a_server_that_is_away(browsing: Browsing) -> None:
    page = await browsing.open(await browsing.context(PHONE, "es-MX"), "/chat/kent-wa", quiet=True)
    await ask(page, "me robaron y tengo miedo")
    await page.route("**/leave", lambda route: None)  # never answered
    await page.locator("#leave").click()
    await page.wait_for_url(EXIT, timeout=5000)


async def test_a_second_tab_of_the_same_browser_leaves_too(
    visit: Visit, browsing: Browsing, client: httpx.AsyncClient
) -> None:
    first = await visit()
    await ask(first, "me robaron y tengo miedo")
    second = await browsing.open(first.context, "/chat/kent-wa")
    await ask(second, "otra pregunta")
    kept = [json.loads(await page.evaluate(KEPT)) for page in (first, second)]
    assert kept[0]["id"] != kept[1]["id"]
    await first.locator("#leave").click()
    for page in (first, second):
        await page.wait_for_url(EXIT)
    for each in kept:
        await _gone(client, each)


async def test_leaving_works_before_the_scripts_are_there(visit: Visit) -> None:
    page = await visit("/chat/kent-wa", PHONE, "es-MX", java_script_enabled=False)
    await page.locator("#text").fill("me robaron y tengo miedo")
    await page.locator("#leave").click()
    await page.wait_for_url(EXIT)


async def test_leaving_works_in_a_city_s_frame_without_the_chat_s_script(browsing: Browsing) -> None:
    context = await browsing.context(PHONE, "es-MX")
    await context.route("**/static/chat.js", lambda route: route.abort())
    page = await browsing.open(context, f"{CITY}/", quiet=True)
    await page.get_by_role("button").click()
    frame = await framed_without_script(page)
    send, close = await frame.locator("#form > button").bounding_box(), await page.get_by_role("button").bounding_box()
    assert send
    assert close
    assert send["y"] + send["height"] <= close["y"]  # what closes the frame lies over nothing in it
    await frame.locator("#text").fill("hola")
    await frame.locator("#form > button").click()
    await expect(frame.locator(".message.resident")).to_have_count(1)
    await frame.locator("#leave").click()
    await page.wait_for_url(EXIT)


async def framed_without_script(page: Page) -> Frame:
    """The chat in the page's frame, whose script doesn't come."""
    await expect(page.frame_locator("iframe").locator("#text")).to_be_visible()
    return next(frame for frame in page.frames if "/chat/" in frame.url)
