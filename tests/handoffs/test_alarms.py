"""Guards alarms: again and again until somebody comes, by every way that is set up, tried again, and never a word."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiohttp import web
from aiosmtpd.controller import Controller
from handed_over import NOTICE, Hand
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.whatsapp.trouble import Trouble
from bot.content.library import load
from bot.conversations.ownership import Ownership
from bot.conversations.store import Store
from bot.conversations.tables import Handoff
from bot.database.tables import now
from bot.handoffs.alarms import MAX_ATTEMPTS, Alarm, Alarms
from bot.handoffs.mail import Mail
from bot.handoffs.tables import AlarmDelivery, Callback
from bot.handoffs.webhook import Webhook, sign
from bot.i18n import Catalogs
from bot.rasa import free_port
from bot.settings import ROOT, Settings

CANARY = "canario-amarillo-7421"
SECRET = "s" * 32
Hire = Callable[..., Awaitable[int]]


async def states(engine: AsyncEngine) -> list[tuple[str, int, int]]:
    query = select(AlarmDelivery.state, AlarmDelivery.number, AlarmDelivery.attempts).order_by(AlarmDelivery.id)
    async with engine.connect() as connection:
        return [tuple(row) for row in (await connection.execute(query)).all()]


async def make_due(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(AlarmDelivery).values(due_at=now()))


class Way:
    """Notes what it delivers; fails while `broken`."""

    def __init__(self) -> None:
        self.broken = False
        self.got: list[Alarm] = []

    async def send(self, alarm: Alarm) -> None:
        if self.broken:
            raise ConnectionError
        self.got.append(alarm)


async def test_an_alarm_comes_again_and_again_until_somebody_comes(engine: AsyncEngine, hand: Hand, hire: Hire) -> None:
    way = Way()
    alarms = Alarms(engine, every_s=0, ways={"webhook": way.send})
    conversation = await hand(ago_s=90)
    for number in (1, 2, 3):
        assert await alarms.raise_due() == [conversation]
        await alarms.deliver("webhook")
        assert [alarm.number for alarm in way.got] == list(range(1, number + 1))
    assert way.got[0].waiting_s >= 90
    await alarms.raise_due()
    await Ownership(engine).claim(conversation, await hire("Ana"), NOTICE)
    await alarms.deliver("webhook")  # the fourth is needless: somebody came
    assert await Alarms(engine, 300, {}).raise_due() == []
    assert len(way.got) == 3
    assert [state for state, *_ in await states(engine)] == ["sent"] * 3


async def test_a_liaison_who_does_not_answer_is_alarmed_about_until_they_do(
    engine: AsyncEngine, hand: Hand, hire: Hire
) -> None:
    way, ownership, store, ana = Way(), Ownership(engine), Store(engine), await hire("Ana")
    alarms = Alarms(engine, 300, {"webhook": way.send})
    conversation = await hand()

    async def rings() -> bool:
        before = len(way.got)
        raised = await alarms.raise_due()
        await alarms.deliver("webhook")
        assert (raised == [conversation]) is (len(way.got) == before + 1)
        return raised == [conversation]

    async def later(seconds: float) -> None:
        past = dt.timedelta(seconds=seconds)
        async with engine.begin() as connection:
            row = (await connection.execute(select(Handoff))).one()
            await connection.execute(
                update(Handoff).values(
                    alarm_at=row.alarm_at and row.alarm_at - past,
                    unanswered_since=row.unanswered_since and row.unanswered_since - past,
                )
            )

    async def writes() -> None:
        await store.accept(conversation, "web", secrets.token_hex(8), "¿sigue ahí?", "es", None)
        while pending := await store.pending(conversation):
            assert await store.pass_on(pending)

    await ownership.claim(conversation, ana, NOTICE)
    assert not await rings()
    await later(299)
    await writes()  # to write again puts no alarm off
    assert not await rings()
    await later(2)
    assert await rings()
    assert way.got[-1].claimed
    assert 301 <= way.got[-1].waiting_s < 600
    assert not await rings()
    await later(301)
    assert await rings()
    await ownership.say(conversation, ana, "Aquí estoy", "es")
    await later(1000)
    assert not await rings(), "the last word is the liaison's"
    await writes()
    await later(301)
    assert await rings()
    ben = await hire("Ben")
    await ownership.say(conversation, ana, "Le paso con Ben", "es")
    await ownership.transfer(conversation, ana, ben, NOTICE)
    assert await rings(), "Ben may not be there"
    await later(100)
    await ownership.say(conversation, ben, "Aquí estoy", "es")
    await writes()
    await later(200)
    cruz = await hire("Cruz")
    await ownership.transfer(conversation, ben, cruz, NOTICE)
    assert await rings()
    assert 200 <= way.got[-1].waiting_s < 300, "since the resident wrote, whoever has it"
    await later(200)
    await ownership.transfer(conversation, cruz, ana, NOTICE, here=True)
    assert not await rings()


async def test_nobody_is_alarmed_about_an_unanswered_conversation_that_was_closed(
    engine: AsyncEngine, hand: Hand, hire: Hire
) -> None:
    ownership, ana, conversation = Ownership(engine), await hire("Ana"), await hand()
    await ownership.claim(conversation, ana, NOTICE)
    await ownership.close(conversation, ana, NOTICE)
    async with engine.begin() as connection:
        assert (await connection.execute(select(Handoff))).one().unanswered_since
        await connection.execute(update(Handoff).values(unanswered_since=now() - dt.timedelta(seconds=301)))
    assert await Alarms(engine, 300, {}).raise_due() == []


async def test_danger_that_is_found_while_somebody_waits_alarms_at_once(engine: AsyncEngine, hand: Hand) -> None:
    way, store, conversation = Way(), Store(engine), await hand()
    alarms = Alarms(engine, 300, {"webhook": way.send})
    await alarms.raise_due()
    await alarms.deliver("webhook")
    while pending := await store.pending(conversation):
        reply = {"kind": "emergency", "text": "911", "language": "es"}
        assert await store.complete(pending, reply, {"flag": "emergency"})
    assert await alarms.raise_due() == [conversation]
    await alarms.deliver("webhook")
    assert [alarm.flag for alarm in way.got] == [None, "emergency"]
    assert await alarms.raise_due() == []


async def test_danger_in_a_liaisons_conversation_leaves_them_time_unless_somebody_is_alarmed_already(
    engine: AsyncEngine, hand: Hand, hire: Hire
) -> None:
    store, conversation = Store(engine), await hand()
    alarms = Alarms(engine, 300, {})
    await Ownership(engine).claim(conversation, await hire("Ana"), NOTICE)

    async def danger() -> None:
        await store.accept(conversation, "web", secrets.token_hex(8), "me pega", "es", None)
        while pending := await store.pending(conversation):
            reply = {"kind": "emergency", "text": "911", "language": "es"}
            assert await store.complete(pending, reply, {"flag": "domestic_violence"}, author="safety")

    await danger()
    assert await alarms.raise_due() == []
    async with engine.begin() as connection:
        long_ago = now() - dt.timedelta(seconds=301)
        await connection.execute(update(Handoff).values(unanswered_since=long_ago))
    assert await alarms.raise_due() == [conversation]
    assert await alarms.raise_due() == []
    await danger()
    assert await alarms.raise_due() == [conversation]


async def test_while_the_office_is_closed_an_alarm_comes_once_and_when_it_opens_but_in_danger_again_and_again(
    engine: AsyncEngine, hand: Hand
) -> None:
    calm, danger = await hand(), await hand(flag="emergency")
    opens_at = now() + dt.timedelta(hours=9)
    alarms = Alarms(engine, 300, {})
    assert set(await alarms.raise_due(lambda department, at: opens_at)) == {calm, danger}

    async def due_at(conversation: str) -> dt.datetime:
        async with engine.connect() as connection:
            query = select(Handoff.alarm_at).where(Handoff.conversation_id == conversation)
            return (await connection.scalars(query)).one()  # type: ignore[return-value]

    assert await due_at(calm) == opens_at
    assert await due_at(danger) < now() + dt.timedelta(seconds=300)


async def test_a_wish_to_be_called_back_is_told_once(engine: AsyncEngine, hand: Hand) -> None:
    way, conversation = Way(), await hand()
    await Alarms(engine, 300, {}).raise_due()  # nobody to tell: it waits until a way is set up
    values = {"conversation_id": conversation, "department": "kent-wa", "language": "en", "contact": CANARY}
    async with engine.begin() as connection:
        await connection.execute(insert(Callback).values([values | {"done_at": at} for at in (None, now())]))
    alarms = Alarms(engine, 300, {"webhook": way.send})
    for _ in range(2):
        assert await alarms.raise_due() == []
        await alarms.deliver("webhook")
    (alarm,) = way.got
    assert (alarm.conversation, alarm.department, alarm.language) == (conversation, "kent-wa", "en")
    assert (alarm.handoff, alarm.callback is None, alarm.flag) == (None, False, None)
    assert CANARY not in str(alarm)


async def test_a_wish_that_was_granted_meanwhile_is_not_told(engine: AsyncEngine, hand: Hand) -> None:
    way, conversation = Way(), await hand()
    alarms = Alarms(engine, 300, {"webhook": way.send})
    async with engine.begin() as connection:
        await connection.execute(update(Handoff).values(alarm_at=None))
        await connection.execute(
            insert(Callback).values(conversation_id=conversation, department="kent-wa", language="en")
        )
    await alarms.raise_due()
    async with engine.begin() as connection:
        await connection.execute(update(Callback).values(done_at=now()))
    await alarms.deliver("webhook")
    assert way.got == []
    assert await states(engine) == []


async def test_it_is_not_raised_before_it_is_due_and_by_one_of_many_who_try(engine: AsyncEngine, hand: Hand) -> None:
    await hand()
    many = [Alarms(engine, every_s=300, ways={"webhook": Way().send}) for _ in range(8)]
    raised = await asyncio.gather(*(alarms.raise_due() for alarms in many))
    assert sum(map(len, raised)) == 1
    assert len(await states(engine)) == 1


async def test_who_is_in_danger_is_delivered_first(engine: AsyncEngine, hand: Hand) -> None:
    way = Way()
    calm, danger = await hand(ago_s=99), await hand(flag="emergency")
    alarms = Alarms(engine, 300, {"webhook": way.send})
    await alarms.raise_due()
    await alarms.deliver("webhook")
    assert [alarm.conversation for alarm in way.got] == [danger, calm]


async def test_what_fails_is_tried_again_with_the_same_id_and_given_up_in_the_end(
    engine: AsyncEngine, hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    way = Way()
    way.broken = True
    await hand(said=CANARY)
    alarms = Alarms(engine, 300, {"email": way.send})
    await alarms.raise_due()
    await alarms.deliver("email")
    await alarms.deliver("email")  # not due yet
    assert await states(engine) == [("pending", 1, 1)]
    for _ in range(MAX_ATTEMPTS):
        await make_due(engine)
        await alarms.deliver("email")
    assert await states(engine) == [("failed", 1, MAX_ATTEMPTS)]
    assert "ConnectionError" in caplog.text
    assert CANARY not in caplog.text


async def test_each_way_delivers_its_own_and_none_holds_up_another(engine: AsyncEngine, hand: Hand) -> None:
    hanging, way = asyncio.Event(), Way()

    async def hang(alarm: Alarm) -> None:
        hanging.set()
        await asyncio.Event().wait()

    alarms = Alarms(engine, 0, {"email": hang, "webhook": way.send})
    await hand()
    await alarms.raise_due()
    task = asyncio.create_task(alarms.deliver("email"))
    await asyncio.wait_for(hanging.wait(), 10)
    await alarms.deliver("webhook")
    await hand(flag="emergency")
    await alarms.raise_due()
    await alarms.deliver("webhook")  # also what comes while the mail server hangs
    assert {alarm.flag for alarm in way.got} == {None, "emergency"}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_nobody_is_alarmed_about_whom_somebody_took_up_meanwhile(
    engine: AsyncEngine, hand: Hand, hire: Hire
) -> None:
    first, second = await hand(ago_s=99), await hand()
    ana, way = await hire("Ana"), Way()

    async def slow(alarm: Alarm) -> None:
        await way.send(alarm)
        if alarm.conversation == first:
            await Ownership(engine).claim(second, ana, NOTICE)

    alarms = Alarms(engine, 300, {"webhook": slow})
    await alarms.raise_due()
    await alarms.deliver("webhook")
    assert [alarm.conversation for alarm in way.got] == [first]


async def test_no_two_alarms_are_called_the_same_though_their_rows_are_numbered_anew(
    engine: AsyncEngine, hand: Hand, hire: Hire
) -> None:
    ana, way = await hire("Ana"), Way()
    alarms = Alarms(engine, 300, {"webhook": way.send})
    for _ in range(2):
        conversation = await hand()
        await alarms.raise_due()
        await alarms.deliver("webhook")
        await Ownership(engine).claim(conversation, ana, NOTICE)
        await Ownership(engine).close(conversation, ana, NOTICE)
        await alarms.deliver("webhook")
        assert await states(engine) == []
    assert len({alarm.delivery for alarm in way.got}) == 2


async def test_nothing_of_alarms_is_kept_when_a_request_is_over(engine: AsyncEngine, hand: Hand, hire: Hire) -> None:
    ana, conversation = await hire("Ana"), await hand()
    alarms = Alarms(engine, 300, {"webhook": Way().send})
    await alarms.raise_due()
    await alarms.deliver("webhook")
    await Ownership(engine).claim(conversation, ana, NOTICE)
    await Ownership(engine).close(conversation, ana, NOTICE)
    await alarms.deliver("webhook")
    assert await states(engine) == []


async def test_one_that_a_crash_cut_off_is_due_again(engine: AsyncEngine, hand: Hand) -> None:
    begun = asyncio.Event()

    async def never(alarm: Alarm) -> None:
        begun.set()
        await asyncio.Event().wait()

    await hand()
    cut = Alarms(engine, 300, {"webhook": never})
    await cut.raise_due()
    task = asyncio.create_task(cut.deliver("webhook"))
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    way = Way()
    await make_due(engine)
    await Alarms(engine, 300, {"webhook": way.send}).deliver("webhook")
    assert len(way.got) == 1


# --- the ways ----------------------------------------------------------------------------------------------------


class Mailbox:
    """What the mail server took."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        text = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.rcpt_tos, f"{text['subject']}\n{text.get_content()}"))  # type: ignore[attr-defined]
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    """A real mail server on this machine."""
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    yield box, server.port
    server.stop()


