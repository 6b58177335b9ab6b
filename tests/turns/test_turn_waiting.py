"""Guards what is said to somebody who waits for a person: that they wait, and how to take it back."""

from __future__ import annotations

import pytest
from turning import Rasa, Search, accept, new, settle

from bot.conversations.store import NewConversation, Store
from bot.limits import Limits
from bot.rendering.renderer import Renderer
from bot.replies import PERSON, Reply, Say, topic_choice
from bot.retrieval.decision import Outcome
from bot.retrieval.index import Found
from bot.safety import Flag
from bot.turns.answering import Answering
from bot.turns.turns import Turns

WAITING = "You are already waiting for a person, and what you agreed to is passed on."
FORMS = ["callback", "code", "withdraw"]


def says(rasa: Rasa, say: Say) -> None:
    """Have Rasa say this."""

    async def answer(*_: str) -> list[Say]:
        return [say]

    rasa.answer = answer


async def waits(store: Store, rasa: Rasa, turns: Turns) -> NewConversation:
    """A conversation whose resident has agreed to be read by a person."""
    conversation = await new(store, "en")
    for said, say in (("a person", Say(say="handoff")), ("yes", Say(say="connect", whole_chat=False))):
        says(rasa, say)
        await settle(turns, conversation.id, await accept(store, conversation, said, "/press"))
    assert (await store.access(conversation.id, conversation.token)).owner == "waiting"
    return conversation


async def write(store: Store, turns: Turns, conversation: NewConversation, text: str) -> Reply:
    """What is said to a message."""
    reply = await settle(turns, conversation.id, await accept(store, conversation, text))
    assert reply
    return reply


@pytest.mark.parametrize(
    "say",
    [
        Say(say="smalltalk", message="acknowledge", agrees=False),
        Say(say="smalltalk", message="acknowledge", agrees=True),
        Say(say="smalltalk", message="acknowledge"),
        Say(say="smalltalk", message="greet"),
        Say(say="smalltalk", message="nothing_yet"),
        Say(say="smalltalk", message="stay"),
        Say(say="handoff"),
    ],
)
async def test_who_waits_and_says_no_more_than_a_word_is_told_so_and_can_take_it_back(
    store: Store, rasa: Rasa, turns: Turns, say: Say
) -> None:
    conversation = await waits(store, rasa, turns)
    says(rasa, say)
    reply = await write(store, turns, conversation, "mejor ya no")
    assert reply.text.startswith(WAITING)
    assert (reply.kind, reply.forms, reply.choices) == ("handoff", FORMS, [])


@pytest.mark.parametrize("message", ["thanks", "goodbye", "about_bot", "privacy", "erase"])
async def test_what_else_is_small_talk_is_said_before_it(
    store: Store, rasa: Rasa, turns: Turns, renderer: Renderer, message: str
) -> None:
    conversation = await waits(store, rasa, turns)
    say = Say(say="smalltalk", message=message)
    says(rasa, say)
    reply = await write(store, turns, conversation, "who reads this")
    assert reply.text.startswith(f"{renderer.render([say], 'kent-wa', 'en').text}\n\n{WAITING}")
    assert (reply.forms, reply.choices) == (FORMS, [])


async def test_who_waits_is_not_told_to_ask_for_a_person_where_nothing_is_found(
    store: Store, rasa: Rasa, turns: Turns
) -> None:
    conversation = await waits(store, rasa, turns)
    says(rasa, Say(say="no_answer", topics=["detainers"], confidence=0.0))
    reply = await write(store, turns, conversation, "where is my car")
    said = f"I found nothing about that in the texts I have (Kent Police Department).\n\n{WAITING}"
    assert reply.text.startswith(said)
    assert (reply.kind, reply.forms) == ("no_answer", FORMS)
    assert [choice.send for choice in reply.choices] == [topic_choice("detainers")]


async def test_what_is_never_answered_is_declined_and_who_waits_is_told_so(
    store: Store, rasa: Rasa, turns: Turns, limits: Limits
) -> None:
    text = "how much longer"
    assert limits.find(text, "kent-wa") == "no_predictions"
    reply = await write(store, turns, await waits(store, rasa, turns), text)
    assert reply.text.startswith("I cannot know what will happen")
    assert WAITING in reply.text
    assert reply.forms == FORMS


async def test_a_question_that_the_text_answers_is_answered_to_who_waits(
    store: Store, rasa: Rasa, turns: Turns, renderer: Renderer
) -> None:
    conversation = await waits(store, rasa, turns)
    say = Say(say="answer", topic="what-is-asked", confidence=0.9)
    says(rasa, say)
    reply = await write(store, turns, conversation, "do they ask for papers")
    assert reply.text == renderer.render([say], "kent-wa", "en").text
    assert reply.forms == []


