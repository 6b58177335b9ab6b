"""Guards a handoff on WhatsApp, from the resident's phone to the console and back, and what the liaison sees of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from phoning import Phone, labels, words
from signed_in import Person
from sqlalchemy import update

from bot.channels.whatsapp.tables import Contact
from bot.database.engine import open_engine
from bot.database.tables import now

if TYPE_CHECKING:
    from tests.conftest import Server
    from tests.phoning import NewPhone

pytestmark = [pytest.mark.rasa, pytest.mark.model]
ASKED = "¿Me van a preguntar si tengo papeles?"


@dataclass
class Case:
    """What the helpers of the console want of a conversation."""

    id: str


async def handed_over(phone: Phone, ana: Person, button: str = "Sí, mándelo") -> Case:
    """A conversation that the resident has asked to pass on, and that Ana has claimed."""
    await phone.says(ASKED)
    await phone.rest()
    before = set(re.findall(r"/conversations/([\w-]+)", (await ana.get()).text))
    await phone.says("quiero hablar con una persona")
    offer = (await phone.rest())[-1]
    label = next(label for label in labels(offer) if button in label)
    await phone.does("press", title=label)
    await phone.rest()
    (new,) = set(re.findall(r"/conversations/([\w-]+)", (await ana.get()).text)) - before
    case = Case(new)
    assert (await ana.post(f"/conversations/{new}/claim")).status_code == 303
    await phone.next("Ana Reyes")
    return case


async def shown(ana: Person, case: Case, what: str) -> None:
    """Wait until a conversation's page has these words."""
    for _ in range(100):
        page = (await ana.get(f"/conversations/{case.id}")).text
        if what in page:
            return
        await asyncio.sleep(0.05)
    states = re.findall(r'class="state[^>]*>(.*?)</div>', page, re.DOTALL)
    raise AssertionError(f"{what!r} is not on the page, but {states}")


async def test_they_talk_from_phone_to_console_and_the_liaison_sees_how_far_a_message_has_come(
    rosa: Phone, ana: Person
) -> None:
    case = await handed_over(rosa, ana)
    await rosa.says("¿Usted es policía?")
    await shown(ana, case, "¿Usted es policía?")
    await ana.post(f"/conversations/{case.id}/messages", text="Hola, soy Ana. No.", key="one-of-a-kind")
    reply = await rosa.next("Hola, soy Ana. No.")
    assert words(reply).startswith("*Ana Reyes:*")
    await shown(ana, case, "Delivered")
    await rosa.ask(f"/users/{rosa.wa_id}/read", number=rosa.number)
    await shown(ana, case, "Read")
    page = (await ana.get(f"/conversations/{case.id}")).text
    assert '<span class="tag">WhatsApp</span>' in page
    assert re.search(r'Time left to write on WhatsApp: <time class="countdown" datetime="[^"]+">23:5\d h</time>', page)
    await rosa.rest()
    await rosa.says("gracias")
    assert await rosa.rest() == [], "the bot is silent while a liaison has it"
    await rosa.says("hay un hombre con pistola aquí")
    await rosa.next("911")
    assert (await ana.post(f"/conversations/{case.id}/hand_back")).status_code == 303


async def test_what_is_written_after_24_hours_is_kept_until_they_open_it(
    rosa: Phone, ana: Person, server: Server
) -> None:
    case = await handed_over(rosa, ana)
    engine = open_engine(f"sqlite+aiosqlite:///{server.var_dir / 'enlace.db'}")
    async with engine.begin() as connection:
        past = now() - dt.timedelta(hours=25)
        await connection.execute(update(Contact).where(Contact.conversation_id == case.id).values(wrote_at=past))
    await engine.dispose()
    assert "24 hours are over" in (await ana.get(f"/conversations/{case.id}")).text
    await ana.post(f"/conversations/{case.id}/messages", text="Ya hablé con el sargento.", key="after-a-day")
    template = await rosa.next("ABRIR")
    assert template["type"] == "template"
    await shown(ana, case, "Kept: more than 24 hours have passed, so they were asked to write first")
    assert "sargento" not in " ".join(words(message) for message in await rosa.screen())
    await rosa.does("press", title="ABRIR")
    assert "Ya hablé con el sargento." in words(await rosa.next("sargento"))
    await rosa.rest()


async def test_a_reply_that_whatsapp_could_not_deliver_says_why_and_can_be_sent_again(
    rosa: Phone, ana: Person, ben: Person
) -> None:
    case = await handed_over(rosa, ana)
    await rosa.ask("/faults", what="fail", code=131026)
    await ana.post(f"/conversations/{case.id}/messages", text="¿Me lee?", key="will-not-arrive")
    await shown(ana, case, "Not delivered: WhatsApp could not reach this phone")
    page = (await ana.get(f"/conversations/{case.id}")).text
    again = re.search(rf"/conversations/{case.id}/retry/\d+", page)
    assert again
    refused = await ben.post(again[0].removeprefix("/console"))
    assert refused.status_code == 409, "Ana has the conversation"
    assert (await ana.post(again[0].removeprefix("/console"))).status_code == 204
    await shown(ana, case, "Delivered")


async def test_whoever_leaves_out_the_summary_passes_on_no_words(rosa: Phone, ana: Person) -> None:
    case = await handed_over(rosa, ana, button="Sí, sin el resumen")
    page = (await ana.get(f"/conversations/{case.id}")).text
    assert "no summary" in page
    assert ASKED not in page


async def test_what_keeps_whatsapp_from_working_is_on_every_page_until_it_works(
    new_phone: NewPhone, ana: Person
) -> None:
    rosa, lupe = await new_phone(), await new_phone("Lupe")
    await rosa.says("hola")
    await rosa.rest()
    await rosa.ask("/faults", what="error", code=190)
    await rosa.says("gracias")
    for _ in range(100):
        if "access token has expired" in (await ana.get()).text:
            break
        await asyncio.sleep(0.05)
    assert "WhatsApp is not working" in (await ana.get("/callbacks")).text
    await lupe.says("hola")
    await lupe.next("BORRAR")
    assert "access token has expired" not in (await ana.get()).text
    await rosa.says("borrar")  # the answer that waits goes, too
    await rosa.rest()
