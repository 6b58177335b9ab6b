"""Guards what happens by itself: word to those who wait in vain, once; alarms; deletion that is written down."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from handed_over import NOTICE, Hand
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.whatsapp.intake import forget_ids
from bot.content.library import Library, load
from bot.content.models import WEEKDAYS
from bot.conversations.ownership import Consent, Ownership
from bot.conversations.store import Store
from bot.conversations.tables import Conversation, Handoff, Message
from bot.database.tables import now
from bot.errors import Conflict
from bot.handoffs.alarms import Alarms
from bot.handoffs.casework import callback_done
from bot.handoffs.desk import Desk
from bot.handoffs.keeper import Keeper
from bot.handoffs.news import Change, News
from bot.handoffs.retention import Retention
from bot.handoffs.tables import Callback
from bot.i18n import Catalogs
from bot.liaisons.access import Who
from bot.liaisons.tables import AuditEntry
from bot.rendering.renderer import Renderer
from bot.replies import Reply
from bot.secrets import Secrets
from bot.settings import ROOT, Settings

Published = list[tuple[str, str]]


@pytest.fixture
def published() -> Published:
    """What the consoles were told."""
    return []


@pytest.fixture
def content() -> Library:
    """What the keeper reads office hours in."""
    return load(Settings().data_dir)


@pytest.fixture
def keeper(engine: AsyncEngine, content: Library, published: Published) -> Keeper:
    """Patient for ten minutes."""

    async def forget(conversation: str) -> None:
        published.append((conversation, "forgotten"))

    async def finish_leaving() -> None:
        published.append(("all", "finished leaving"))

    return Keeper(
        engine=engine,
        renderer=Renderer(content, Catalogs(ROOT / "locales", content.languages)),
        alarms=Alarms(engine, 300, {}),
        retention=Retention(engine, 30, 7, forget_ids),
        patience_s=600,
        finish_leaving=finish_leaving,
        forget=forget,
        publish=lambda conversation, event: published.append((conversation, event)),
    )


async def told(engine: AsyncEngine, conversation: str) -> list[str]:
    query = select(Message.reply).where(Message.conversation_id == conversation, Message.author == "notice")
    async with engine.connect() as connection:
        return [form for reply in await connection.scalars(query) if reply for form in reply["forms"]]


async def test_who_waits_in_vain_is_told_once_and_offered_a_callback(
    engine: AsyncEngine, keeper: Keeper, hand: Hand, hire: Callable[..., Awaitable[int]], published: Published
) -> None:
    late, early, taken = await hand(ago_s=601), await hand(ago_s=590), await hand(ago_s=900)
    await Ownership(engine).claim(taken, await hire("Ana"), NOTICE)
    await asyncio.gather(keeper.tell_those_who_wait(), keeper.tell_those_who_wait())
    await keeper.tell_those_who_wait()
    assert await told(engine, late) == ["callback", "code", "withdraw"]
    assert await told(engine, early) == []
    assert await told(engine, taken) == []
    assert {conversation for conversation, _ in published} == {late}


@pytest.mark.parametrize("backend", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_word_to_who_waits_and_a_move_do_not_wait_for_each_other(
    engine: AsyncEngine, keeper: Keeper, hand: Hand, somebody_waits: Callable[[], Awaitable[None]]
) -> None:
    conversation = await hand(ago_s=601)
    async with engine.begin() as connection:  # as every move does: the conversation, then its handoff
        await connection.execute(update(Conversation).values(delivered=0))
        telling = asyncio.create_task(keeper.tell_those_who_wait())
        await somebody_waits()
        await connection.execute(update(Handoff).values(alarms=1))
    await telling
    assert await told(engine, conversation) == ["callback", "code", "withdraw"]


async def test_only_office_hours_count_for_those_who_wait_and_for_their_alarms(
    engine: AsyncEngine, content: Library, keeper: Keeper, hand: Hand, published: Published
) -> None:
    kent = content.departments["kent-wa"]
    zone = ZoneInfo(kent.profile.time_zone)
    conversation = await hand(ago_s=3600)
    tomorrow = (now() + dt.timedelta(days=1)).astimezone(zone).date()
    opening = {"hours": {WEEKDAYS[tomorrow.weekday()]: ["09:00-17:00"]}, "holidays": []}
    content.departments["kent-wa"] = replace(kent, profile=kent.profile.model_copy(update=opening))
    await keeper.tell_those_who_wait()
    await keeper.raise_alarms()
    assert await told(engine, conversation) == []
    assert published == [(conversation, "alarm")]
    async with engine.connect() as connection:
        alarm_at = (await connection.scalars(select(Handoff.alarm_at))).one()
    assert alarm_at
    assert alarm_at.astimezone(zone) == dt.datetime.combine(tomorrow, dt.time(9), zone)


async def test_whoever_had_an_answer_is_not_told_that_nobody_answered(
    engine: AsyncEngine, keeper: Keeper, hand: Hand, hire: Callable[..., Awaitable[int]]
) -> None:
    conversation, ana, ownership = await hand(ago_s=3600), await hire("Ana"), Ownership(engine)
    await ownership.claim(conversation, ana, NOTICE)
    await ownership.say(conversation, ana, "Buenos días", "es")
    await ownership.release(conversation, ana, NOTICE)
    await keeper.tell_those_who_wait()
    assert await told(engine, conversation) == []


async def test_a_department_that_is_no_longer_there_keeps_nobody_from_being_told_or_alarmed_about(
    engine: AsyncEngine, keeper: Keeper, hand: Hand, published: Published
) -> None:
    gone, here = await hand(ago_s=602, department="gone-pd"), await hand(ago_s=601)
    await keeper.tell_those_who_wait()
    await keeper.raise_alarms()
    for conversation in (gone, here):  # all time counts where no hours are known
        assert await told(engine, conversation) == ["callback", "code", "withdraw"]
    assert set(published) == {(each, event) for each in (gone, here) for event in ("changed", "alarm")}


async def test_one_who_cannot_be_told_keeps_nobody_else_from_it(
    engine: AsyncEngine,
    content: Library,
    keeper: Keeper,
    hand: Hand,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, whole = await hand(ago_s=602, department="roeland-park-ks"), await hand(ago_s=601)
    said = keeper._renderer.notices.nobody_came

    def nobody_came(department: str, *rest: str) -> Reply:
        if department == "roeland-park-ks":
            raise LookupError
        return said(department, *rest)

    monkeypatch.setattr(keeper._renderer.notices, "nobody_came", nobody_came)
    await keeper.tell_those_who_wait()
    assert await told(engine, broken) == []
    assert await told(engine, whole) == ["callback", "code", "withdraw"]
    assert "somebody who waits could not be told: LookupError" in caplog.text


async def test_consoles_hear_that_a_request_was_taken_back_but_not_which(engine: AsyncEngine, hand: Hand) -> None:
    conversation, private = await hand(), (await Store(engine).create("kent-wa", "web", "es", chosen=False)).id
    await Ownership(engine).withdraw(conversation, NOTICE)
    news = News(engine)
    who = Who(1, "Ana", {}, False, "liaison", ("kent-wa",), ("es",), True, "", "", "es")
    async with news.running():
        with news.subscribe(who) as subscription:
            news.publish(private)  # nobody was ever asked for there
            news.publish(conversation)
            assert await subscription.take(10) == [Change("changed", None)]
            # Asked for again, it is one that they may read.
            await Ownership(engine).request(conversation, Consent("hola"), NOTICE)
            news.publish(conversation)
            assert await subscription.take(10) == [Change("changed", conversation)]


async def test_consoles_hear_of_a_wish_to_be_called_back_without_its_conversation(engine: AsyncEngine) -> None:
    private = (await Store(engine).create("kent-wa", "web", "es", chosen=False)).id
    async with engine.begin() as connection:
        wish = {"conversation_id": private, "department": "kent-wa", "language": "es"}
        await connection.execute(insert(Callback).values(wish))
    news = News(engine)
    who = Who(1, "Ana", {}, False, "liaison", ("kent-wa",), ("es",), True, "", "", "es")
    async with news.running():
        with news.subscribe(who) as subscription:
            news.publish(private)
            assert await subscription.take(10) == [Change("changed", None)]


async def test_a_wish_to_be_called_that_was_said_anew_is_not_done_with_the_old_one(
    engine: AsyncEngine, hand: Hand, hire: Callable[..., Awaitable[int]]
) -> None:
    conversation, ana = await hand(), await hire("Ana")
    who = Who(ana, "Ana", {}, False, "liaison", ("kent-wa",), ("es",), True, "", "", "es")
    library = load(Settings().data_dir)
    desk = Desk(Store(engine), Secrets("k" * 40), Renderer(library, Catalogs(ROOT / "locales", library.languages)))

    async def wish(contact: str) -> Callback:
        async with engine.connect() as connection:
            row = (await connection.execute(select(Conversation).where(Conversation.id == conversation))).one()
        await desk.call_back(row, contact, "hoy", "es")
        async with engine.connect() as connection:
            return (await connection.execute(select(Callback))).one()  # type: ignore[return-value]

    old, new = await wish("206 555 0142"), await wish("206 555 0143")
    assert old.id == new.id
    with pytest.raises(Conflict):
        async with engine.begin() as connection:
            await callback_done(connection, who, old.id, old.created_at)
    async with engine.begin() as connection:
        await callback_done(connection, who, new.id, new.created_at)


async def test_a_wish_to_be_called_that_has_to_be_kept_is_not_overwritten_by_one_that_was_begun_before_the_hold(
    engine: AsyncEngine, hand: Hand
) -> None:
    await hand()
    library = load(Settings().data_dir)
    desk = Desk(Store(engine), Secrets("k" * 40), Renderer(library, Catalogs(ROOT / "locales", library.languages)))
    async with engine.connect() as connection:
        before = (await connection.execute(select(Conversation))).one()
    await desk.call_back(before, "206 555 0142", "hoy", "es")
    async with engine.begin() as connection:
        await connection.execute(update(Conversation).values(legal_hold=True))
    await desk.call_back(before, "206 555 0143", "hoy", "es")
    async with engine.connect() as connection:
        assert len((await connection.execute(select(Callback))).all()) == 2


async def test_what_is_deleted_is_written_down_without_saying_whose(
    engine: AsyncEngine, keeper: Keeper, hand: Hand
) -> None:
    conversation = await hand()
    async with engine.begin() as connection:
        long_ago = now() - dt.timedelta(days=31)
        await connection.execute(update(Conversation).values(owner="closed", last_at=long_ago))
    await keeper.purge()
    await keeper.purge()  # nothing was due: nothing is written
    async with engine.connect() as connection:
        entry = (await connection.execute(select(AuditEntry))).one()
    assert (entry.action, entry.liaison_id, entry.detail) == ("purge", None, {"conversations": 1, "contacts": 0})
    assert conversation not in str(entry)


async def test_it_runs_by_itself_and_stops(
    keeper: Keeper, hand: Hand, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: Counter[str] = Counter()

    def counted(kind: type[Any], name: str) -> None:
        really = getattr(kind, name)

        async def count(*arguments: Any) -> Any:
            rounds[name] += 1
            return await really(*arguments)

        monkeypatch.setattr(kind, name, count)

    counted(Alarms, "raise_due")
    counted(Retention, "purge")
    counted(Retention, "overwrite")
    monkeypatch.setattr("bot.handoffs.keeper._EVERY_S", 0.05)
    conversation = await hand(ago_s=601)
    before = asyncio.all_tasks()
    async with keeper.running():
        async with asyncio.timeout(10):
            due = {(conversation, "changed"), (conversation, "alarm"), ("all", "finished leaving")}
            while due - set(published) or rounds["raise_due"] < 4 or not rounds["overwrite"]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert len(asyncio.all_tasks() - before) == 3
    assert asyncio.all_tasks() == before
    assert rounds["purge"] == 1, "it is hourly"
