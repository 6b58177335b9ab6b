"""Guards the resident's side of a handoff, over HTTP and a real Rasa: consent first, then only what was agreed to."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from bot.database.engine import open_engine
from bot.liaisons.accounts import Accounts, Profile
from bot.secrets import Secrets

if TYPE_CHECKING:
    from tests.conftest import Conversation, Server, Start

pytestmark = pytest.mark.rasa

ASKED = "¿La policía me va a preguntar si tengo papeles?"
CONTACT = "(206) 555-0142"


async def handoff(conversation: Conversation, method: str = "GET", **body: Any) -> Any:
    answer = await conversation.client.request(
        method, f"{conversation.url}/handoff", json=body or None, headers=conversation.headers
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def secrets(server: Server) -> Secrets:
    return Secrets((server.var_dir / "secret.key").read_text(encoding="utf-8").strip())


def rows(server: Server, query: str, *values: str) -> list[Any]:
    with sqlite3.connect(f"file:{server.var_dir / 'enlace.db'}?mode=ro", uri=True) as database:
        return database.execute(query, values).fetchall()


@pytest.mark.parametrize("text", ["quiero hablar con una persona", "¿cómo hablo con un enlace comunitario?"])
async def test_who_asks_how_to_reach_a_person_is_offered_one_and_sees_the_published_number(
    start: Start, text: str
) -> None:
    reply = await (await start("kent-wa", "es")).send(text)
    assert (reply["kind"], reply["topic"]) == ("handoff", "reach-liaison")
    assert [step["href"] for step in reply["steps"]] == ["tel:911", "tel:2538565890"]
    assert any("(253) 856-5890" in citation["quote"] for citation in reply["citations"])


@pytest.fixture
async def reader(server: Server) -> None:
    """Somebody of Kent's who would read what is passed on."""
    engine = open_engine(f"sqlite+aiosqlite:///{server.var_dir / 'enlace.db'}")
    title = {"en": "Community liaison", "es": "Enlace comunitario"}
    profile = Profile("luz@example.org", "Luz Reader", title, False, "liaison", ["kent-wa"], ["es"])
    await Accounts(engine, secrets(server)).add(profile)
    await engine.dispose()


@pytest.mark.usefixtures("reader")
async def test_asking_for_a_person_passes_nothing_on_and_says_what_would_be(start: Start) -> None:
    conversation = await start("kent-wa", "es")
    await conversation.send(ASKED)
    reply = await conversation.send("quiero hablar con una persona")
    assert reply["kind"] == "handoff"
    assert {"name": "Luz Reader", "title": "Enlace comunitario", "sworn": False} in reply["handoff"]["readers"]
    assert "Luz Reader (Enlace comunitario, no es agente de policía)" in reply["text"]
    assert ASKED in reply["handoff"]["summary"]
    assert reply["handoff"]["summary"] not in reply["text"]  # the form shows it
    assert "30" in reply["text"]
    assert "911" in reply["text"]
    assert [choice["send"] for choice in reply["choices"]] == [
        "/press_connect",
        "/press_connect_whole",
        "/press_stay",
    ]
    assert (await handoff(conversation))["owner"] == "bot"


@pytest.mark.parametrize(("button", "shown_from"), [("/press_connect", 7), ("/press_connect_whole", 1)])
async def test_a_button_agrees_to_the_summary_that_was_shown(
    server: Server, start: Start, button: str, shown_from: int
) -> None:
    conversation = await start("kent-wa", "es")
    await conversation.send(ASKED)
    offered = await conversation.send("quiero hablar con una persona")
    reply = await conversation.send(choice=button)
    assert reply["kind"] == "handoff"
    assert reply["handoff"] is None
    assert (await handoff(conversation))["owner"] == "waiting"
    found = rows(
        server,
        "SELECT handoffs.summary, handoffs.name, handoffs.topic, c.shown_from "
        "FROM handoffs JOIN conversations c ON c.id = conversation_id "
        "WHERE c.id = ?",
        conversation.id,
    )
    assert len(found) == 1
    summary, name, topic, shown = found[0]
    assert (summary, name, topic) == (offered["handoff"]["summary"], None, "what-is-asked")
    # Message 6 is the reply to the button: what is read begins after it.
    assert shown == shown_from


