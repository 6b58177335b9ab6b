"""Guards what people do on WhatsApp, from their phone to their phone: whatever they send, they get an answer."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from phoning import DAY_S, Phone, labels, words
from whatsapp_content import RENDERER

from bot.errors import OnHold

if TYPE_CHECKING:
    from tests.conftest import Server
    from tests.phoning import NewPhone

pytestmark = [pytest.mark.rasa, pytest.mark.model]
PAPERS = "¿Me van a preguntar si tengo papeles?"
SUMMARY = "Nadie del departamento ha revisado"
"""Stands below every answer out of the content."""


async def greeted(phone: Phone, text: str = "hola") -> Phone:
    """The same phone, once the welcome and the first answer have come."""
    await phone.says(text)
    await phone.next("911")
    await phone.rest()
    return phone


async def test_a_first_question_is_welcomed_and_answered_with_the_published_words(rosa: Phone) -> None:
    asked = await rosa.says(PAPERS)
    welcome = await rosa.next("BORRAR")
    assert "Kent" in words(welcome)
    answer, passage = await rosa.rest()
    assert "Por regla general, los policías no deben preguntar" in words(answer)
    assert re.search("“.+officers shall not.+”", words(passage))
    assert "Traducción no oficial" in words(passage)
    assert labels(passage)
    shown = (await rosa.control.get(f"/users/{rosa.wa_id}/messages")).json()
    assert next(message["status"] for message in shown if message["id"] == asked) == "read"


async def test_an_answer_comes_in_the_language_of_the_question(new_phone: NewPhone) -> None:
    james = await greeted(await new_phone("James"), "do you ask people for papers?")
    shown = [words(message) for message in await james.screen()]
    assert "ERASE" in shown[0]
    assert "As a rule, officers must not ask" in shown[1]
    await james.says("¿y si soy testigo?")
    assert SUMMARY in words((await james.rest())[0])


async def test_fragments_become_one_question(rosa: Phone) -> None:
    for fragment in ("hola", "me robaron anoche", "¿me van a pedir papeles?"):
        await rosa.says(fragment)
    shown = [words(message) for message in await rosa.rest()]
    assert len([said for said in shown if SUMMARY in said]) == 1
    assert len(shown) <= 3


async def test_a_button_does_what_it_says(rosa: Phone) -> None:
    await greeted(rosa)
    last = (await rosa.screen())[-1]
    label = next(label for label in labels(last) if "Hablar" not in label)
    await rosa.does("press", title=label)
    assert any(SUMMARY in words(message) for message in await rosa.rest())


async def test_a_quoted_answer_is_what_a_follow_up_is_about(rosa: Phone) -> None:
    await greeted(rosa, PAPERS)
    papers = next(message for message in await rosa.screen() if SUMMARY in words(message))
    await rosa.says("¿cómo puedo avisar de un crimen sin dar mi nombre?")
    await rosa.rest()
    await rosa.says("¿dónde dice eso?", reply_to=papers["id"])
    assert "officers shall not" in " ".join([words(message) for message in await rosa.rest()])


@pytest.fixture(scope="module")
async def lupe(new_phone: NewPhone) -> Phone:
    """Somebody who has written once, and then sends what can't be read."""
    lupe = await new_phone("Lupe")
    await lupe.says("buenas tardes")
    return lupe


@pytest.mark.parametrize(
    ("kind", "what", "answer"),
    [
        ("voice", {}, "mensajes de voz"),
        ("audio", {}, "mensajes de voz"),
        ("image", {}, "fotos"),
        ("video", {}, "videos"),
        ("sticker", {}, "stickers"),
        ("document", {}, "documentos"),
        ("location", {"location": {"latitude": 47.38, "longitude": -122.23}}, "911"),
        ("contacts", {"contacts": [{"name": {"formatted_name": "Lupe"}}]}, "contactos"),
        ("order", {"order": {"catalog_id": "1", "product_items": []}}, "pedidos"),
        ("unsupported", {}, "No puedo leer"),
        ("raw", {"message": {"type": "hologram", "hologram": {"id": "1"}}}, "No puedo leer"),
    ],
)
async def test_what_cannot_be_read_is_answered_and_no_media_is_fetched(
    lupe: Phone, kind: str, what: dict[str, Any], answer: str
) -> None:
    await lupe.rest()
    await lupe.does(kind, **what)
    said = words(await lupe.next(lambda text: bool(text)))
    assert answer.lower() in said.lower(), said
    assert (await lupe.control.get("/counters")).json()["media"] == 0


async def test_what_stands_below_a_picture_is_answered_too(rosa: Phone) -> None:
    await greeted(rosa)
    await rosa.does("image", caption=PAPERS)
    shown = " ".join(words(message) for message in await rosa.rest())
    assert "fotos" in shown
    assert SUMMARY in shown


async def test_a_reaction_says_whether_an_answer_helped(rosa: Phone, server: Server) -> None:
    await greeted(rosa, PAPERS)
    answer = next(message for message in await rosa.screen() if SUMMARY in words(message))
    await rosa.does("reaction", message=answer["id"], emoji="👍🏽")
    await rosa.next("Gracias")
    with contextlib.closing(sqlite3.connect(server.var_dir / "enlace.db")) as connection:
        (rated,) = connection.execute("SELECT text FROM messages WHERE helpful ORDER BY id DESC LIMIT 1").fetchone()
    assert rated.startswith("Por regla general, los policías no deben preguntar")
    await rosa.does("reaction", message=answer["id"], emoji="")
    assert await rosa.rest() == []


