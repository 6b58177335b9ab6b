"""Guards the chat as residents use it: a phone's width and a desktop's, both languages, by keyboard, at every zoom."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import anything, picture
from playwright.async_api import Page, expect
from visiting import DESKTOP, PHONE, QUESTION, Browsing, Visit, ask

from bot.settings import ROOT

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.rasa]
OLD = """
for (const name of ["at", "findLast", "findLastIndex"]) delete Array.prototype[name];
delete String.prototype.at;
delete HTMLFormElement.prototype.requestSubmit;
delete window.TextDecoderStream;
"""
"""What a browser of 2021 doesn't have, Chrome 90 or Safari 14."""
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
    if language == "es":
        await picture(page, "notice-es")
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
        await picture(page, "sources-es")

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
    page = await visit("/?department=kansas-city-mo")
    await page.locator("#department").select_option("los-angeles-county-ca")
    await page.wait_for_url("**/?department=los-angeles-county-ca&language=es")
    answer = await ask(page, "¿Qué entrenamiento reciben los oficiales?")
    await answer.locator("summary").click()
    await expect(answer.get_by_text("no nombra").first).to_be_visible()  # the note that its source has to carry
    await page.locator("#department").select_option("kansas-city-mo")
    await page.wait_for_url("**/?department=kansas-city-mo&language=es")


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
    await page.locator("#notice details:has(#code) summary").click()
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
    assert order[:5] == ["language", "leave", "SUMMARY", "SUMMARY", "SUMMARY"]  # there is nothing to erase yet
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
    ("size", "locale", "department"),
    [(PHONE, "es-MX", "kent-wa"), (DESKTOP, "en-US", "roeland-park-ks")],
)
async def test_the_input_stays_in_sight_after_an_answer(
    visit: Visit, size: tuple[int, int], locale: str, department: str
) -> None:
    page = await visit(f"/chat/{department}", size, locale)
    answer = await ask(page, QUESTION[locale[:2]])
    await expect(page.locator("#text")).to_be_in_viewport()
    await expect(answer).to_be_in_viewport()


async def test_the_words_of_both_languages_are_the_catalogs(visit: Visit, server: Server) -> None:
    page = await visit()
    data = json.loads(await page.locator("#data").text_content() or "")
    assert data["words"].keys() == {"en", "es"}
    assert data["words"]["en"].keys() == data["words"]["es"].keys()
    same = {key for key, text in data["words"]["en"].items() if data["words"]["es"][key] == text}
    assert same <= {"enlace", "no"}  # "No" is "No" in both


async def test_a_browser_of_2021_opens_the_chat_again_and_follows_it(visit: Visit, browsing: Browsing) -> None:
    page = await visit()
    await page.context.add_init_script(OLD)
    page = await browsing.open(page.context, "/chat/kent-wa")
    await ask(page, "hola")
    await page.reload()
    await expect(page.locator("#log .message")).to_have_count(2)
    other = await browsing.open(page.context, "/chat/kent-wa")
    kept = await page.evaluate("sessionStorage.getItem('enlace:kent-wa')")
    await other.evaluate("(kept) => sessionStorage.setItem('enlace:kent-wa', kept)", kept)
    await other.reload()
    await ask(other, "gracias")
    await expect(page.locator("#log .message")).to_have_count(4)  # by the stream alone


async def test_a_question_sent_before_the_scripts_are_there_goes_on_without_them(visit: Visit) -> None:
    page = await visit("/chat/kent-wa", PHONE, "es-MX", java_script_enabled=False)
    await page.locator("#language").select_option("en")
    await page.locator("#text").fill("¿La policía me va a preguntar si tengo papeles?")
    await page.locator("#form button").click()
    await expect(page.locator(".message.resident")).to_have_count(1)
    await expect(page.locator(".message.answer")).to_have_count(1)
    assert page.url.endswith("/text/kent-wa")


