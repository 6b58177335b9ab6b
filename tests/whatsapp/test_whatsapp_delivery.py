"""Guards sending on both databases, to a Cloud API that refuses: each part once, in the window, told by its code."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from cloud_api import Config, Running, running
from pydantic import SecretStr
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from whatsapp_content import OUTBOUND, REAL

from bot.channels.whatsapp.cloud import Cloud
from bot.channels.whatsapp.contacts import Contacts
from bot.channels.whatsapp.inbound import Other, Received, Status
from bot.channels.whatsapp.intake import Intake
from bot.channels.whatsapp.sender import Sender
from bot.channels.whatsapp.statuses import know, tracker
from bot.channels.whatsapp.tables import Contact, Count, Event, Sent
from bot.channels.whatsapp.trouble import Trouble
from bot.conversations.delivery import GiveUp, Keep, Later
from bot.conversations.outbox import OutboxStore
from bot.conversations.ownership import write
from bot.conversations.store import begin
from bot.conversations.tables import Conversation, Outbox
from bot.secrets import Secrets
from bot.settings import Settings
from bot.tables import now

PHONE = "15550142"
KEY = "a key for tests that is long enough"


@pytest.fixture(scope="module")
def cloud_api() -> Iterator[Running]:
    """A local Cloud API of this module's own; nothing listens to its webhooks."""
    with running(Config()) as cloud_api:
        yield cloud_api


class Noted(Trouble):
    """Trouble that is noted for a test."""

    def __init__(self, noted: list[str]) -> None:
        super().__init__([])
        self._noted = noted

    def note(self, what: str) -> None:
        self._noted.append(what)


@dataclass
class World:
    """A database, a contact in it whose window is open, and what sends to them."""

    engine: AsyncEngine
    sender: Sender
    intake: Intake
    outbox: OutboxStore
    control: httpx.AsyncClient
    conversation_id: str
    alarms: list[str] = field(default_factory=list)

    async def say(self, text: str = "Hola", author: str = "bot") -> Any:
        """The outbox's row of a new message."""
        async with self.engine.begin() as connection:
            number = await write(connection, self.conversation_id, author, text, "es")
        return await self.row(number)

    async def row(self, number: int = 1) -> Any:
        """The outbox's row of the message with this number."""
        async with self.engine.connect() as connection:
            query = select(Outbox).order_by(Outbox.id).offset(number - 1).limit(1)
            return (await connection.execute(query)).one()

    async def contact(self, **values: Any) -> Any:
        """The contact, changed by `values`."""
        async with self.engine.begin() as connection:
            if values:
                await connection.execute(update(Contact).values(**values))
            return (await connection.execute(select(Contact))).one()

    async def screen(self) -> list[Any]:
        """What is on the phone."""
        answer = await self.control.get(f"/users/{PHONE}/messages")
        return [message for message in answer.json() if message["direction"] == "in"]

    async def fault(self, **what: Any) -> None:
        """Have the next request go wrong."""
        (await self.control.post("/faults", json=what)).raise_for_status()

    async def status(self, status: str, meta_id: str, data: str = "", error: int | None = None) -> None:
        """A webhook with a status."""
        taken = await self.intake.store([Status(meta_id, status, data, error)])
        self.alarms += taken.alarms

    async def parts(self) -> list[tuple[int, str]]:
        """What is known of the parts that were sent."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(Sent.part, Sent.status).order_by(Sent.part))
            return [(row.part, row.status) for row in rows]


@pytest.fixture
async def world(engine: AsyncEngine, cloud_api: Running) -> AsyncIterator[World]:
    """Somebody wrote a moment ago."""
    secrets = Secrets(KEY)
    contacts = Contacts(secrets)
    config = cloud_api.config
    cloud = Cloud(
        Settings(
            whatsapp_numbers={"1001": "kent-wa"},
            whatsapp_token=SecretStr(config.token),
            whatsapp_app_secret=SecretStr(config.app_secret),
            whatsapp_verify_token=SecretStr(config.verify_token),
            whatsapp_api_url=cloud_api.url,
        )
    )
    async with engine.begin() as connection:
        new = await begin(connection, "kent-wa", "whatsapp", "es", chosen=False)
        said = Received(id="wamid.1", number_id="1001", phone=PHONE, user=None, at=now(), kind="text", text="hola")
        await contacts.add(connection, said, new.id)
        contact = await contacts.find(connection, said)
        assert contact
        await contacts.wrote(connection, contact, [said])
    async with httpx.AsyncClient(base_url=f"{cloud_api.url}/_control", trust_env=False, timeout=30) as control:
        await control.post("/reset")
        await control.post("/users", json={"wa_id": PHONE, "name": "Rosa"})
        await control.post(f"/users/{PHONE}/say", json={"type": "text", "text": "hola"})
        for language in REAL.languages:
            await control.post("/templates", json=OUTBOUND.template_definition(language))
        alarms: list[str] = []
        sender = Sender(engine, cloud, contacts, OUTBOUND, Noted(alarms))
        intake = Intake(engine, secrets, ["1001"], 2000)
        yield World(engine, sender, intake, OutboxStore(engine), control, new.id, alarms)
    await cloud.close()


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
    await world.status("delivered", "wamid.early", tracker(row.id, 0))
    assert (await world.row()).status == "delivered"
    await world.sender.send(row)
    assert await world.screen() == [], "it was sent already: the status says so"


async def test_a_failure_that_overtakes_the_answer_to_the_request_stays_one(world: World) -> None:
    await world.say()
    (leased,) = await world.outbox.lease("whatsapp")
    await world.status("failed", "wamid.early", tracker(leased.id, 0), 131026)
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


@pytest.mark.parametrize("fault", [{"what": "http", "status": 503}, {"what": "http", "status": 502}])
async def test_an_answer_that_is_none_leaves_it_open(world: World, fault: dict[str, Any]) -> None:
    row = await world.say()
    await world.fault(**fault)
    with pytest.raises(Later):
        await world.sender.send(row)
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
    await world.fault(what="error", code=131026)
    with pytest.raises(GiveUp) as given_up:
        await world.sender.send(row)
    assert given_up.value.reason == "131026"
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
    with pytest.raises(Keep):
        await world.sender.send(await world.say())
    assert len(await world.screen()) == 2


@pytest.mark.parametrize(
    ("code", "state", "alarms"),
    [(131026, "failed", []), (131049, "pending", []), (131042, "pending", ["131042"]), (131047, "pending", [])],
)
async def test_a_message_that_failed_afterwards_is_tried_again_where_that_helps(
    world: World, code: int, state: str, alarms: list[str]
) -> None:
    await world.say()
    (leased,) = await world.outbox.lease("whatsapp")
    await world.sender.send(leased)
    await world.outbox.sent([leased.id])
    (message,) = await world.screen()
    await world.status("failed", message["id"], error=code)
    row = await world.row()
    assert (row.state, row.reason) == (state, str(code))
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
    await world.intake.purge()
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
