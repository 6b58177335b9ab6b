"""Guards what takes messages up: none is left behind, whatever fails meanwhile, and danger waits for nothing."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from phoning import KEY, PHONE
from sqlalchemy import delete, insert, select, update
from whatsapp_content import OUTBOUND, RENDERER

from bot import text as text_module
from bot.channels.whatsapp import arrivals as arrivals_module
from bot.channels.whatsapp import receiver as receiver_module
from bot.channels.whatsapp.arrivals import Arrivals
from bot.channels.whatsapp.commands import Commands
from bot.channels.whatsapp.contacts import Contacts
from bot.channels.whatsapp.inbound import Received
from bot.channels.whatsapp.intake import forget_ids
from bot.channels.whatsapp.receiver import Receiver
from bot.channels.whatsapp.tables import Contact, Event, Sent
from bot.conversations.ownership import write
from bot.conversations.store import Store
from bot.conversations.tables import Conversation, Handoff, Inbox, Message, Outbox
from bot.database.tables import now
from bot.errors import OnHold
from bot.handoffs.retention import Retention
from bot.language import LanguageDetector
from bot.messages import CHANGED, TAKEN_BACK
from bot.replies import HandoffOffer, Reply
from bot.safety import SafetyRules
from bot.secrets import Secrets
from bot.settings import ROOT

if TYPE_CHECKING:
    from tests.whatsapp.conftest import World

SOON = 5
"""Seconds within which what nothing keeps back has to have happened."""
QUESTION = "¿le dicen a la migra de mi primo Anastasio?"


class Turns:
    """In place of the turns, which need Rasa: notes what is settled, closes what waits, fails as often as told, and
    hangs with what says `hangs` until it may `go_on`.
    """

    def __init__(self, world: World, failures: int = 0, hangs: str = "") -> None:
        self._store, self._retention = Store(world.engine), Retention(world.engine, 30, 7, forget_ids)
        self.failures = failures
        self.hangs, self.hanging, self.go_on = hangs, 0, asyncio.Event()
        self.settled: list[str] = []
        self.done = asyncio.Event()

    async def settle(self, conversation_id: str) -> None:
        while pending := await self._store.pending(conversation_id):
            if self.failures:
                self.failures -= 1
                raise OSError("the database is locked")
            if pending.text == self.hangs:
                self.hanging += 1
                await self.go_on.wait()
            async with self._store.engine.begin() as connection:
                await Store._done(connection, pending)
            self.settled.append(pending.text)
        self.done.set()

    async def erase(self, conversation_id: str) -> None:
        await self._retention.erase(conversation_id)


Start = Callable[..., Receiver]


@pytest.fixture
async def start(world: World, safety: SafetyRules) -> AsyncIterator[Start]:
    """`start(turns, pause_s, finish_s=0, key=KEY)`: a receiver of the world's messages."""
    started: list[Receiver] = []

    def begin(turns: Turns, pause_s: float, finish_s: float = 0, key: str = KEY) -> Receiver:
        secrets = Secrets(key)
        contacts, commands = Contacts(secrets), Commands(ROOT / "data")
        detector = LanguageDetector({"es": ["hola", "borrar"], "en": ["hello", "erase"]})
        receiver = Receiver(
            engine=world.engine,
            secrets=secrets,
            arrivals=Arrivals(world.engine, {"1001": "kent-wa"}, contacts, commands, RENDERER, detector, safety),
            contacts=contacts,
            commands=commands,
            turns=turns,  # type: ignore[arg-type]
            renderer=RENDERER,
            outbound=OUTBOUND,
            cloud=world.cloud,
            safety=safety,
            pause_s=pause_s,
            max_chars=2000,
            finish_s=finish_s,
            changed=lambda _: None,
        )
        started.append(receiver)
        return receiver

    yield begin
    for receiver in started:
        await receiver.stop()


@pytest.fixture
def say(world: World) -> Callable[..., Awaitable[str]]:
    """`await say(text, **what)`: a webhook with it; returns the keyed hash of whose it is."""
    count = 0

    async def store(text: str, **what: Any) -> str:
        nonlocal count
        count += 1
        said = {"id": f"wamid.{count}", "number_id": "1001", "phone": PHONE, "user": None, "at": now(), "kind": "text"}
        taken = await world.intake.store([Received(**(said | {"text": text} | what))])
        return taken.contacts.pop()

    return store


Say = Callable[..., Awaitable[str]]