async def test_a_mail_goes_to_those_who_can_come_in_both_languages_without_a_word_of_the_resident(
    engine: AsyncEngine, hand: Hand, hire: Hire, mailbox: tuple[Mailbox, int]
) -> None:
    box, port = mailbox
    settings = Settings(
        smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", public_url="https://chat.example.org/"
    )
    library = load(settings.data_dir)
    mail = Mail(engine, settings, library, Catalogs(ROOT / "locales", library.languages))
    alarms = Alarms(engine, 0, {"email": mail.send})
    conversation = await hand(flag="threat_call_ice", ago_s=121, said=CANARY)
    here = {"on_duty": True, "seen_at": now()}
    await hire("elsewhere", departments=["roeland-park-ks"], **here)
    await hire("off", active=False, **here)

    async def mailed_to() -> list[str]:
        await alarms.raise_due()
        await alarms.deliver("email")
        return sorted(address.partition("@")[0] for address in box.mails[-1][0])

    away = await hire("asleep")
    await hire("gone", on_duty=True, seen_at=now() - dt.timedelta(minutes=5))
    assert await mailed_to() == ["asleep", "gone"]
    await hire("english", languages=["en"], **here)
    assert await mailed_to() == ["english"]
    await hire("spanish", **here)
    assert await mailed_to() == ["spanish"]
    text = box.mails[-1][1]
    assert CANARY not in text
    assert f"https://chat.example.org/console/conversations/{conversation}" in text
    assert "A resident has been waiting for a person for 2 minutes (Kent Police Department)." in text
    assert "Language: Spanish." in text
    assert "Idioma: español." in text
    for part in ("2 minutos", "Threat to call ICE", "Amenaza de llamar a ICE"):
        assert part in text
    async with engine.begin() as connection:
        wish = {"conversation_id": conversation, "department": "kent-wa", "language": "es", "contact": CANARY}
        await connection.execute(insert(Callback).values(wish))
        await connection.execute(update(Handoff).values(alarm_at=None))
    assert await mailed_to() == ["spanish"]
    text = box.mails[-1][1]
    await Ownership(engine).claim(conversation, away, NOTICE)
    assert await mailed_to() == ["asleep", "spanish"]
    assert "The resident has waited 1 minute for their answer." in box.mails[-1][1]
    assert text.startswith("Kent Police Department: a resident wants to be called back\n")
    assert "A resident wants to be called back (Kent Police Department)." in text
    assert text.count("https://chat.example.org/console/callbacks") == 2
    assert CANARY not in text
    assert conversation not in text