async def test_on_a_phone_no_keyboard_opens_over_the_answer(visit: Visit) -> None:
    page = await visit("/chat/kent-wa", PHONE, "es-MX", has_touch=True, is_mobile=True)
    await page.locator("#text").fill("hola")
    await page.locator("#form button").tap()
    await expect(page.locator("#log .message.resident .state")).to_have_text("Enviado")
    await expect(page.locator("#text")).not_to_be_focused()
    await page.locator("#log .choices button").first.tap()
    await expect(page.locator("#log .message.resident")).to_have_count(2)
    await expect(page.locator("#log .message.resident .state").last).to_have_text("Enviado")
    await expect(page.locator("#text")).not_to_be_focused()


async def test_focus_goes_to_what_replaces_what_was_pressed(visit: Visit) -> None:
    page = await visit()
    focused = page.locator(":focus")
    answer = await ask(page, QUESTION["es"])
    group = answer.get_by_role("group", name="¿Le sirvió?")
    await group.get_by_role("button", name="Sí").press("Enter")
    await expect(focused).to_have_text("Gracias.")
    await ask(page, "quiero hablar con una persona")
    await page.locator("#log form.person .main").press("Enter")
    await expect(page.locator("#who")).not_to_be_empty()
    await expect(page.locator("#log")).to_be_focused()
    await page.get_by_role("button", name="Llevarme un código").press("Enter")
    await expect(focused.locator(".code")).to_be_visible()
    await page.get_by_role("button", name="Pedir que me llamen").press("Enter")
    await page.locator("#log form.person input[required]").first.fill("206 555 0142")
    await page.locator("#log form.person input[required]").last.fill("mañana")
    await page.locator("#log form.person .main").last.press("Enter")
    await expect(focused).to_contain_text("911")


async def test_every_paragraph_has_its_own_direction(visit: Visit) -> None:
    page = await visit()
    await page.locator("#text").fill("هل أنتم الشرطة؟")
    assert await page.locator("#text").evaluate("node => node.matches(':dir(rtl)')")
    await page.locator("#text").press("Enter")
    said = page.locator("#log .message.resident")
    await expect(said.locator(".state")).to_have_text("Enviado")
    assert await said.locator("p").evaluate("node => getComputedStyle(node).direction") == "rtl"
    assert await said.locator(".who").evaluate("node => getComputedStyle(node).direction") == "ltr"


async def test_the_field_grows_to_five_rows_and_all_fits_where_letters_are_large(visit: Visit) -> None:
    page = await visit("/chat/kent-wa", (320, 640))
    text = page.locator("#text")
    for lines, rows in ((1, 1), (3, 3), (9, 5)):
        await text.fill("\n".join(["a"] * lines))
        await expect(text).to_have_js_property("rows", rows)
    await text.press("Enter")
    await expect(text).to_have_js_property("rows", 1)
    await page.evaluate(
        "() => { const sheet = new CSSStyleSheet(); sheet.replaceSync('html { font-size: 32px }');"
        " document.adoptedStyleSheets = [sheet]; }"
    )
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    box, button = await text.bounding_box(), await page.locator("#form button").bounding_box()
    assert box
    assert button
    assert box["width"] > 200
    assert button["y"] >= box["y"] + box["height"]


@pytest.mark.parametrize("path", ["/chat/kent-wa", "/text/kent-wa"])
async def test_the_way_out_stays_on_the_screen_and_off_the_paper(visit: Visit, path: str) -> None:
    page = await visit(path, (320, 256))
    await page.locator("#text").scroll_into_view_if_needed()
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    await expect(page.locator("#leave")).to_be_in_viewport(ratio=1)
    box = await page.locator("#leave").bounding_box()
    assert box
    assert box["height"] >= 44
    await page.emulate_media(media="print")
    for control in ("#leave", "#text"):
        await expect(page.locator(control)).to_be_hidden()
    await expect(page.locator("#log")).to_be_visible()