@pytest.mark.parametrize(
    ("summary", "topic"),
    [
        (None, None),
        ("¿Puedo hablar con usted?", None),
        ("Sobre ¿Preguntan mi estatus?: es urgente", "what-is-asked"),
        (f"Es por mi primo: {ASKED}", None),
    ],
)
async def test_a_topic_is_passed_on_only_where_the_summary_names_it(
    server: Server, start: Start, summary: str | None, topic: str | None
) -> None:
    conversation = await start("kent-wa", "es")
    await conversation.send(ASKED)
    offer = (await handoff(conversation))["offer"]
    assert (offer["topic"], offer["danger"]) == ("what-is-asked", False)
    await handoff(conversation, "POST", summary="Sobre ¿Preguntan mi estatus?")
    await handoff(conversation, "POST", summary=summary)  # the last word counts
    query = "SELECT topic, summary FROM handoffs WHERE conversation_id = ?"
    assert rows(server, query, conversation.id) == [(topic, summary)]


async def test_who_wrote_of_danger_is_told_before_they_agree_that_it_is_passed_on(server: Server, start: Start) -> None:
    conversation = await start("kent-wa", "en")
    await conversation.send("my husband is beating me right now")
    offered = await conversation.send("can I talk to a person")
    assert "If you wrote of danger, that a danger was found is passed on, too." in offered["text"].split("\n\n")
    await conversation.send(choice="/press_connect")
    query = "SELECT flag, topic FROM handoffs WHERE conversation_id = ?"
    flag, topic = rows(server, query, conversation.id)[0]
    assert flag
    assert topic is None


async def test_who_waits_and_asks_again_is_told_that_they_wait_and_can_take_it_back(start: Start) -> None:
    conversation = await start("kent-wa", "en")
    await conversation.send(ASKED)
    await handoff(conversation, "POST", summary="Stolen", whole_chat=True)
    for again in ({"text": "can I talk to a person"}, {"choice": "/press_person"}, {"choice": "/press_stay"}):
        reply = await conversation.send(**again)
        assert reply["text"].startswith("You are already waiting for a person"), again
        assert reply["handoff"] is None
        assert reply["forms"] == ["callback", "code", "withdraw"]
        assert [step["href"] for step in reply["steps"]] == ["tel:911", "tel:2538565890"]
        assert (await handoff(conversation))["owner"] == "waiting"
    await handoff(conversation, "DELETE")
    assert (await conversation.send("can I talk to a person"))["handoff"]
    assert (await conversation.send(choice="/press_stay"))["text"].startswith("All right, I have passed nothing on.")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        *(("en", text) for text in ("never mind", "cancel", "stop waiting", "no", "nobody answers", "hello?")),
        *(("en", text) for text in ("how long do i have to wait", "did you send it", "cancel my request")),
        *(("es", text) for text in ("ya no quiero", "mejor ya no", "cancelar", "olvidelo", "hola?", "nadie contesta")),
        *(("es", text) for text in ("cuanto tengo que esperar", "ya no quiero hablar con nadie", "hay alguien?")),
    ],
)
async def test_who_waits_and_wants_out_or_to_know_how_long_is_told_so_whatever_the_words(
    start: Start, language: str, text: str
) -> None:
    conversation = await start("kent-wa", language)
    await conversation.send(ASKED)
    await handoff(conversation, "POST", summary="Robo")
    reply = await conversation.send(text)
    waiting = {"en": "You are already waiting for a person", "es": "Usted ya está esperando a una persona"}
    assert reply["text"].startswith(waiting[language])
    assert "withdraw" in reply["forms"]


@pytest.mark.parametrize(
    "text", ["si con todo el chat", "mandelo", "lo puedo cambiar", "que van a ver", "quien lo va a leer", "la primera"]
)
async def test_what_is_said_to_the_offer_of_a_person_gets_its_buttons_again_and_passes_nothing_on(
    start: Start, text: str
) -> None:
    conversation = await start("kent-wa", "es")
    await conversation.send(ASKED)
    offer = await conversation.send("quiero hablar con una persona")
    reply = await conversation.send(text)
    assert reply["handoff"] == offer["handoff"]
    assert reply["choices"] == offer["choices"]
    assert (await handoff(conversation))["owner"] == "bot"


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "leave now", "“Leave now”"),
        ("en", "how do i hide this", "“Leave now”"),
        ("en", "can he see this chat?", "“Leave now”"),
        ("es", "salir ya", "«Salir ya»"),
        ("es", "como escondo esto", "«Salir ya»"),
        ("es", "mi esposo puede ver lo que escribo aqui", "«Salir ya»"),
        ("es", "mi novio me lee el celular", "«Salir ya»"),
    ],
)
async def test_whose_phone_is_read_is_told_how_to_hide_the_chat(
    start: Start, language: str, text: str, said: str
) -> None:
    assert said in (await (await start("kent-wa", language)).send(text))["text"]


async def test_what_is_said_of_a_move_is_the_notice_with_its_number(start: Start) -> None:
    conversation = await start("kent-wa", "en")
    for method in ("POST", "DELETE"):
        reply = await handoff(conversation, method, **({"summary": "Stolen"} if method == "POST" else {}))
        notice = (await conversation.transcript())["messages"][-1]
        assert (notice["author"], notice["number"], notice["text"]) == ("notice", reply["number"], reply["text"])