async def test_a_mail_about_a_department_that_is_no_longer_there_has_its_id(
    engine: AsyncEngine, hand: Hand, hire: Hire, mailbox: tuple[Mailbox, int]
) -> None:
    box, port = mailbox
    settings = Settings(smtp_host="127.0.0.1", smtp_port=port, smtp_security="none")
    library = load(settings.data_dir)
    mail = Mail(engine, settings, library, Catalogs(ROOT / "locales", library.languages))
    alarms = Alarms(engine, 300, {"email": mail.send})
    await hire("ana", departments=["gone-pd"])
    await hand(department="gone-pd")
    await alarms.raise_due()
    await alarms.deliver("email")
    ((to, text),) = box.mails
    assert to == ["ana@example.org"]
    assert text.startswith("gone-pd: a resident is waiting for a person\n")


@pytest.fixture
async def listener() -> AsyncIterator[tuple[list[tuple[dict[str, str], bytes]], list[int], str]]:
    """What was posted to it, the statuses it answers with (200 when they run out), and its address."""
    got: list[tuple[dict[str, str], bytes]] = []
    statuses: list[int] = []

    async def take(request: web.Request) -> web.Response:
        got.append((dict(request.headers), await request.read()))
        status = statuses.pop(0) if statuses else 200
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else {})

    app = web.Application()
    app.router.add_post("/alarms", take)
    app.router.add_route("*", "/elsewhere", take)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield got, statuses, f"http://127.0.0.1:{port}/alarms"
    await runner.cleanup()