async def test_a_liaison_who_writes_for_long_is_announced_once(visit: Visit, browsing: Browsing) -> None:
    page = await visit(quiet=True)
    await ask(page, "hola")
    typing = 0

    async def write(route: Any) -> None:
        nonlocal typing
        typing += 1
        await route.fulfill(body="event: typing\ndata: {}\n\n", content_type="text/event-stream")

    await page.route("**/events", write)
    await page.context.add_init_script(
        """addEventListener('DOMContentLoaded', () => {
          window.said = 0;
          new MutationObserver((changes) => { for (const { addedNodes } of changes)
            for (const node of addedNodes) if (node.dataset?.word === 'person_typing') window.said += 1;
          }).observe(document.getElementById('status'), { childList: true });
        })"""
    )
    await page.reload()
    await expect(page.locator("#status [data-word=person_typing]")).to_be_visible()
    async with asyncio.timeout(30):
        while typing < 3:  # the stream ends, and begins anew  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert await page.evaluate("window.said") == 1


async def _double(page: Page, button: str, asked: str) -> int:
    """How many requests to `asked` two taps on a button make."""
    count = 0

    def note(request: Any) -> None:
        nonlocal count
        count += request.method != "GET" and request.url.endswith(asked)

    page.on("request", note)
    await page.get_by_role("button", name=button).dblclick()
    await page.wait_for_timeout(1000)  # for what should not come
    page.remove_listener("request", note)
    return count


async def test_two_taps_are_one(visit: Visit) -> None:
    page = await visit("/chat/kent-wa", PHONE, "en-US", quiet=True)  # the code closes its stream
    await ask(page, "I want to talk to a person")
    assert await _double(page, "Yes, pass it on", "/handoff") == 1
    assert await _double(page, "Get a code for later", "/code") == 1
    code = await page.locator("strong.code").inner_text()
    other = await visit("/chat/kent-wa", PHONE, "en-US")
    await other.locator("#notice details:has(#code) summary").click()
    await other.locator("#code").fill(code)
    assert await _double(other, "Open the chat", "/resume") == 1
    await expect(other.locator("#log .message.resident")).to_have_count(1)
    await other.locator("#notice > summary").click()
    kept = await other.evaluate("JSON.parse(sessionStorage.getItem('enlace:kent-wa')).id")
    assert await _double(other, "Erase this chat now", kept) == 1
    await expect(other.locator("#status")).to_have_text("The chat was erased.")