@pytest.mark.parametrize("say", [Say(say="smalltalk", message="stay"), Say(say="smalltalk", message="x", agrees=False)])
async def test_who_wants_nobody_any_more_is_told_how_to_stop_waiting_before_the_nets_line_for_despair(
    store: Store, rasa: Rasa, turns: Turns, renderer: Renderer, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    conversation = await waits(store, rasa, turns)
    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", "self_harm"))
    says(rasa, say)
    reply = await write(store, turns, conversation, "ya no quiero hablar con nadie")
    assert reply.text.startswith(WAITING)
    assert reply.text.endswith(renderer.safety("self_harm", "kent-wa", "en").text)
    assert (reply.kind, reply.forms, reply.choices) == ("emergency", FORMS, [])
    assert [step.href for step in reply.steps] == ["tel:988", "tel:911"]


async def test_a_rules_danger_is_all_that_is_said_to_who_waits(
    store: Store, rasa: Rasa, turns: Turns, renderer: Renderer
) -> None:
    conversation = await waits(store, rasa, turns)
    reply = await write(store, turns, conversation, "ya no quiero vivir")
    assert reply.text == renderer.safety("self_harm", "kent-wa", "en").text


@pytest.mark.parametrize(("message", "told"), [("stay", True), ("greet", False)])
async def test_the_nets_other_warnings_come_first(
    store: Store,
    rasa: Rasa,
    turns: Turns,
    renderer: Renderer,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
    told: bool,
) -> None:
    conversation = await waits(store, rasa, turns)
    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", "emergency"))
    says(rasa, Say(say="smalltalk", message=message))
    reply = await write(store, turns, conversation, "algo que ninguna regla conoce")
    assert reply.text.startswith(renderer.safety("emergency", "kent-wa", "en").text)
    assert (WAITING in reply.text) == told
    assert [choice.send for choice in reply.choices] == ([] if told else [PERSON])


class TestWhatGoesOnFromTheQuestionBefore:
    """A few words are read together with the question before them, and find its answer again."""

    @pytest.fixture(autouse=True)
    def found(self, monkeypatch: pytest.MonkeyPatch, rasa: Rasa, answering: Answering) -> None:
        """Search finds that answer, and by both questions together alone; Rasa leaves it to search."""
        near = Found([], elsewhere=0.0, inside=-1.0, outside=0.0)
        monkeypatch.setattr(Search, "search", lambda *_: near)
        monkeypatch.setattr(Found, "both", lambda *_: near)
        together = Outcome("answer", ("what-is-asked",), 0.5)
        monkeypatch.setattr(Search, "decide_together", lambda *_: together)

    @staticmethod
    async def asked(store: Store, rasa: Rasa, turns: Turns) -> NewConversation:
        """A conversation that is about a topic."""
        conversation = await new(store, "en")
        says(rasa, Say(say="answer", topic="what-is-asked", confidence=1.0))
        await write(store, turns, conversation, "do they ask for papers")
        return conversation

    @staticmethod
    def search_decides(rasa: Rasa, answering: Answering) -> None:
        async def answer(conversation: str, _: str) -> list[Say]:
            outcome = answering.of(conversation).outcome
            return [Say(say="answer", topic=outcome.topics[0], confidence=outcome.confidence)]

        rasa.answer = answer

    async def test_below_the_offer_of_a_person_it_is_offered_again(
        self, store: Store, rasa: Rasa, turns: Turns, answering: Answering
    ) -> None:
        conversation = await self.asked(store, rasa, turns)
        says(rasa, Say(say="handoff"))
        offer = await write(store, turns, conversation, "a person")
        self.search_decides(rasa, answering)
        reply = await write(store, turns, conversation, "who is it")
        assert offer.handoff
        assert (reply.text, reply.handoff) == (offer.text, offer.handoff)

    async def test_it_is_told_again_to_who_waits(
        self, store: Store, rasa: Rasa, turns: Turns, answering: Answering
    ) -> None:
        conversation = await self.asked(store, rasa, turns)
        for said, say in (("a person", Say(say="handoff")), ("yes", Say(say="connect", whole_chat=False))):
            says(rasa, say)
            await settle(turns, conversation.id, await accept(store, conversation, said, "/press"))
        self.search_decides(rasa, answering)
        reply = await write(store, turns, conversation, "nobody answers")
        assert (reply.text.startswith(WAITING), reply.forms) == (True, FORMS)

    async def test_who_asks_for_more_of_a_text_that_says_nothing_is_told_that_there_is_no_more(
        self, store: Store, rasa: Rasa, turns: Turns
    ) -> None:
        conversation = await new(store, "en")
        says(rasa, Say(say="answer", topic="detainers", confidence=0.9))
        whole = await write(store, turns, conversation, "do they hold people for ice")
        says(rasa, Say(say="answer", topic="detainers", confidence=1.0, form="explained"))
        more = await write(store, turns, conversation, "and?")
        assert whole.kind == more.kind == "no_answer"
        assert more.text.startswith(
            "The text says no more about this.\n\nThe published text says nothing about detainers"
        )
        assert len(more.text) < len(whole.text)

    async def test_what_the_text_says_is_not_said_at_length_again(
        self, store: Store, rasa: Rasa, turns: Turns, answering: Answering
    ) -> None:
        conversation = await self.asked(store, rasa, turns)
        whole = await store.last_reply(conversation.id)
        self.search_decides(rasa, answering)
        replies = [await write(store, turns, conversation, said) for said in ("how", "where")]
        assert whole
        for reply in replies:
            assert reply.text.startswith(
                "The text says no more about this.\n\nAs a rule, officers must not ask about citizenship or "
                "immigration status.\n\nExceptions and limits:\n• "
            )
            assert (reply.kind, reply.topic) == ("answer", "what-is-asked")
            assert [each.quote for each in reply.citations] == [each["quote"] for each in whole["citations"]]
            assert reply.choices[0].send == PERSON
        says(rasa, Say(say="answer", topic="what-is-asked", confidence=1.0))
        again = await write(store, turns, conversation, "say that again")
        assert again.text == whole["text"]
