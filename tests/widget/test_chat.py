"""Guards the chat as residents use it: a phone's width and a desktop's, both languages, by keyboard, at every zoom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import anything, picture
from playwright.async_api import Page, expect
from visiting import DESKTOP, PHONE, QUESTION, Visit, ask

from bot.settings import ROOT

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.rasa]
SPACED = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }"


def published(department: str) -> str:
    """All that a department has published, white space folded."""
    texts: list[Path] = sorted((ROOT / "data/faq" / department / "policies").glob("*.md"))
    return " ".join(" ".join(text.read_text(encoding="utf-8").split()) for text in texts)


@pytest.mark.parametrize(("size", "locale"), [(PHONE, "es-MX"), (DESKTOP, "en-US")])
async def test_a_whole_conversation(visit: Visit, size: tuple[int, int], locale: str) -> None:
    language = locale[:2]
    page = await visit("/chat/roeland-park-ks", size, locale)
    await expect(page.locator("html")).to_have_attribute("lang", language)
    await expect(page.locator("#notice strong")).to_be_in_viewport()  # before the first message, without scrolling
    await picture(page, f"notice-{language}")
    answer = await ask(page, QUESTION[language])
    await expect(page.locator("#notice")).not_to_have_attribute("open", "")
    await expect(answer).to_have_attribute("lang", language)
    quotes = answer.locator("blockquote[lang=en]")
    await expect(quotes.first).to_be_hidden()
    await answer.locator("summary").click()
    await expect(quotes.first).to_be_visible()
    for quote in await quotes.all_inner_texts():
        assert " ".join(quote.split()) in published("roeland-park-ks")
    if language == "es":
        await expect(answer.locator("blockquote[lang=es]").first).to_be_visible()
        await expect(answer.get_by_text("Traducción no oficial").first).to_be_visible()
    await picture(page, f"sources-{language}")

    replies = page.locator("#log .message.bot")
    before = await replies.count()
    await answer.locator(".choices button").first.click()
    await expect(replies).to_have_count(before + 1)
    await replies.last.get_by_role("button", name={"es": "Sí", "en": "Yes"}[language], exact=True).click()
    await expect(replies.last.locator(".helpful")).to_contain_text({"es": "Gracias", "en": "Thank you"}[language])


async def test_danger_is_a_call_away_and_contacts_are_links(visit: Visit) -> None:
    page = await visit("/chat/kansas-city-mo")
    danger = await ask(page, "alguien se está metiendo a mi casa")
    link = danger.get_by_role("link", name="Llamar al 911")
    await expect(link).to_have_attribute("href", "tel:911")
    contact = await ask(page, "correo del departamento")
    await expect(contact.locator("a.step[href^='mailto:']")).to_have_attribute("href", "mailto:kcpdchiefblog@kcpd.org")


async def test_a_reload_restores_the_chat_and_an_erase_ends_it(visit: Visit) -> None:
    page = await visit()
    await ask(page, QUESTION["es"])
    await ask(page, "gracias")
    messages = page.locator("#log .message")
    said = await page.locator("#log .message p").all_inner_texts()
    before = await messages.count()
    await page.reload()
    await expect(messages).to_have_count(before - 1)  # the greeting is the page's own
    assert set(await page.locator("#log .message p").all_inner_texts()) <= set(said)
    await ask(page, "¿y si soy testigo?")
    await expect(messages).to_have_count(before + 1)
    await page.locator("#notice > summary").click()
    async with page.expect_response(lambda answer: answer.request.method == "DELETE") as erased:
        await page.locator("#erase").click()
    assert (await erased.value).status == 204
    await expect(messages).to_have_count(1)
    await expect(page.locator("#status")).to_have_text("El chat se borró.")
    await page.reload()
    await expect(messages).to_have_count(1)


async def test_nothing_is_begun_before_the_first_message(visit: Visit) -> None:
    page = await visit()
    await expect(page.locator("#log .message")).to_have_count(1)
    assert await page.evaluate("[sessionStorage.length, localStorage.length, document.cookie.length]") == [0, 0, 0]
    await ask(page, "hola")
    assert await page.evaluate("[sessionStorage.length, localStorage.length, document.cookie.length]") == [1, 0, 0]


async def test_the_language_can_change_at_any_moment(visit: Visit) -> None:
    page = await visit()
    await ask(page, "quiero hablar con una persona")
    form = page.locator("form.person").last
    await form.locator("textarea").fill("Me robaron ayer")
    await page.locator("#language").select_option("en")
    await expect(form.get_by_role("button", name="Yes, pass it on")).to_be_visible()  # in the middle of a form
    await expect(form.locator("textarea")).to_have_value("Me robaron ayer")
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.get_by_role("button", name="Leave now")).to_be_visible()
    await expect(page.locator("#log .message.bot").last).to_have_attribute("lang", "es")  # what was said stays
    answer = await ask(page, "¿y si soy testigo?")  # the choice is the resident's: a Spanish message doesn't move it
    await expect(answer).to_have_attribute("lang", "en")
    await expect(answer.locator("time")).to_contain_text("M")  # 6:41 AM
    await ask(page, "en español por favor")
    await expect(page.locator("#language")).to_have_value("es")


async def test_the_page_s_picker_goes_from_department_to_department(visit: Visit) -> None:
    page = await visit("/")
    await page.locator("#department").select_option("los-angeles-county-ca")
    await page.wait_for_url("**/chat/los-angeles-county-ca?**")
    answer = await ask(page, "¿Qué entrenamiento reciben los oficiales?")
    await answer.locator("summary").click()
    await expect(answer.get_by_text("no nombra").first).to_be_visible()  # the note that its source has to carry


async def test_markup_is_shown_as_text(visit: Visit) -> None:
    page = await visit()
    typed = '<img src=x onerror="ran(1)"><b>hola</b><script>ran(2)</script>'
    await ask(page, typed)
    said = page.locator("#log .message.resident")
    await expect(said).to_contain_text(typed)
    assert await said.locator("img, b, script").count() == 0
    await page.reload()
    await expect(said).to_contain_text(typed)
    assert await said.locator("img, b, script").count() == 0
    assert await page.evaluate("window.didRun === undefined")


LOOKS: list[tuple[tuple[int, int], dict[str, Any]]] = [
    (PHONE, {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "no-preference"}),
    (PHONE, {"color_scheme": "dark"}),
    (DESKTOP, {"color_scheme": "light", "forced_colors": "active", "reduced_motion": "reduce"}),
]


async def _look(page: Page) -> None:
    """Have axe look at the page as it is, in all sizes and colors."""
    for (width, height), media in LOOKS:
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(**media)
        assert await anything(page) == [], (width, media)
    assert await page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("locale", ["es-MX", "en-US"])
async def test_axe_finds_nothing_in_any_state(visit: Visit, locale: str) -> None:
    language = locale[:2]
    page = await visit("/chat/kent-wa", PHONE, locale)
    await expect(page.locator("#log .message")).to_have_count(1)
    await _look(page)
    await (await ask(page, QUESTION[language])).locator("summary").click()
    await _look(page)
    await ask(page, {"es": "alguien se está metiendo a mi casa", "en": "someone is breaking in right now"}[language])
    await ask(page, {"es": "quiero hablar con una persona", "en": "I want to talk to a person"}[language])
    await _look(page)
    await page.locator("form.person .main").last.click()
    await expect(page.locator("#who")).not_to_be_empty()
    for name in ("Pedir que me llamen", "Llevarme un código") if language == "es" else ("called back", "Get a code"):
        await page.locator("#log .message").last.get_by_role("button", name=name).click()
    await expect(page.locator(".code")).to_be_visible()
    await _look(page)
    await page.locator("#notice > summary").click()
    await page.locator("#notice details summary").click()
    await _look(page)


@pytest.mark.parametrize("locale", ["es-MX", "en-US"])
@pytest.mark.parametrize("size", [(320, 640), (320, 256)])  # a narrow phone; a desktop of 1280 by 1024 at 400 %
async def test_nothing_scrolls_sideways_or_is_out_of_reach(visit: Visit, size: tuple[int, int], locale: str) -> None:
    page = await visit("/chat/kent-wa", size, locale)
    answer = await ask(page, QUESTION[locale[:2]])
    await answer.locator("summary").click()
    await ask(page, "x" * 300)
    for spaced in (False, True):
        if spaced:
            await page.evaluate(
                "(css) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css);"
                " document.adoptedStyleSheets = [sheet]; }",
                SPACED,
            )
        widest = await page.evaluate(
            "Math.max(...[document.documentElement, ...document.querySelectorAll('body *')].map(e => e.scrollWidth))"
        )
        assert widest <= 320
        await page.locator("#text").scroll_into_view_if_needed()
        await expect(page.locator("#text")).to_be_in_viewport()
        small = await page.evaluate(
            "[...document.querySelectorAll('button, select, textarea, input, summary, a.step')]"
            ".filter(e => e.checkVisibility() && !e.closest('.hidden'))"
            ".map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])"
            ".filter(([, box]) => box.height < 24 || box.width < 24).map(([html]) => html)"
        )
        assert small == []  # WCAG 2.5.8


async def test_a_screen_reader_hears_each_answer_once_and_nothing_of_before(visit: Visit) -> None:
    page = await visit()
    heard = "window.heard"
    await page.evaluate(
        """() => {
          window.heard = [];
          const live = (node) => (node.closest('[aria-live]') || node).getAttribute?.('aria-live');
          new MutationObserver((changes) => {
            for (const change of changes) for (const node of change.addedNodes)
              if (node.nodeType === 1 && live(node) === 'polite') window.heard.push(node.textContent);
          }).observe(document.getElementById('log'), { childList: true });
        }"""
    )
    answer = await ask(page, QUESTION["es"])
    text = await answer.locator("p").first.inner_text()
    said = await page.evaluate(heard)
    assert [text in each for each in said] == [True]
    snapshot = await page.locator("body").aria_snapshot()
    for part in (
        'heading "Policía de Kent" [level=1]',
        'combobox "Idioma"',
        'button "Salir ya"',
        'log "Mensajes"',
        'textbox "Escriba su pregunta"',
        'button "Enviar"',
    ):
        assert part in snapshot, snapshot
    await page.reload()
    await expect(page.locator("#log .message")).to_have_count(2)
    await expect(page.locator("#log")).to_have_attribute("aria-live", "polite")


async def test_the_chat_works_by_keyboard_alone(visit: Visit) -> None:
    page = await visit("/chat/kent-wa", DESKTOP)
    order = []
    for _ in range(9):
        await page.keyboard.press("Tab")
        order.append(await page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert order[:4] == ["language", "leave", "SUMMARY", "erase"]
    await page.locator("#text").focus()
    await page.keyboard.type(QUESTION["es"])
    await page.keyboard.press("Enter")
    answer = page.locator("#log .message.answer")
    await expect(answer).to_have_count(1)
    await expect(page.locator("#text")).to_be_focused()
    summary = answer.locator("summary")
    for _ in range(20):
        await page.keyboard.press("Shift+Tab")
        if await summary.evaluate("node => node === document.activeElement"):
            break
    await expect(summary).to_be_focused()
    outline = await summary.evaluate("node => getComputedStyle(node).outlineWidth")
    assert outline == "3px"
    await page.keyboard.press("Enter")
    await expect(answer.locator("blockquote").first).to_be_visible()


@pytest.mark.parametrize(
    ("size", "locale", "department", "name"),
    [(PHONE, "es-MX", "kent-wa", "chat-es-phone"), (DESKTOP, "en-US", "roeland-park-ks", "chat-en-desktop")],
)
async def test_the_input_stays_in_sight_after_an_answer(
    visit: Visit, size: tuple[int, int], locale: str, department: str, name: str
) -> None:
    page = await visit(f"/chat/{department}", size, locale)
    answer = await ask(page, QUESTION[locale[:2]])
    await expect(page.locator("#text")).to_be_in_viewport()
    await expect(answer).to_be_in_viewport()
    await picture(page, name)


async def test_the_words_of_both_languages_are_the_catalogs(visit: Visit, server: Server) -> None:
    page = await visit()
    data = json.loads(await page.locator("#data").text_content() or "")
    assert data["words"].keys() == {"en", "es"}
    assert data["words"]["en"].keys() == data["words"]["es"].keys()
    same = {key for key, text in data["words"]["en"].items() if data["words"]["es"][key] == text}
    assert same <= {"enlace", "no"}  # "No" is "No" in both