async def test_what_is_said_below_the_messages_is_on_the_screen_however_far_one_has_scrolled(visit: Visit) -> None:
    page = await visit("/chat/kent-wa", PHONE, "en-US", quiet=True)
    answer = await ask(page, QUESTION["en"])
    await answer.locator("summary").click()
    await page.locator("main").evaluate("node => node.scrollTo(0, 0)")
    await page.context.set_offline(True)
    await expect(page.locator("#status span")).to_be_in_viewport(ratio=1)
    await page.locator("#text").fill("hello")
    await page.locator("#text").press("Enter")
    await expect(page.locator("#retry")).to_be_visible()
    await page.locator("main").evaluate("node => node.scrollTo(0, 0)")
    await expect(page.locator("#retry")).to_be_in_viewport(ratio=1)
    await expect(page.locator("#status span")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("locale", ["es-MX", "en-US"])
async def test_the_notice_before_the_first_message_is_one_screen(visit: Visit, locale: str) -> None:
    page = await visit("/chat/kent-wa", PHONE, locale)
    await expect(page.locator("#log .message")).to_have_count(1)
    for part in (
        "emergency",
        "send_nothing",
        "who_reads",
        "more",
    ):  # the rest is a tap away: tests/widget/test_looks.py
        await expect(page.locator(f"#notice [data-word={part}]")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("path", ["/chat/kent-wa", "/text/kent-wa"])
async def test_the_heading_is_words_where_letters_are_twice_as_large(visit: Visit, path: str) -> None:
    page = await visit(path, (180, 370))  # all is in rem: a phone of 360 by 740 at 200 %
    heading, leave = await page.locator("h1").bounding_box(), await page.locator("#leave").bounding_box()
    assert heading
    assert leave
    assert heading["width"] > 100
    assert heading["height"] < 50
    assert leave["y"] + leave["height"] <= heading["y"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_a_field_is_for_can_be_read(visit: Visit, scheme: Any) -> None:
    page = await visit("/chat/kent-wa", PHONE, "es-MX", color_scheme=scheme)
    quiet, placeholder, opacity = await page.evaluate(
        "() => { const said = getComputedStyle(document.getElementById('text'), '::placeholder');"
        " return [getComputedStyle(document.getElementById('status')).color, said.color, said.opacity]; }"
    )
    assert (placeholder, opacity) == (quiet, "1")


async def test_a_chosen_language_is_that_of_what_is_said_next(visit: Visit) -> None:
    page = await visit()
    await ask(page, "quiero hablar con una persona")
    async with page.expect_response(lambda answer: answer.url.endswith("/language")) as chosen:
        await page.locator("#language").select_option("en")
    assert (await chosen.value).status == 204
    await page.get_by_role("button", name="Yes, pass it on").click()
    notice = page.locator("#log .message.notice")
    await expect(notice).to_have_attribute("lang", "en")
    await expect(notice).to_contain_text("I have passed on your request.")


async def test_who_agrees_sees_it_without_the_stream(visit: Visit) -> None:
    page = await visit("/chat/kent-wa", PHONE, "en-US", quiet=True)
    await page.route("**/events", lambda route: route.abort())
    await ask(page, "I want to talk to a person")
    await page.get_by_role("button", name="Yes, pass it on").click()
    await expect(page.locator("#log .message.notice")).to_contain_text("I have passed on your request.")
    await expect(page.locator("#who")).to_have_text("You are waiting for a person.")
    await page.unroute("**/events")
    await page.get_by_role("button", name="I no longer want a person").click()
    await expect(page.locator("#who")).to_be_empty()
    await expect(page.locator("#log .message.notice")).to_have_count(2)
    await expect(page.locator("#log .message")).to_have_count(5)
    await page.wait_for_timeout(2000)  # the stream brings them, too
    await expect(page.locator("#log .message")).to_have_count(5)


async def test_a_code_of_another_department_opens_that_one_s_page(visit: Visit) -> None:
    page = await visit("/chat/kansas-city-mo", PHONE, "en-US", quiet=True)
    await ask(page, "I want to talk to a person")
    await page.get_by_role("button", name="Yes, pass it on").click()
    await page.get_by_role("button", name="Get a code").click()
    code = await page.locator("strong.code").inner_text()
    other = await visit("/chat/kent-wa", PHONE, "en-US")
    await other.locator("#notice details:has(#code) summary").click()
    await other.locator("#code").fill(code)
    await other.get_by_role("button", name="Open the chat").click()
    await other.wait_for_url("**/chat/kansas-city-mo?language=en")
    await expect(other.locator("h1")).to_have_text("Kansas City Police (KCPD)")
    await expect(other.locator("#log .message.resident")).to_have_count(1)
    assert await other.evaluate("Object.keys(sessionStorage)") == ["enlace:kansas-city-mo"]


async def test_the_picker_of_departments_waits_for_who_uses_the_keyboard(visit: Visit) -> None:
    page = await visit("/?department=kansas-city-mo")
    picker = page.locator("#department")
    await picker.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    picked = await picker.input_value()
    assert picked == "los-angeles-county-ca"
    await page.wait_for_timeout(300)
    assert page.url.endswith("/?department=kansas-city-mo")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/?department=los-angeles-county-ca&language=es")
    assert await page.evaluate("history.length") == 2  # about:blank, and one page: Back shows no other chat
    await picker.focus()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Tab")
    await page.wait_for_url("**/?department=kent-wa&language=es")
