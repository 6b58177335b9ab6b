"""Guards sending on both databases, to a Cloud API that refuses: each part once, in the window, told by its code."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from phoning import KEY, PHONE
from sqlalchemy import delete, func, insert, select, text, update

from bot.channels.whatsapp import sender as sender_module
from bot.channels.whatsapp.cloud import UnknownOutcomeError
from bot.channels.whatsapp.contacts import Contacts
from bot.channels.whatsapp.inbound import Other, Received, Status, read
from bot.channels.whatsapp.intake import forget_ids
from bot.channels.whatsapp.statuses import know
from bot.channels.whatsapp.tables import Contact, Count, Event
from bot.conversations.delivery import GiveUp, Keep, Later
from bot.conversations.ownership import locking, write
from bot.conversations.store import begin
from bot.conversations.tables import Conversation, Message, Outbox
from bot.database.tables import now
from bot.handoffs.retention import Retention
from bot.secrets import Secrets
from bot.settings import ROOT

if TYPE_CHECKING:
    from tests.whatsapp.conftest import World

FIXTURES = ROOT / "tests" / "fixtures" / "whatsapp"
WHOLE = {"whatsapp_business_account", "messages", "text", "reaction", "interactive", "button_reply", "list_reply"}
"""What has to stay as it is for the rest to be read at all."""


async def test_a_message_is_sent_and_its_statuses_say_how_far_it_has_come(world: World) -> None:
    row = await world.say("Uno.\n\nDos.")
    await world.sender.send(row)
    (message,) = await world.screen()
    assert message["content"]["body"] == "Uno.\n\nDos."
    assert (await world.row()).status is None
    for status, shown in [
        ("delivered", "delivered"),
        ("sent", "delivered"),
        ("read", "read"),
        ("delivered", "read"),
        ("failed", "read"),
    ]:
        await world.status(status, message["id"], error=131026)
        assert (await world.row()).status == shown
    assert (await world.row()).state == "pending"  # which is for whoever leased it to change


@pytest.mark.parametrize("backend", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("overtakes", [False, True])
async def test_a_status_and_an_erase_do_not_wait_for_each_other(
    world: World, somebody_waits: Callable[[], Awaitable[None]], overtakes: bool
) -> None:
    row = await world.say()
    data = await world.tracker(row, 0, 1)
    if not overtakes:
        await world.status("sent", "wamid.ours", data)
    async with world.engine.begin() as connection:  # as an erase does: the conversation, then what hangs on it
        await connection.execute(update(Conversation).values(delivered=0))
        telling = asyncio.create_task(world.status("read", "wamid.ours", data))
        await somebody_waits()
        await connection.execute(delete(Outbox))
    await telling
    assert await world.parts() == []


@pytest.mark.parametrize("backend", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_two_webhooks_that_tell_of_the_same_conversations_do_not_wait_for_each_other(
    world: World, somebody_waits: Callable[[], Awaitable[None]]
) -> None:
    rows = {world.conversation_id: await world.say()}
    async with world.engine.begin() as connection:
        other = await begin(connection, "kent-wa", "whatsapp", "es", chosen=False)
        await write(connection, other.id, "bot", "Hola", "es")
    rows[other.id] = await world.row(2)
    first, second = sorted(rows)
    told = [Status(f"wamid.{each}", "read", await world.tracker(rows[each], 0, 1), None) for each in (second, first)]
    async with world.engine.begin() as connection:
        await connection.execute(locking(Conversation.id == first))
        telling = asyncio.create_task(world.intake.store(told))
        await somebody_waits()
        # It waits for the first before it has the second: so does everybody, and nobody has what another waits for.
        await connection.execute(text("SET LOCAL lock_timeout = '1s'"))
        await connection.execute(locking(Conversation.id == second))
    assert (await telling).conversations == {first, second}


async def test_two_parts_have_come_as_far_as_the_one_behind(world: World) -> None:
    row = await world.say("a" * 5000)
    await world.sender.send(row)
    first, second = await world.screen()
    await world.status("read", first["id"])
    assert (await world.row()).status is None
    await world.status("delivered", second["id"])
    assert (await world.row()).status == "delivered"
    async with world.engine.connect() as connection:
        assert await connection.scalar(select(Conversation.delivered)) == 1


async def test_a_status_that_overtakes_the_answer_to_the_request_counts(world: World) -> None:
    row = await world.say()
    await world.status("delivered", "wamid.early", await world.tracker(row, 0, 1))
    assert (await world.row()).status == "delivered"
    await world.sender.send(row)
    assert await world.screen() == [], "it was sent already: the status says so"


async def test_a_status_of_an_erased_message_is_not_that_of_the_next_with_its_row(world: World) -> None:
    erased = await world.say()
    late = await world.tracker(erased, 0, 1)
    async with world.engine.begin() as connection:
        await connection.execute(delete(Outbox))
        values = {"conversation_id": world.conversation_id, "author": "bot", "text": "Otra", "language": "es"}
        message = await connection.scalar(insert(Message).values(number=2, **values).returning(Message.id))
        # As SQLite does, and either database after a restored backup.
        await connection.execute(insert(Outbox).values(**(erased._asdict() | {"message_id": message})))
    assert (await world.row()).id == erased.id
    await world.status("delivered", "wamid.late", late)
    assert await world.parts() == []
    await world.sender.send(await world.row())
    assert [message["content"]["body"] for message in await world.screen()] == ["Otra"]


async def test_an_erased_contacts_invitation_is_not_that_of_the_next_with_their_row(world: World) -> None:
    await world.contact(wrote_at=now() - dt.timedelta(hours=25))
    with pytest.raises(Keep):
        await world.sender.send(await world.say("Secreto", "liaison"))
    (template,) = await world.screen()
    late = template["request"]["biz_opaque_callback_data"]
    before = await world.contact()
    async with world.engine.begin() as connection:
        await connection.execute(delete(Contact))
        new = await begin(connection, "kent-wa", "whatsapp", "es", chosen=False)
        values = before._asdict() | {"conversation_id": new.id, "invited_at": None}
        await connection.execute(insert(Contact).values(**values))
    await world.status("delivered", "wamid.late", late)
    assert (await world.contact()).invited_at is None
    await world.contact(invited_at=now())
    await world.status("failed", "wamid.later", late, 131026)
    assert (await world.contact()).invited_at is not None


async def test_a_failure_that_overtakes_the_answer_to_the_request_stays_one(world: World) -> None:
    await world.say()
    (leased,) = await world.outbox.lease("whatsapp")
    await world.status("failed", "wamid.early", await world.tracker(leased, 0, 1), 131026)
    async with world.engine.begin() as connection:  # the answer comes now
        await know(connection, Contacts(Secrets(KEY)).digest("wamid.early"), leased.id, 0)
    assert await world.parts() == [(0, "failed")]
    await world.outbox.retry(world.conversation_id, 1)
    await world.sender.send(leased)
    assert len(await world.screen()) == 1


async def test_what_got_lost_on_the_way_back_is_not_sent_twice(world: World) -> None:
    row = await world.say("a" * 5000)
    await world.fault(what="drop", after=1)
    with pytest.raises(Later) as later:
        await world.sender.send(row)
    assert later.value.at_least_s > 0
    assert len(await world.screen()) == 2
    _, second = await world.screen()
    assert await world.parts() == [(0, "accepted")]
    await world.status("sent", second["id"], second["request"]["biz_opaque_callback_data"])
    await world.sender.send(row)
    assert len(await world.screen()) == 2


@pytest.mark.parametrize("status", [503, 502, 429, 403, 404])
async def test_an_answer_that_is_none_of_metas_leaves_it_open(world: World, status: int) -> None:
    row = await world.say()
    await world.fault(what="http", status=status)
    with pytest.raises(Later) as later:
        await world.sender.send(row)
    assert later.value.at_least_s >= 60
    assert world.alarms == []
    await world.sender.send(row)
    assert len(await world.screen()) == 1


async def test_each_code_has_its_way(world: World) -> None:
    row = await world.say()
    await world.fault(what="error", code=130429)
    with pytest.raises(Later):
        await world.sender.send(row)
    assert world.alarms == []
    await world.fault(what="error", code=190)
    with pytest.raises(Later) as alarmed:
        await world.sender.send(row)
    assert alarmed.value.at_least_s >= 60
    assert world.alarms == ["190"]
    await world.fault(what="error", code=100, subcode=33)
    with pytest.raises(Later):
        await world.sender.send(row)
    assert world.alarms == ["190", "no_number"]
    for code in (100, 131026):
        await world.fault(what="error", code=code)
        with pytest.raises(GiveUp) as given_up:
            await world.sender.send(row)
        assert given_up.value.reason == str(code)
    assert world.alarms == ["190", "no_number"]
    assert await world.screen() == []


async def test_when_the_window_is_closed_they_are_asked_once_to_write_and_the_message_is_kept(world: World) -> None:
    await world.contact(wrote_at=now() - dt.timedelta(hours=24))
    for _ in range(3):
        with pytest.raises(Keep) as kept:
            await world.sender.send(await world.say("Secreto", "liaison"))
        assert kept.value.reason == "window"
    (template,) = await world.screen()
    assert template["type"] == "template"
    assert template["request"]["template"]["language"] == {"code": "es"}
    assert "Secreto" not in str(template)


async def test_a_window_that_only_whatsapp_knows_is_closed_is_closed(world: World) -> None:
    row = await world.say()
    await world.fault(what="error", code=131047)
    with pytest.raises(Later):
        await world.sender.send(row)
    with pytest.raises(Keep):
        await world.sender.send(row)
    (template,) = await world.screen()
    assert template["type"] == "template"


async def test_a_template_that_is_not_there_is_an_alarm_and_nothing_is_lost(world: World) -> None:
    await world.contact(wrote_at=None)
    row = await world.say()
    await world.fault(what="error", code=132001)
    with pytest.raises(Later):
        await world.sender.send(row)
    assert world.alarms == ["132001"]
    with pytest.raises(Keep):
        await world.sender.send(row)
    assert [message["type"] for message in await world.screen()] == ["template"]


async def test_a_reply_is_kept_where_they_cannot_be_asked_to_write(world: World) -> None:
    await world.contact(wrote_at=None)
    row = await world.say()
    await world.fault(what="error", code=131026)
    with pytest.raises(Keep) as kept:
        await world.sender.send(row)
    assert kept.value.reason == "131026"
    async with world.engine.begin() as connection:
        await connection.execute(update(Outbox).values(created_at=now() - dt.timedelta(hours=1)))
    too_old = await world.row()
    for fault in ({"what": "error", "code": 132012}, {"what": "http", "status": 503}):
        await world.fault(**fault)
        with pytest.raises(Later):
            await world.sender.send(row)
        await world.fault(**fault)
        with pytest.raises(Keep):
            await world.sender.send(too_old)
    assert world.alarms == ["132012", "132012"]
    assert await world.screen() == []


@pytest.mark.parametrize(("reason", "asked"), [("132001", True), ("ConnectError", True), ("131026", False)])
async def test_who_could_not_be_asked_is_asked_when_the_trouble_is_over(world: World, reason: str, asked: bool) -> None:
    await world.contact(wrote_at=None)
    await world.say()
    (leased,) = await world.outbox.lease("whatsapp")
    await world.outbox.keep(leased.id, reason)
    await world.fault(what="error", code=132001)
    assert await world.sender.invite_again() == []
    assert world.alarms == (["132001"] if asked else [])
    await world.control.delete("/faults")
    assert await world.sender.invite_again() == ([world.conversation_id] if asked else [])
    assert [message["type"] for message in await world.screen()] == (["template"] if asked else [])
    assert ((await world.row()).state, (await world.row()).reason) == ("kept", "window" if asked else reason)
    assert await world.sender.invite_again() == [], "once is enough"


async def test_an_invitation_that_got_lost_is_sent_again_unless_a_status_says_that_it_came(world: World) -> None:
    await world.contact(wrote_at=None)
    row = await world.say()
    await world.fault(what="http", status=503)
    with pytest.raises(Later) as later:
        await world.sender.send(row)
    assert later.value.at_least_s >= 60
    with pytest.raises(Later) as later:  # nobody knows whether that one came, as long as its status may
        await world.sender.send(row)
    assert later.value.at_least_s >= 60
    await world.contact(inviting_until=now())
    await world.fault(what="drop")
    with pytest.raises(Later):
        await world.sender.send(row)
    (template,) = await world.screen()
    data = template["request"]["biz_opaque_callback_data"]
    await world.status("sent", template["id"], data)
    with pytest.raises(Keep):
        await world.sender.send(row)
    assert len(await world.screen()) == 1
    await world.contact(wrote_at=now(), invited_at=None)
    await world.status("read", template["id"], data)
    assert (await world.contact()).invited_at is None, "it is the one that they have answered"


async def test_an_invitation_that_failed_says_why_and_is_tried_with_the_next_message(world: World) -> None:
    await world.contact(wrote_at=None)
    (row,) = [await world.say()]
    (leased,) = await world.outbox.lease("whatsapp")
    with pytest.raises(Keep):
        await world.sender.send(row)
    await world.outbox.keep(leased.id, "window")
    (template,) = await world.screen()
    await world.status("failed", template["id"], template["request"]["biz_opaque_callback_data"], 131042)
    assert ((await world.row()).state, (await world.row()).reason) == ("kept", "131042")
    assert world.alarms == ["131042"]
    await world.status("sent", template["id"], template["request"]["biz_opaque_callback_data"])
    assert (await world.contact()).invited_at is None, "that was told too late"
    with pytest.raises(Keep):
        await world.sender.send(await world.say())
    _, again = await world.screen()
    await world.status("failed", template["id"], template["request"]["biz_opaque_callback_data"], 131042)
    assert (await world.contact()).invited_at, "that was told of the first one"
    await world.status("failed", again["id"], again["request"]["biz_opaque_callback_data"], 131049)
    assert world.alarms == ["131042", "131042", "131049"]
    assert (await world.contact()).invited_at is None
    assert (await world.row()).reason == "131049"
    assert await world.sender.invite_again() == [], "another try would make that worse"


@pytest.mark.parametrize("kept", ["window", "131042"])
async def test_a_status_that_comes_before_the_answer_is_given_up_says_that_the_invitation_came(
    world: World, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    await world.contact(wrote_at=None)
    await world.say()
    (leased,) = await world.outbox.lease("whatsapp")
    await world.outbox.keep(leased.id, kept)
    send = world.cloud.send

    async def answer_is_lost(number_id: str, address: Any, part: Any, data: str) -> str:
        await world.status("sent", await send(number_id, address, part, data), data)
        raise UnknownOutcomeError("ReadTimeout")

    monkeypatch.setattr(world.cloud, "send", answer_is_lost)
    assert await world.sender.invite_again() == []
    assert (await world.contact()).invited_at is not None
    with pytest.raises(Keep):
        await world.sender.send(await world.say())
    assert len(await world.screen()) == 1


@pytest.mark.parametrize("row", ["pending", "kept"])
async def test_who_is_stopped_while_they_ask_somebody_to_write_leaves_nothing_undone(
    world: World, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    async def killed(*_: object) -> str:
        raise asyncio.CancelledError

    await world.contact(wrote_at=None)
    await world.say()
    (leased,) = await world.outbox.lease("whatsapp")
    with monkeypatch.context() as patch:
        patch.setattr(world.cloud, "send", killed)
        with pytest.raises(asyncio.CancelledError):
            await world.sender.send(leased)
    with pytest.raises(Later) as later:  # it may have come, and a status may say so
        await world.sender.send(leased)
    assert later.value.at_least_s >= 60
    if row == "kept":
        await world.outbox.keep(leased.id, "window")
    assert await world.sender.invite_again() == []
    assert await world.screen() == []
    await world.contact(inviting_until=now())
    if row == "kept":
        assert await world.sender.invite_again() == [world.conversation_id]
    else:
        with pytest.raises(Keep):
            await world.sender.send(leased)
    assert [message["type"] for message in await world.screen()] == ["template"]
    assert (await world.contact()).invited_at is not None


async def test_who_writes_while_they_are_asked_to_is_asked_again_another_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.contact(wrote_at=now() - dt.timedelta(days=2))
    row = await world.say()
    send, contacts = world.cloud.send, Contacts(Secrets(KEY))

    async def they_write(*what: Any) -> str:
        meta_id = await send(*what)
        said = Received(id="wamid.2", number_id="1001", phone=PHONE, user=None, at=now(), kind="text", text="hola")
        async with world.engine.begin() as connection:
            await contacts.wrote(connection, await contacts.find(connection, said), [said])
        return meta_id

    monkeypatch.setattr(world.cloud, "send", they_write)
    with pytest.raises(Keep):
        await world.sender.send(row)
    contact = await world.contact()
    assert (contact.invited_at, contact.inviting_until) == (None, None)


async def somebody_else(world: World, phone: str = "15550143") -> None:
    """Another contact, whose window is closed and who has a message that is kept."""
    contacts = Contacts(Secrets(KEY))
    await world.control.post("/users", json={"wa_id": phone, "name": "Ana"})
    await world.control.post(f"/users/{phone}/say", json={"type": "text", "text": "hola"})
    said = Received(id="wamid.A", number_id="1001", phone=phone, user=None, at=now(), kind="text", text="hola")
    async with world.engine.begin() as connection:
        new = await begin(connection, "kent-wa", "whatsapp", "es", chosen=False)
        await contacts.add(connection, said, new.id)
        await write(connection, new.id, "bot", "Hola", "es")


@pytest.mark.parametrize(
    ("code", "asked"), [(131056, True), (131049, True), (131000, True), (130429, False), (132001, False), (190, False)]
)
async def test_what_is_one_residents_matter_keeps_nobody_else_from_being_asked(
    world: World, code: int, asked: bool
) -> None:
    await world.contact(wrote_at=None)
    await world.say()
    await somebody_else(world)
    async with world.engine.begin() as connection:
        await connection.execute(update(Outbox).values(state="kept", reason="132001"))
    await world.fault(what="error", code=code)
    assert len(await world.sender.invite_again()) == (1 if asked else 0)
    shown = (await world.control.get("/users/15550143/messages")).json()
    assert [message["type"] for message in shown if message["direction"] == "in"] == (["template"] if asked else [])
    assert await world.screen() == []


async def test_a_country_that_may_not_be_written_to_is_nobodys_alarm(world: World) -> None:
    row = await world.say()
    await world.fault(what="error", code=130497)
    with pytest.raises(GiveUp):
        await world.sender.send(row)
    await world.contact(wrote_at=None)
    await world.fault(what="error", code=130497)
    with pytest.raises(Keep) as kept:
        await world.sender.send(row)
    assert kept.value.reason == "130497"
    await world.outbox.keep(row.id, kept.value.reason)
    assert await world.sender.invite_again() == []
    assert world.alarms == []


async def test_a_window_that_was_closed_and_is_open_again_stays_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.say()
    (leased,) = await world.outbox.lease("whatsapp")
    await world.sender.send(leased)
    await world.outbox.sent([leased.id])
    (message,) = await world.screen()
    await world.contact(wrote_at=now())  # and what was sent before that fails now
    await world.status("failed", message["id"], error=131047)
    assert (await world.contact()).wrote_at is not None
    row = await world.row()
    assert row.state == "pending"
    send = world.cloud.send

    async def they_write(*what: Any) -> str:
        await world.contact(wrote_at=now())
        return await send(*what)

    await world.fault(what="error", code=131047)
    with monkeypatch.context() as patch:
        patch.setattr(world.cloud, "send", they_write)
        with pytest.raises(Later):
            await world.sender.send(row)
    assert (await world.contact()).wrote_at is not None
    await world.sender.send(row)
    assert [message["type"] for message in await world.screen()] == ["text", "text"]


@pytest.mark.parametrize(("late", "state", "status"), [("sent", "failed", None), ("delivered", "sent", "delivered")])
async def test_a_late_status_of_an_earlier_try_says_nothing_of_the_last_unless_it_arrived(
    world: World, late: str, state: str, status: str | None
) -> None:
    await world.say()
    for attempt in (1, 2):
        (leased,) = await world.outbox.lease("whatsapp")
        await world.sender.send(leased)
        await world.outbox.sent([leased.id])
        message = (await world.screen())[-1]
        assert message["request"]["biz_opaque_callback_data"] == await world.tracker(leased, 0, 1, attempt)
        await world.status("failed", message["id"], error=131026)
        if attempt == 1:
            await world.outbox.retry(world.conversation_id, 1)
    first, _ = await world.screen()
    await world.status(late, first["id"], first["request"]["biz_opaque_callback_data"])
    row = await world.row()
    assert (row.state, row.status) == (state, status)


@pytest.mark.parametrize(
    ("code", "state", "alarms"),
    [
        (None, "failed", []),
        (131026, "failed", []),
        (131049, "pending", []),
        (131042, "pending", ["131042"]),
        (131047, "pending", []),
    ],
)
async def test_a_message_that_failed_afterwards_is_tried_again_where_that_helps(
    world: World, code: int | None, state: str, alarms: list[str]
) -> None:
    await world.say()
    (leased,) = await world.outbox.lease("whatsapp")
    await world.sender.send(leased)
    await world.outbox.sent([leased.id])
    (message,) = await world.screen()
    await world.status("failed", message["id"], error=code)
    row = await world.row()
    assert (row.state, row.reason) == (state, code and str(code))
    assert world.alarms == alarms
    await world.status("failed", message["id"], error=code)  # told twice, it failed once
    assert (await world.row()).attempts == row.attempts
    closed = (await world.contact()).wrote_at is None
    assert closed == (code == 131047)
    if not closed:  # as a liaison has it sent again, where it isn't by itself
        await world.sender.send(row)
        _, again = await world.screen()
        await world.status("sent", message["id"])
        await world.status("read", again["id"])
        assert (await world.row()).status == "read"


async def test_whoever_wants_no_more_gets_no_more(world: World) -> None:
    row = await world.say()
    await world.contact(stopped_at=row.id + 5)
    with pytest.raises(GiveUp) as stopped:
        await world.sender.send(row)
    assert stopped.value.reason == "stopped"
    assert await world.screen() == []


async def test_one_id_is_one_message(world: World) -> None:
    said = Received(id="wamid.X", number_id="1001", phone=PHONE, user=None, at=now(), kind="text", text="hola")
    for _ in range(3):
        await world.intake.store([said, said])
    async with world.engine.connect() as connection:
        assert len((await connection.execute(select(Event))).all()) == 1


async def test_a_webhook_of_ten_thousand_is_taken(world: World) -> None:
    said = [
        Received(id=f"wamid.{each % 9000}", number_id="1001", phone=PHONE, user=None, at=now(), kind="text", text="x")
        for each in range(10_000)
    ]
    await world.intake.store(said)
    async with world.engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(Event)) == 9000


async def test_identifiers_are_masked_before_anything_is_stored(world: World) -> None:
    said = Received(
        id="wamid.Y", number_id="1001", phone=PHONE, user=None, at=now(), kind="text", text="mi SSN es 219-09-9999"
    )
    await world.intake.store([said])
    async with world.engine.connect() as connection:
        (event,) = (await connection.execute(select(Event))).all()
    secrets = Secrets(KEY)
    kept = Received.model_validate_json(secrets.decrypt(event.payload))
    assert "219" not in kept.text
    assert PHONE not in event.payload
    assert "wamid" not in event.id_hash


async def test_a_long_message_is_masked_whole_and_stored_in_pieces(world: World) -> None:
    ssn = "219-09-9999"
    text = "a" * (2000 - 6) + f" {ssn} " + "b" * 2000 + " fin"
    said = Received(id="wamid.Y", number_id="1001", phone=PHONE, user=None, at=now(), kind="edit", text=text, about="w")
    for _ in range(2):
        await world.intake.store([said])
    async with world.engine.connect() as connection:
        events = (await connection.execute(select(Event).order_by(Event.at, Event.id))).all()
    secrets = Secrets(KEY)
    kept = [Received.model_validate_json(secrets.decrypt(event.payload)) for event in events]
    assert [(each.id, each.kind) for each in kept] == [("wamid.Y", "edit"), ("wamid.Y", "text"), ("wamid.Y", "text")]
    assert all(0 < len(each.text) <= 2000 for each in kept)
    whole = " ".join(each.text for each in kept)
    assert whole.startswith("aaa")
    assert whole.endswith(" fin")
    assert "219" not in whole
    assert "9999" not in whole


async def test_what_nothing_is_done_with_is_counted(world: World) -> None:
    await world.intake.store([Other("account_alerts"), Other("account_alerts")])
    await world.intake.store([Other("account_alerts"), Status("wamid.Z", "teleported", "", None)])
    elsewhere = Received(id="wamid.N", number_id="9", phone=PHONE, user=None, at=now(), kind="text", text="hola")
    await world.intake.store([elsewhere])
    async with world.engine.connect() as connection:
        rows = await connection.execute(select(Count.kind, Count.count).order_by(Count.kind))
        assert [tuple(row) for row in rows] == [
            ("account_alerts", 3),
            ("status teleported", 1),
            ("unknown number", 1),
        ]


async def test_ids_are_forgotten_when_meta_repeats_them_no_more(world: World) -> None:
    for name in ("old", "new"):
        said = Received(id=f"wamid.{name}", number_id="1001", phone=PHONE, user=None, at=now(), kind="text", text="x")
        await world.intake.store([said])
    async with world.engine.begin() as connection:
        first = (await connection.execute(select(Event.id).order_by(Event.id))).scalars().first()
        await connection.execute(
            update(Event).where(Event.id == first).values(state="done", received_at=now() - dt.timedelta(days=9))
        )
    await Retention(world.engine, 30, 7, forget_ids).purge()
    async with world.engine.connect() as connection:
        assert len((await connection.execute(select(Event))).all()) == 1


async def test_a_number_that_goes_to_another_person_does_not_bring_their_conversation(world: World) -> None:
    contacts = Contacts(Secrets(KEY))

    def wrote(user: str | None, phone: str | None = PHONE) -> Received:
        return Received(id="wamid.W", number_id="1001", phone=phone, user=user, at=now(), kind="text", text="x")

    async with world.engine.begin() as connection:
        old = await contacts.find(connection, wrote("US.1"))
        assert old, "before 2026 they were known by number alone"
        await contacts.wrote(connection, old, [wrote("US.1")])
        assert await contacts.find(connection, wrote("US.2")) is None
        new = await begin(connection, "kent-wa", "whatsapp", "es", chosen=False)
        await contacts.add(connection, wrote("US.2"), new.id)
        for now_theirs in (wrote("US.2"), wrote(None)):
            other = await contacts.find(connection, now_theirs)
            assert other
            assert (other.conversation_id, contacts.address(other)) == (new.id, {"to": PHONE})
        still = await contacts.find(connection, wrote("US.1", None))
        assert still
        assert (still.id, contacts.address(still)) == (old.id, {"recipient": "US.1"})


async def test_whoever_writes_while_a_message_is_being_kept_is_sent_it_after_all(world: World) -> None:
    long_ago = now() - dt.timedelta(days=2)
    await world.contact(wrote_at=long_ago)
    await world.say()
    (leased,) = await world.outbox.lease("whatsapp")
    with pytest.raises(Keep) as kept:
        await world.sender.send(leased)
    await world.contact(wrote_at=now())  # their webhook comes now, and finds nothing that is kept
    assert not await world.outbox.keep(leased.id, "window", kept.value.still)
    (again,) = await world.outbox.lease("whatsapp")
    await world.contact(wrote_at=long_ago)
    with pytest.raises(Keep) as kept:
        await world.sender.send(again)
    assert await world.outbox.keep(again.id, "window", kept.value.still)
    assert (await world.row()).state == "kept"


async def test_a_webhook_that_comes_late_closes_no_window(world: World) -> None:
    before = await world.contact()
    contacts = Contacts(Secrets(KEY))
    late = Received(
        id="wamid.L",
        number_id="1001",
        phone=PHONE,
        user=None,
        at=now() - dt.timedelta(days=3),
        kind="text",
        text="x",
    )
    async with world.engine.begin() as connection:
        await contacts.wrote(connection, before, [late])
    after = await world.contact()
    assert (after.wrote_at, after.last_id) == (before.wrote_at, before.last_id)


async def test_what_is_taken_and_could_not_be_written_down_waits_for_its_status(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise OSError("no space left")

    row = await world.say()
    with monkeypatch.context() as patch:
        patch.setattr(sender_module, "know", broken)
        with pytest.raises(Later) as later:
            await world.sender.send(row)
    assert later.value.at_least_s >= 60
    (message,) = await world.screen()
    await world.status("sent", message["id"], message["request"]["biz_opaque_callback_data"])
    await world.sender.send(row)
    assert len(await world.screen()) == 1


async def test_the_first_of_two_parts_says_nothing_before_the_second_is_sent(world: World) -> None:
    row = await world.say("a" * 5000)
    await world.status("read", "wamid.one", await world.tracker(row, 0, 2))
    assert (await world.row()).status is None
    await world.status("sent", "wamid.two", await world.tracker(row, 1, 2))
    assert (await world.row()).status == "sent"


async def test_what_failed_and_then_arrived_has_arrived(world: World) -> None:
    await world.say()
    (leased,) = await world.outbox.lease("whatsapp")
    await world.sender.send(leased)
    await world.outbox.sent([leased.id])
    (message,) = await world.screen()
    await world.status("failed", message["id"], error=131026)
    assert (await world.row()).state == "failed"
    await world.status("delivered", message["id"])
    row = await world.row()
    assert (row.state, row.status, row.reason) == ("sent", "delivered", None)


async def test_what_fails_for_too_long_is_given_up(world: World) -> None:
    await world.say()
    (leased,) = await world.outbox.lease("whatsapp")
    await world.sender.send(leased)
    await world.outbox.sent([leased.id])
    (message,) = await world.screen()
    async with world.engine.begin() as connection:
        await connection.execute(update(Outbox).values(created_at=now() - dt.timedelta(hours=2)))
    await world.status("failed", message["id"], error=131049)
    assert (await world.row()).state == "failed"


@pytest.mark.parametrize("name", ["message_text", "message_reaction", "message_button_reply", "message_list_reply"])
async def test_half_a_character_and_a_zero_are_no_reason_to_refuse_a_batch(world: World, name: str) -> None:
    def spoil(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoil(each) for key, each in value.items()}
        if isinstance(value, list):
            return [spoil(each) for each in value]
        return value + "\ud83d\0" if isinstance(value, str) and value not in WHOLE else value

    body = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    for item in read(spoil(body)):
        assert isinstance(item, Received), item
        await world.intake.store([item.model_copy(update={"number_id": "1001", "at": now()})])
    async with world.engine.connect() as connection:
        (event,) = (await connection.execute(select(Event))).all()
    kept = Received.model_validate_json(Secrets(KEY).decrypt(event.payload))
    assert kept.text
    assert "\0" not in kept.text + (kept.choice or "")
