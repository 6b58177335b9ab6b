"""Guards the page that needs no script: asking, buttons, a person, the language, erasing and leaving, all by forms."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from typing import TYPE_CHECKING

import httpx
import pytest
from browsing import EXIT, anything, picture
from playwright.async_api import Page, expect
from visiting import PHONE, QUESTION, Visit

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = [pytest.mark.browser, pytest.mark.rasa]


async def _ask(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    async with page.expect_navigation():  # until the styles are there too, which decide how wide it is
        await page.locator(".ask button").click()


@pytest.mark.parametrize("locale", ["es-MX", "en-US"])
async def test_a_whole_conversation_without_a_script(visit: Visit, locale: str) -> None:
    language = locale[:2]
    page = await visit("/text/kent-wa", PHONE, locale, java_script_enabled=False)
    await expect(page.locator("#notice strong")).to_be_visible()
    await _ask(page, QUESTION[language])
    answer = page.locator(".message.answer")
    await expect(answer).to_have_attribute("lang", language)
    await answer.locator("summary").click()
    await expect(answer.locator("blockquote[lang=en]").first).to_be_visible()
    if language == "es":
        await picture(page, "plain-es")
    await answer.locator(".choices button").first.click()
    await expect(page.locator(".message.resident")).to_have_count(2)
    await _ask(page, {"es": "quiero hablar con una persona", "en": "I want to talk to a person"}[language])
    await page.locator("textarea[name=summary]").fill("<b>Me robaron</b>")
    await page.locator(".person .main").click()
    await expect(page.locator(".message.notice")).to_contain_text("911")
    await page.locator("input[name=contact]").fill("206 555 0142")
    await page.locator("input[name=time]").fill("mañana")
    await page.get_by_role("button", name=re.compile("Pedir que me llamen|Ask to be called back")).click()
    await expect(page.locator(".told")).to_contain_text("911")
    await page.get_by_role("button", name=re.compile("Llevarme un código|Get a code")).click()
    code = await page.locator(".code").inner_text()
    other = {"es": "English", "en": "Español"}[language]
    await page.get_by_role("button", name=other).click()
    await expect(page.locator("html")).to_have_attribute("lang", {"es": "en", "en": "es"}[language])
    assert "token" not in page.url

    elsewhere = await visit("/text/kent-wa", PHONE, locale, java_script_enabled=False)
    await elsewhere.locator("input[name=code]").fill(code.lower())
    await elsewhere.get_by_role("button", name=re.compile("Abrir el chat|Open the chat")).click()
    await expect(elsewhere.locator(".message.resident")).to_have_count(3)
    await _ask(page, "hola")  # the code has closed it here
    await expect(page.locator(".problem")).to_be_visible()
    await elsewhere.locator("#notice > summary").click()
    await elsewhere.get_by_role("button", name=re.compile("Borrar este chat|Erase this chat")).click()
    await expect(elsewhere.locator(".message.resident")).to_have_count(0)


async def test_leaving_erases_and_opens_another_page(visit: Visit, server: Server) -> None:
    page = await visit("/text/kent-wa", PHONE, java_script_enabled=False)
    await _ask(page, "una pregunta muy privada")
    await expect(page.locator(".message.resident")).to_have_count(1)
    await page.locator("#leave").click()
    await page.wait_for_url(EXIT)
    async with asyncio.timeout(10):  # the page doesn't wait for it
        while any(b"muy privada" in content for path, content in server.files() if path.suffix != ".log"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("locale", ["es-MX", "en-US"])
async def test_axe_finds_nothing(visit: Visit, locale: str) -> None:
    page = await visit("/text/kent-wa", PHONE, locale)
    assert await anything(page) == []
    await _ask(page, QUESTION[locale[:2]])
    await page.locator(".message.answer summary").click()
    assert await anything(page) == []
    await _ask(page, "x" * 300)
    await expect(page.locator(".message.resident")).to_have_count(2)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


async def test_what_is_wrong_is_said_on_a_page(client: httpx.AsyncClient) -> None:
    page = {"Accept": "text/html", "Accept-Language": "es"}
    answer = await client.post("/text/kent-wa", data={"do": "send", "text": " "}, headers=page)
    assert answer.status_code == 200
    assert "Está vacío" in answer.text
    answer = await client.post("/text/kent-wa", data={"do": "refresh", "id": "x", "token": "y"}, headers=page)
    assert answer.status_code == 200
    assert "Este chat ya no está abierto aquí. Escriba para empezar otro." in answer.text
    answer = await client.post("/text/kent-wa", data={"do": "nonsense"}, headers=page)
    assert answer.status_code == 200
    assert "No se pudo leer" in answer.text
    answer = await client.post("/text/kent-wa", data={"do": "leave", "id": "x", "token": "over"}, headers=page)
    assert answer.status_code == 200, "whoever leaves is gone, also from a chat that is over"
    assert EXIT in answer.text
    assert answer.headers["clear-site-data"] == '"storage"'  # to clear the cache takes a phone seconds, at the chat
    for path in ("/text/nowhere", "/chat/nowhere", "/demo/nowhere"):
        answer = await client.get(path, headers=page)
        assert answer.status_code == 404
        assert "frame-ancestors 'self' *;" in answer.headers["content-security-policy"]  # a city's frame shows it
        assert answer.headers["content-type"].startswith("text/html")
        assert "<h1>" in answer.text
        assert (await client.get(path)).json()["error"]["code"] == "unknown_department"


async def test_what_is_half_filled_in_stays_and_what_was_emptied_stays_empty(visit: Visit) -> None:
    page = await visit("/text/kent-wa", PHONE, "en-US", java_script_enabled=False)
    await _ask(page, QUESTION["en"])
    await page.locator("#text").fill("half a")
    await page.get_by_role("group", name="Was this helpful?").get_by_role("button", name="Yes").click()
    await expect(page.locator(".told")).to_be_in_viewport()
    assert page.url.endswith("/text/kent-wa#now")
    await expect(page.locator("#text")).to_have_value("half a")
    await _ask(page, "I want to talk to a person")
    await expect(page.locator("#text")).to_have_value("")
    await expect(page.locator("#now")).to_be_in_viewport()
    await page.locator("textarea[name=summary]").fill("")
    await page.locator("input[name=whole_chat]").check()
    await page.locator("#text").fill("half a")
    for button in ("Español", "English"):
        await page.get_by_role("button", name=button).click()
        await expect(page.locator("textarea[name=summary]")).to_have_value("")
        await expect(page.locator("input[name=whole_chat]")).to_be_checked()
    await page.locator(".person .main").click()
    await expect(page.locator(".message.notice")).to_be_visible()
    await page.get_by_role("button", name="Get a code").click()
    await expect(page.locator(".code")).to_be_in_viewport()
    await expect(page.locator("#text")).to_have_value("half a")


async def test_two_taps_on_the_first_send_begin_one_conversation(client: httpx.AsyncClient) -> None:
    form = re.search(r'name="message_id" value="([^"]+)"', (await client.get("/text/kent-wa")).text)
    assert form
    data = {"do": "send", "text": "hello", "language": "en", "message_id": form.group(1)}
    pages = await asyncio.gather(*(client.post("/text/kent-wa", data=data) for _ in range(2)))
    shown = {re.search(r'name="id" value="([^"]+)"', page.text).group(1) for page in pages}  # type: ignore[union-attr]
    assert len(shown) == 1
    assert [page.text.count('class="message resident') for page in pages] == [1, 1]


async def _form(client: httpx.AsyncClient, shown: str = "", department: str = "kent-wa", **fields: str) -> str:
    """The page after a form that the page `shown` has was sent with `fields`."""
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown)) | {"language": "en"} | fields
    answer = await client.post(f"/text/{department}", data=sent, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer.text


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found.group(1)


async def test_two_taps_on_any_button_are_one(client: httpx.AsyncClient) -> None:
    begun = await _form(client, do="send", text="I want to talk to a person")
    agreed = await asyncio.gather(*(_form(client, begun, do="agree", summary="Stolen") for _ in range(2)))
    assert [page.count('class="message notice') for page in agreed] == [1, 1]
    code = re.search(r'class="code">([\w-]+)<', await _form(client, agreed[0], do="code"))
    assert code
    elsewhere = (await client.get("/text/kent-wa?language=en")).text
    opened = await asyncio.gather(*(_form(client, elsewhere, do="resume", code=code.group(1)) for _ in range(2)))
    assert [_hidden(page, "id") for page in opened] == [_hidden(begun, "id")] * 2
    assert _hidden(opened[0], "token") == _hidden(opened[1], "token") != _hidden(begun, "token")
    erased = await asyncio.gather(*(_form(client, opened[1], do="erase") for _ in range(2)))
    assert ["The chat was erased." in page for page in erased] == [True, True]
    assert ['class="problem"' in page for page in erased] == [False, False]


async def test_two_early_taps_on_the_chat_s_send_begin_one_conversation(client: httpx.AsyncClient) -> None:
    chat = (await client.get("/chat/kent-wa")).text
    data = {"text": "hello", "language": "en", "message_id": _hidden(chat, "message_id")}
    pages = await asyncio.gather(*(_form(client, **data) for _ in range(2)))
    assert len({_hidden(page, "id") for page in pages}) == 1
    assert len({_hidden((await client.get("/chat/kent-wa")).text, "message_id") for _ in range(2)}) == 2


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        # Browsers from before 2023 say no more than this.
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, True),  # of our own pages, which are to tell nobody where they are
        ({"Origin": "own"}, True),
    ],
)
async def test_another_site_can_put_nobody_into_its_conversation(
    client: httpx.AsyncClient, server: Server, headers: dict[str, str], taken: bool
) -> None:
    headers = {name: server.base_url if value == "own" else value for name, value in headers.items()}
    theirs = await _form(client, do="send", text="a secret of theirs")
    sent = {name: _hidden(theirs, name) for name in ("id", "token")}
    for do in ({"do": "refresh"}, {"do": "send", "text": "hello"}):
        data = sent | do | {"language": "en"}
        answer = await client.post("/text/kent-wa", data=data, headers=headers)
        assert answer.status_code == 200
        assert ("a secret of theirs" in answer.text) is taken
        assert (_hidden(answer.text, "token") == sent["token"]) is taken


async def test_what_the_page_shows_counts_as_delivered(client: httpx.AsyncClient, server: Server) -> None:
    page = await _form(client, do="send", text="hello")
    with sqlite3.connect(f"file:{server.var_dir / 'enlace.db'}?mode=ro", uri=True) as database:
        query = "SELECT delivered, last_number FROM conversations WHERE id = ?"
        assert database.execute(query, [_hidden(page, "id")]).fetchone() == (2, 2)


async def test_a_code_opens_its_conversation_under_its_own_department_s_name(client: httpx.AsyncClient) -> None:
    shown = await _form(client, do="send", text="hello", department="kansas-city-mo")
    code = re.search(r'class="code">([\w-]+)<', await _form(client, shown, "kansas-city-mo", do="code"))
    assert code
    opened = await _form(client, (await client.get("/text/kent-wa")).text, do="resume", code=code.group(1))
    again = await _form(client, opened, do="refresh")
    for page in (opened, again):
        assert "<h1>Kansas City Police (KCPD)</h1>" in page
        assert "/theme/kansas-city-mo.css" in page
        assert 'action="/text/kent-wa#now"' in page  # whose site may have it in a frame
    assert "<h1>Kent Police</h1>" in await _form(client, again, do="erase")


async def test_where_to_call_stands_beside_the_question_whether_to_pass_it_on(client: httpx.AsyncClient) -> None:
    page = await _form(client, do="send", text="I want to talk to a person")
    assert 'value="agree"' in page
    assert re.findall(r'class="step" href="([^"]+)"', page) == ["tel:911", "tel:2538565890"]


async def test_what_was_said_of_an_answer_is_seen_and_a_number_may_be_anything(client: httpx.AsyncClient) -> None:
    page = await _form(client, do="send", text=QUESTION["en"])
    for number in ("9" * 19, "9" * 150):
        assert 'class="problem"' in await _form(client, page, do=f"helpful yes {number}")
    assert 'value="helpful yes 2"' in page
    page = await _form(client, await _form(client, page, do="helpful yes 2"), do="refresh")
    assert 'value="helpful' not in page
    assert '<p class="small">Thank you.</p>' in page


async def test_a_wrong_code_is_said_on_the_page_of_a_chat_that_is_over(client: httpx.AsyncClient) -> None:
    page = await _form(client, id="x", token="over", do="resume", code="AAAA-BBBB-CCCC")
    assert 'class="problem"' in page
    assert (_hidden(page, "id"), _hidden(page, "token")) == ("", "")


async def test_a_summary_is_as_long_as_its_field_says(client: httpx.AsyncClient, server: Server) -> None:
    page = await _form(client, do="send", text="I want to talk to a person")
    await _form(client, page, do="agree", summary="a\r\n" * 499 + "bc")
    with sqlite3.connect(f"file:{server.var_dir / 'enlace.db'}?mode=ro", uri=True) as database:
        query = "SELECT summary FROM handoffs WHERE conversation_id = ?"
        assert database.execute(query, [_hidden(page, "id")]).fetchall() == [("a\n" * 499 + "bc",)]
