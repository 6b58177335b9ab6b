"""Guards the console in a real browser: a whole handoff live, hostile residents, keyboards, phones, screen readers."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from browsing import WATCH, picture, serious
from hostile import hostile
from playwright.async_api import Browser, Page, expect
from relay import relay
from signed_in import Hire, Person, ask_for_a_person

if TYPE_CHECKING:
    from tests.conftest import Server, Start

pytestmark = [pytest.mark.browser, pytest.mark.rasa]
ASKED = "¿La policía me va a preguntar si tengo papeles?"
DESKTOP, PHONE = (1280, 800), (360, 740)
Visit = Callable[..., Awaitable[Page]]


@pytest.fixture
async def visit(browser: Browser, server: Server) -> AsyncIterator[Visit]:
    """`await visit(path, person=None, size=…)`: a page; whatever it complains of, runs or asks elsewhere fails."""
    complaints: list[str] = []
    pages: list[Page] = []

    async def open_page(
        path: str,
        person: Person | None = None,
        size: tuple[int, int] = DESKTOP,
        locale: str = "es-MX",
        offline: bool = False,
        base_url: str = server.base_url,
    ) -> Page:
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=locale, base_url=base_url
        )
        if person:
            await context.add_cookies([{"name": "enlace", "value": person.token, "url": base_url}])
        page = await context.new_page()
        await page.add_init_script(WATCH)
        if not offline:  # a browser complains of being offline
            page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: None if request.url.startswith(f"{base_url}/") else complaints.append(request.url),
        )
        await page.goto(path)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        if not page.is_closed():
            await leave(page)
    assert complaints == []


async def leave(page: Page) -> None:
    """Close a page, on which nothing may have run: one that stays open is told of every change."""
    await unharmed(page)
    await page.context.close()


async def unharmed(page: Page) -> None:
    """Nothing ran on a page."""
    assert not await page.evaluate("window.didRun === true"), f"something ran on {page.url}"


async def test_a_whole_handoff_live_on_both_screens(visit: Visit, hire: Hire) -> None:
    ana = await hire("Ana Torres", language="es")
    resident = await visit("/?department=kent-wa", size=PHONE)
    log = resident.locator("#log .message")
    await expect(log).to_have_count(1)
    await resident.locator("#text").fill(ASKED)
    await resident.locator("#text").press("Enter")
    await expect(log.last).to_contain_text("papeles")
    await resident.locator("#text").fill("quiero hablar con una persona")
    await resident.locator("#text").press("Enter")
    consent = resident.locator("form.person").last
    await expect(consent.locator("textarea")).to_have_value(re.compile("papeles"))
    await expect(log.last).to_contain_text("Ana Torres (Enlace comunitario, no es agente de policía)")
    assert await serious(resident) == []

    # Signs in by hand, with both factors.
    console = await visit("/console", locale="es-MX")
    await console.get_by_label("Correo electrónico").fill(ana.profile.email)
    await console.get_by_label("Contraseña").fill(ana.credentials.password)
    await console.get_by_role("button", name="Siguiente").click()
    await console.get_by_label("Los seis dígitos").fill(ana.credentials.recovery[0])
    await console.get_by_role("button", name="Entrar").click()
    await expect(console.get_by_role("heading", name="Cola")).to_be_visible()
    await console.get_by_role("button", name="Empezar el turno").click()

    await consent.locator("textarea").fill("Mi pregunta es otra: unos hombres me cobran y dicen que llamarán a ICE")
    await consent.get_by_role("button", name="Sí, mándelo").click()
    await expect(log.last).to_contain_text("911")
    mine = await resident.evaluate("JSON.parse(sessionStorage.getItem('enlace:kent-wa')).id")
    entry = console.locator(f"#entry-{mine}")
    await expect(entry).to_be_visible()
    await expect(entry).to_contain_text("Mi pregunta es otra: unos hombres me cobran y dicen que llamarán a ICE")
    await picture(console, "queue-es-desktop")
    assert await serious(console) == []
    await entry.click()
    await expect(console.locator(".summary")).to_contain_text("unos hombres me cobran")
    await expect(console.locator(".messages")).not_to_contain_text("papeles")  # what came before isn't shared
    await console.get_by_role("button", name="Tomar esta conversación").click()
    await expect(log.last).to_contain_text("Ana Torres")

    # Letter by letter, as a person does: one word of typing may come while the page still follows the claim.
    typing = asyncio.create_task(console.locator("#text").press_sequentially("Hola, soy Ana. ¿Dó", delay=400))
    await expect(resident.locator("#status")).to_contain_text("Alguien le está escribiendo")
    typing.cancel()
    await console.locator("#text").fill("Hola, soy Ana. ¿Dónde pasa eso?")
    await console.locator("#text").press("Control+Enter")
    await expect(log.last).to_contain_text("¿Dónde pasa eso?")
    await expect(log.last.locator(".who")).to_contain_text("Ana Torres")
    await expect(resident.locator("#who")).to_have_text(
        "Está hablando con Ana Torres (Enlace comunitario, no es agente de policía)"
    )
    await expect(console.locator(".state").last).to_have_text("Entregado")

    await resident.locator("#text").type("En la esquina", delay=20)
    await expect(console.locator("#typing")).to_be_visible()
    await resident.locator("#text").press("Enter")
    await expect(console.locator(".message.resident").last).to_contain_text("En la esquina")
    await expect(console.locator("li.message").last).to_be_in_viewport(ratio=0.9)  # also where the word of typing was

    await console.locator("#find").fill("reportar sin")
    await console.locator("#answers summary").first.click()
    await console.locator("#answers .insert").first.click()
    await console.get_by_role("button", name="Enviar").click()
    await expect(log.last.locator("summary")).to_contain_text("Las palabras publicadas")
    await picture(console, "conversation-es-desktop")
    for page in (console, resident):
        assert await serious(page) == []
    await console.get_by_role("button", name="Terminarla").click()
    await expect(log.last).to_contain_text("terminó este chat")
    await log.last.get_by_role("button", name="Sí").click()
    await resident.get_by_role("button", name="Me trataron bien").click()
    await expect(log.last).to_contain_text("Gracias")


async def test_a_page_that_was_away_misses_nothing(visit: Visit, start: Start, ana: Person) -> None:
    resident = await start("kent-wa", "es")
    await ask_for_a_person(resident)
    await ana.do(resident, "claim")
    console = await visit(f"/console/conversations/{resident.id}", ana, offline=True)
    await expect(console.locator("li.message")).not_to_have_count(0)
    before = await console.locator("li.message").count()
    await console.context.set_offline(True)
    await console.evaluate("window.dispatchEvent(new Event('offline'))")
    for number in range(25):
        await resident.send(f"mensaje {number}")
    await console.context.set_offline(False)
    await resident.send("y ahora otra vez")
    await expect(console.locator("li.message")).to_have_count(before + 26, timeout=20_000)
    texts = await console.locator("li.message.resident .text").all_inner_texts()
    assert texts[-26:] == [*(f"mensaje {number}" for number in range(25)), "y ahora otra vez"]
    await expect(console.locator("li.message").last).to_be_in_viewport()
    await console.reload()
    await expect(console.locator("li.message").last).to_be_in_viewport()


async def test_what_could_not_be_fetched_is_fetched_once_more(visit: Visit, start: Start, ana: Person) -> None:
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident)
    await ana.do(resident, "claim")
    console = await visit(f"/console/conversations/{resident.id}", ana, offline=True)
    await expect(console.locator("li.message")).not_to_have_count(0)
    await console.route("**/messages?after=*", lambda route: route.abort(), times=1)
    async with console.expect_event("requestfailed"):
        await resident.send("are you there?")
    await expect(console.locator("li.message").last).to_contain_text("are you there?")


async def test_a_fetch_that_hangs_is_given_up_and_made_once_more(visit: Visit, start: Start, ana: Person) -> None:
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident)
    await ana.do(resident, "claim")
    console = await visit(f"/console/conversations/{resident.id}", ana, offline=True)
    await expect(console.locator("li.message")).not_to_have_count(0)
    assert await console.evaluate("htmx.config.timeout") == 15_000
    await console.evaluate("htmx.config.timeout = 1000")
    hung = asyncio.Event()
    await console.route("**/messages?after=*", lambda route: hung.set(), times=1)
    await resident.send("are you there?")
    await asyncio.wait_for(hung.wait(), 15)
    await expect(console.locator("#problem")).to_contain_text("no connection")
    await expect(console.locator("li.message").last).to_contain_text("are you there?")


async def test_a_page_whose_connection_has_died_notices_and_only_one_that_hears_is_there(
    visit: Visit, start: Start, server: Server, hire: Hire
) -> None:
    person = await hire("Dea Dline")
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident)
    await person.do(resident, "claim")
    async with relay(server.base_url) as (between, address):
        console = await visit(f"/console/conversations/{resident.id}", person, base_url=address)
        await console.clock.install()
        opened = console.url
        await console.goto("about:blank")  # else it could be the page before the clock that says it is there
        async with console.expect_response("**/console/present") as said:
            await console.goto(opened)
        assert (await said.value).status == 204
        last = console.locator("li.message").last
        for number, notice in enumerate(("silence", "online")):
            between.cut()
            await resident.send(f"message {number}")
            await asyncio.wait_for(between.swallowed.wait(), 30)  # at the latest what says each 15 s that it lives
            await expect(last).not_to_contain_text(f"message {number}")
            async with console.expect_response("**/console/present") as said:
                if notice == "online":  # the browser says that it is back
                    await console.evaluate("window.dispatchEvent(new Event('online'))")
                else:
                    await console.clock.fast_forward(41_000)
            assert (await said.value).status == 204
            await expect(last).to_contain_text(f"message {number}")
            await expect(console.locator("#problem")).to_be_empty()
        await leave(console)


@pytest.mark.timeout(300)
async def test_no_text_of_a_resident_runs_in_a_liaisons_browser(
    visit: Visit, start: Start, server: Server, ana: Person, sue: Person
) -> None:
    corpus = list(hostile())
    assert len(corpus) == len(set(corpus)) >= 500
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident)
    await ana.do(resident, "claim")
    console = await visit(f"/console/conversations/{resident.id}", ana)
    await expect(console.locator("li.message")).not_to_have_count(0)
    for number in range(0, len(corpus), 20):  # live, as they come
        answers = await asyncio.gather(*(resident.post(text=text) for text in corpus[number : number + 20]))
        assert {answer.status_code for answer in answers} == {200}, corpus[number : number + 20]
    await expect(console.locator("li.message.resident")).to_have_count(len(corpus), timeout=60_000)
    shown = await console.locator("li.message.resident .text").all_text_contents()
    stored = [each["text"] for each in (await resident.transcript())["messages"] if each["author"] == "resident"]
    assert shown == stored[-len(corpus) :]
    await leave(console)
    await leave(await visit(f"/console/conversations/{resident.id}", ana))  # and all at once
    own_page = await visit("/chat/kent-wa")
    await own_page.evaluate(
        "([id, token]) => sessionStorage.setItem('enlace:kent-wa', JSON.stringify({id, token}))",
        [resident.id, resident.token],
    )
    await own_page.reload()
    await expect(own_page.locator("#log .message.resident")).to_have_count(len(stored), timeout=60_000)
    await leave(own_page)

    # Every other field that a resident can write. Each conversation has some of the corpus in each.
    window = await visit("/console", ana)
    for number in range(0, len(corpus), 40):
        other = await start("kent-wa", "en")
        some = corpus[number : number + 40]
        body = {"summary": "\n".join(some)[:1000], "name": some[0][:80], "whole_chat": True}
        answer = await other.client.post(f"{other.url}/handoff", json=body, headers=other.headers)
        assert answer.status_code == 200, answer.text
        body = {"contact": "206 555 0142", "time": " ".join(some)[:200], "language": "en"}
        answer = await other.client.post(f"{other.url}/callback", json=body, headers=other.headers)
        assert answer.status_code == 204, answer.text
        await unharmed(window)
        await window.goto(f"/console/conversations/{other.id}")
    await unharmed(window)
    await window.goto("/console/callbacks")
    buttons = window.get_by_role("button", name="Show the contact")
    await buttons.evaluate_all("all => all.forEach(button => button.click())")
    await expect(buttons).to_have_count(0, timeout=60_000)
    await ana.do(resident, "notes", text=corpus[0])
    await ana.do(resident, "labels", label=corpus[2][:40])
    await leave(window)
    window = await visit("/console", sue)
    for path in ("/search?q=ran(1)", "/search?q=%3Cscript%3Eran(1)%3C%2Fscript%3E", "/audit", "/settings"):
        await unharmed(window)
        await window.goto(f"/console{path}")


@pytest.mark.parametrize("language", ["en", "es"])
async def test_every_page_is_open_to_a_screen_reader_and_fits_a_phone(
    visit: Visit, start: Start, hire: Hire, language: str
) -> None:
    boss = await hire(f"Boss {language}", language=language, role="admin")
    resident = await start("kent-wa", "es")
    await ask_for_a_person(resident, "mi esposo me pega")
    await boss.do(resident, "claim")
    await boss.write(resident, "Hola")
    texts = {"text-en": "We call you back.", "text-es": "Le llamamos."}
    await boss.post("/settings/canned", department="kent-wa", title=f"Call {language}", **texts)
    body = {"contact": "2065550142", "time": "mañana", "language": "es"}
    await resident.client.post(f"{resident.url}/callback", json=body, headers=resident.headers)
    page = await visit("/console", boss)
    for path in (
        "",
        f"/conversations/{resident.id}",
        "/callbacks",
        "/search?q=hola",
        "/figures",
        "/audit",
        "/figures",
        "/settings",
        "/sign-in",
    ):
        await page.goto(f"/console{path}")
        await expect(page.locator("h1").first).to_be_visible()
        # Whoever signs in has no language of their own yet: it is the browser's.
        assert await page.locator("html").get_attribute("lang") == ("es" if path == "/sign-in" else language), path
        here = [] if path in {"/sign-in", f"/conversations/{resident.id}"} else [f"/console{path.split('?')[0]}"]
        current = page.locator("nav [aria-current=page]")
        assert await current.evaluate_all("all => all.map(link => link.getAttribute('href'))") == here, path
        for width, height in (DESKTOP, PHONE):
            await page.set_viewport_size({"width": width, "height": height})
            assert await serious(page) == [], (path, width)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)


async def test_what_a_resident_erases_or_takes_back_leaves_an_open_page(
    visit: Visit, start: Start, ana: Person, server: Server
) -> None:
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident)
    await resident.send("I live at the yellow house")
    console = await visit(f"/console/conversations/{resident.id}", ana, offline=True)
    await expect(console.locator(".messages")).to_contain_text("yellow house")
    await console.locator("#note").fill("half a thou")
    with sqlite3.connect(server.var_dir / "enlace.db", timeout=15) as database:  # as WhatsApp has it done
        database.execute(
            "UPDATE messages SET text = '[Taken back by the person who wrote it]' "
            "WHERE conversation_id = ? AND text LIKE '%yellow house%'",
            (resident.id,),
        )
    await resident.send("hello?")
    await expect(console.locator(".messages")).to_contain_text("[Taken back by the person who wrote it]")
    await expect(console.locator(".messages")).not_to_contain_text("yellow house")
    await expect(console.locator("#note")).to_have_value("half a thou")
    assert (await resident.erase()).status_code == 204
    await expect(console.locator("#problem")).to_have_text(
        "The resident erased this conversation, or took the request back."
    )
    await expect(console.locator("li.message")).to_have_count(0)


async def test_what_a_resident_erases_leaves_open_lists_and_a_shown_contact_goes_with_its_row(
    visit: Visit, start: Start, hire: Hire
) -> None:
    department = "los-angeles-county-ca"
    person = await hire("Lis Ten", departments=[department])
    residents = [await start(department, "en") for _ in range(2)]

    async def wish(number: int, contact: str) -> None:
        body = {"contact": contact, "time": "at night", "language": "en"}
        resident = residents[number]
        answer = await resident.client.post(f"{resident.url}/callback", json=body, headers=resident.headers)
        assert answer.status_code == 204, answer.text

    for number, resident in enumerate(residents):
        await ask_for_a_person(resident)
        await resident.send("a rare word: quagga")
        await wish(number, f"206555014{number}")
    callbacks = await visit("/console/callbacks", person, locale="en-US")
    search = await visit("/console/search?q=quagga", person, locale="en-US")
    conversation = await visit(f"/console/conversations/{residents[1].id}", person, locale="en-US")
    busy = callbacks.locator(".htmx-request, .htmx-added, .htmx-swapping, .htmx-settling")
    for _ in range(2):
        await expect(busy).to_have_count(0)
        await callbacks.get_by_role("button", name="Show the contact").first.click()
    contacts = callbacks.locator("[id^=contact-]")
    await expect(contacts).to_contain_text(["Contact: 2065550140", "Contact: 2065550141"])
    await expect(contacts).to_contain_text(["When it suits them: at night"] * 2)
    links = "all => all.map(link => link.getAttribute('href'))"
    shown = await callbacks.locator("#list a").evaluate_all(links)
    assert shown == [
        f"/console/conversations/{residents[0].id}",
        "tel:2065550140",
        f"/console/conversations/{residents[1].id}",
        "tel:2065550141",
    ]
    done = callbacks.get_by_role("button", name="The callback was made").last
    await done.focus()
    await expect(search.locator(".entry", has_text="quagga")).to_have_count(2)
    for page in (callbacks, search, conversation):
        await expect(page.locator("#callbacks-open")).to_have_text("2")

    assert (await residents[0].erase()).status_code == 204
    await expect(contacts).to_contain_text(["2065550141"])
    await expect(done).to_be_focused()
    await expect(search.locator(".entry", has_text="quagga")).to_have_count(1)
    for page in (callbacks, search, conversation):
        await expect(page.locator("#callbacks-open")).to_have_text("1")
        assert residents[0].id not in await page.content()

    await wish(1, "2065550149")  # said anew: what is shown is no longer so
    await expect(contacts).to_contain_text(["Show the contact"])
    assert "2065550141" not in await callbacks.content()


async def test_who_writes_while_somebody_takes_the_conversation_over_learns_it_and_loses_no_word(
    visit: Visit, start: Start, ana: Person, sue: Person
) -> None:
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident)
    await ana.do(resident, "claim")
    console = await visit(f"/console/conversations/{resident.id}", ana)
    await expect(console.locator("#owner")).to_contain_text("With a person: Ana Reyes")
    await console.locator("#text").fill("half a thou")
    shown = (await sue.get(f"/conversations/{resident.id}")).text
    own = re.search(r'<option value="(\d+)">Sue Park</option>', shown)
    assert own
    await sue.do(resident, "transfer", colleague=own[1])
    problem = console.locator("#problem")
    await expect(console.locator("#owner")).to_contain_text("With a person: Sue Park")
    await expect(problem).to_contain_text("Somebody has taken this conversation over, or passed it on.")
    await resident.send("hello?")
    await expect(console.locator("li.message").last).to_contain_text("hello?")
    await expect(problem).to_contain_text("Somebody has taken this conversation over, or passed it on.")
    await expect(console.locator("#text")).to_have_value("half a thou")
    await console.locator("#text").fill("")
    await expect(console.locator("#text")).to_have_count(0)
    await expect(problem).to_be_empty()
    await expect(console.locator("#owner")).to_contain_text("With a person: Sue Park")


async def test_what_somebody_else_does_shows_and_no_half_written_note_is_lost(
    visit: Visit, start: Start, ana: Person, sue: Person
) -> None:
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident)
    page = f"/console/conversations/{resident.id}"
    console = await visit(page, ana)
    writing = await visit(page, ana)
    await writing.locator("#note").fill("half a thou")
    await sue.do(resident, "claim")
    await expect(console.get_by_role("button", name="Take this conversation")).to_have_count(0)
    await console.wait_for_url(f"**{page}")  # the address is as it was
    await expect(writing.locator("#owner")).to_contain_text("With a person")
    await expect(writing.locator("#note")).to_have_value("half a thou")


async def test_a_hit_of_a_search_stays_in_sight(visit: Visit, start: Start, ana: Person) -> None:
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident)
    await ana.do(resident, "claim")
    await resident.send("a rare word: quokka")
    for number in range(30):
        await resident.send(f"message {number}")
    search = await visit("/console/search?q=quokka", ana)
    await expect(search.locator(".entry mark")).to_have_text("quokka")
    await expect(search.locator(".entry", has_text="quokka")).to_contain_text("Resident · Kent Police")
    await search.locator(".entry", has_text="quokka").click()
    hit = search.locator("li.message", has_text="quokka")
    await expect(hit).to_be_in_viewport()
    await resident.send("one more")
    await expect(search.locator("li.message").last).to_contain_text("one more")
    await expect(hit).to_be_in_viewport()

    # Who scrolls up by hand isn't torn away either, and at the end one sees what comes.
    console = await visit(f"/console/conversations/{resident.id}", ana)
    await expect(console.locator("li.message").last).to_be_in_viewport()
    await console.locator("#messages").evaluate("log => log.scrollTo(0, 0)")
    await resident.send("and another")
    await expect(console.locator("li.message").last).to_contain_text("and another")
    await expect(console.locator("li.message").first).to_be_in_viewport()


async def test_a_console_whose_session_ends_goes_to_the_sign_in_and_says_so(visit: Visit, hire: Hire) -> None:
    person = await hire("Sess Ion")
    console = await visit("/console", person, locale="en-US", offline=True)
    await expect(console.get_by_role("button", name="Go on duty")).to_be_visible()
    await console.route("**/console/events", lambda route: route.fulfill(status=503))  # as while the app starts again
    await console.reload()
    await expect(console.locator("#problem")).to_contain_text("no connection")
    await person.post("/sign-out")
    await console.wait_for_url("**/console/sign-in?next=/console&over=true", timeout=60_000)
    await expect(console.get_by_role("status")).to_contain_text("Alarms do not sound here")


async def test_the_focus_stays_where_somebody_works(visit: Visit, start: Start, ana: Person) -> None:
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident)
    wish = {"contact": "2065550142", "time": "at night", "language": "en"}
    await resident.client.post(f"{resident.url}/callback", json=wish, headers=resident.headers)
    console = await visit(f"/console/conversations/{resident.id}", ana)
    await console.locator("#label").fill("follow up")
    await console.locator("#add-label").press("Enter")
    await expect(console.locator(".tag", has_text="follow up")).to_be_visible()
    await expect(console.locator("#add-label")).to_be_focused()
    # Until htmx has read what came, a button in it sends its form as a page.
    await expect(console.locator(".htmx-added, .htmx-swapping, .htmx-settling")).to_have_count(0)
    await console.locator("#remove-1").press("Enter")
    await expect(console.locator("#label")).to_be_focused()
    callbacks = await visit("/console/callbacks", ana)
    await callbacks.get_by_role("button", name="Show the contact").last.press("Enter")
    await expect(callbacks.locator("[id^=contact-]:focus")).to_contain_text("206")
    await expect(callbacks.locator("#callbacks-open")).to_have_text(re.compile("[0-9]+"))


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
async def test_what_has_to_be_done_is_in_sight_and_hides_nothing_that_has_the_focus(
    visit: Visit, start: Start, ana: Person, size: tuple[int, int]
) -> None:
    wide = size[0] > 1000
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident, "will the police ask about my immigration status?", whole=True)
    page = await visit(f"/console/conversations/{resident.id}", ana, size)
    claim = page.get_by_role("button", name="Take this conversation")
    await expect(claim).to_be_in_viewport(ratio=1)
    await expect(page.locator(".summary")).to_be_in_viewport(ratio=1)
    assert await page.evaluate("scrollY") == 0
    await page.locator("li.message summary").first.focus()
    focused = await page.locator("li.message summary").first.bounding_box()
    form = await page.locator(".talk > form").bounding_box()
    assert focused
    assert form
    assert 0 <= focused["y"] < focused["y"] + focused["height"] <= form["y"]
    await claim.click()
    await expect(page.locator("#send")).to_be_in_viewport(ratio=1)
    for number in range(3):
        await resident.send(f"message {number}")
        await expect(page.locator("li.message").last).to_contain_text(f"message {number}")
        await expect(page.locator("li.message").last).to_be_in_viewport(ratio=1)
        await expect(page.locator("#send")).to_be_in_viewport(ratio=1)
    if wide:
        assert await page.evaluate("scrollY") == 0
        await page.get_by_role("link", name="Export the transcript").scroll_into_view_if_needed()
        await expect(page.locator("#send")).to_be_in_viewport(ratio=1)  # beside the tools


async def test_that_whatsapp_does_not_work_stands_out_and_a_count_of_nothing_takes_no_room(
    visit: Visit, hire: Hire
) -> None:
    console = await visit("/console", await hire("Tro Uble", departments=["roeland-park-ks"]))
    looks = """() => {
      document.getElementById("main").insertAdjacentHTML("beforebegin", '<p class="trouble">It is not working</p>');
      return ["#problem", ".trouble"].map((name) => {
        const style = getComputedStyle(document.querySelector(name));
        return [style.color, style.fontWeight, style.maxWidth, style.paddingLeft];
      });
    }"""
    problem, trouble = await console.evaluate(looks)
    assert problem == trouble == ["rgb(155, 28, 28)", "600", "1216px", "16px"]
    await expect(console.locator("#callbacks-open")).to_be_empty()
    await expect(console.locator("#callbacks-open")).to_have_css("display", "none")


async def test_the_console_works_by_keyboard_alone(visit: Visit, start: Start, ana: Person) -> None:
    resident = await start("kent-wa", "es")
    await ask_for_a_person(resident)
    console = await visit("/console", ana)
    await console.keyboard.press("Tab")
    await expect(console.locator(".skip")).to_be_focused()
    await console.locator(f"#entry-{resident.id}").focus()
    await console.keyboard.press("Enter")
    await expect(console.get_by_role("button", name="Take this conversation")).to_be_visible()
    await console.get_by_role("button", name="Take this conversation").focus()
    await console.keyboard.press("Space")
    await expect(console.locator("#text")).to_be_visible()
    await console.wait_for_load_state("load")
    await console.locator("#text").focus()
    await console.keyboard.type("Hola")
    await console.keyboard.press("Control+Enter")
    await expect(console.locator("li.message.liaison .text")).to_have_text("Hola")
    await expect(console.locator("#text")).to_be_empty()
