"""Guards how the residents' pages look where that decides whether they can be used."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from browsing import anything
from playwright.async_api import Page, expect
from visiting import CITY, DESKTOP, PHONE, QUESTION, Visit, ask, framed

pytestmark = [pytest.mark.browser, pytest.mark.rasa]
PERSON = "I want to talk to a person"
PASSED_ON = "I have passed on your request."


async def _ask_plain(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    async with page.expect_navigation():
        await page.locator(".ask button").click()


async def _asked(page: Page, text: str) -> None:
    if "/text/" in page.url:
        await _ask_plain(page, text)
    else:
        await ask(page, text)


@pytest.mark.parametrize("path", ["/chat/kent-wa", "/text/kent-wa"])
@pytest.mark.parametrize("size", [(640, 360), (320, 256), (390, 844)])
async def test_the_way_out_lies_on_nothing(visit: Visit, path: str, size: tuple[int, int]) -> None:
    page = await visit(path, size, "en-US")
    await _asked(page, QUESTION["en"])
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    await expect(page.locator("#leave")).to_be_in_viewport(ratio=1)
    beside = await page.evaluate(
        """() => {
          const { top, height } = document.getElementById('leave').getBoundingClientRect();
          const x = (part) => 24 + part * (innerWidth - 48) / 20;
          const row = [...Array(20).keys()].map((part) => document.elementFromPoint(x(part), top + height / 2));
          return row.filter((node) => !node.closest('header')).map((node) => node.outerHTML.slice(0, 80));
        }"""
    )
    assert beside == []
    paper = "getComputedStyle(document.body).backgroundColor"
    row = "#out" if size[1] < 384 else "header"
    if size[1] < 384 or path.startswith("/text"):
        assert await page.evaluate(f"getComputedStyle(document.querySelector('{row}')).backgroundColor === {paper}")


@pytest.mark.parametrize("locale", ["es-MX", "en-US"])
async def test_the_first_screen_shows_what_can_be_asked(visit: Visit, locale: str) -> None:
    page = await visit("/chat/kent-wa", (390, 844), locale)
    await expect(page.locator("#log .choices button").first).to_be_in_viewport(ratio=1)
    for part in ("emergency", "send_nothing", "who_reads"):
        await expect(page.locator(f"#notice [data-word={part}]")).to_be_in_viewport(ratio=1)
    await expect(page.locator("#erase")).to_be_hidden()
    await expect(page.locator("#notice [data-word=kept]")).to_be_hidden()
    await page.locator("#more > summary").click()
    for part in ("intro", "kept", "leave_says"):
        await expect(page.locator(f"#notice [data-word={part}]")).to_be_visible()
    await ask(page, QUESTION[locale[:2]])
    for fresh in (False, True):
        if fresh:
            await page.reload()
            await expect(page.locator("#log .message.resident")).to_have_count(1)
        await page.locator("#notice > summary").click()  # one tap to all of it
        for part in ("kept", "leave_says", "erase"):
            await expect(page.locator(f"#notice [data-word={part}]")).to_be_visible()
    await page.locator("#erase").click()
    await expect(page.locator("#status [data-word=erased]")).to_be_visible()
    await expect(page.locator("#erase")).to_be_hidden()


@pytest.mark.parametrize("path", ["/chat/kent-wa", "/text/kent-wa"])
async def test_exceptions_are_a_list_under_their_heading(visit: Visit, path: str) -> None:
    page = await visit(path, PHONE, "en-US")
    await _asked(page, QUESTION["en"])
    answer = page.locator(".message.answer")
    await expect(answer.locator("p > strong")).to_have_text(["Exceptions and limits:"])
    await expect(answer.locator("strong >> xpath=../following-sibling::*[1]/self::ul/li").first).to_be_visible()
    assert "•" not in await answer.inner_text()
    await _asked(page, "one\ntwo\n• <b>three</b>\nfour\n• five")
    said = page.locator(".message.resident").last
    assert await said.locator("p, li").all_inner_texts() == ["one", "two", "<b>three</b>\nfour", "five"]
    assert await said.locator("b").count() == 0


@pytest.mark.parametrize("path", ["/chat/kent-wa", "/text/kent-wa"])
async def test_each_source_is_a_block_and_what_all_share_is_said_once(visit: Visit, path: str) -> None:
    page = await visit(path, PHONE)
    await _asked(page, QUESTION["es"])
    answer = page.locator(".message.answer")
    await answer.locator("summary").click()
    count = await answer.locator("blockquote[lang=en]").count()
    assert count > 2
    await expect(answer.locator(".source > blockquote[lang=en]")).to_have_count(count)  # the published words, always
    for quote in await answer.locator("blockquote[lang=en]").all():
        await expect(quote).to_be_visible()
    await expect(answer.locator(".source")).to_have_count(count + 1)
    await expect(answer.get_by_text("Traducción no oficial")).to_have_count(1)
    await expect(answer.get_by_text("Kent Police Department")).to_have_count(1)
    await expect(answer.locator(".source").last).to_contain_text("Kent Police Department")
    assert await answer.locator(".source").nth(1).evaluate("node => getComputedStyle(node).borderTopWidth") == "1px"


async def test_the_end_of_the_chat_stays_in_sight_when_the_room_for_it_shrinks(visit: Visit) -> None:
    page = await visit("/chat/kent-wa", PHONE, "en-US", quiet=True)
    await ask(page, QUESTION["en"])
    main, last = page.locator("main"), page.locator("#log .message").last
    await main.evaluate("node => node.scrollTo(0, node.scrollHeight)")
    end = last.get_by_role("group", name="Was this helpful?")
    await expect(end).to_be_in_viewport(ratio=1)
    await page.set_viewport_size({"width": 360, "height": 450})  # a keyboard
    await expect(end).to_be_in_viewport(ratio=1)
    await page.context.set_offline(True)
    await expect(page.locator("#status span")).to_be_visible()
    await expect(end).to_be_in_viewport(ratio=1)
    await page.context.set_offline(False)
    await main.evaluate("node => node.scrollTo(0, 0)")
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.wait_for_timeout(300)  # for what should not come
    assert await main.evaluate("node => node.scrollTop") == 0  # who reads further up isn't moved


async def test_a_short_chat_that_fits_stays_in_sight_above_a_keyboard(visit: Visit) -> None:
    page = await visit("/chat/kent-wa", (390, 1000), "en-US")
    await ask(page, "hello")
    last = page.locator("#log .message").last.locator(".choices button").last
    await expect(last).to_be_in_viewport(ratio=1)
    await page.set_viewport_size({"width": 390, "height": 500})
    await expect(last).to_be_in_viewport(ratio=1)


async def test_what_takes_a_button_s_place_comes_into_sight(visit: Visit) -> None:
    page = await visit("/chat/kent-wa", (390, 700), "en-US")
    await ask(page, PERSON)
    await page.get_by_role("button", name="Yes, pass it on").click()
    await expect(page.locator("#log .message.notice")).to_contain_text(PASSED_ON)
    for name, shown in (("Get a code for later", "p:has(.code)"), ("Ask to be called back", "form.person")):
        button = page.get_by_role("button", name=name)
        await button.evaluate("node => node.scrollIntoView({ block: 'end' })")
        await button.click()
        await expect(page.locator("#log .message.notice").locator(shown)).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_went_wrong_does_not_look_like_small_talk(visit: Visit, scheme: Any) -> None:
    page = await visit("/chat/kent-wa", PHONE, "en-US", quiet=True, color_scheme=scheme)
    status = page.locator("#status")
    danger = await page.locator("#notice strong").evaluate("node => getComputedStyle(node).color")
    quiet = await status.evaluate("node => getComputedStyle(node).color")
    assert quiet != danger
    await page.context.set_offline(True)
    await expect(status).to_contain_text("There is no connection.")
    await expect(status).to_have_css("color", danger)
    await expect(status).to_have_css("font-weight", "600")
    await page.context.set_offline(False)
    await expect(status).to_be_empty()
    await page.route(
        "**/api/conversations",
        lambda route: route.fulfill(status=503, json={"error": {"status": 503, "message": "Busy."}}),
    )
    await page.locator("#text").fill("hello")
    await page.locator("#text").press("Enter")
    await expect(status).to_have_text("Busy.")
    await expect(status).to_have_css("color", danger)


SMALL = """[...document.querySelectorAll('button, select, textarea, input, summary, a.step, .check')]
  .filter((node) => node.checkVisibility() && !node.closest('.hidden') && !['hidden', 'checkbox'].includes(node.type))
  .map((node) => [node.outerHTML.slice(0, 90), node.getBoundingClientRect()])
  .filter(([, box]) => box.height < 44 || box.width < 44).map(([html]) => html)"""
ZOOMING = """[...document.querySelectorAll('input, select, textarea')]
  .filter((node) => parseFloat(getComputedStyle(node).fontSize) < 16).map((node) => node.outerHTML.slice(0, 90))"""


@pytest.mark.parametrize("path", ["/?department=kent-wa", "/text/kent-wa"])
async def test_a_finger_finds_every_button_and_no_field_enlarges_the_page(visit: Visit, path: str) -> None:
    page = await visit(path, PHONE, "en-US")
    await _asked(page, QUESTION["en"])
    await page.locator(".message.answer summary").click()
    await _asked(page, PERSON)
    assert await page.evaluate(SMALL) == []
    assert await page.evaluate(ZOOMING) == []
    await page.locator(".person .main").last.click()
    await expect(page.locator(".message.notice")).to_be_visible()
    if "/text/" not in path:
        await page.get_by_role("button", name="Ask to be called back").click()
    await page.locator("#notice > summary").click()
    assert await page.evaluate(SMALL) == []
    assert await page.evaluate(ZOOMING) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_button_is_seen_as_one(visit: Visit, scheme: Any) -> None:
    page = await visit("/chat/kent-wa", PHONE, "en-US", color_scheme=scheme)
    await ask(page, PERSON)
    edge = await page.locator("#text").evaluate("node => getComputedStyle(node).borderTopColor")
    await expect(page.get_by_role("button", name="No, stay here")).to_have_css("border-top-color", edge)


@pytest.mark.parametrize("locale", ["es-MX", "en-US"])
async def test_in_a_frame_close_stands_beside_the_way_out(visit: Visit, locale: str) -> None:
    page = await visit(f"{CITY}/", PHONE, locale)
    await page.get_by_role("button").click()
    frame = await framed(page)
    close = frame.get_by_role("button", name={"es": "Cerrar", "en": "Close"}[locale[:2]], exact=True)
    await expect(close).to_have_text("×")
    await expect(close).to_have_attribute("title", {"es": "Cerrar", "en": "Close"}[locale[:2]])
    rows = {
        await frame.locator(each).evaluate("node => node.getBoundingClientRect().top")
        for each in ("#close", "#leave", "#language")
    }
    assert len(rows) == 1
    assert (
        await frame.locator("h1").evaluate("node => node.offsetHeight / parseFloat(getComputedStyle(node).lineHeight)")
        < 2.1
    )
    other = {"es": "en", "en": "es"}[locale[:2]]
    await frame.locator("#language").select_option(other)
    await expect(frame.locator("#close")).to_have_attribute("aria-label", {"es": "Cerrar", "en": "Close"}[other])


@pytest.mark.parametrize("path", ["/chat/kent-wa", "/text/kent-wa"])
async def test_a_number_is_whole_on_its_button_and_911_comes_first(visit: Visit, path: str) -> None:
    page = await visit(path, (320, 568), "en-US")
    await _asked(page, PERSON)
    steps = page.locator(".message").last.locator("a.step")
    assert await steps.all_inner_texts() == ["Call 911", "(253) 856-5890"]
    number = steps.last
    assert await number.evaluate("node => node.offsetHeight") < 50  # one line
    about = await number.locator("xpath=preceding-sibling::p[1]").inner_text()
    assert await number.get_attribute("aria-label") == f"{about} (253) 856-5890"


@pytest.mark.parametrize("path", ["/chat/kent-wa", "/text/kent-wa"])
async def test_what_would_be_passed_on_is_shown_once_in_its_field(visit: Visit, path: str) -> None:
    page = await visit(path, PHONE, "en-US")
    await _asked(page, "Will they ask whether I have papers?")
    await _asked(page, PERSON)
    offer = page.locator(".message").last
    field = offer.locator(".person textarea")
    assert "Will they ask whether I have papers?" in await field.input_value()
    for said in await offer.locator("> p").all_inner_texts():
        assert "Will they ask" not in said


async def test_of_several_departments_one_is_chosen_first(visit: Visit) -> None:
    page = await visit("/")
    assert await page.locator("#text").count() == 0
    await expect(page.locator("main")).to_contain_text("911")
    cards = page.locator(".cards a")
    assert [await each.get_attribute("href") for each in await cards.all()] == [
        f"/?department={name}&language=es"
        for name in ("kansas-city-mo", "kent-wa", "los-angeles-county-ca", "roeland-park-ks")
    ]
    for width, height in (PHONE, DESKTOP):
        await page.set_viewport_size({"width": width, "height": height})
        assert await anything(page) == []
    await page.get_by_role("link", name="English").click()
    await page.get_by_role("link", name="Kent, Washington").click()
    await expect(page.locator("h1")).to_have_text("Kent Police")
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.locator("#department")).to_have_value("kent-wa")


async def test_an_error_s_page_has_a_short_heading_and_says_where_to_go(client: httpx.AsyncClient) -> None:
    page = {"Accept": "text/html", "Accept-Language": "en"}
    shown = (await client.get("/chat/nowhere", headers=page)).text
    assert "<h1>That did not work</h1>" in shown
    link = '<a href="/chat/kent-wa?language=en" target="_top">Kent, Washington: Kent Police Department</a>'
    assert link in shown
    known = (await client.get("/text/kent-wa?language=much-too-long", headers=page)).text
    assert '<a href="/chat/kent-wa">Back to the chat</a>' in known