async def test_a_language_that_is_chosen_is_that_of_what_is_said_next(start: Start) -> None:
    conversation = await start("kent-wa", "es")
    await conversation.send(ASKED)

    async def choose(language: str) -> Any:
        url, body = f"{conversation.url}/language", {"language": language}
        return await conversation.client.post(url, json=body, headers=conversation.headers)

    assert (await choose("xx")).json()["error"]["code"] == "unknown_language"
    assert (await choose("en")).status_code == 204
    assert (await handoff(conversation, "POST", summary="Stolen"))["language"] == "en"
    assert (await conversation.send("¿y si soy testigo?"))["language"] == "en"  # and nothing moves it


async def test_declining_passes_nothing_on(start: Start) -> None:
    conversation = await start("kent-wa", "en")
    await conversation.send("can I talk to a person")
    assert (await conversation.send(choice="/press_stay"))["kind"] == "smalltalk"
    assert (await handoff(conversation))["owner"] == "bot"


async def test_a_form_passes_on_what_the_resident_made_of_it_masked_and_takes_it_back(
    server: Server, start: Start
) -> None:
    conversation = await start("kent-wa", "es")
    await handoff(conversation, "POST", summary=f"Mi número es {CONTACT}", name="Flor", whole_chat=True)
    found = rows(server, "SELECT summary, name FROM handoffs WHERE conversation_id = ?", conversation.id)
    assert found[0][0] == "Mi número es [phone]"
    assert found[0][1]
    assert "Flor" not in found[0][1]
    assert (await handoff(conversation))["owner"] == "waiting"
    assert (await conversation.send(ASKED))["kind"] == "answer"  # the assistant goes on meanwhile
    await handoff(conversation, "DELETE")
    assert (await handoff(conversation))["owner"] == "bot"
    again = await conversation.client.delete(f"{conversation.url}/handoff", headers=conversation.headers)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
    assert again.json()["error"]["message"] == "Ese botón ya no sirve: usted ya no está esperando a una persona."
    rated = await conversation.client.post(
        f"{conversation.url}/rating", json={"helpful": True}, headers=conversation.headers
    )
    assert (rated.status_code, rated.json()["error"]["code"]) == (409, "conflict")
    said = "Todavía no hay nada que calificar: ninguna persona ha terminado con este chat."
    assert rated.json()["error"]["message"] == said


async def test_a_callback_is_stored_encrypted_and_a_contact_has_to_be_one(server: Server, start: Start) -> None:
    conversation = await start("kent-wa", "es")

    async def ask(**body: str) -> Any:
        body = {"contact": CONTACT, "time": "martes por la tarde", "language": "es"} | body
        return await conversation.client.post(f"{conversation.url}/callback", json=body, headers=conversation.headers)

    assert (await ask()).status_code == 204
    assert (await ask(contact="flor@example.org", time="jue\u202eves\nen la tarde")).status_code == 204
    for wrong, code in ((await ask(contact="mi prima"), "bad_contact"), (await ask(language="xx"), "unknown_language")):
        assert wrong.json()["error"]["code"] == code
    found = rows(server, "SELECT contact, time, language FROM callbacks WHERE conversation_id = ?", conversation.id)
    assert [language for _, _, language in found] == ["es"], "the second is the wish anew"
    assert not [cell for row in found for cell in row[:2] if "555" in cell or "martes" in cell or "flor" in cell]
    assert [secrets(server).decrypt(cell) for cell in found[0][:2]] == ["flor@example.org", "jueves en la tarde"]


async def test_a_code_opens_the_conversation_elsewhere_once(start: Start) -> None:
    conversation = await start("kent-wa", "es")
    await conversation.send(ASKED)
    url = f"{conversation.url}/code"
    first, second = [
        (await conversation.client.post(url, headers=conversation.headers)).json()["code"] for _ in range(2)
    ]

    async def resume(code: str) -> Any:
        return await conversation.client.post("/api/conversations/resume", json={"code": code})

    for wrong in (first, "AAAA-BBBB-CCCC", ""):
        assert (await resume(wrong)).json()["error"]["code"] == "unknown_code"
    opened = (await resume(second.lower().replace("-", " "))).json()
    assert (opened["id"], opened["department"]) == (conversation.id, "kent-wa")
    old = await conversation.client.get(conversation.url, headers=conversation.headers)
    assert old.status_code == 401
    conversation.token = opened["token"]
    transcript = await conversation.transcript()
    assert transcript["messages"][0]["text"] == ASKED
    assert second not in str(transcript)
    assert (await resume(second)).status_code == 404
