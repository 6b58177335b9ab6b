"""Guards the offer of a person: what is passed on is agreed to by a button, and a typed yes or no is understood."""

from __future__ import annotations

import pytest
from turning import Rasa, Search, accept, new, settle

from bot.conversations.store import Store
from bot.handoffs.desk import Desk
from bot.replies import CONNECT, CONNECT_WHOLE, PERSON, STAY, YES, Reply, Say, topic_choice
from bot.safety import Flag
from bot.secrets import Secrets
from bot.turns.answering import Answering
from bot.turns.turns import Turns


def says(rasa: Rasa, say: Say) -> None:
    """Have Rasa say this."""

    async def answer(*_: str) -> list[Say]:
        return [Say(**say)]

    rasa.answer = answer


@pytest.mark.parametrize("again", [1, 2])
async def test_a_typed_yes_to_the_offer_of_a_person_gets_the_buttons_again(
    store: Store, rasa: Rasa, turns: Turns, again: int
) -> None:
    conversation = await store.create("kent-wa", "web", "en", chosen=False)
    says(rasa, Say(say="handoff"))
    offer = await settle(turns, conversation.id, await accept(store, conversation, "a person please"))
    says(rasa, Say(say="smalltalk", message="acknowledge", agrees=True))
    for number in range(again):
        reply = await settle(turns, conversation.id, await accept(store, conversation, f"yes {number}"))
    assert offer
    assert reply
    assert reply.text == "I have not passed this on yet. If you want me to, choose one of these."
    assert (reply.kind, reply.handoff) == ("handoff", offer.handoff)
    assert [choice.send for choice in reply.choices] == [CONNECT, CONNECT_WHOLE, STAY]
    assert (await store.access(conversation.id, conversation.token)).owner == "bot"


@pytest.mark.parametrize("typed", ["Yes, pass it on", "yes with my whole chat", "1", "the second one"])
async def test_the_label_of_a_button_typed_passes_nothing_on_and_gets_the_buttons_again(
    store: Store, rasa: Rasa, turns: Turns, typed: str
) -> None:
    conversation = await store.create("kent-wa", "web", "en", chosen=False)
    says(rasa, Say(say="handoff"))
    await settle(turns, conversation.id, await accept(store, conversation, "a person please"))
    says(rasa, Say(say="smalltalk", message="acknowledge", agrees=True))
    reply = await settle(turns, conversation.id, await accept(store, conversation, typed))
    assert reply
    assert reply.text == "I have not passed this on yet. If you want me to, choose one of these."
    assert [choice.send for choice in reply.choices] == [CONNECT, CONNECT_WHOLE, STAY]
    assert rasa.asked[-1] == YES
    assert (await store.access(conversation.id, conversation.token)).owner == "bot"


async def test_a_button_of_the_last_reply_that_is_typed_is_pressed_unless_it_is_danger(
    store: Store, rasa: Rasa, turns: Turns
) -> None:
    conversation = await store.create("kent-wa", "web", "en", chosen=False)
    says(rasa, Say(say="clarify", topics=["what-is-asked", "detainers"], confidence=0.3))
    for typed in ("hmm", "the second one", "TALK TO A PERSON", "he has a gun"):
        await settle(turns, conversation.id, await accept(store, conversation, typed))
    assert rasa.asked == ["hmm", topic_choice("detainers"), PERSON]


async def test_below_the_nets_warning_the_offer_of_a_person_has_no_button_for_one(
    store: Store, rasa: Rasa, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await store.create("kent-wa", "web", "en", chosen=False)
    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", "emergency"))
    says(rasa, Say(say="handoff"))
    reply = await settle(turns, conversation.id, await accept(store, conversation, "a person NOW"))
    assert reply
    assert reply.kind == "emergency"
    assert [choice.send for choice in reply.choices] == [CONNECT, CONNECT_WHOLE, STAY]


async def test_a_typed_no_to_the_offer_of_a_person_passes_nothing_on(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await store.create("kent-wa", "web", "en", chosen=False)
    says(rasa, Say(say="handoff"))
    await settle(turns, conversation.id, await accept(store, conversation, "a person please"))
    says(rasa, Say(say="smalltalk", message="acknowledge", agrees=False))
    reply = await settle(turns, conversation.id, await accept(store, conversation, "no"))
    assert reply
    assert reply.text == "All right, I have passed nothing on. What would you like to know?"


@pytest.mark.parametrize("agrees", [True, False])
async def test_a_yes_or_no_to_anything_else_is_no_answer_to_an_offer(
    store: Store, rasa: Rasa, turns: Turns, agrees: bool
) -> None:
    conversation = await new(store, "en")
    says(rasa, Say(say="handoff"))
    await settle(turns, conversation.id, await accept(store, conversation, "a person please"))
    rasa.answer = rasa.greet
    await settle(turns, conversation.id, await accept(store, conversation, "hello"))
    says(rasa, Say(say="smalltalk", message="acknowledge", agrees=agrees))
    reply = await settle(turns, conversation.id, await accept(store, conversation, "ok"))
    assert reply
    assert reply.text == "All right. What would you like to know?"


async def test_of_a_long_story_the_beginning_is_offered_and_may_be_passed_on(
    store: Store, rasa: Rasa, turns: Turns, answering: Answering
) -> None:
    conversation = await store.create("kent-wa", "web", "en", chosen=False)
    story = "word " * 399 + "end"
    await store.accept(conversation.id, "web", "1", story, "en", None)
    pending = await store.pending(conversation.id)
    assert pending
    answer = Reply(kind="answer", department="kent-wa", text="No.", language="en").model_dump(mode="json")
    await store.complete(pending, answer, {"topic": "what-is-asked", "asked": pending.number})
    says(rasa, Say(say="handoff"))
    reply = await settle(turns, conversation.id, await accept(store, conversation, "a person please"))
    assert reply
    assert reply.handoff
    summary = reply.handoff.summary
    assert 990 < len(summary) <= 1000
    assert summary.startswith("[Will they ask my status?] word word")
    assert summary.endswith("word word…")
    assert summary not in reply.text  # the form shows it
    desk = Desk(store, Secrets("k" * 32), answering._renderer)
    row = await store.access(conversation.id, conversation.token)
    await desk.request(row, summary, None, whole_chat=False)
    assert (await store.access(conversation.id, conversation.token)).owner == "waiting"