async def test_danger_waits_for_no_fragment(world: World, start: Start, say: Say) -> None:
    turns = Turns(world)
    receiver = start(turns, pause_s=60)
    receiver.wake(await say("hola"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(turns.done.wait(), 0.5)
    receiver.wake(await say("me están apuntando con una pistola"))
    await asyncio.wait_for(turns.done.wait(), SOON)
    assert turns.settled == ["hola\nme están apuntando con una pistola"]


async def test_danger_waits_for_nobody_else(world: World, start: Start, say: Say) -> None:
    turns = Turns(world, hangs="hola")
    receiver = start(turns, pause_s=0.01)
    for number in range(receiver_module._AT_ONCE):
        receiver.wake(await say("hola", phone=f"1555020{number}"))
    async with asyncio.timeout(SOON):
        while turns.hanging < receiver_module._AT_ONCE:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    receiver.wake(await say("buenas tardes", phone="15550211"))
    receiver.wake(await say("me están apuntando con una pistola", phone="15550212"))
    await asyncio.wait_for(turns.done.wait(), SOON)
    assert turns.settled == ["me están apuntando con una pistola"]
    turns.go_on.set()
    async with asyncio.timeout(SOON):
        while "buenas tardes" not in turns.settled:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_stop_lets_the_turns_that_are_running_finish(world: World, start: Start, say: Say) -> None:
    receiver = start(turns := Turns(world, hangs="hola"), pause_s=0.01, finish_s=SOON)
    receiver.wake(await say("hola"))
    async with asyncio.timeout(SOON):
        while not turns.hanging:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    stopping = asyncio.create_task(receiver.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    turns.go_on.set()
    await asyncio.wait_for(stopping, SOON)
    assert turns.settled == ["hola"]


async def test_a_stop_waits_for_a_turn_that_does_not_end_only_so_long(world: World, start: Start, say: Say) -> None:
    receiver = start(turns := Turns(world, hangs="hola"), pause_s=0.01, finish_s=0.05)
    receiver.wake(await say("hola"))
    async with asyncio.timeout(SOON):
        while not turns.hanging:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        await receiver.stop()
    assert turns.settled == []


async def test_what_was_written_hours_apart_is_no_run_of_fragments(world: World, start: Start, say: Say) -> None:
    receiver = start(turns := Turns(world), pause_s=0.01)
    for ago_s, text in ((7200, "¿piden papeles?"), (7180, "al denunciar"), (3600, "¿y mi hermano?"), (0, "gracias")):
        whose = await say(text, at=now() - dt.timedelta(seconds=ago_s))
    receiver.wake(whose)
    async with asyncio.timeout(SOON):
        while len(turns.settled) < 3:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert turns.settled == ["¿piden papeles?\nal denunciar", "¿y mi hermano?", "gracias"]


async def test_whoever_has_much_to_be_answered_lets_others_through(
    world: World, start: Start, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_module, "_AT_ONCE", 1)
    receiver = start(turns := Turns(world, hangs="uno"), pause_s=0.01)
    for ago_s, text in ((180, "uno"), (120, "dos"), (60, "tres")):
        whose = await say(text, at=now() - dt.timedelta(seconds=ago_s))
    receiver.wake(whose)
    async with asyncio.timeout(SOON):
        while not turns.hanging:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    receiver.wake(await say("hola", phone="15550211"))
    await asyncio.sleep(0.1)  # until their pause is over, and they are in the queue
    turns.go_on.set()
    async with asyncio.timeout(SOON):
        while len(turns.settled) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert turns.settled == ["uno", "hola", "dos", "tres"]


async def test_a_turn_that_fails_is_tried_again(
    world: World, start: Start, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_module, "backoff_s", lambda failures: 0.05)
    turns = Turns(world, failures=2)
    start(turns, pause_s=0.01).wake(await say("hola"))
    await asyncio.wait_for(turns.done.wait(), SOON)
    assert turns.settled == ["hola"]


async def test_danger_waits_for_no_second_try(
    world: World, start: Start, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_module, "backoff_s", lambda failures: 60)
    turns = Turns(world, failures=1)
    receiver = start(turns, pause_s=0.01)
    receiver.wake(await say("hola"))
    while turns.failures:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    receiver.wake(await say("me están apuntando con una pistola"))
    await asyncio.wait_for(turns.done.wait(), SOON)
    assert turns.settled[0] == "hola"


async def test_what_comes_while_the_last_is_looked_for_is_taken_up(
    world: World, start: Start, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(world)
    receiver = start(turns, pause_s=0.01)
    waiting, came = Receiver._waiting, False

    async def slow(self: Receiver, contact_hash: str) -> Any:
        nonlocal came
        found = await waiting(self, contact_hash)
        if not found and not came:  # a webhook comes between the look and what is made of it
            came = True
            receiver.wake(await say("¿sigue ahí?"))
        return found

    monkeypatch.setattr(Receiver, "_waiting", slow)
    receiver.wake(await say("hola"))
    async with asyncio.timeout(SOON):
        while turns.settled != ["hola", "¿sigue ahí?"]:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def answered(world: World, reply: Reply, in_reply_to: int) -> str:
    """An answer of ours on their phone; returns Meta's id of it."""
    async with world.engine.begin() as connection:
        stored = reply.model_dump(mode="json")
        number = await write(
            connection, world.conversation_id, "bot", reply.text, "es", stored, in_reply_to=in_reply_to
        )
        query = select(Outbox.id).join(Message, Message.id == Outbox.message_id).where(Message.number == number)
        outbox_id = await connection.scalar(query)
        digest = Secrets(KEY).digest(f"wamid.ours{number}")
        await connection.execute(
            Sent.__table__.insert().values(id_hash=digest, outbox_id=outbox_id, part=0, status="read")
        )  # type: ignore[attr-defined]
        await connection.execute(update(Outbox).values(state="sent"))
    return f"wamid.ours{number}"


async def emptied(world: World) -> None:
    """Wait until everything is taken up."""
    async with asyncio.timeout(SOON), world.engine.connect() as connection:
        while await connection.scalar(select(Event.id).where(Event.state == "received")):
            await connection.rollback()
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("then", ["", "🌮"])
async def test_a_thumb_is_written_down_and_taken_back(world: World, start: Start, say: Say, then: str) -> None:
    receiver = start(Turns(world), pause_s=0.01)
    answer = await answered(world, Reply(kind="answer", department="kent-wa", language="es", text="No."), 1)

    async def helpful() -> bool | None:
        await emptied(world)
        async with world.engine.connect() as connection:
            found: bool | None = await connection.scalar(select(Message.helpful).where(Message.author == "bot"))
            return found

    receiver.wake(await say("👎", kind="reaction", about=answer))
    assert await helpful() is False
    receiver.wake(await say(then, kind="reaction", about=answer))
    assert await helpful() is None


async def test_what_is_taken_back_is_passed_on_to_nobody(world: World, start: Start, say: Say) -> None:
    receiver = start(turns := Turns(world), pause_s=0.01)
    receiver.wake(await say(QUESTION, id="wamid.theirs"))
    await asyncio.wait_for(turns.done.wait(), SOON)
    summary = RENDERER.summary("kent-wa", "es", "share-with-ice", QUESTION)
    async with world.engine.begin() as connection:
        number = await connection.scalar(select(Inbox.number))
    offer = HandoffOffer(readers=[], summary=summary, asked=number)
    reply = Reply(kind="handoff", department="kent-wa", language="es", text=f"Pasaría: «{summary}»", handoff=offer)
    await answered(world, reply, 1)
    async with world.engine.begin() as connection:
        await connection.execute(update(Conversation).values(asked=number, topic="share-with-ice"))
        await connection.execute(
            insert(Handoff).values(
                conversation_id=world.conversation_id,
                department="kent-wa",
                language="es",
                summary=summary,
                asked=number,
                alarms=0,
            )
        )
    receiver.wake(await say(QUESTION[-6:], id="wamid.other"))
    await emptied(world)
    receiver.wake(await say("", kind="revoke", about="wamid.other"))
    await emptied(world)
    async with world.engine.connect() as connection:
        assert (await connection.execute(select(Handoff))).one().summary == summary, "another message was taken back"
    receiver.wake(await say("", kind="revoke", about="wamid.theirs"))
    await emptied(world)
    async with world.engine.connect() as connection:
        conversation = (await connection.execute(select(Conversation))).one()
        messages = (await connection.execute(select(Message))).all()
        handoff = (await connection.execute(select(Handoff))).one()
    assert conversation.asked is None
    assert handoff.summary
    assert "Anastasio" not in f"{messages} {handoff.summary}"


async def test_danger_at_the_end_of_a_long_message_is_seen_and_all_of_it_can_be_taken_back(
    world: World, start: Start, say: Say
) -> None:
    receiver = start(turns := Turns(world), pause_s=60)
    receiver.wake(await say("tulipán " * 400 + "me están apuntando con una pistola", id="wamid.long"))
    async with asyncio.timeout(SOON):
        while len(turns.settled) < 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert turns.settled[-1].endswith("me están apuntando con una pistola")
    receiver.wake(await say("", kind="revoke", about="wamid.long"))
    await emptied(world)
    async with world.engine.connect() as connection:
        messages = list(await connection.scalars(select(Message.text)))
    assert len(messages) == 2
    assert "tulipán" not in str(messages)


async def test_the_end_of_a_long_message_is_no_command(world: World, start: Start, say: Say) -> None:
    receiver = start(turns := Turns(world), pause_s=0.01)
    receiver.wake(await say("a " * 1000 + "Borrar todo."))
    async with asyncio.timeout(SOON):
        while len(turns.settled) < 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert turns.settled[-1] == "Borrar todo."


async def test_an_edit_after_stop_takes_the_words_away(world: World, start: Start, say: Say) -> None:
    receiver = start(turns := Turns(world), pause_s=0.01)
    receiver.wake(await say(QUESTION, id="wamid.theirs"))
    await asyncio.wait_for(turns.done.wait(), SOON)
    await world.contact(stopped_at=1)
    receiver.wake(await say("nada", kind="edit", about="wamid.theirs"))
    await emptied(world)
    async with world.engine.connect() as connection:
        assert "Anastasio" not in str((await connection.execute(select(Message))).all())


async def test_what_is_a_number_only_when_put_together_is_masked_after_stop_too(
    world: World, start: Start, say: Say
) -> None:
    receiver = start(Turns(world), pause_s=0.1)
    await world.contact(stopped_at=0)
    await say("mi número es 206 234")
    receiver.wake(await say("5678"))
    await emptied(world)
    async with world.engine.connect() as connection:
        query = select(Message.text).where(Message.author == "resident")
        assert list(await connection.scalars(query)) == ["mi número es [phone]"]


@pytest.mark.parametrize("stopped_at", [None, 0])
async def test_long_messages_are_masked_where_nobody_waits_for_it(
    world: World, start: Start, say: Say, monkeypatch: pytest.MonkeyPatch, stopped_at: int | None
) -> None:
    threads: list[str] = []

    def noted(text: str) -> str:
        threads.append(threading.current_thread().name)
        return text

    for module in (text_module, arrivals_module):
        monkeypatch.setattr(module, "mask", noted)
    receiver = start(Turns(world), pause_s=0.01)
    await world.contact(stopped_at=stopped_at)
    receiver.wake(await say("1234567 " * 99))
    await emptied(world)
    assert len(threads) == 2  # as it comes, and together with its fragments
    assert threading.current_thread().name not in threads


async def test_erase_is_answered_where_there_is_nothing_to_erase(world: World, start: Start, say: Say) -> None:
    receiver = start(Turns(world), pause_s=0.01)
    stranger = "15550199"
    await world.control.post("/users", json={"wa_id": stranger, "name": "Nadie"})
    await world.control.post(f"/users/{stranger}/say", json={"type": "text", "text": "BORRAR"})
    receiver.wake(await say("BORRAR", phone=stranger))
    await emptied(world)
    async with asyncio.timeout(SOON):
        while True:
            shown = (await world.control.get(f"/users/{stranger}/messages")).json()
            if said := [message["content"]["body"] for message in shown if message["direction"] == "in"]:
                break
            await asyncio.sleep(0.01)
    assert said == [RENDERER.whatsapp("erased", "kent-wa", "es").text]
    async with world.engine.connect() as connection:
        assert len((await connection.execute(select(Conversation))).all()) == 1, "none was begun for them"


async def test_what_was_kept_for_days_is_tried_from_the_beginning(world: World, start: Start, say: Say) -> None:
    receiver = start(Turns(world), pause_s=0.01)
    await world.say()
    async with world.engine.begin() as connection:
        long_ago = now().replace(year=now().year - 1)
        await connection.execute(update(Outbox).values(state="kept", created_at=long_ago, attempts=7))
    receiver.wake(await say("hola"))
    await emptied(world)
    row = await world.row()
    assert (row.state, row.attempts) == ("pending", 0)
    assert await world.outbox.postpone(row.id, 1) == [], "one failure is no reason to give it up"


@pytest.mark.parametrize(("hours", "at_once"), [(25, True), (1, False)])
async def test_what_was_put_off_goes_out_when_they_write_only_where_the_window_was_closed(
    world: World, start: Start, say: Say, hours: int, at_once: bool
) -> None:
    receiver = start(Turns(world), pause_s=0.01)
    await world.say()
    later = now() + dt.timedelta(minutes=5)
    await world.contact(wrote_at=now() - dt.timedelta(hours=hours))
    async with world.engine.begin() as connection:
        await connection.execute(update(Outbox).values(state="pending", due_at=later, leased_until=None))
    receiver.wake(await say("hola"))
    await emptied(world)
    assert ((await world.row()).due_at < later) is at_once


async def texts(world: World) -> list[str]:
    """What is stored of the residents' messages, in order."""
    async with world.engine.connect() as connection:
        query = select(Message.text).where(Message.author == "resident").order_by(Message.id)
        return list(await connection.scalars(query))


async def test_what_was_changed_goes_when_it_is_changed_again_and_when_it_is_taken_back(
    world: World, start: Start, say: Say
) -> None:
    receiver = start(Turns(world), pause_s=0.01)
    for text, what in (
        ("vivo en Tulipán 9", {"id": "wamid.o"}),
        ("vivo en Rosal 7", {"kind": "edit", "about": "wamid.o"}),
        ("vivo en Clavel 5", {"kind": "edit", "about": "wamid.o"}),
    ):
        receiver.wake(await say(text, **what))
        await emptied(world)
    changed, taken_back = (RENDERER.labels.say("es", message) for message in (CHANGED, TAKEN_BACK))
    assert await texts(world) == [changed, changed, "vivo en Clavel 5"]
    receiver.wake(await say("", kind="revoke", about="wamid.o"))
    await emptied(world)
    assert await texts(world) == [taken_back] * 3


async def test_all_of_a_long_change_is_taken_back(world: World, start: Start, say: Say) -> None:
    receiver = start(Turns(world), pause_s=0.01)
    receiver.wake(await say("hola", id="wamid.o"))
    await emptied(world)
    receiver.wake(await say("tulipán " * 400, kind="edit", about="wamid.o"))
    await emptied(world)
    assert len(await texts(world)) == 3
    receiver.wake(await say("", kind="revoke", about="wamid.o"))
    await emptied(world)
    assert await texts(world) == [RENDERER.labels.say("es", TAKEN_BACK)] * 3


@pytest.mark.parametrize(
    ("first", "known", "kept"),
    [("revoke", True, []), ("edit", True, ["nada"]), ("revoke", False, []), ("edit", False, ["nada"])],
)
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("text", ["vivo en Tulipán 9", "tulipán " * 400])
async def test_what_is_taken_back_or_changed_before_it_comes_is_never_taken_up(
    world: World, start: Start, say: Say, first: str, known: bool, kept: list[str], at_once: bool, text: str
) -> None:
    receiver = start(Turns(world), pause_s=0.01)
    whose: dict[str, Any] = {"at": now(), "phone": PHONE if known else "15550199"}
    woken = await say("nada", kind=first, about="wamid.o", **whose)
    if not at_once:
        receiver.wake(woken)
        await emptied(world)
    await say("", kind="reaction", **whose)  # for `say` to have something new
    with contextlib.suppress(KeyError):  # none of it is
        await say(text, id="wamid.o", **whose)
    receiver.wake(woken)
    await emptied(world)
    assert await texts(world) == kept


async def test_who_comes_with_a_change_can_be_answered(world: World, start: Start, say: Say) -> None:
    receiver, at = start(Turns(world), pause_s=0.01), now()
    receiver.wake(await say("nada", kind="edit", about="wamid.o", at=at, phone="15550199"))
    await emptied(world)
    async with world.engine.connect() as connection:
        contact = (await connection.execute(select(Contact).order_by(Contact.id.desc()).limit(1))).one()
    assert contact.conversation_id != world.conversation_id
    assert contact.wrote_at == at
    assert Contacts(Secrets(KEY)).last_id(contact) == "wamid.o"


@pytest.mark.parametrize("backend", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_an_erase_and_what_comes_meanwhile_do_not_wait_for_each_other(
    world: World,
    start: Start,
    say: Say,
    somebody_waits: Callable[[], Awaitable[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver = start(Turns(world), pause_s=0.01)
    async with world.engine.begin() as connection:  # as an erase does: the conversation, then what hangs on it
        await connection.execute(update(Conversation).values(delivered=0))
        receiver.wake(await say("hola de nuevo"))
        await somebody_waits()
        await connection.execute(delete(Contact))
        await connection.execute(delete(Conversation))
    await emptied(world)
    assert await texts(world) == ["hola de nuevo"]
    async with world.engine.connect() as connection:
        assert await connection.scalar(select(Conversation.id)) != world.conversation_id, "it was erased"
    assert caplog.messages == []


async def on_screen(world: World) -> list[str]:
    """The texts on their phone, once there are any."""
    async with asyncio.timeout(SOON):
        while not (shown := await world.screen()):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    return [message["content"]["body"] for message in shown]


@pytest.mark.parametrize(
    "fault",
    [{"what": "error", "code": 131000}, {"what": "error", "code": 190}, {"what": "http", "status": 503}],
)
async def test_who_erases_is_told_so_when_the_trouble_is_over(
    world: World, start: Start, say: Say, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
) -> None:
    monkeypatch.setattr(receiver_module, "backoff_s", lambda failures: 0.05)
    receiver = start(turns := Turns(world), pause_s=0.01)
    await world.fault(**fault, times=2)
    receiver.wake(await say("BORRAR"))
    receiver.wake(await say("¿y mi hermano?"))  # isn't erased with it
    await asyncio.wait_for(turns.done.wait(), SOON)
    assert await on_screen(world) == [RENDERER.whatsapp("erased", "kent-wa", "es").text]
    assert await texts(world) == ["¿y mi hermano?"]


@pytest.mark.parametrize(("code", "hours"), [(131026, 0), (131000, 25)])
async def test_who_cannot_be_told_that_it_is_erased_is_a_line_in_the_log(
    world: World, start: Start, say: Say, caplog: pytest.LogCaptureFixture, code: int, hours: int
) -> None:
    receiver = start(Turns(world), pause_s=0.01)
    await world.fault(what="error", code=code)
    receiver.wake(await say("BORRAR", at=now() - dt.timedelta(hours=hours)))
    await emptied(world)
    said = [record.getMessage() for record in caplog.records if record.name == receiver_module.__name__]
    assert said == [f"somebody could not be told that their conversation was erased: code {code}"]
    assert await world.screen() == []


async def test_who_may_not_erase_is_told_so_whatever_fails_meanwhile(
    world: World, start: Start, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_module, "backoff_s", lambda failures: 0.05)
    receiver = start(Turns(world), pause_s=0.01)
    async with world.engine.begin() as connection:
        await connection.execute(update(Conversation).values(legal_hold=True))
    failures = 1

    async def fails_once(*what: Any, **more: Any) -> int:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError("the database is locked")
        return await write(*what, **more)

    monkeypatch.setattr(arrivals_module, "write", fails_once)
    receiver.wake(await say("BORRAR"))
    await emptied(world)
    async with world.engine.connect() as connection:
        query = select(Message.text).where(Message.author == "notice")
        assert list(await connection.scalars(query)) == [RENDERER.labels.say("es", OnHold.message)]
    assert failures == 0


async def _stored(world: World) -> list[Any]:
    async with world.engine.connect() as connection:
        return list(await connection.execute(select(Event.state, Event.payload.is_not(None)).order_by(Event.id)))


async def test_what_another_key_encrypted_is_read_once_that_key_is_back(
    world: World, start: Start, say: Say, caplog: pytest.LogCaptureFixture
) -> None:
    contact = await say("hola")
    other = start(Turns(world), pause_s=0.01, key="o" * 43)
    for _ in range(2):  # it is told once, not each time that they write
        other.wake(contact)
        async with asyncio.timeout(SOON):
            while other._serving:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
    assert await _stored(world) == [("unreadable", True)]
    assert caplog.text.count("put the old key back to read it") == 1
    assert await world.intake.waiting() == [contact]
    receiver = start(turns := Turns(world), pause_s=0.01)
    receiver.wake(contact)
    await asyncio.wait_for(turns.done.wait(), SOON)
    assert turns.settled == ["hola"]
    assert await _stored(world) == [("done", False)]


async def test_what_nobody_could_read_for_eight_days_is_deleted(world: World, say: Say) -> None:
    await say("hola")
    for days, left in ((7, [("unreadable", True)]), (9, [])):
        async with world.engine.begin() as connection:
            old = now() - dt.timedelta(days=days)
            await connection.execute(update(Event).values(state="unreadable", received_at=old))
            await forget_ids(connection)
        assert await _stored(world) == left
