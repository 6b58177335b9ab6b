"""Guards whose turn it is: the assistant's, or a liaison's, whose conversation the assistant keeps out of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from people import liaison
from sqlalchemy import event
from turning import GREET, Detector, Rasa, Search, accept, new, settle

from bot.conversations.ownership import Consent, Notice, Ownership
from bot.conversations.store import NewConversation, Pending, Store
from bot.replies import Say
from bot.safety import Flag
from bot.turns.answering import Answering
from bot.turns.turns import Turns


async def connect(store: Store, rasa: Rasa, turns: Turns, language: str = "es") -> NewConversation:
    """A conversation whose resident was asked, and agreed."""
    conversation = await new(store, language)
    for number, say in enumerate((Say(say="handoff"), Say(say="connect", whole_chat=False))):

        async def answer(*_: str, say: Say = say) -> list[Say]:
            return [say]

        rasa.answer = answer
        await settle(turns, conversation.id, await accept(store, conversation, f"una persona {number}"))
    rasa.answer = rasa.greet
    return conversation


def claimed_meanwhile(store: Store, conversation: NewConversation, ana: int) -> Callable[..., Awaitable[list[Say]]]:
    """What Rasa answers while a liaison claims the conversation."""

    async def answer(*_: str) -> list[Say]:
        await Ownership(store.engine).claim(conversation.id, ana, Notice("Ana está aquí", "es"))
        return GREET

    return answer


async def test_a_resident_who_agrees_waits_and_the_assistant_goes_on(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await connect(store, rasa, turns)
    row = await store.access(conversation.id, conversation.token)
    assert row.owner == "waiting"
    assert row.shown_from == 5
    # "Hola" is no question: it is told that they wait. A question is answered (test_turn_waiting.py).
    reply = await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    assert reply
    assert (reply.kind, "withdraw" in reply.forms) == ("handoff", True)


async def test_nobody_is_handed_over_who_was_not_asked(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await new(store)

    async def agree(*_: str) -> list[Say]:
        return [Say(say="connect", whole_chat=True)]

    rasa.answer = agree
    reply = await settle(turns, conversation.id, await accept(store, conversation, "Hablar con una persona", "/agree"))
    assert (await store.access(conversation.id, conversation.token)).owner == "bot"
    assert reply
    assert (reply.kind, reply.handoff is not None) == ("handoff", True), "they are asked"
    await settle(turns, conversation.id, await accept(store, conversation, "Sí", "/agree"))
    assert (await store.access(conversation.id, conversation.token)).owner == "waiting"


async def test_who_would_rather_stay_is_told_that_nothing_more_is_passed_on_where_something_was(
    store: Store, rasa: Rasa, turns: Turns
) -> None:
    async def stay(*_: str) -> list[Say]:
        return [Say(say="smalltalk", message="stay")]

    conversation, fresh = await connect(store, rasa, turns, "en"), await new(store, "en")
    owners, ana = Ownership(store.engine), await liaison(store.engine, "ana")
    await owners.claim(conversation.id, ana, Notice("Ana is here", "en"))
    await owners.hand_back(conversation.id, ana, Notice("Ana has left", "en"))
    rasa.answer = stay
    said = []
    for each in (fresh, conversation):
        reply = await settle(turns, each.id, await accept(store, each, "no, stay here"))
        assert reply
        said.append(reply.text.partition(".")[0])
    assert said == ["All right, I have passed nothing on", "All right, I have passed nothing more on"]


async def test_in_a_liaisons_conversation_the_bot_is_silent_and_safety_speaks(
    store: Store, rasa: Rasa, turns: Turns, delivered: list[str]
) -> None:
    conversation = await connect(store, rasa, turns)
    ana = await liaison(store.engine, "Ana")
    await Ownership(store.engine).claim(conversation.id, ana, Notice("Ana está aquí", "es"))
    rasa.asked.clear()
    inbox_id = await accept(store, conversation, "me dijeron que regresara hoy")
    for _ in range(2):  # the second call finds the turn done
        reply = await settle(turns, conversation.id, inbox_id)
        assert reply
        assert (reply.kind, reply.text) == ("handoff", "")
    danger = await settle(turns, conversation.id, await accept(store, conversation, "estamos en peligro"))
    assert danger
    assert "911" in danger.text
    assert rasa.asked == []
    assert [row.author for row in await store.messages(conversation.id)][-4:] == [
        "notice",
        "resident",
        "resident",
        "safety",
    ]
    assert (await store.access(conversation.id, conversation.token)).flag == "emergency"
    assert delivered[-2:] == [conversation.id] * 2


async def test_a_message_reaches_the_liaison_even_where_safety_breaks(
    store: Store, rasa: Rasa, turns: Turns, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await connect(store, rasa, turns)
    ana = await liaison(store.engine, "Ana")
    await Ownership(store.engine).claim(conversation.id, ana, Notice("Ana está aquí", "es"))
    monkeypatch.setattr(answering, "_safety", None)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "me dijeron que regresara hoy"))
    assert reply
    assert (reply.kind, await store.conversations_with_pending()) == ("handoff", [])


async def test_who_has_waited_longest_stands_first_whatever_they_write_meanwhile(
    store: Store, rasa: Rasa, turns: Turns
) -> None:
    first, second = [await connect(store, rasa, turns) for _ in range(2)]
    await settle(turns, first.id, await accept(store, first, "sigo aquí"))
    assert [row.id for row in await store.waiting()] == [first.id, second.id]


async def test_a_turn_that_a_claim_overtakes_says_nothing(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await connect(store, rasa, turns)
    ana = await liaison(store.engine, "Ana")
    rasa.answer = claimed_meanwhile(store, conversation, ana)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    assert reply
    assert reply.text == ""
    assert [row.author for row in await store.messages(conversation.id)][-2:] == ["resident", "notice"]


async def test_a_warning_is_given_also_where_a_claim_overtakes_it(
    store: Store, rasa: Rasa, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await connect(store, rasa, turns)
    ana = await liaison(store.engine, "Ana")
    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", "emergency"))
    rasa.answer = claimed_meanwhile(store, conversation, ana)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "algo que ninguna regla conoce"))
    assert reply
    assert "911" in reply.text
    assert [row.author for row in await store.messages(conversation.id)][-2:] == ["notice", "safety"]
    assert (await store.access(conversation.id, conversation.token)).flag == "emergency"


async def test_a_message_that_a_hand_back_overtakes_is_the_assistants(
    store: Store, rasa: Rasa, turns: Turns, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await connect(store, rasa, turns)
    ana, ownership = await liaison(store.engine, "Ana"), Ownership(store.engine)
    await ownership.claim(conversation.id, ana, Notice("Ana está aquí", "es"))
    inbox_id = await accept(store, conversation, "hola")
    pass_on = store.pass_on

    async def handed_back_meanwhile(pending: Pending) -> bool:
        await ownership.hand_back(conversation.id, ana, Notice("Ana se fue", "es"))
        return await pass_on(pending)

    monkeypatch.setattr(store, "pass_on", handed_back_meanwhile)
    reply = await settle(turns, conversation.id, inbox_id)
    assert reply
    assert reply.kind == "smalltalk"


async def test_a_warning_beside_a_liaison_is_in_the_language_of_the_danger(
    store: Store, rasa: Rasa, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await connect(store, rasa, turns)
    await store.set_language(conversation.id, "en")
    monkeypatch.setattr(Detector, "decide", lambda *_, **__: "es")
    ana = await liaison(store.engine, "Ana")
    await Ownership(store.engine).claim(conversation.id, ana, Notice("Ana is here", "en"))
    text = "mi esposo me está pegando ahora mismo, ayúdenme"
    danger = await settle(turns, conversation.id, await accept(store, conversation, text))
    assert danger
    assert (danger.language, " al 911" in danger.text) == ("es", True)


async def test_the_next_message_of_a_closed_conversation_is_the_assistants(
    store: Store, rasa: Rasa, turns: Turns
) -> None:
    conversation = await connect(store, rasa, turns)
    ana, ownership = await liaison(store.engine, "Ana"), Ownership(store.engine)
    await ownership.claim(conversation.id, ana, Notice("Ana está aquí", "es"))
    await ownership.close(conversation.id, ana, Notice("Ana se fue", "es"))
    moves: list[str] = []

    @event.listens_for(store.engine.sync_engine, "before_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        set_, _, where = statement.partition(" WHERE ")
        if "owner=" in set_:
            moves.append(where)

    reply = await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    event.remove(store.engine.sync_engine, "before_cursor_execute", note)
    assert reply
    assert reply.kind == "smalltalk"
    assert (await store.access(conversation.id, conversation.token)).owner == "bot"
    assert ["conversations.owner IN" in where for where in moves] == [True], "a move names the owner it moves from"


async def test_who_asks_for_a_person_elsewhere_while_the_assistant_answers_in_a_closed_conversation_waits(
    store: Store, rasa: Rasa, turns: Turns
) -> None:
    conversation = await connect(store, rasa, turns)
    ana, ownership = await liaison(store.engine, "Ana"), Ownership(store.engine)
    await ownership.claim(conversation.id, ana, Notice("Ana está aquí", "es"))
    await ownership.close(conversation.id, ana, Notice("Ana se fue", "es"))

    async def answer(*_: str) -> list[Say]:
        await ownership.request(conversation.id, Consent(None), Notice("Espere", "es"))
        return GREET

    rasa.answer = answer
    reply = await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    assert reply
    assert reply.kind == "smalltalk"
    assert (await store.access(conversation.id, conversation.token)).owner == "waiting"