async def test_a_webhook_is_signed_over_its_raw_bytes_and_tried_again_under_the_same_id(
    engine: AsyncEngine, hand: Hand, listener: tuple[list[tuple[dict[str, str], bytes]], list[int], str]
) -> None:
    got, statuses, url = listener
    statuses += [500, 302]
    conversation = await hand(said=CANARY)
    alarms = Alarms(engine, 300, {"webhook": Webhook(url, SECRET, "https://chat.example.org").send})
    await alarms.raise_due()
    for _ in range(4):
        await make_due(engine)
        await alarms.deliver("webhook")
    assert len(got) == 3  # two refusals, then it was taken; the redirect wasn't followed
    assert len({headers["Enlace-Delivery"] for headers, _ in got}) == 1
    headers, body = got[-1]
    assert headers["Enlace-Signature"] == f"v1={sign(SECRET.encode(), headers['Enlace-Timestamp'], body)}"
    assert headers["Enlace-Signature"] != f"v1={sign(b'another', headers['Enlace-Timestamp'], body)}"
    content = json.loads(body)
    assert (content["event"], content["conversation"], content["department"]) == (
        "handoff.waiting",
        conversation,
        "kent-wa",
    )
    assert content["url"].endswith(f"/console/conversations/{conversation}")
    assert CANARY.encode() not in body


