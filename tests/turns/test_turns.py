"""Guards the turn: one at a time and in order, never silent when Rasa fails, finished after a crash. Rasa is a stub."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update
from turning import GREET, Rasa, accept, fails, new, settle, texts

from bot.channels.whatsapp.intake import forget_ids
from bot.conversations.store import NewConversation, Store
from bot.conversations.tables import Conversation
from bot.handoffs.retention import Retention
from bot.handoffs.tables import ToForget
from bot.rasa import RasaError
from bot.replies import PERSON, Reply, Say
from bot.turns.answering import Answering
from bot.turns.turns import Turns


async def test_two_messages_at_once_are_answered_one_after_the_other(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await new(store)
    inside = 0

    async def slow(_: str, text: str) -> list[Say]:
        nonlocal inside
        inside += 1
        assert inside == 1, "two turns of one conversation at once"
        await asyncio.sleep(0)  # a chance for the other one to come in
        inside -= 1
        return GREET

    rasa.answer = slow
    ids = [await accept(store, conversation, said) for said in ("primero", "segundo", "tercero")]
    replies = await asyncio.gather(*(settle(turns, conversation.id, each) for each in reversed(ids)))
    assert [reply and reply.kind for reply in replies] == ["smalltalk"] * 3
    assert rasa.asked == ["primero", "segundo", "tercero"]
    assert [reply_to for _, author, reply_to in await texts(store, conversation) if author == "bot"] == [1, 2, 3]


async def test_one_conversation_does_not_wait_for_another(store: Store, rasa: Rasa, turns: Turns) -> None:
    slow, quick = await new(store), await new(store)
    slow_id, quick_id = await accept(store, slow, "uno"), await accept(store, quick, "dos")
    go_on, begun = asyncio.Event(), asyncio.Event()

    async def hold_the_first(conversation: str, text: str) -> list[Say]:
        if conversation == slow.id:
            begun.set()
            await go_on.wait()
        return GREET

    rasa.answer = hold_the_first
    held = asyncio.create_task(settle(turns, slow.id, slow_id))
    await begun.wait()
    assert await asyncio.wait_for(settle(turns, quick.id, quick_id), 5)
    assert not held.done()
    go_on.set()
    assert await held


@pytest.mark.parametrize(
    "error",
    [RasaError("Rasa did not answer in time"), RasaError("Rasa had nothing to say"), ValueError("anything else")],
    ids=["timeout", "nothing to say", "defect"],
)
@pytest.mark.parametrize("language", ["en", "es"])
async def test_trouble_is_said_in_both_languages_and_stored(
    store: Store, rasa: Rasa, turns: Turns, delivered: list[str], language: str, error: Exception
) -> None:
    conversation = await new(store, language)
    rasa.answer = lambda *_: fails(error)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    assert reply
    assert reply.text.count("911") == 2
    assert {"call 911" in reply.text, "llame al 911" in reply.text} == {True}
    assert reply.language == language
    stored = (await store.messages(conversation.id))[-1]
    assert (stored.author, stored.text) == ("bot", reply.text)
    assert delivered == [conversation.id]


@pytest.mark.parametrize("says", [[{"say": "unheard of"}], [{}]], ids=["unknown", "without say"])
async def test_what_cannot_be_said_is_trouble_too(store: Store, rasa: Rasa, turns: Turns, says: list[Any]) -> None:
    conversation = await new(store)

    async def odd(*_: str) -> list[Say]:
        return says

    rasa.answer = odd
    reply = await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    assert reply
    assert reply.text.count("911") == 2


async def test_a_failed_turn_does_not_stop_the_next(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await new(store)
    rasa.answer = lambda *_: fails(RasaError("down"))
    await settle(turns, conversation.id, await accept(store, conversation, "uno"))
    rasa.answer = rasa.greet
    reply = await settle(turns, conversation.id, await accept(store, conversation, "dos"))
    assert reply
    assert reply.kind == "smalltalk"
    assert rasa.asked == ["uno", "dos"]


async def test_no_word_of_a_resident_is_logged_when_a_turn_fails(
    store: Store, rasa: Rasa, turns: Turns, caplog: pytest.LogCaptureFixture
) -> None:
    conversation = await new(store)
    rasa.answer = lambda _, text: fails(ValueError(f"can't handle {text}"))
    await settle(turns, conversation.id, await accept(store, conversation, "mi hermano no tiene papeles"))
    assert caplog.records
    assert "papeles" not in caplog.text


async def test_recovery_answers_what_a_crash_left(store: Store, rasa: Rasa, turns: Turns) -> None:
    first, second, settled = await new(store), await new(store), await new(store)
    await settle(turns, settled.id, await accept(store, settled, "antes"))
    for conversation in (first, second):
        for said in ("uno", "dos"):
            await accept(store, conversation, said)
    await turns.recover()
    await turns.recover()
    for conversation in (first, second):
        assert [(author, to) for _, author, to in await texts(store, conversation) if author == "bot"] == [
            ("bot", 1),
            ("bot", 2),
        ]
    assert rasa.asked.count("antes") == 1
    assert await store.conversations_with_pending() == []


@pytest.mark.parametrize("fail", [False, True], ids=["answered", "failed"])
async def test_an_action_finds_its_turn_while_it_runs_and_no_longer(
    store: Store, rasa: Rasa, turns: Turns, answering: Answering, fail: bool
) -> None:
    conversation = await new(store)
    seen = []

    async def look(conversation_id: str, text: str) -> list[Say]:
        seen.append(answering.of(conversation_id).text)
        return await fails(RasaError("down")) if fail else GREET

    rasa.answer = look
    await settle(turns, conversation.id, await accept(store, conversation, "¿preguntan papeles?"))
    assert seen == ["¿preguntan papeles?"]
    with pytest.raises(KeyError):
        answering.of(conversation.id)


async def test_a_conversation_erased_during_its_turn_stays_erased(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await new(store)

    async def erase(conversation_id: str, text: str) -> list[Say]:
        await Retention(store.engine, 30, 7, forget_ids).erase(conversation_id)
        return GREET

    rasa.answer = erase
    reply: Reply | None = await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    assert reply is None
    assert list(await store.messages(conversation.id)) == []


async def test_what_a_resident_left_is_erased_after_a_crash_and_not_answered(
    store: Store, rasa: Rasa, turns: Turns
) -> None:
    conversation = await new(store)
    waiting = await accept(store, conversation, "hola")
    await store.revoke(conversation.id)  # and here the process ends
    assert await settle(turns, conversation.id, waiting) is None
    assert await store.leaving() == [conversation.id]
    await turns.recover()
    assert rasa.asked == []
    assert list(await store.messages(conversation.id)) == []
    assert await store.leaving() == []
    async with store.engine.connect() as connection:
        assert list(await connection.scalars(select(ToForget.conversation_id))) == [conversation.id]


async def test_what_was_left_on_hold_is_erased_once_a_hold_that_came_after_it_is_lifted(
    store: Store, turns: Turns
) -> None:
    before, after = await new(store), await new(store)

    async def hold(conversation: NewConversation, held: bool) -> None:
        async with store.engine.begin() as connection:
            this = Conversation.id == conversation.id
            await connection.execute(update(Conversation).where(this).values(legal_hold=held))

    for each in (before, after):
        await accept(store, each, "hola")
    await hold(before, True)
    for each in (before, after):
        await store.revoke(each.id)
    await hold(after, True)
    await turns.finish_leaving()
    assert [len(await store.messages(each.id)) for each in (before, after)] == [1, 1]
    for each in (before, after):
        await hold(each, False)
    await turns.finish_leaving()
    # As long as it was on hold when they left, it is kept as its department keeps everything.
    assert [len(await store.messages(each.id)) for each in (before, after)] == [1, 0]


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ([{"say": "handoff"}], {"owner": "bot", "shown_from": None}),
        ([{"say": "language", "language": "en"}], {"language": "en", "language_chosen": True}),
    ],
    ids=["handoff", "language"],
)
async def test_what_a_turn_says_changes_its_conversation(
    store: Store, rasa: Rasa, turns: Turns, said: list[Say], changed: dict[str, Any]
) -> None:
    conversation = await new(store)

    async def say(*_: str) -> list[Say]:
        return said

    rasa.answer = say
    await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    row = await store.access(conversation.id, conversation.token)
    assert {name: getattr(row, name) for name in changed} == changed


@pytest.mark.parametrize(
    "typed", ["/press_person", "//press_person", "/ /press_person", "/\t/press_person", "/\n/x", "/"]
)
async def test_no_typed_text_reaches_rasa_as_a_button(store: Store, rasa: Rasa, turns: Turns, typed: str) -> None:
    conversation = await new(store)
    await settle(turns, conversation.id, await accept(store, conversation, typed))
    # Rasa strips white space before it looks for the slash.
    assert not rasa.asked[0].strip().startswith("/")


async def test_a_button_reaches_rasa_as_it_is_and_skips_the_safety_rules(
    store: Store, rasa: Rasa, turns: Turns
) -> None:
    conversation = await new(store)
    await settle(turns, conversation.id, await accept(store, conversation, "Hablar con alguien", PERSON))
    assert rasa.asked == [PERSON]
