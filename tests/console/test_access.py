"""Guards who may do what: every route as every role, other departments, forged requests, and what signing out ends."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import re
import sqlite3
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from signed_in import Hire, Person, ask_for_a_person

from bot.console import events as console_events
from bot.console.app import PARTS
from bot.console.web import forget_cookie
from bot.database.tables import now
from bot.handoffs.news import News
from bot.liaisons.access import Who
from bot.liaisons.sessions import IDLE
from bot.secrets import hash_token
from bot.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Conversation, Server, Start

pytestmark = pytest.mark.rasa
KANSAS = "kansas-city-mo"
OPEN = {("GET", "/sign-in"), ("POST", "/sign-in"), ("POST", "/second-factor")}
OVERSEE = {
    ("GET", "/audit"),
    ("GET", "/figures"),
    ("GET", "/figures.csv"),
    ("POST", "/conversations/{conversation_id}/hold"),
    ("POST", "/settings/canned"),
    ("POST", "/settings/canned/{canned_id}/delete"),
}
ADMINISTER = {("POST", "/settings/people/{liaison_id}")}
FORMS = {
    "transfer": {"colleague": "1"},
    "messages": {"text": "hola", "key": "12345678"},
    "notes": {"text": "nota"},
    "labels": {"label": "etiqueta"},
    "language": {"language": "en"},
    "password": {"old": "x", "new": "y"},
    "canned": {"department": "kent-wa", "title": "t", "text-en": "e", "text-es": "e"},
    "{liaison_id}": {"active": "true"},
    "done": {"since": "2026-01-01T00:00:00+00:00"},
    "hold": {"on": "true"},
    "duty": {"on": "true"},
}
SKIPPED = {("POST", "/sign-out"), ("GET", "/events")}  # one ends the session, the other never ends; tested apart


def routes() -> list[tuple[str, str]]:
    """Every route of the console."""
    found = [
        (method, route.path)
        for part in PARTS
        for route in part.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    ]
    assert len(found) >= 30
    return sorted(found)


def address(path: str, conversation: Conversation) -> str:
    """With ids of things that are there, as far as anything is."""
    for name, value in (("conversation_id", conversation.id), ("number", "1"), ("canned_id", "1"), ("liaison_id", "1")):
        path = path.replace("{" + name + "}", value)
    return path.replace("{callback_id}", "1") + ("?after=1" if path.endswith("/messages") else "")


async def attempt(person: Person, method: str, path: str, conversation: Conversation) -> httpx.Response:
    url = address(path, conversation)
    if method == "GET":
        return await person.get(url)
    return await person.post(url.split("?")[0], **FORMS.get(path.rsplit("/", 1)[-1], {}))


@pytest.mark.parametrize(("method", "path"), [route for route in routes() if route not in OPEN])
async def test_nobody_gets_in_without_a_session(
    client: httpx.AsyncClient, start: Start, method: str, path: str
) -> None:
    conversation = await start("kent-wa", "es")
    own = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    url = f"/console{address(path, conversation)}"
    form = FORMS.get(path.rsplit("/", 1)[-1], {}) if method == "POST" else None
    answer = await client.request(method, url, headers=own, data=form)
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/console/sign-in")
    script = await client.request(method, url, headers=own | {"HX-Request": "true"}, data=form)
    assert script.status_code == 401


@pytest.mark.parametrize(("method", "path"), [route for route in routes() if route not in OPEN | SKIPPED])
async def test_every_route_as_every_role_and_from_another_department(
    start: Start, hire: Hire, ana: Person, sue: Person, kay: Person, method: str, path: str
) -> None:
    conversation = await start("kent-wa", "es")
    await conversation.send("¿La policía me va a preguntar si tengo papeles?")
    await ask_for_a_person(conversation)
    if "{conversation_id}" in path:
        answer = await attempt(kay, method, path, conversation)
        assert answer.status_code == 404, (answer.status_code, answer.text)
        assert conversation.id not in answer.text
    liaison = await attempt(ana, method, path, conversation)
    supervisor = await attempt(sue, method, path, conversation)
    assert (liaison.status_code == 403) is ((method, path) in OVERSEE | ADMINISTER), liaison.text
    assert (supervisor.status_code == 403) is ((method, path) in ADMINISTER), supervisor.text
    assert liaison.status_code != 500
    assert supervisor.status_code != 500


async def test_what_another_department_has_beside_conversations_is_not_there(
    server: Server, start: Start, hire: Hire, ana: Person, sue: Person, kay: Person
) -> None:
    boss, other = await hire("Bo Kent", role="admin"), await hire("Ada Kansas", role="admin", departments=[KANSAS])
    person, conversation = await hire("Per Son"), await start("kent-wa", "es")
    wish = {"contact": "2065550142", "time": "de noche", "language": "es"}
    await conversation.client.post(f"{conversation.url}/callback", json=wish, headers=conversation.headers)
    texts = {"text-en": "We call.", "text-es": "Le llamamos."}
    assert (await sue.post("/settings/canned", department="kent-wa", title="Kent's", **texts)).status_code == 303
    with contextlib.closing(sqlite3.connect(server.var_dir / "enlace.db", timeout=15)) as database:
        query = "SELECT id, created_at FROM callbacks WHERE conversation_id = ?"
        callback, since = database.execute(query, (conversation.id,)).fetchone()
        canned = database.execute("SELECT id FROM canned_replies WHERE title = 'Kent''s'").fetchone()[0]
        mail = (person.profile.email,)
        account = database.execute("SELECT id FROM liaisons WHERE email = ?", mail).fetchone()[0]
    tries: list[tuple[Person, int, str, dict[str, str]]] = [
        (ana, 200, f"/callbacks/{callback}/contact", {}),
        (ana, 303, f"/callbacks/{callback}/done", {"since": f"{since}+00:00"}),
        (sue, 303, f"/settings/canned/{canned}/delete", {}),
        (boss, 303, f"/settings/people/{account}", {"active": "true"}),
    ]
    for own, status, path, form in tries:
        strangers = (other,) if "people" in path else (kay, other)
        assert [(await each.post(path, **form)).status_code for each in strangers] == [404] * len(strangers), path
        assert (await own.post(path, **form)).status_code == status, path
    assert (await kay.post("/settings/canned", department="kent-wa", title="t", **texts)).status_code == 404


async def test_lists_show_nothing_of_another_department(start: Start, ana: Person, kay: Person, sue: Person) -> None:
    conversation = await start("kent-wa", "es")
    await ask_for_a_person(conversation)
    body = {"contact": "2065550142", "time": "de noche", "language": "es"}
    await conversation.client.post(f"{conversation.url}/callback", json=body, headers=conversation.headers)
    await ana.do(conversation, "notes", text="nota-de-kent")
    for path in ("", "/queue", "/callbacks", "/search?q=persona", "/settings", "/audit"):
        shown = (await kay.get(path)).text
        for never in (conversation.id, conversation.id[:8], "nota-de-kent", "Kent"):
            assert never not in shown.replace("kent-wa", ""), path
    audit = (await sue.get("/audit")).text
    assert conversation.id[:8] in audit
    assert "nota-de-kent" not in audit


@pytest.mark.parametrize(
    "forged",
    [
        {"X-CSRF-Token": "not-the-token"},
        {"X-CSRF-Token": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ],
)
async def test_what_another_site_has_a_browser_send_changes_nothing(
    start: Start, ana: Person, forged: dict[str, str]
) -> None:
    conversation = await start("kent-wa", "es")
    await ask_for_a_person(conversation)
    answer = await ana.post(f"/conversations/{conversation.id}/claim", headers=forged)
    assert answer.status_code == 403
    assert (await ana.do(conversation, "claim")).status_code == 303


async def test_what_is_neither_from_a_browser_nor_from_a_page_is_refused(
    client: httpx.AsyncClient, ana: Person
) -> None:
    headers = {"Cookie": f"enlace={ana.token}", "X-CSRF-Token": ana.csrf}
    assert (await client.post("/console/duty", headers=headers)).status_code == 403
    own = headers | {"Origin": str(client.base_url).rstrip("/")}
    assert (await client.post("/console/duty", headers=own, data={"on": "true"})).status_code == 303
    assert (await client.post("/console/sign-in", data={"email": "a@b.c", "password": "x"})).status_code == 403


async def test_an_old_page_says_so(start: Start, ana: Person) -> None:
    conversation = await start("kent-wa", "es")
    await ask_for_a_person(conversation)
    answer = await ana.post(f"/conversations/{conversation.id}/notes", headers={"X-CSRF-Token": "before"}, text="x")
    assert answer.json()["error"]["code"] == "old_page"


async def test_who_was_signed_in_until_now_is_told(client: httpx.AsyncClient, hire: Hire) -> None:
    person = await hire("Out Now")
    await person.post("/sign-out")
    there = await person.get("", Accept="text/html")
    assert there.headers["location"] == "/console/sign-in?next=/console&over=true"
    assert "Alarms do not sound here" in (await client.get(there.headers["location"])).text
    fresh = await client.get("/console", headers={"Accept": "text/html"})
    assert "over" not in fresh.headers["location"]


async def test_reading_on_is_written_down_once_in_half_a_day_and_what_a_search_shows(
    server: Server, start: Start, hire: Hire
) -> None:
    person = await hire("Rea Der", departments=["kent-wa", KANSAS])
    conversation = await start("kent-wa", "es")
    await ask_for_a_person(conversation)
    await conversation.send("la palabra es xilófono")
    page, more = f"/conversations/{conversation.id}", f"/conversations/{conversation.id}/messages?after=1"

    def rows(action: str) -> list[tuple[str | None, str | None, str | None]]:
        with contextlib.closing(sqlite3.connect(server.var_dir / "enlace.db", timeout=15)) as database:
            query = (
                "SELECT audit.department, conversation_id, detail FROM audit JOIN liaisons ON liaisons.id = liaison_id "
                "WHERE email = ? AND action = ? ORDER BY audit.id"
            )
            return list(database.execute(query, (person.profile.email, action)))

    for _ in range(2):
        await person.get(more)
    assert [row[:2] for row in rows("view")] == [("kent-wa", conversation.id)]
    await person.get(f"{page}?renew=true")
    assert len(rows("view")) == 1
    await person.get(page)
    assert len(rows("view")) == 2
    await person.get("/search?q=xilófono")
    await person.get("/search?q=nowhere+at+all")
    shown, nothing = ((row[0], json.loads(row[2] or "")) for row in rows("search"))
    assert shown == ("kent-wa", {"chars": 8, "hits": 1, "conversations": [conversation.id]})
    assert nothing == (None, {"chars": 14, "hits": 0})


async def test_the_audit_names_people_and_is_kept_to_those_of_ones_own_departments(
    start: Start, hire: Hire, ana: Person, sue: Person, kay: Person
) -> None:
    conversation, other = await start("kent-wa", "es"), await start("kent-wa", "es")
    for each in (conversation, other):
        await ask_for_a_person(each)
        await ana.do(each, "claim")
    await ana.do(
        conversation,
        "transfer",
        colleague=re.findall(r'value="(\d+)">Sue Park', (await ana.get(f"/conversations/{conversation.id}")).text)[0],
    )
    page = (await sue.get(f"/conversations/{conversation.id}")).text
    assert f"/console/audit?conversation={conversation.id}" in page
    audit = (await sue.get(f"/audit?conversation={conversation.id}")).text
    assert "to: Sue Park" in audit
    assert "When (Pacific Time)" in audit
    await sue.post("/duty", on="true")
    await sue.post("/language", language="es")
    assert '<td class="small">empezó el turno</td>' in (await sue.get("/audit?action=settings")).text
    figures = (await sue.get("/figures")).text
    assert '<th scope="col">Ayudó</th>' in figures
    assert "Me ayudó" not in figures
    await sue.post("/language", language="en")
    await sue.post("/duty", on="false")
    assert other.id[:8] not in audit
    await hire("Kan Sas", departments=[KANSAS])  # who signs in, which is of no department
    kansas = (await kay.get("/audit")).text
    assert "Kan Sas" in kansas
    profile = (
        "police officer: No · role: Liaison · departments: Kansas City Police (KCPD) · languages: English, Spanish"
    )
    assert profile in kansas
    assert "Kan Sas" not in (await sue.get("/audit")).text


async def test_the_stream_asks_who_listens(hire: Hire) -> None:
    person = await hire("Lis Tener")
    other = await person.get("/events", **{"Sec-Fetch-Site": "cross-site"})
    assert other.status_code == 403
    assert (await person.client.get("/console/events", headers={"HX-Request": "true"})).status_code == 401
    headers = {"Cookie": f"enlace={person.token}"}
    async with person.client.stream("GET", "/console/events", headers=headers) as stream:
        lines = stream.aiter_lines()
        assert "hello" in await anext(lines)
    out = await person.post("/sign-out")
    assert (out.status_code, out.headers["clear-site-data"]) == (303, '"cache", "storage"')
    assert (await person.get("")).status_code == 303


async def test_the_stream_ends_with_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_events, "_CHECK_S", 0.05)
    who = Who(1, "Ana", {}, False, "liaison", ("kent-wa",), ("es",), True, "", "", "es")
    signed_in = {"a-token": who}

    async def look(token: str, acts: bool) -> Who | None:
        assert not acts, "a stream keeps no session young"
        return signed_in.get(token)

    async def whole(work: Any) -> Any:
        return await work

    news: Any = None  # it asks for nothing
    runtime: Any = SimpleNamespace(
        settings=Settings(), sessions=SimpleNamespace(who=look), news=News(news), whole=whole, clock=time.monotonic
    )
    request = Request({"type": "http", "headers": [(b"cookie", b"enlace=a-token")]})
    answer: Any = await console_events.events(request, who, runtime)
    stream = answer.body_iterator
    assert (await anext(stream)).event == "hello"
    over = asyncio.ensure_future(anext(stream))
    done, _ = await asyncio.wait([over], timeout=0.3)
    assert not done, "it ended before the session"
    signed_in.clear()
    assert (await asyncio.wait_for(over, 5)).event == "over"
    assert [event async for event in stream] == []


async def test_a_text_with_a_nul_is_refused(client: httpx.AsyncClient, hire: Hire) -> None:
    own = {"Sec-Fetch-Site": "same-origin"}
    form = {"email": "ana\x00@example.org", "password": "x"}
    assert (await client.post("/console/sign-in", data=form, headers=own)).status_code == 422
    person = await hire("Nul Byte", role="supervisor")
    for path in ("/conversations/a%00b", "/search?q=a%00b", "/audit?conversation=a%00b"):
        assert (await person.get(path)).status_code == 422, path


@pytest.mark.parametrize(("url", "secure"), [("https://chat.example.org", True), ("http://127.0.0.1:8000", False)])
def test_a_cookie_is_taken_back_as_it_was_given(url: str, secure: bool) -> None:
    # A browser ignores what is said of a cookie whose name begins with __Host- unless it is secure.
    answer = Response()
    forget_cookie(answer, Settings(public_url=url))
    cookie = answer.headers["set-cookie"]
    assert (cookie.startswith("__Host-enlace="), "Secure" in cookie, "Path=/" in cookie) == (secure, secure, True)


async def test_the_way_back_after_signing_in_leads_nowhere_else(client: httpx.AsyncClient, hire: Hire) -> None:
    person = await hire("Nex Ter")
    own = {"Sec-Fetch-Site": "same-origin"}
    for wanted, led in (
        ("/console/search", "/console/search"),
        ("https://evil.example", "/console"),
        ("//evil.example", "/console"),
        ("/console//evil.example", "/console"),
        ("/console/\\evil", "/console"),
    ):
        form = {"email": person.profile.email, "password": person.credentials.password, "next": wanted}
        first = await client.post("/console/sign-in", data=form, headers=own)
        token = first.cookies["enlace"]
        assert "HttpOnly" in first.headers["set-cookie"]
        code = {"code": person.credentials.recovery.pop(), "next": wanted}
        second = await client.post("/console/second-factor", data=code, headers=own | {"Cookie": f"enlace={token}"})
        client.cookies.clear()
        assert second.cookies["enlace-browser"]
        assert (second.status_code, second.headers["location"]) == (303, led)


async def test_two_supervisors_who_put_it_on_hold_at_once_do_not_lift_it(
    server: Server, start: Start, sue: Person
) -> None:
    conversation = await start("kent-wa", "es")
    await ask_for_a_person(conversation)

    def held() -> bool:
        with sqlite3.connect(f"file:{server.var_dir / 'enlace.db'}?mode=ro", uri=True) as database:
            query = "SELECT legal_hold FROM conversations WHERE id = ?"
            return bool(database.execute(query, (conversation.id,)).fetchone()[0])

    page = (await sue.get(f"/conversations/{conversation.id}")).text
    assert 'name="on" value="true">Put it on legal hold' in page
    for _ in range(2):  # both had that page open
        assert (await sue.do(conversation, "hold", on="true")).status_code == 303
    assert held()
    await sue.do(conversation, "hold", on="false")
    assert not held()
    with contextlib.closing(sqlite3.connect(server.var_dir / "enlace.db", timeout=15)) as database:
        query = "SELECT detail FROM audit WHERE action = 'hold' AND conversation_id = ? ORDER BY id"
        written = [json.loads(row[0]) for row in database.execute(query, (conversation.id,))]
    assert written == [{"on": True}, {"on": False}], "what changed nothing is not written down"


async def test_what_an_open_page_fetches_by_itself_does_not_keep_its_session_alive(
    server: Server, start: Start, hire: Hire
) -> None:
    person = await hire("Lea")
    conversation = await start("kent-wa", "es")
    await ask_for_a_person(conversation)

    def seen(**changes: str) -> str:
        with sqlite3.connect(server.var_dir / "enlace.db", timeout=15) as database:
            session = (hash_token(person.token),)
            if changes:
                database.execute(
                    "UPDATE liaison_sessions SET seen_at = ? WHERE token_hash = ?", (changes["at"], *session)
                )
            query = "SELECT seen_at FROM liaison_sessions WHERE token_hash = ?"
            return str(database.execute(query, session).fetchone()[0])

    almost = (now() - IDLE + dt.timedelta(minutes=2)).strftime("%Y-%m-%d %H:%M:%S.%f")
    assert seen(at=almost) == almost
    page = f"/conversations/{conversation.id}"
    for path in (
        "/queue",
        f"{page}/messages?after=1",
        f"{page}?renew=true",
        f"{page}/answers?q=",  # the first list, which the page asks for when it has loaded
        "/callbacks?renew=true",
        "/search?q=a&renew=true",
    ):
        assert (await person.get(path)).status_code == 200
    assert (await person.post("/present")).status_code == 204
    assert seen() == almost
    for path in ("", "/callbacks", "/search?q=a", f"{page}/answers?q=a"):
        assert (await person.get(path)).status_code == 200
        assert seen() > almost, path
        seen(at=almost)


async def test_whoever_has_a_page_that_hears_the_updates_is_there_and_nobody_else_is(
    server: Server, start: Start, hire: Hire
) -> None:
    person, conversation = await hire("Pre Sent"), await start("kent-wa", "es")

    def heard_from(at: str = "") -> str:
        with contextlib.closing(sqlite3.connect(server.var_dir / "enlace.db", timeout=15)) as database, database:
            if at:
                database.execute("UPDATE liaisons SET seen_at = ? WHERE email = ?", (at, person.profile.email))
            query = "SELECT seen_at FROM liaisons WHERE email = ?"
            return str(database.execute(query, (person.profile.email,)).fetchone()[0])

    long_ago = heard_from("2026-01-01 00:00:00.000000")
    headers = {"Cookie": f"enlace={person.token}"}
    async with asyncio.timeout(60), person.client.stream("GET", "/console/events", headers=headers) as stream:
        lines = stream.aiter_lines()
        while await anext(lines) != "event: hello":
            pass
        await ask_for_a_person(conversation)
        while await anext(lines) != "event: changed":
            pass
        # That the updates can be sent doesn't say that anybody hears them.
        assert heard_from() == long_ago
        assert (await person.post("/present", headers={"X-CSRF-Token": "forged"})).status_code == 403
        assert heard_from() == long_ago
        assert (await person.post("/present")).status_code == 204
        assert heard_from() > long_ago
        while await anext(lines) != "event: ping":  # by this a page knows that its connection lives
            pass


async def test_an_open_search_that_loads_itself_again_writes_down_what_is_new_alone(
    server: Server, start: Start, hire: Hire
) -> None:
    person = await hire("Sea Rch")

    async def say(text: str) -> Conversation:
        conversation = await start("kent-wa", "es")
        await ask_for_a_person(conversation)
        await conversation.send(text)
        return conversation

    def shown() -> list[list[str]]:
        with contextlib.closing(sqlite3.connect(server.var_dir / "enlace.db", timeout=15)) as database:
            query = (
                "SELECT detail FROM audit JOIN liaisons ON liaisons.id = liaison_id "
                "WHERE email = ? AND action = 'search' ORDER BY audit.id"
            )
            found = database.execute(query, (person.profile.email,))
            return [json.loads(row[0]).get("conversations", []) for row in found]

    old = await say("la palabra es murciélago")
    await person.get("/search?q=murcielago")
    assert shown() == [[old.id]]
    new = await say("también murciélago")
    for _ in range(2):
        page = (await person.get("/search?q=murcielago&renew=true")).text
        assert old.id in page
        assert new.id in page
    assert shown() == [[old.id], [new.id]]
    await person.get("/search?q=nobody-says-this&renew=true")
    assert len(shown()) == 2