async def test_trouble_with_whatsapp_is_told_once_to_those_who_administrate_and_again_if_it_failed(
    engine: AsyncEngine,
    hire: Hire,
    mailbox: tuple[Mailbox, int],
    listener: tuple[list[tuple[dict[str, str], bytes]], list[int], str],
) -> None:
    (box, port), (got, statuses, url) = mailbox, listener
    settings = Settings(smtp_host="127.0.0.1", smtp_port=port, smtp_security="none")
    library = load(settings.data_dir)
    mail = Mail(engine, settings, library, Catalogs(ROOT / "locales", library.languages))
    await hire("liaison")
    await hire("admin", role="admin")
    statuses += [500]
    trouble = Trouble([mail.trouble, Webhook(url, SECRET, "https://chat.example.org").trouble])

    async def told(times: int) -> None:
        async with asyncio.timeout(10):
            while len(got) < times:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)

    for times in (1, 2, 2):  # the first time the webhook fails
        trouble.note("190", until_sent=True)
        await told(times)
        await asyncio.sleep(0.1)
    assert [json.loads(body) for _, body in got] == [{"event": "whatsapp.trouble", "what": "190"}] * 2
    ((to, text), *_) = box.mails
    assert to == ["admin@example.org"]
    assert "messages may not arrive: WhatsApp’s access token has expired: tell whoever runs Enlace. Run “enlace" in text
    assert "no lleguen: venció la clave de acceso a WhatsApp: avise a quien administra Enlace. Ejecute «enlace" in text
    assert trouble.present == ["190"]
    trouble.note("132001")
    trouble.over()
    assert trouble.present == ["132001"], "a message that was taken says nothing about a template"
    mails = len(box.mails)
    trouble.note("190", until_sent=True)
    await asyncio.sleep(0.1)
    assert not [text for _, text in box.mails[mails:] if "190" in text], "what comes and goes is told once"
    await trouble.stop()


async def test_no_alarm_is_kept_for_a_way_that_is_not_set_up(engine: AsyncEngine, hand: Hand) -> None:
    conversation = await hand()
    assert await Alarms(engine, 300, {}).raise_due() == [conversation]
    assert await states(engine) == []
    async with engine.connect() as connection:
        assert (await connection.scalars(select(Handoff.alarms))).one() == 1
