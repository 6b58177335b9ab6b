"""Guards who has a conversation: one owner, claimed once, a bot that can't speak over a person, on both engines."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections import Counter
from typing import Any

import pytest
from people import liaison
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.conversations.ownership import Consent, Notice, Ownership
from bot.conversations.store import Pending, Store
from bot.conversations.tables import Conversation, Handoff, Message
from bot.database.tables import now
from bot.errors import AlreadyClaimed, Conflict, NotFound
from bot.handoffs import casework
from bot.handoffs.queue import queue
from bot.liaisons.access import Who

TOLD = Notice("aviso", "es")
CONSENT = Consent("Tema: denunciar")
WHO = Who(1, "Ana", {}, False, "supervisor", ("kent-wa",), ("es",), True, "", "", "es")
REPLY = {"kind": "answer", "department": "kent-wa", "language": "es", "text": "respuesta"}


async def begin(store: Store) -> str:
    return (await store.create("kent-wa", "web", "es", chosen=False)).id


async def ask(store: Store, conversation: str, provider_id: str = "one") -> Pending:
    await store.accept(conversation, "web", f"{conversation}:{provider_id}", "hola", "es", None)
    pending = await store.pending(conversation)
    assert pending
    return pending


async def row(engine: AsyncEngine, table: Any, **where: Any) -> Any:
    async with engine.connect() as connection:
        return (await connection.execute(select(table).filter_by(**where))).one()


async def authors(store: Store, conversation: str) -> list[str]:
    return [message.author for message in await store.messages(conversation)]


async def test_a_handoff_goes_from_the_bot_to_a_person_and_back(engine: AsyncEngine, store: Store) -> None:
    ownership, ana = Ownership(engine), await liaison(engine, "Ana")
    conversation = await begin(store)
    await ownership.request(conversation, CONSENT, TOLD)
    waiting = await row(engine, Handoff)
    assert (waiting.summary, waiting.claimed_at, waiting.alarm_at is None) == ("Tema: denunciar", None, False)
    await ownership.claim(conversation, ana, TOLD)
    await ownership.say(conversation, ana, "Buenos días", "es")
    await ownership.hand_back(conversation, ana, TOLD)
    over = await row(engine, Handoff)
    assert over.requested_at <= over.claimed_at <= over.replied_at <= over.ended_at
    assert (over.outcome, over.alarm_at, over.liaison_id) == ("handed_back", None, ana)
    assert await authors(store, conversation) == ["notice", "notice", "liaison", "notice"]
    assert await store.complete(await ask(store, conversation), REPLY, {})
    assert (await authors(store, conversation))[-2:] == ["resident", "bot"]


async def test_of_fifty_who_claim_at_once_one_wins_and_the_others_are_told_who(
    engine: AsyncEngine, store: Store
) -> None:
    ownership = Ownership(engine)
    names = {await liaison(engine, f"L{number}"): f"L{number}" for number in range(50)}
    conversation = await begin(store)
    await ownership.request(conversation, CONSENT, TOLD)
    outcomes = await asyncio.gather(
        *(ownership.claim(conversation, each, TOLD) for each in names), return_exceptions=True
    )
    owner = names[(await row(engine, Conversation)).liaison_id]
    told = [outcome.values["name"] for outcome in outcomes if isinstance(outcome, AlreadyClaimed)]
    assert told == [owner] * 49
    assert outcomes.count(None) == 1
    assert await authors(store, conversation) == ["notice", "notice"]


async def test_a_turn_that_ends_after_a_claim_leaves_the_bot_silent(engine: AsyncEngine, store: Store) -> None:
    ownership, ana = Ownership(engine), await liaison(engine, "Ana")
    conversation = await begin(store)
    pending = await ask(store, conversation)
    await ownership.request(conversation, CONSENT, TOLD)
    await ownership.claim(conversation, ana, TOLD)
    assert not await store.complete(pending, REPLY, {"topic": "detainers"})
    assert "bot" not in await authors(store, conversation)
    assert await store.pending(conversation) is None
    assert (await row(engine, Conversation)).topic is None


async def test_who_asks_for_a_person_during_a_turn_in_an_ended_conversation_goes_on_waiting(
    engine: AsyncEngine, store: Store
) -> None:
    ownership, ana = Ownership(engine), await liaison(engine, "Ana")
    conversation = await begin(store)
    await ownership.request(conversation, CONSENT, TOLD)
    await ownership.claim(conversation, ana, TOLD)
    await ownership.close(conversation, ana, TOLD)
    pending = await ask(store, conversation)
    assert pending.conversation.owner == "closed"
    await ownership.request(conversation, CONSENT, TOLD)  # in another tab
    assert await store.complete(pending, REPLY, {})
    assert (await row(engine, Conversation)).owner == "waiting"


async def test_the_safety_layer_speaks_in_a_liaisons_conversation(engine: AsyncEngine, store: Store) -> None:
    ownership, ana = Ownership(engine), await liaison(engine, "Ana")
    conversation = await begin(store)
    await ownership.request(conversation, CONSENT, TOLD)
    await ownership.claim(conversation, ana, TOLD)
    assert await store.complete(await ask(store, conversation), REPLY, {"flag": "emergency"}, author="safety")
    assert (await authors(store, conversation))[-1] == "safety"
    assert (await row(engine, Conversation)).flag == "emergency"


async def test_the_database_itself_refuses_the_bot_and_a_second_owner(engine: AsyncEngine, store: Store) -> None:
    ownership, ana = Ownership(engine), await liaison(engine, "Ana")
    conversation = await begin(store)
    await ownership.request(conversation, CONSENT, TOLD)
    await ownership.claim(conversation, ana, TOLD)
    spoken = insert(Message).values(conversation_id=conversation, number=99, author="bot", text="x", language="es")
    for statement in (
        spoken,
        text("UPDATE conversations SET liaison_id = NULL"),
        text("UPDATE conversations SET owner = 'waiting'"),
        text("UPDATE conversations SET owner = 'nobody', liaison_id = NULL"),
    ):
        with pytest.raises(DBAPIError):
            async with engine.begin() as connection:
                await connection.execute(statement)


async def test_a_closed_conversation_opens_again_for_either_side(engine: AsyncEngine, store: Store) -> None:
    ownership, ana = Ownership(engine), await liaison(engine, "Ana")
    conversation = await begin(store)
    for _ in range(2):
        await ownership.request(conversation, CONSENT, TOLD)
        await ownership.claim(conversation, ana, TOLD)
        await ownership.close(conversation, ana, TOLD)
    await ownership.reopen(conversation, ana, TOLD)
    assert (await row(engine, Conversation)).owner == "liaison"
    await ownership.close(conversation, ana, TOLD)
    assert await store.complete(await ask(store, conversation), REPLY, {})
    assert (await row(engine, Conversation)).owner == "bot"


async def test_only_what_the_resident_agreed_to_is_shown(engine: AsyncEngine, store: Store) -> None:
    ownership = Ownership(engine)
    conversation = await begin(store)
    await store.complete(await ask(store, conversation), REPLY, {})
    assert (await row(engine, Conversation)).shown_from is None
    await ownership.request(conversation, CONSENT, TOLD)
    assert (await row(engine, Conversation)).shown_from == 3
    await ownership.request(conversation, Consent(None, whole_chat=True), TOLD)
    assert (await row(engine, Conversation)).shown_from == 1
    assert (await row(engine, Handoff)).summary is None  # asked again while waiting: one request


async def test_what_was_agreed_to_is_over_with_the_request(engine: AsyncEngine, store: Store) -> None:
    ownership, ana = Ownership(engine), await liaison(engine, "Ana")
    conversation = await begin(store)
    for agreed in (CONSENT, Consent(None, whole_chat=True)):
        await ownership.request(conversation, agreed, TOLD)
    await ownership.withdraw(conversation, TOLD)
    assert (await row(engine, Conversation)).shown_from is None
    assert (await row(engine, Handoff)).summary is None
    await ownership.request(conversation, CONSENT, TOLD)
    shown_from = (await row(engine, Conversation)).shown_from
    await ownership.claim(conversation, ana, TOLD)
    await ownership.say(conversation, ana, "Buenos días", "es")
    await ownership.release(conversation, ana, TOLD)
    await ownership.withdraw(conversation, TOLD)  # what a liaison has answered stays with the liaisons
    assert (await row(engine, Conversation)).shown_from == shown_from
    await ownership.request(conversation, Consent(None, whole_chat=True), TOLD)
    await ownership.withdraw(conversation, TOLD)
    assert (await row(engine, Conversation)).shown_from == shown_from


async def shown(engine: AsyncEngine, conversation: str) -> list[int]:
    """The numbers of the messages that liaisons may read, in the transcript and by search."""
    async with engine.begin() as connection:
        of_it = await row(engine, Conversation, id=conversation)
        read = [message.number for message in await casework.messages(connection, of_it)]
        found = {hit.number for hit in await casework.search(connection, WHO, "a")}
    assert set(read) == found
    return read


async def test_a_conversation_that_was_taken_up_again_stays_readable_when_the_resident_withdraws(
    engine: AsyncEngine, store: Store
) -> None:
    ownership, ana = Ownership(engine), await liaison(engine, "Ana")
    conversation = await begin(store)
    await ownership.request(conversation, CONSENT, TOLD)
    await ownership.claim(conversation, ana, TOLD)
    await ownership.say(conversation, ana, "Buenos días", "es")
    await ownership.close(conversation, ana, TOLD)
    await ownership.reopen(conversation, ana, TOLD)
    await ownership.release(conversation, ana, TOLD)
    assert await shown(engine, conversation) == [1, 2, 3, 4, 5, 6]
    await ownership.withdraw(conversation, TOLD)
    assert await shown(engine, conversation) == [1, 2, 3, 4]


@pytest.mark.parametrize("move", ["hand_back", "close"])
async def test_what_is_written_after_a_handoff_is_read_by_nobody_until_the_resident_agrees_anew(
    engine: AsyncEngine, store: Store, move: str
) -> None:
    ownership, ana = Ownership(engine), await liaison(engine, "Ana")
    conversation = await begin(store)
    await store.complete(await ask(store, conversation), REPLY, {})
    await ownership.request(conversation, CONSENT, TOLD)
    await ownership.claim(conversation, ana, TOLD)
    await getattr(ownership, move)(conversation, ana, TOLD)
    assert await shown(engine, conversation) == [3, 4, 5]
    await store.complete(await ask(store, conversation, "two"), REPLY, {"flag": "emergency", "topic": "detainers"})
    assert await shown(engine, conversation) == [3, 4, 5]
    async with engine.connect() as connection:
        past = (await casework.recent(connection, WHO))[0]
    ended_at = (await row(engine, Handoff)).ended_at
    assert (past.id, past.topic, past.flag, past.last_at) == (conversation, None, None, ended_at)
    await ownership.request(conversation, CONSENT, TOLD)
    assert await shown(engine, conversation) == [3, 4, 5, 8]
    await ownership.request(conversation, Consent(None, whole_chat=True), TOLD)
    assert await shown(engine, conversation) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    await ownership.withdraw(conversation, TOLD)
    assert await shown(engine, conversation) == [3, 4, 5]


async def test_what_a_liaison_answered_is_shown_up_to_the_moment_of_the_withdrawal(
    engine: AsyncEngine, store: Store
) -> None:
    ownership, ana = Ownership(engine), await liaison(engine, "Ana")
    conversation = await begin(store)
    await ownership.request(conversation, CONSENT, TOLD)
    await ownership.claim(conversation, ana, TOLD)
    await ownership.say(conversation, ana, "Buenos días", "es")
    await ownership.release(conversation, ana, TOLD)
    await ownership.withdraw(conversation, TOLD)
    await store.complete(await ask(store, conversation), REPLY, {})
    assert await shown(engine, conversation) == [1, 2, 3, 4]


async def test_a_conversation_whose_resident_has_written_since_is_not_taken_up_again(
    engine: AsyncEngine, store: Store
) -> None:
    ownership, ana = Ownership(engine), await liaison(engine, "Ana")
    conversation = await begin(store)
    await ownership.request(conversation, CONSENT, TOLD)
    await ownership.claim(conversation, ana, TOLD)
    await ownership.close(conversation, ana, TOLD)
    pending = await ask(store, conversation)  # to the assistant, as they were told; its turn isn't over
    with pytest.raises(Conflict):
        await ownership.reopen(conversation, ana, TOLD)
    assert await store.complete(pending, REPLY, {})
    assert await shown(engine, conversation) == [1, 2, 3]


async def flags(engine: AsyncEngine) -> tuple[str | None, str | None]:
    """Of the last handoff, and of the first in the queue."""
    async with engine.connect() as connection:
        last = (await connection.execute(select(Handoff).order_by(Handoff.id.desc()).limit(1))).one()
        waiting = await queue(connection, WHO)
    return last.flag, waiting[0].flag


@pytest.mark.parametrize(("hours", "flag"), [(23, "emergency"), (25, None)])
async def test_danger_of_long_ago_is_no_danger_now(
    engine: AsyncEngine, store: Store, hours: int, flag: str | None
) -> None:
    ownership, conversation = Ownership(engine), await begin(store)
    await store.complete(await ask(store, conversation), REPLY, {"flag": "emergency"})
    async with engine.begin() as connection:
        await connection.execute(update(Conversation).values(flagged_at=now() - dt.timedelta(hours=hours)))
    await ownership.request(conversation, CONSENT, TOLD)
    assert await flags(engine) == (flag, flag)


async def test_danger_that_a_liaison_has_dealt_with_is_over_unless_it_is_found_again_or_taken_up_again(
    engine: AsyncEngine, store: Store
) -> None:
    ownership, ana = Ownership(engine), await liaison(engine, "Ana")
    conversation = await begin(store)
    await store.complete(await ask(store, conversation), REPLY, {"flag": "emergency"})
    await ownership.request(conversation, CONSENT, TOLD)
    await ownership.withdraw(conversation, TOLD)  # nobody has dealt with it
    await ownership.request(conversation, CONSENT, TOLD)
    assert await flags(engine) == ("emergency", "emergency")
    await ownership.claim(conversation, ana, TOLD)
    await ownership.close(conversation, ana, TOLD)
    await ownership.reopen(conversation, ana, TOLD)
    assert await flags(engine) == ("emergency", "emergency")
    await ownership.hand_back(conversation, ana, TOLD)
    await ownership.request(conversation, CONSENT, TOLD)
    assert await flags(engine) == (None, None)
    await ownership.withdraw(conversation, TOLD)
    await store.complete(await ask(store, conversation, "two"), REPLY, {"flag": "stalking"})
    await ownership.request(conversation, CONSENT, TOLD)
    assert await flags(engine) == ("stalking", "stalking")


async def test_what_was_passed_on_is_kept_for_a_hold_where_the_resident_asks_again(
    engine: AsyncEngine, store: Store
) -> None:
    ownership, conversation = Ownership(engine), await begin(store)
    await ownership.request(conversation, Consent("Tema: denunciar", name="cifrado"), TOLD)
    first = await row(engine, Handoff)
    async with engine.begin() as connection:
        await connection.execute(update(Conversation).values(legal_hold=True))
    await ownership.request(conversation, Consent(None), TOLD)
    kept, asked = await row(engine, Handoff, outcome="replaced"), await row(engine, Handoff, outcome=None)
    assert (kept.id, kept.summary, kept.name, kept.ended_at is None) == (first.id, "Tema: denunciar", "cifrado", False)
    assert (asked.summary, asked.name) == (None, None)
    assert (asked.requested_at, asked.shown_from, asked.alarm_at) == (first.requested_at, 1, first.alarm_at)
    assert await shown(engine, conversation) == [1, 2]
    async with engine.begin() as connection:
        await connection.execute(update(Conversation).values(legal_hold=False))
    await ownership.withdraw(conversation, TOLD)
    assert (await row(engine, Conversation)).shown_from is None


async def test_what_is_on_hold_stays_open_to_those_who_can_lift_it(engine: AsyncEngine, store: Store) -> None:
    ownership, conversation = Ownership(engine), await begin(store)
    await ownership.request(conversation, CONSENT, TOLD)
    async with engine.begin() as connection:
        await connection.execute(update(Conversation).values(legal_hold=True))
    await ownership.withdraw(conversation, TOLD)
    assert (await row(engine, Conversation)).shown_from is not None
    assert (await row(engine, Handoff)).summary == CONSENT.summary


async def test_nobody_moves_a_conversation_that_is_not_theirs_or_not_there(engine: AsyncEngine, store: Store) -> None:
    ownership = Ownership(engine)
    ana, ben = await liaison(engine, "Ana"), await liaison(engine, "Ben")
    conversation = await begin(store)
    with pytest.raises(NotFound):
        await ownership.claim("no-such", ana, TOLD)
    with pytest.raises(Conflict):
        await ownership.claim(conversation, ana, TOLD)
    await ownership.request(conversation, CONSENT, TOLD)
    await ownership.claim(conversation, ana, TOLD)
    for move in (ownership.close, ownership.hand_back, ownership.release):
        with pytest.raises(AlreadyClaimed):
            await move(conversation, ben, TOLD)
    with pytest.raises(AlreadyClaimed):
        await ownership.say(conversation, ben, "hola", "es")
    await ownership.transfer(conversation, ana, ben, TOLD)
    await ownership.say(conversation, ben, "hola", "es")


LEGAL = {
    "bot": ["request", "turn"],
    "waiting": ["request", "withdraw", "claim", "turn"],
    "liaison": ["transfer", "release", "hand_back", "close", "say", "turn"],
    "closed": ["request", "reopen", "reopen", "turn"],
}
"""What can be done in each state; to reopen more often, since a conversation is seldom closed."""
MOVES = sorted({move for moves in LEGAL.values() for move in moves})


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)  # of PostgreSQL's locks the tests above are
async def test_whatever_happens_in_whatever_order_the_invariants_hold(engine: AsyncEngine, store: Store) -> None:
    people = {1: await liaison(engine, "Ana"), 2: await liaison(engine, "Ben")}
    dice, succeeded = random.Random(7), Counter[str]()
    for _ in range(12):
        await _run(engine, store, people, dice, succeeded)
    assert {move for move in MOVES if succeeded[move] > 0} == set(MOVES), succeeded


async def _run(
    engine: AsyncEngine, store: Store, people: dict[int, int], dice: random.Random, succeeded: Counter[str]
) -> None:
    """One conversation through 30 moves, most of them such as its state allows, some by two at once."""
    ownership, conversation = Ownership(engine), await begin(store)

    async def move(name: str, who: int) -> None:
        me, other = people[who], people[3 - who]
        match name:
            case "request":
                await ownership.request(conversation, CONSENT, TOLD)
            case "withdraw":
                await ownership.withdraw(conversation, TOLD)
            case "transfer":
                await ownership.transfer(conversation, me, other, TOLD)
            case "say":
                await ownership.say(conversation, me, "hola", "es")
            case other_move:
                await getattr(ownership, other_move)(conversation, me, TOLD)

    for turn in range(30):
        before = await row(engine, Conversation, id=conversation)
        legal, at_once = dice.random() < 0.8, dice.random() < 0.3
        name, who = dice.choice(LEGAL[before.owner] if legal else MOVES), dice.choice([1, 2])
        if legal and before.owner == "liaison":
            who = 1 if before.liaison_id == people[1] else 2
        if name == "turn":
            pending = await ask(store, conversation, str(turn))
            moved = ownership.claim(conversation, people[who], TOLD) if at_once else asyncio.sleep(0)
            spoke, _ = await asyncio.gather(store.complete(pending, REPLY, {}), moved, return_exceptions=True)
            assert isinstance(spoke, int) is (before.owner != "liaison") or at_once
            succeeded[name] += isinstance(spoke, int)
        else:
            both = [move(name, who)] + ([move(name, 3 - who)] if at_once else [])
            dice.shuffle(both)
            outcomes = await asyncio.gather(*both, return_exceptions=True)
            for outcome in outcomes:
                assert outcome is None or isinstance(outcome, Conflict), outcome
            succeeded[name] += None in outcomes
            assert None in outcomes or not legal, (before.owner, name)
        now = await row(engine, Conversation, id=conversation)
        assert (now.owner == "liaison") == (now.liaison_id is not None)
        async with engine.connect() as connection:
            of_it = (Handoff.conversation_id == conversation, Handoff.ended_at.is_(None))
            running = (await connection.execute(select(Handoff).where(*of_it))).all()
        assert len(running) == (now.owner in {"waiting", "liaison"})
    messages = await store.messages(conversation)
    assert [message.number for message in messages] == list(range(1, len(messages) + 1))
