"""Guards the page that residents use, in a real browser: a phone's width and a desktop's, both languages."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import serious
from playwright.async_api import Browser, Locator, Page, expect

from bot.settings import ROOT, Settings

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.rasa]

SIZES = {"phone": (360, 740), "desktop": (1280, 800)}
QUESTION = {
    "es": "¿La policía me va a preguntar si tengo papeles?",
    "en": "Will the police ask about my immigration status?",
}
IMAGES = ROOT / "docs" / "images"
Visit = Callable[..., Awaitable[Page]]


@pytest.fixture
async def visit(browser: Browser, server: Server) -> AsyncIterator[Visit]:
    """`await visit(width, height, locale)`: the page; whatever it complains of, or asks elsewhere, fails the test."""
    complaints: list[str] = []
    contexts = []

    async def open_page(width: int, height: int, locale: str = "es-MX", **options: Any) -> Page:
        context = await browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, base_url=server.base_url, **options
        )
        contexts.append(context)
        page = await context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: None if request.url.startswith(f"{server.base_url}/") else complaints.append(request.url),
        )
        await page.goto("/")
        await expect(page.locator("#log .message.bot")).to_have_count(1)  # the greeting
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert complaints == []


async def ask(page: Page, text: str) -> Locator:
    """Write `text` and wait for the answer to it; returns that."""
    replies = page.locator("#log .message.bot")
    before = await replies.count()
    await page.locator("#text").fill(text)
    await page.locator("#text").press("Enter")
    await expect(replies).to_have_count(before + 1)
    return replies.last


async def choose_department(page: Page, department: str) -> None:
    """Pick a department and wait for its greeting."""
    async with page.expect_response(lambda answer: answer.url.endswith("/api/conversations")):
        await page.locator("#department").select_option(department)
    await expect(page.locator("#log .message.bot")).to_have_count(1)


async def picture(page: Page, name: str) -> None:
    """Save what the page looks like for the README, if that is asked for."""
    if os.environ.get("ENLACE_SCREENSHOTS") == "1":
        IMAGES.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=IMAGES / f"{name}.png")


def published(department: str) -> str:
    """All that a department has published, white space folded."""
    texts: list[Path] = sorted((Settings().data_dir / "faq" / department / "policies").glob("*.md"))
    return " ".join(" ".join(text.read_text(encoding="utf-8").split()) for text in texts)


@pytest.mark.parametrize("size", SIZES)
async def test_a_resident_asks_reads_the_sources_and_presses_a_button(visit: Visit, size: str) -> None:
    page = await visit(*SIZES[size])
    await expect(page.locator("html")).to_have_attribute("lang", "es")
    await choose_department(page, "roeland-park-ks")
    answer = await ask(page, QUESTION["es"])
    await expect(answer).to_have_attribute("lang", "es")
    quotes = answer.locator("blockquote[lang=en]")
    await expect(quotes.first).to_be_hidden()
    await answer.locator("summary").click()
    await expect(quotes.first).to_be_visible()
    for quote in await quotes.all_inner_texts():
        assert " ".join(quote.split()) in published("roeland-park-ks")
    await expect(answer.locator("blockquote[lang=es]").first).to_be_visible()
    await expect(answer.get_by_text("Traducción no oficial").first).to_be_visible()
    assert await serious(page) == []

    label = await answer.locator(".choices button").first.inner_text()
    replies = page.locator("#log .message.bot")
    before = await replies.count()
    await answer.locator(".choices button").first.click()
    await expect(replies).to_have_count(before + 1)
    await expect(page.locator("#log .message.resident").last).to_contain_text(label)


@pytest.mark.parametrize("size", SIZES)
async def test_switching_reloading_and_erasing(visit: Visit, size: str) -> None:
    page = await visit(*SIZES[size])
    await ask(page, QUESTION["es"])
    await page.locator("#language").select_option("en")
    await expect(page.locator("h1")).to_have_text("Ask your police department")
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    answer = await ask(page, QUESTION["en"])
    await expect(answer).to_have_attribute("lang", "en")
    messages = page.locator("#log .message")
    said = await page.locator("#log .message > p:not(.small)").all_inner_texts()

    await page.reload()
    await expect(messages).to_have_count(4)  # two questions, two answers
    again = await page.locator("#log .message > p:not(.small)").all_inner_texts()
    assert again == said[-len(again) :]
    await expect(page.locator("#language")).to_have_value("en")
    await ask(page, "thanks")  # it goes on

    async with page.expect_response(lambda answer: answer.request.method == "DELETE") as erased:
        await page.locator("#erase").click()
    assert (await erased.value).status == 204
    await expect(messages).to_have_count(0)
    await expect(page.locator("#status")).to_have_text("The chat was erased.")
    await page.reload()
    await expect(messages).to_have_count(1)  # a new greeting, and nothing of before


async def test_markup_is_shown_as_text(visit: Visit) -> None:
    page = await visit(*SIZES["phone"])
    typed = '<img src=x onerror="alert(1)"><b>hola</b><script>alert(2)</script>'
    await ask(page, typed)
    said = page.locator("#log .message.resident")
    await expect(said).to_contain_text(typed)
    assert await said.locator("img, b, script").count() == 0
    await page.reload()
    await expect(said).to_contain_text(typed)
    assert await said.locator("img, b, script").count() == 0


@pytest.mark.parametrize("locale", ["en-US", "es-MX"])
async def test_nothing_scrolls_sideways_at_320_pixels(visit: Visit, locale: str) -> None:
    page = await visit(320, 640, locale)
    answer = await ask(page, QUESTION[locale[:2]])
    await answer.locator("summary").click()
    await ask(page, "x" * 300)
    widest = await page.evaluate(
        "Math.max(...[document.documentElement, ...document.querySelectorAll('main, main *')].map(e => e.scrollWidth))"
    )
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    assert widest <= 320


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_nothing_keeps_people_out(visit: Visit, size: str, scheme: str) -> None:
    page = await visit(*SIZES[size], locale="en-US", color_scheme=scheme)
    await (await ask(page, QUESTION["en"])).locator("summary").click()
    await ask(page, "someone is breaking in right now")
    assert await serious(page) == []


async def test_the_page_works_by_keyboard_alone(visit: Visit) -> None:
    page = await visit(*SIZES["desktop"])
    answer = await ask(page, QUESTION["es"])
    await expect(page.locator("#text")).to_be_focused()
    summary = answer.locator("summary")
    for _ in range(20):
        await page.keyboard.press("Shift+Tab")
        if await summary.evaluate("node => node === document.activeElement"):
            break
    await expect(summary).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(answer.locator("blockquote").first).to_be_visible()


@pytest.mark.parametrize(
    ("size", "locale", "department", "name"),
    [("phone", "es-MX", "kent-wa", "chat-es-phone"), ("desktop", "en-US", "roeland-park-ks", "chat-en-desktop")],
)
async def test_the_input_stays_in_sight_after_an_answer(
    visit: Visit, size: str, locale: str, department: str, name: str
) -> None:
    page = await visit(*SIZES[size], locale)
    await choose_department(page, department)
    answer = await ask(page, QUESTION[locale[:2]])
    await expect(page.locator("#text")).to_be_in_viewport()
    await expect(answer).to_be_in_viewport()
    await picture(page, name)