async def test_what_is_taken_back_or_changed_is_gone(rosa: Phone, server: Server) -> None:
    await greeted(rosa)
    wrong = await rosa.says("vivo en la calle Tulipán 99")
    await rosa.rest()
    assert "Tulipán" in stored(server)
    await rosa.does("revoke", message=wrong)
    changed = await rosa.says("mi vecino Anastasio")
    await rosa.rest()
    await rosa.does("edit", message=changed, text=PAPERS)
    assert any(SUMMARY in words(message) for message in await rosa.rest())
    assert "Anastasio" not in stored(server)
    assert "Tulipán" not in stored(server)


def stored(server: Server) -> str:
    """The texts of all messages."""
    with contextlib.closing(sqlite3.connect(server.var_dir / "enlace.db")) as connection:
        return "\n".join(text for (text,) in connection.execute("SELECT text FROM messages"))


async def test_whoever_writes_stop_is_left_alone_until_start_but_not_in_danger(rosa: Phone) -> None:
    await greeted(rosa)
    await rosa.says("ALTO!")
    assert "INICIAR" in words(await rosa.next("INICIAR"))
    await rosa.says("¿sigues ahí?")
    await rosa.next("no le respondo")
    await rosa.says("me quiere matar con un cuchillo, está aquí")
    await rosa.next("911")
    await rosa.rest()
    await rosa.says("iniciar")
    await rosa.next("de vuelta")
    await rosa.says(PAPERS)
    assert any(SUMMARY in words(message) for message in await rosa.rest())


async def test_erasing_leaves_nothing_and_the_next_message_begins_anew(rosa: Phone, server: Server) -> None:
    canary = "quetzalcoatlus"
    await greeted(rosa, f"hola, soy {canary}")
    assert canary in stored(server)
    await rosa.says("Borrar")
    await rosa.next("se borró aquí")
    found = [
        path.name for path, content in server.files() if canary.encode() in content or rosa.wa_id.encode() in content
    ]
    assert found == []
    assert not any(canary in line or rosa.wa_id in line for line in server.lines)
    await rosa.says("hola")
    await rosa.next("BORRAR")


async def test_on_hold_nothing_is_erased_and_they_are_told_so(rosa: Phone, server: Server) -> None:
    canary = "pachycephalosaurus"
    await greeted(rosa, f"hola, soy {canary}")
    with contextlib.closing(sqlite3.connect(server.var_dir / "enlace.db")) as connection, connection:
        connection.execute(
            "UPDATE conversations SET legal_hold = true "
            "WHERE id = (SELECT conversation_id FROM messages WHERE text LIKE ?)",
            [f"%{canary}%"],
        )
    await rosa.says("Borrar")
    await rosa.next(RENDERER.labels.say("es", OnHold.message))
    assert canary in stored(server)


async def test_nobodys_number_is_in_a_file_or_the_log(rosa: Phone, server: Server) -> None:
    await greeted(rosa)
    ids = {rosa.wa_id.encode(), str(rosa.user_id).encode(), b"wamid."}
    for path, content in server.files():
        assert not [each for each in ids if each in content], path
    assert not any(each.decode() in line for each in ids for line in server.lines)


async def test_somebody_known_by_their_id_alone_is_answered(new_phone: NewPhone) -> None:
    hidden = await new_phone("Lupita", username="lupita", phone_hidden=True)
    await greeted(hidden)
    for message in await hidden.screen():
        assert message["request"]["recipient"] == hidden.user_id
        assert "to" not in message["request"]


async def test_a_conversation_goes_along_to_a_new_number(rosa: Phone) -> None:
    await greeted(rosa)
    before = len(await rosa.screen())
    new = f"1555{int(rosa.wa_id[4:]) + 300:07d}"
    await rosa.does("system", new_wa_id=new)
    rosa.wa_id = new
    await rosa.says("gracias")
    assert await rosa.rest()
    assert sum("BORRAR" in words(message) for message in await rosa.screen()) == 1
    assert len(await rosa.screen()) > before


async def test_each_number_is_a_department(new_phone: NewPhone) -> None:
    in_kc = await new_phone("Ben", number="1002")
    await in_kc.says(PAPERS)
    welcome = words(await in_kc.next("BORRAR"))
    assert "Kansas City" in welcome
    assert "Kent" not in welcome


async def test_after_24_hours_a_template_asks_and_open_brings_what_was_kept(rosa: Phone) -> None:
    assert await rosa.wrote(PAPERS, f"wamid.old{rosa.wa_id}", ago_s=2 * DAY_S) == 200
    template = await rosa.next("ABRIR")
    assert template["type"] == "template"
    assert await rosa.rest() == []
    await rosa.does("press", title="ABRIR")
    shown = [words(message) for message in await rosa.rest()]
    assert "BORRAR" in shown[0]
    assert sum(SUMMARY in each for each in shown) == 1


async def test_open_without_anything_kept_says_so(rosa: Phone) -> None:
    await greeted(rosa)
    await rosa.does("raw", message={"type": "button", "button": {"payload": "command:open", "text": "ABRIR"}})
    await rosa.next("ningún mensaje")


async def test_markup_accents_and_emoji_are_text(rosa: Phone, server: Server) -> None:
    said = "<script>alert(1)</script> *hola* 🧡 ¿acentos? ñandú"
    await greeted(rosa, said)
    assert said in stored(server)
    assert "script" not in " ".join(words(message) for message in await rosa.screen())
