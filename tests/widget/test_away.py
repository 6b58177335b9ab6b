"""Guards the chat against everything that takes the server away: nothing is lost, nothing is said twice."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from browsing import EXIT
from playwright.async_api import Route, expect
from visiting import Browsing, Visit, ask

pytestmark = [pytest.mark.browser, pytest.mark.rasa]


async def test_offline_is_said_with_911_and_the_message_goes_when_it_is_over(visit: Visit) -> None:
    page = await visit(quiet=True)
    await ask(page, "hola")
    mine = page.locator("#log .message.resident")
    await page.context.set_offline(True)
    await expect(page.locator("#status")).to_contain_text("911")
    await page.locator("#text").fill("¿me van a pedir papeles?")
    await page.locator("#text").press("Enter")
    await expect(mine.last.locator(".state")).to_have_text("No se envió")
    await expect(page.locator("#status")).to_contain_text("911")
    await expect(page.get_by_role("button", name="Intentar otra vez")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.locator("#log .message.answer")).to_have_count(1)
    await expect(mine).to_have_count(2)
    await expect(mine.last.locator(".state")).to_have_text("Enviado")
    await page.reload()
    await expect(mine).to_have_count(2)
    await expect(page.locator("#log .message")).to_have_count(4)


async def test_a_message_whose_answer_was_lost_is_asked_once(visit: Visit) -> None:
    page = await visit(quiet=True)
    await ask(page, "hola")
    cut = []

    async def cut_once(route: Any) -> None:
        if cut:
            await route.continue_()
        else:
            cut.append(await route.fetch())  # it arrived, and the answer doesn't come back
            await route.abort()

    await page.route("**/messages", cut_once)
    await page.locator("#text").fill("¿me van a pedir papeles?")
    await page.locator("#text").press("Enter")
    again = page.get_by_role("button", name="Intentar otra vez")
    await again.click()
    await expect(again).to_have_count(0)
    await expect(page.locator("#log .message.resident")).to_have_count(2)
    await expect(page.locator("#log .message.answer")).to_have_count(1)
    await page.reload()
    await expect(page.locator("#log .message.resident")).to_have_count(2)
    await expect(page.locator("#log .message.answer")).to_have_count(1)


async def test_a_message_on_its_way_survives_a_reload(visit: Visit) -> None:
    page = await visit(quiet=True)
    await ask(page, "hola")
    await page.route("**/messages", lambda route: route.abort())
    await page.locator("#text").fill("¿me van a pedir papeles?")
    await page.locator("#text").press("Enter")
    await expect(page.locator("#log .message.resident .state").last).to_have_text("No se envió")
    await page.unroute("**/messages")
    await page.reload()
    await expect(page.locator("#log .message.answer")).to_have_count(1)
    await expect(page.locator("#log .message.resident")).to_have_count(2)


async def test_trouble_of_the_server_is_said_in_plain_words(visit: Visit) -> None:
    page = await visit(quiet=True)
    body = '{"error": {"code": "unavailable", "status": 503, "message": "Ahora no. Llame al 911.", "details": []}}'
    await page.route("**/api/**", lambda route: route.fulfill(status=503, body=body, content_type="application/json"))
    await page.locator("#text").fill("hola")
    await page.locator("#text").press("Enter")
    await expect(page.locator("#status")).to_contain_text("Llame al 911.")
    await page.unroute("**/api/**")
    await page.route("**/api/**", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    await page.get_by_role("button", name="Intentar otra vez").click()  # a proxy's page is no answer of ours
    await expect(page.locator("#status")).to_contain_text("911")
    await page.unroute("**/api/**")
    await page.get_by_role("button", name="Intentar otra vez").click()
    await expect(page.locator("#log .message.resident .state")).to_have_text("Enviado")


async def test_a_server_that_is_away_at_a_reload_does_not_cost_the_chat(visit: Visit) -> None:
    page = await visit(quiet=True)
    await ask(page, "hola")
    await page.route("**/api/**", lambda route: route.abort())
    await page.locator("#text").fill("gracias")
    await page.locator("#text").press("Enter")
    await expect(page.locator("#status")).to_contain_text("911")
    await page.reload()
    await expect(page.locator("#status")).to_contain_text("911")
    await expect(page.locator("#log .message.resident .state")).to_have_text("No se envió")
    await page.unroute("**/api/**")
    await page.get_by_role("button", name="Intentar otra vez").click()
    await expect(page.locator("#log .message.resident p")).to_have_text(["hola", "gracias"])


async def test_two_tabs_of_one_conversation_show_the_same(visit: Visit, browsing: Browsing) -> None:
    first = await visit(quiet=True)
    await ask(first, "hola")
    kept = await first.evaluate("sessionStorage.getItem('enlace:kent-wa')")
    second = await browsing.open(first.context, "/chat/kent-wa")
    await second.evaluate("(kept) => sessionStorage.setItem('enlace:kent-wa', kept)", kept)
    await second.reload()
    await expect(second.locator("#log .message")).to_have_count(2)
    await first.route("**/messages", lambda route: route.abort())
    await first.locator("#text").fill("gracias")
    await first.locator("#text").press("Enter")
    await expect(first.locator("#log .message.resident .state").last).to_have_text("No se envió")
    await ask(second, "¿me van a pedir papeles?")
    # What the other tab asked was taken first, and stands before what waits here.
    await expect(first.locator("#log .message.resident p")).to_have_text(
        ["hola", "¿me van a pedir papeles?", "gracias"]
    )
    await first.unroute("**/messages")
    await first.get_by_role("button", name="Intentar otra vez").click()
    for page, greeting in ((first, 1), (second, 0)):  # a page that was loaded again has no greeting
        resident = page.locator("#log .message.resident p")
        await expect(resident).to_have_text(["hola", "¿me van a pedir papeles?", "gracias"])
        await expect(page.locator("#log .message.answer")).to_have_count(1)
        await expect(page.locator("#log .message")).to_have_count(greeting + 6)
    said = [
        await page.locator("#log .message").evaluate_all("(all) => all.map((one) => one.className)")
        for page in (first, second)
    ]
    assert said[0][1:] == said[1]


async def test_what_came_while_no_stream_was_there_is_shown_when_it_is_back(
    visit: Visit, client: httpx.AsyncClient
) -> None:
    page = await visit(quiet=True)
    await ask(page, "hola")
    kept = json.loads(await page.evaluate("sessionStorage.getItem('enlace:kent-wa')"))
    await page.route("**/events", lambda route: route.abort())
    await page.reload()
    await expect(page.locator("#log .message")).to_have_count(2)
    url, headers = f"/api/conversations/{kept['id']}/messages", {"Authorization": f"Bearer {kept['token']}"}
    answer = await client.post(url, json={"text": "gracias"}, headers=headers)  # as from elsewhere
    assert answer.status_code == 200
    await page.locator("#text").fill("¿me van a pedir papeles?")
    await page.locator("#text").press("Enter")
    await expect(page.locator("#log .message.answer")).to_have_count(1)
    await expect(page.locator("#log .message")).to_have_count(4)
    await page.unroute("**/events")
    resident = page.locator("#log .message.resident p")
    await expect(resident).to_have_text(["hola", "gracias", "¿me van a pedir papeles?"], timeout=20_000)
    await expect(page.locator("#log .message")).to_have_count(6)


async def test_who_writes_before_the_chat_is_open_again_has_it_all(visit: Visit) -> None:
    page = await visit(quiet=True)
    await ask(page, "hola")
    await page.route("**/api/**", lambda route: route.abort())
    await page.reload()
    await expect(page.get_by_role("button", name="Intentar otra vez")).to_be_visible()
    await page.unroute("**/api/**")
    await page.locator("#text").fill("¿me van a pedir papeles?")
    await page.locator("#text").press("Enter")
    await expect(page.locator("#log .message.resident p")).to_have_text(["hola", "¿me van a pedir papeles?"])
    await expect(page.locator("#log .message")).to_have_count(4)


async def test_messages_that_never_went_go_after_a_reload_the_first_of_a_chat_too(visit: Visit) -> None:
    page = await visit(quiet=True)
    await page.route("**/api/**", lambda route: route.abort())
    for text in ("hola", "gracias"):
        await page.locator("#text").fill(text)
        await page.locator("#text").press("Enter")
    await expect(page.locator("#log .message.resident .state")).to_have_text(["No se envió"] * 2)
    await page.reload()
    await expect(page.locator("#log .message.resident .state")).to_have_text(["No se envió"] * 2)
    await page.unroute("**/api/**")
    await page.get_by_role("button", name="Intentar otra vez").click()
    await expect(page.locator("#log .message.resident .state")).to_have_text(["Enviado"] * 2)
    await expect(page.locator("#log .message.resident p")).to_have_text(["hola", "gracias"])


async def test_a_message_of_several_paragraphs_is_shown_once(visit: Visit) -> None:
    page = await visit(quiet=True)
    await page.locator("#text").fill("hola\n\nme llamo Ana, mi número es 206 555 0142")
    await page.locator("#text").press("Enter")
    resident = page.locator("#log .message.resident")
    await expect(resident.locator("p")).to_have_text(["hola", re.compile(r"es \[phone\]$")])
    await expect(resident.locator(".state")).to_have_text("Enviado")


async def test_a_page_works_where_storage_and_other_tabs_are_forbidden(visit: Visit, browsing: Browsing) -> None:
    page = await visit(quiet=True)
    await page.context.add_init_script(
        "delete window.BroadcastChannel; Object.defineProperty(window, 'sessionStorage', { get() { throw Error(); } });"
    )
    await expect(page.locator("#forgets")).to_be_hidden()
    page = await browsing.open(page.context, "/chat/kent-wa")
    await expect(page.locator("#forgets")).to_be_visible()  # a reload will cost the chat
    await ask(page, "hola")
    await page.locator("#leave").click()
    await page.wait_for_url(EXIT)


async def test_what_waits_behind_a_message_that_is_refused_can_be_tried_again(visit: Visit) -> None:
    page = await visit(quiet=True)
    await ask(page, "hola")
    again = page.get_by_role("button", name="Intentar otra vez")
    await expect(again).to_be_hidden()
    await page.route("**/messages", lambda route: route.abort())
    for text in ("gracias", "¿me van a pedir papeles?"):
        await page.locator("#text").fill(text)
        await page.locator("#text").press("Enter")
    await expect(page.locator("#log .message.resident .state")).to_have_text(["Enviado", "No se envió", "No se envió"])
    await page.unroute("**/messages")
    body = '{"error": {"code": "bad_request", "status": 422, "message": "Así no.", "details": []}}'
    await page.route("**/messages", lambda route: route.fulfill(status=422, body=body, content_type="application/json"))
    await again.click()
    await expect(page.locator("#status")).to_have_text("Así no.")
    await expect(page.locator("#text")).to_have_value("gracias")
    await page.unroute("**/messages")
    await again.click()
    await expect(page.locator("#log .message.answer")).to_have_count(1)
    await expect(again).to_be_hidden()


async def test_what_was_not_sent_stays_beside_what_is_being_written_when_the_chat_is_over(visit: Visit) -> None:
    page = await visit(quiet=True)
    await ask(page, "hola")
    await page.route("**/messages", lambda route: route.abort())
    for text in ("mi primo", "vive en Kent"):
        await page.locator("#text").fill(text)
        await page.locator("#text").press("Enter")
    await expect(page.locator("#log .message.resident .state")).to_have_text(["Enviado", "No se envió", "No se envió"])
    await page.locator("#text").fill("y yo")
    await page.unroute("**/messages")
    kept = json.loads(await page.evaluate("sessionStorage.getItem('enlace:kent-wa')"))
    headers = {"Authorization": f"Bearer {kept['token']}"}
    assert (await page.request.delete(f"/api/conversations/{kept['id']}", headers=headers)).status == 204
    await expect(page.locator("#text")).to_have_value("mi primo\nvive en Kent\ny yo")


async def test_a_tab_whose_stream_was_taken_over_does_not_ask_for_another_at_once(visit: Visit) -> None:
    page = await visit(quiet=True)
    asked = 0

    async def elsewhere(route: Route) -> None:
        nonlocal asked
        asked += 1
        await route.fulfill(body="event: elsewhere\r\ndata: {}\r\n\r\n", content_type="text/event-stream")

    await page.route("**/events", elsewhere)
    await ask(page, "hola")
    await asyncio.sleep(4)
    assert asked == 1


async def test_a_language_that_is_picked_while_the_chat_opens_again_stays(visit: Visit) -> None:
    page = await visit(quiet=True)
    await ask(page, "hola")
    go_on = asyncio.Event()

    async def later(route: Route) -> None:
        answer = await route.fetch()  # as it was before the other language was picked
        await go_on.wait()
        await route.fulfill(response=answer)

    kept = json.loads(await page.evaluate("sessionStorage.getItem('enlace:kent-wa')"))
    await page.route(f"**/api/conversations/{kept['id']}", later)
    async with page.expect_request(f"**/api/conversations/{kept['id']}"):
        await page.reload()
    await asyncio.sleep(0.3)
    await page.locator("#language").select_option("en")
    go_on.set()
    await expect(page.locator("#log .message")).to_have_count(2)
    await expect(page.locator("#language")).to_have_value("en")
    await page.locator("#text").fill("¿me van a pedir papeles?")
    await page.locator("#text").press("Enter")
    await expect(page.locator("#log .message.answer")).to_have_attribute("lang", "en")


async def test_coming_back_before_the_first_message_greets_nobody_anew(visit: Visit) -> None:
    page = await visit()
    greeting = await page.locator("#log .message").element_handle()
    assert greeting
    await page.evaluate("dispatchEvent(new Event('online'))")
    await ask(page, "hola")
    assert await greeting.evaluate("node => node.isConnected")
