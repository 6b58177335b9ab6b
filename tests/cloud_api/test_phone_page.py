"""The page of the phone, in a browser: what a person does on it reaches the webhook, and an answer appears."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest
from browsing import picture, serious
from playwright.async_api import Browser, Route, expect

from .config import JSON
from .running import Running, running

if TYPE_CHECKING:
    from tests.phoning import Phone

pytestmark = pytest.mark.browser
ROWS = [{"id": "r1", "title": "Visas U y T", "description": "Para víctimas"}]
MENU = {"type": "list", "body": {"text": "Elija."}, "action": {"button": "Ver temas", "sections": [{"rows": ROWS}]}}
REPLY = {"type": "reply", "reply": {"id": "yes", "title": "Sí, claro"}}
CHOICE = {"type": "button", "body": {"text": "¿Sigue?"}, "action": {"buttons": [REPLY]}}


async def ask(server: Running, method: str, path: str, body: JSON | None = None) -> list[JSON]:
    """A call of the server's."""
    headers = {"Authorization": "Bearer local-access-token"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        answer = await client.request(method, path, json=body)
    assert answer.status_code == 200, answer.text
    found: list[JSON] = answer.json()
    return found


async def send(server: Running, body: JSON) -> None:
    """Send Rosa a message."""
    whole = {"messaging_product": "whatsapp", "to": "15550142"} | body
    await ask(server, "POST", "/v24.0/1001/messages", whole)


async def test_a_chat_on_the_phone(browser: Browser) -> None:
    with running() as server:
        await ask(server, "POST", "/_control/users", {"wa_id": "15550142", "name": "Rosa"})
        page = await browser.new_page(viewport={"width": 360, "height": 740}, locale="es-MX")
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)

        async def late(route: Route) -> None:
            await asyncio.sleep(0.3)
            await route.continue_()

        await page.route("**/_phone/state?*", late, times=1)  # What is typed before the chat is known isn't lost.
        await page.goto(server.url)
        await expect(page.get_by_role("note")).to_contain_text("nada sale de esta computadora")
        await page.get_by_role("textbox").fill("hola <img src=x onerror=alert(1)> *sí*")
        await page.keyboard.press("Enter")
        log = page.get_by_role("log")
        await expect(log).to_contain_text("hola <img src=x onerror=alert(1)> sí")
        assert await log.locator("img").count() == 0

        await send(server, {"type": "interactive", "interactive": CHOICE})
        await page.get_by_role("button", name="Sí, claro").click()
        await send(server, {"type": "interactive", "interactive": MENU})
        await page.get_by_role("button", name="Ver temas").click()
        assert await serious(page) == []
        await page.get_by_role("dialog").get_by_text("Visas U y T").click()
        await expect(log.locator(".mine").last).to_contain_text("Visas U y T")
        await page.get_by_role("button", name="Adjuntar").click()
        await page.get_by_role("dialog").get_by_text("Mensaje de voz").click()
        await expect(log.locator(".mine").last).to_contain_text("Mensaje de voz")

        async with asyncio.timeout(5):
            while True:
                shown = await ask(server, "GET", "/_control/users/15550142/messages")
                if all(each["status"] == "read" for each in shown if each["direction"] == "in"):
                    break
                await asyncio.sleep(0.05)
        kinds = [each["type"] for each in shown if each["direction"] == "out"]
        assert kinds == ["text", "interactive", "interactive", "audio"]
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        assert await serious(page) == []
        assert wrong == []
        await page.close()


@pytest.mark.rasa
async def test_a_question_on_the_phone_is_answered_by_enlace(browser: Browser, cloud_api: Running, rosa: Phone) -> None:
    await rosa.says("hola")
    await rosa.rest()  # the welcome comes once
    page = await browser.new_page(viewport={"width": 360, "height": 740}, locale="es-MX")
    await page.add_init_script(f"sessionStorage.user = '{rosa.wa_id}'; sessionStorage.number = '{rosa.number}'")
    await page.goto(cloud_api.url)
    await page.get_by_role("textbox").fill("¿La policía me va a preguntar si tengo papeles?")
    await page.keyboard.press("Enter")
    log = page.get_by_role("log")
    await expect(log).to_contain_text("los policías no deben preguntar por la ciudadanía ni el estatus")
    await rosa.rest()
    await log.locator(".mine").last.evaluate("node => node.scrollIntoView()")
    await picture(page, "whatsapp-es-phone")
    await page.close()
