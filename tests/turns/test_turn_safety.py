"""Guards the warning in a turn: said whatever else fails, and taken back by the net alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from turning import Encoder, Rasa, Search, accept, fails, new, settle

from bot.conversations.store import NewConversation, Store, take
from bot.limits import Limits
from bot.rasa import RasaError
from bot.rendering.renderer import Renderer
from bot.replies import Say
from bot.safety import Flag, SafetyRules
from bot.turns.answering import Answering
from bot.turns.turns import Turns


async def test_danger_is_answered_without_rasa(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "estamos en peligro"))
    assert reply
    assert (reply.kind, "911" in reply.text) == ("emergency", True)
    assert rasa.asked == []


@pytest.mark.parametrize("text", ["mi esposo me quiere\nmatar", "someone is breaking\ninto my house right now"])
async def test_a_line_break_hides_no_danger(store: Store, turns: Turns, text: str) -> None:
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, text))
    assert reply
    assert reply.kind == "emergency"


async def test_what_was_asked_before_danger_is_not_what_the_conversation_is_about_after_it(
    store: Store, turns: Turns
) -> None:
    conversation = await new(store)
    inbox_id = await accept(store, conversation, "¿me piden papeles?")
    pending = await store.pending(conversation.id)
    assert pending
    await store.complete(
        pending, {"kind": "answer", "text": "No.", "language": "es"}, {"topic": "what-is-asked", "asked": 1}
    )
    del inbox_id
    await settle(turns, conversation.id, await accept(store, conversation, "estamos en peligro"))
    row = await store.access(conversation.id, conversation.token)
    assert (row.topic, row.asked) == (None, row.last_number - 1)


async def defect() -> None:
    """An encoder that fails."""
    raise ValueError("out of memory")


async def hang() -> None:
    """An encoder that never comes back."""
    await asyncio.Event().wait()


@pytest.mark.parametrize("broken", [defect, hang])
async def test_a_rules_warning_does_not_depend_on_the_encoder(
    store: Store, encoder: Encoder, turns: Turns, monkeypatch: pytest.MonkeyPatch, broken: Callable[[], Awaitable[None]]
) -> None:
    monkeypatch.setattr("bot.turns.answering.WARNED_WITHIN", 0.05)
    encoder.broken = broken
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "me quiero morir"))
    assert reply
    assert (reply.kind, "988" in reply.text) == ("emergency", True)


async def test_a_rules_warning_does_not_depend_on_the_language(
    store: Store, turns: Turns, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "_detector", None)
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "me quiero morir"))
    assert reply
    assert (reply.kind, reply.language, "988" in reply.text) == ("emergency", "es", True)


async def test_where_the_warning_itself_breaks_there_is_trouble_and_no_silence(
    store: Store, turns: Turns, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "_safety", None)
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "me quiero morir"))
    assert reply
    assert (reply.kind, reply.text.count("911")) == ("no_answer", 2)


@pytest.mark.parametrize("flag", ["agents_at_door", "emergency"])
async def test_what_the_net_says_is_said_where_rasa_fails(
    store: Store, rasa: Rasa, turns: Turns, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", flag))
    rasa.answer = lambda *_: fails(RasaError("down"))
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "algo que ninguna regla conoce"))
    assert reply
    assert (reply.kind, reply.steps[0].href) == ("emergency", "tel:911")


@pytest.mark.parametrize("flag", ["agents_at_door", "emergency"])
async def test_below_the_nets_warning_stands_what_the_text_says_and_not_that_nothing_was_found(
    store: Store, rasa: Rasa, turns: Turns, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    async def nothing(*_: str) -> list[Say]:
        return [Say(say="no_answer", topics=[], confidence=0.0)]

    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", flag))
    rasa.answer = nothing
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "algo que ninguna regla conoce"))
    assert reply
    # "I found nothing about that" would be the last that is read by somebody in danger.
    assert (reply.steps[0].href, "no encontré" in reply.text.casefold()) == ("tel:911", False)
    assert bool(reply.citations) == (flag == "agents_at_door")


@pytest.mark.parametrize("message", ["goodbye", "greet", "acknowledge"])
async def test_small_talk_is_not_said_below_the_nets_warning(
    store: Store, rasa: Rasa, turns: Turns, renderer: Renderer, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    async def small_talk(*_: str) -> list[Say]:
        return [Say(say="smalltalk", message=message)]

    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", "emergency"))
    rasa.answer = small_talk
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "algo que ninguna regla conoce"))
    assert reply
    assert reply.text == renderer.safety("emergency", "kent-wa", "es").text


async def test_who_reads_this_is_said_below_the_nets_warning(
    store: Store, rasa: Rasa, turns: Turns, renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def privacy(*_: str) -> list[Say]:
        return [Say(say="smalltalk", message="privacy")]

    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", "emergency"))
    rasa.answer = privacy
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "algo que ninguna regla conoce"))
    assert reply
    told = renderer.render([Say(say="smalltalk", message="privacy")], "kent-wa", "es")
    assert reply.text == f"{renderer.safety('emergency', 'kent-wa', 'es').text}\n\n{told.text}"


@pytest.mark.parametrize("text", ["algo que ninguna regla conoce", "prométame que no me van a deportar"])
async def test_below_the_line_for_suicide_nothing_is_answered(
    store: Store, rasa: Rasa, turns: Turns, renderer: Renderer, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    async def finds(*_: str) -> list[Say]:
        return [Say(say="answer", topic="what-is-asked", confidence=0.9)]

    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", "self_harm"))
    rasa.answer = finds
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, text))
    assert reply
    assert (reply.kind, reply.topic) == ("emergency", None)
    assert reply.text == renderer.safety("self_harm", "kent-wa", "es").text


async def test_where_the_text_on_a_threat_is_found_the_nets_warning_is_as_a_rules(
    store: Store, rasa: Rasa, turns: Turns, renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def finds_the_same(*_: str) -> list[Say]:
        return [Say(say="answer", topic="threat-call-ice", confidence=0.9)]

    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", "threat_call_ice"))
    rasa.answer = finds_the_same
    conversation = await store.create("kansas-city-mo", "web", "es", chosen=False)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "algo que ninguna regla conoce"))
    assert reply
    assert (reply.kind, reply.topic, reply.steps[0].href) == ("answer", "threat-call-ice", "tel:911")
    assert reply.text == renderer.safety("threat_call_ice", "kansas-city-mo", "es").text


@pytest.mark.parametrize(
    "say",
    [
        Say(say="answer", topic="report-danger-now", confidence=0.9),
        Say(say="emergency"),
        Say(say="next_steps", topic="what-is-asked"),
    ],
    ids=lambda say: say["say"],
)
async def test_what_to_do_in_danger_is_not_said_again_below_the_nets_warning(
    store: Store, rasa: Rasa, turns: Turns, renderer: Renderer, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    async def finds(*_: str) -> list[Say]:
        return [say]

    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", "emergency"))
    rasa.answer = finds
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "necesito ayuda"))
    assert reply
    assert reply.text == renderer.safety("emergency", "kent-wa", "es").text


async def test_what_the_net_warns_of_is_known_to_the_actions(
    store: Store, rasa: Rasa, turns: Turns, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags: list[str | None] = []

    async def looks(conversation: str, text: str) -> list[Say]:
        flags.append(answering.of(conversation).flag)
        return [Say(say="smalltalk", message="greet")]

    rasa.answer = looks
    conversation = await new(store)
    await settle(turns, conversation.id, await accept(store, conversation, "algo"))
    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", "emergency"))
    await settle(turns, conversation.id, await accept(store, conversation, "algo que ninguna regla conoce"))
    assert flags == [None, "emergency"]


async def test_what_is_never_answered_is_declined_below_the_nets_warning(
    store: Store, rasa: Rasa, turns: Turns, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "prométame que no me van a deportar"
    assert limits.find(text, "kent-wa")
    conversation = await new(store)
    declined = await settle(turns, conversation.id, await accept(store, conversation, text))
    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", "emergency"))
    warned = await settle(turns, conversation.id, await accept(store, conversation, f"{text} ya"))
    assert declined
    assert warned
    assert (declined.kind, warned.kind, warned.steps[0].href) == ("no_answer", "emergency", "tel:911")
    assert warned.text.endswith(declined.text)
    assert rasa.asked == []


async def test_what_the_net_knows_to_be_no_danger_is_answered_as_any_other_message(
    store: Store, rasa: Rasa, turns: Turns, safety: SafetyRules
) -> None:
    conversation = await new(store)
    text = "quiero hablar de una balacera que presencié"
    assert safety.check(text)
    reply = await settle(turns, conversation.id, await accept(store, conversation, text))
    assert reply
    assert (reply.kind, rasa.asked) == ("smalltalk", [text])


async def say_in_fragments(store: Store, conversation: NewConversation, *said: str) -> int:
    """Store fragments of one message; the id of the last in the inbox."""
    async with store.engine.begin() as connection:
        for number, text in enumerate(said[:-1]):
            await take(connection, conversation.id, "whatsapp", f"{number}", text, "es", None, "joined")
    return await accept(store, conversation, said[-1])


async def test_fragments_have_one_turn_and_are_asked_together(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await new(store)
    inbox_id = await say_in_fragments(store, conversation, "hola", "me robaron anoche", "¿me van a pedir papeles?")
    assert await settle(turns, conversation.id, inbox_id)
    assert rasa.asked == ["hola\nme robaron anoche\n¿me van a pedir papeles?"]


@pytest.mark.parametrize("said", [("no", "me quiero morir", "ya"), ("oiga", "me quiero", "morir")])
async def test_danger_in_one_fragment_or_across_two_is_found(store: Store, turns: Turns, said: tuple[str, ...]) -> None:
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await say_in_fragments(store, conversation, *said))
    assert reply
    assert (reply.kind, "988" in reply.text) == ("emergency", True)


async def test_what_a_rule_finds_in_fragments_the_net_does_not_take_back(store: Store, turns: Turns) -> None:
    conversation = await new(store)
    inbox_id = await say_in_fragments(store, conversation, "presencié algo", "estamos en peligro")
    reply = await settle(turns, conversation.id, inbox_id)
    assert reply
    assert reply.kind == "emergency"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Perdí mi reporte y no sé adónde ir. Hay un hombre con pistola en mi casa.", "emergency"),
        ("En mi reporte puse que hay un hombre con pistola en mi casa.", "smalltalk"),
    ],
)
async def test_a_story_about_something_else_hides_no_danger_from_the_net(
    store: Store, turns: Turns, monkeypatch: pytest.MonkeyPatch, text: str, kind: str
) -> None:
    monkeypatch.setattr(Search, "check", lambda _, text, *__: None if "reporte" in text else Flag("net", "emergency"))
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, text))
    assert reply
    assert reply.kind == kind


async def test_a_flag_stays_where_what_may_take_it_back_does_not_come_in_time(
    store: Store, encoder: Encoder, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.turns.answering.WARNED_WITHIN", 0.05)
    passes: list[None] = []

    async def hangs_from_the_second_on() -> None:
        passes.append(None)
        if len(passes) > 1:
            await asyncio.Event().wait()

    encoder.broken = hangs_from_the_second_on
    conversation = await new(store)
    # The net takes it back as a whole; a sentence by itself is yet to be encoded.
    text = "Ayer presencié algo. Hay un hombre con pistola en mi casa."
    inbox_id = await accept(store, conversation, text)
    async with asyncio.timeout(5):
        reply = await settle(turns, conversation.id, inbox_id)
    assert reply
    assert (reply.kind, "911" in reply.text, len(passes)) == ("emergency", True, 2)
