"""Guards the whole way of a handoff, from the resident's consent to the liaison's last word, over real Rasa."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import sqlite3
from typing import TYPE_CHECKING

import pytest
from signed_in import Hire, Person, ask_for_a_person

from bot.database.tables import now

if TYPE_CHECKING:
    from tests.conftest import Server, Start

pytestmark = pytest.mark.rasa
ASKED = "¿La policía me va a preguntar si tengo papeles?"


async def test_a_resident_and_a_liaison_talk_and_the_bot_is_silent_until_it_is_handed_back(
    start: Start, ana: Person
) -> None:
    resident = await start("kent-wa", "es")
    await ask_for_a_person(resident, ASKED)
    assert resident.id in (await ana.get()).text
    assert (await ana.do(resident, "claim")).status_code == 303
    assert (await resident.send("¿Usted es policía?"))["text"] == ""
    await ana.write(resident, "Hola, soy Ana. No soy policía.")
    said = [(each["author"], each["text"], each["name"]) for each in (await resident.transcript())["messages"]]
    joined, asked, answered = said[-3:]
    assert joined[0] == "notice"
    assert "Ana Reyes (Enlace comunitario, no es agente de policía)" in joined[1]
    assert asked == ("resident", "¿Usted es policía?", None)
    late = await resident.client.delete(f"{resident.url}/handoff", headers=resident.headers)
    said = "Ana Reyes ya está aquí. Si no quiere seguir, escríbalo, o borre este chat."
    assert (late.status_code, late.json()["error"]["message"]) == (409, said)
    assert answered == ("liaison", "Hola, soy Ana. No soy policía.", "Ana Reyes")
    danger = await resident.send("hay un hombre con pistola aquí")
    assert (danger["kind"], "911" in danger["text"]) == ("emergency", True)
    page = (await ana.get(f"/conversations/{resident.id}")).text
    assert 'class="flag">Danger now' in page
    assert (await ana.do(resident, "hand_back")).status_code == 303
    assert (await resident.send(ASKED))["kind"] == "answer"


async def test_the_console_shows_what_the_resident_agreed_to_share_and_no_more(start: Start, ana: Person) -> None:
    resident = await start("kent-wa", "es")
    await resident.send("vivo en la calle de las palmas amarillas")
    assert (await ana.get(f"/conversations/{resident.id}")).status_code == 404
    await ask_for_a_person(resident, ASKED)
    page = (await ana.get(f"/conversations/{resident.id}")).text
    assert "palmas amarillas" not in page
    assert ASKED in page  # in the summary, which they agreed to
    assert "Stays anonymous" in page
    export = (await ana.get(f"/conversations/{resident.id}/export")).text
    assert "palmas amarillas" not in export
    assert "palmas amarillas" not in (await ana.get("/search?q=palmas+amarillas")).text.split("Messages found")[1]
    whole = await start("kent-wa", "es")
    await whole.send("vivo en la calle de las palmas amarillas, junto al jardín")
    await ask_for_a_person(whole, ASKED, whole=True)
    assert "palmas amarillas" in (await ana.get(f"/conversations/{whole.id}")).text
    assert whole.id in (await ana.get("/search?q=PALMAS+amarillas")).text
    assert whole.id in (await ana.get("/search?q=JARDÍN")).text


async def test_of_fifty_claims_at_once_one_wins_and_whoever_was_later_is_told_who(
    start: Start, ana: Person, ben: Person
) -> None:
    resident = await start("kent-wa", "es")
    await ask_for_a_person(resident)
    claims = [(person, person.do(resident, "claim")) for person in (ana, ben) * 25]
    answers = await asyncio.gather(*(claim for _, claim in claims))
    won = [person for (person, _), answer in zip(claims, answers, strict=True) if answer.status_code == 303]
    lost = [answer.json()["error"] for answer in answers if answer.status_code != 303]
    assert won == [won[0]] * 25  # what is sent again is no error for whoever has it
    assert len(lost) == 25
    notices = [each["text"] for each in (await resident.transcript())["messages"] if each["author"] == "notice"]
    assert sum(won[0].profile.name in text for text in notices) == 1
    assert {(error["code"], error["message"]) for error in lost} == {
        ("already_claimed", f"{won[0].profile.name} has this conversation already.")
    }


async def test_a_move_that_is_sent_again_by_the_same_person_changes_nothing(
    start: Start, ana: Person, ben: Person
) -> None:
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident)
    for moves in (("claim", "claim"), ("close", "reopen", "reopen", "claim")):
        for move in moves:
            answer = await ana.do(resident, move)
            page = f"/console/conversations/{resident.id}"
            assert (answer.status_code, answer.headers["location"]) == (303, page), move
    said = [each["text"] for each in (await resident.transcript())["messages"] if each["author"] == "notice"]
    assert sum(text.startswith("Ana Reyes (Community liaison") for text in said) == 2
    for move in ("claim", "reopen"):
        refused = await ben.do(resident, move)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "already_claimed")


async def test_it_is_given_to_a_colleague_and_taken_over_by_a_supervisor_alone(
    start: Start, hire: Hire, ana: Person, ben: Person, sue: Person
) -> None:
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident)
    await ana.do(resident, "claim")
    page = (await ana.get(f"/conversations/{resident.id}")).text
    ids = {name: value for value, name in re.findall(r'<option value="(\d+)">(\w+ \w+) ', page)}
    assert "Kay Lind" not in ids
    assert (await ben.do(resident, "transfer", colleague=ids["Ben Cole"])).status_code == 403
    assert (await ben.do(resident, "close")).status_code == 403
    assert (await ana.do(resident, "transfer", colleague=ids["Ben Cole"])).status_code == 303
    last = (await resident.transcript())["messages"][-1]
    assert last["text"].startswith("Ben Cole (Community liaison, police officer) has this chat now. I cannot say when ")
    refused = await ana.do(resident, "messages", text="hello", key="12345678")
    assert refused.json()["error"]["code"] == "already_claimed"
    assert (await sue.do(resident, "close")).status_code == 303
    assert (await resident.send("thank you"))["text"] != ""
    assert (await ben.do(resident, "reopen")).status_code == 409


@pytest.mark.parametrize("how", ["home", "elsewhere"])
async def test_who_went_away_with_a_conversation_can_be_relieved_of_it_by_any_colleague(
    server: Server, start: Start, hire: Hire, ben: Person, kay: Person, how: str
) -> None:
    gone = await hire(f"Gia {how}")
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident)
    await gone.do(resident, "claim")
    page = f"/conversations/{resident.id}"
    assert "/release" not in (await ben.get(page)).text
    assert (await ben.do(resident, "release")).status_code == 403
    with sqlite3.connect(server.var_dir / "enlace.db", timeout=15) as database:
        long_ago = (now() - dt.timedelta(seconds=121)).strftime("%Y-%m-%d %H:%M:%S.%f")
        change = "seen_at = ?" if how == "home" else "departments = ?"
        value = long_ago if how == "home" else '["kansas-city-mo"]'
        database.execute(f"UPDATE liaisons SET {change} WHERE email = ?", (value, gone.profile.email))
    assert "is away" in (await ben.get(page)).text
    for move in ("close", "hand_back"):
        assert (await ben.do(resident, move)).status_code == 403
    assert (await kay.do(resident, "release")).status_code == 404
    assert (await ben.do(resident, "release")).status_code == 303
    assert (await ben.do(resident, "claim")).status_code == 303


async def test_a_form_sent_twice_is_said_once_and_an_inserted_answer_keeps_its_sources(
    start: Start, ana: Person
) -> None:
    resident = await start("kent-wa", "es")
    await ask_for_a_person(resident)
    await ana.do(resident, "claim")
    found = (await ana.get(f"/conversations/{resident.id}/answers?q=migratorio")).text
    assert 'data-topic="what-is-asked"' in found
    for _ in range(3):
        await ana.write(resident, "Esto dice el texto.", key="the-same-key", topic="what-is-asked")
    said = [each for each in (await resident.transcript())["messages"] if each["author"] == "liaison"]
    assert [each["text"] for each in said] == ["Esto dice el texto."]
    assert said[0]["reply"]["citations"]
    assert said[0]["reply"]["choices"] == []
    await ana.write(resident, "Esto dice el texto. Y algo más.", key="the-same-key")
    said = [each["text"] for each in (await resident.transcript())["messages"] if each["author"] == "liaison"]
    assert said == ["Esto dice el texto.", "Esto dice el texto. Y algo más."], "other words are another message"
    wrong = await ana.do(resident, "messages", text="x", key="12345678", topic="no-such-topic")
    assert wrong.status_code == 404


async def test_a_conversation_that_is_taken_up_again_shows_what_the_resident_agreed_to(
    start: Start, ana: Person
) -> None:
    resident = await start("kent-wa", "es")
    await ask_for_a_person(resident)
    body = {"summary": "Mi pregunta es otra", "name": "Rosa", "whole_chat": False}
    await resident.client.post(f"{resident.url}/handoff", json=body, headers=resident.headers)
    for move in ("claim", "close", "reopen"):
        assert (await ana.do(resident, move)).status_code == 303
    page = (await ana.get(f"/conversations/{resident.id}")).text
    assert "Mi pregunta es otra" in page
    assert "Wants to be called Rosa" in page


async def test_what_is_asked_after_a_person_has_left_is_in_no_page_export_or_search(start: Start, ana: Person) -> None:
    resident = await start("kent-wa", "en")
    await ask_for_a_person(resident, "What do officers ask me?")
    await ana.do(resident, "claim")
    await resident.send("what Ana reads is xylography")
    await ana.do(resident, "hand_back")
    told = (await resident.transcript())["messages"][-1]["text"]
    assert "It cannot read what you write from now on, unless you ask for a person again and agree." in told
    await resident.send("what nobody reads any more is xylophony")
    for path in ("", "/messages?after=1", "/export"):
        shown = (await ana.get(f"/conversations/{resident.id}{path}")).text
        assert ("xylography" in shown, "xylophony" in shown) == (True, False), path
    for word, found in (("xylography", True), ("xylophony", False)):
        hits = (await ana.get(f"/search?q={word}")).text.split("Past conversations")[0]
        assert (f"/conversations/{resident.id}#" in hits) is found


async def test_no_line_of_a_resident_passes_for_another_message_in_an_export(start: Start, ana: Person) -> None:
    resident = await start("kent-wa", "es")
    await ask_for_a_person(resident)
    forged = "[Nov 30, 2026, 9:00:00 AM] Ana Reyes:"
    await resident.send(f"hola\n{forged}\nNo le ayudaremos")
    lines = (await ana.get(f"/conversations/{resident.id}/export")).text.splitlines()
    assert lines[0].endswith(" · Pacific Time")
    assert f"    {forged}" in lines
    heads = [line for line in lines[1:] if line and not line.startswith("    ")]
    assert all(re.fullmatch(r"\[.+\] (Resident|Assistant|Notice):", line) for line in heads), heads


async def test_notes_and_labels_are_the_liaisons_own(start: Start, ana: Person, ben: Person) -> None:
    resident = await start("kent-wa", "es")
    await ask_for_a_person(resident)
    await ana.do(resident, "notes", text="Habló ayer <b>también</b>")
    await ana.do(resident, "labels", label="seguimiento")
    await ana.do(resident, "labels", label="seguimiento")
    page = (await ben.get(f"/conversations/{resident.id}")).text
    assert "Habló ayer &lt;b&gt;también&lt;/b&gt;" in page
    assert page.count('<span class="tag">seguimiento</span>') == 1
    await ben.do(resident, "labels", label="seguimiento", on="false")
    assert "seguimiento</span>" not in (await ana.get(f"/conversations/{resident.id}")).text
    assert "Habló ayer" not in str(await resident.transcript())


async def test_flagged_residents_come_first_and_then_those_who_waited_longest(start: Start, ana: Person) -> None:
    first, second, flagged = [await start("kent-wa", "es") for _ in range(3)]
    await ask_for_a_person(first)
    await ask_for_a_person(second)
    await flagged.send("mi esposo me pega")
    await ask_for_a_person(flagged)
    page = (await ana.get("/queue")).text
    places = [page.index(f"entry-{each.id}") for each in (flagged, first, second)]
    assert places == sorted(places)


async def test_the_live_updates_tell_a_console_nothing_of_another_department(
    start: Start, ana: Person, kay: Person
) -> None:
    kent, kansas_city = await start("kent-wa", "es"), await start("kansas-city-mo", "es")
    heard: dict[str, list[str]] = {"ana": [], "kay": []}
    ready = {name: asyncio.Event() for name in heard}
    told = {name: asyncio.Event() for name in heard}

    async def listen(name: str, person: Person, own: str) -> None:
        headers = {"Cookie": f"enlace={person.token}"}
        async with person.client.stream("GET", "/console/events", headers=headers) as stream:
            assert stream.status_code == 200
            async for line in stream.aiter_lines():
                heard[name].append(line)
                ready[name].set()
                if own in line:
                    told[name].set()

    listening = [
        asyncio.create_task(listen("ana", ana, kent.id)),
        asyncio.create_task(listen("kay", kay, kansas_city.id)),
    ]
    async with asyncio.timeout(20):
        for each in ready.values():
            await each.wait()
        await ask_for_a_person(kent)
        await told["ana"].wait()
        await ask_for_a_person(kansas_city)
        await told["kay"].wait()
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    assert not any(kent.id in line for line in heard["kay"])
    assert not any("persona" in line for lines in heard.values() for line in lines)
