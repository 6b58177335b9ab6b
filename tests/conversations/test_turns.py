"""Guards the turn: one at a time and in order, never silent when Rasa fails, finished after a crash. Rasa is a stub."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import numpy as np
import pytest
from people import liaison

from bot.content.library import Library, load
from bot.conversations.ownership import Notice, Ownership
from bot.conversations.store import NewConversation, Store
from bot.conversations.turns import Turns
from bot.handoffs.desk import Desk
from bot.handoffs.retention import Retention
from bot.i18n import Catalogs
from bot.limits import Limits
from bot.rasa import RasaError
from bot.renderer import Renderer
from bot.replies import PERSON, Reply, Say
from bot.retrieval.decision import Outcome
from bot.retrieval.index import Found
from bot.safety import Flag, SafetyRules
from bot.secrets import Secrets
from bot.settings import Settings
from bot.unserved import UnservedLanguages

Answer = Callable[[str, str], Awaitable[list[Say]]]
GREET: list[Say] = [{"say": "smalltalk", "message": "greet"}]


class Encoder:
    """Every text is the same vector, or what `broken` does instead."""

    def __init__(self) -> None:
        self.broken: Callable[[], Awaitable[None]] | None = None

    async def query(self, text: str) -> Any:
        if self.broken:
            await self.broken()
        return np.zeros(4, dtype=np.float32)


class Detector:
    """Moves no language."""

    languages = ("en", "es")

    def decide(self, text: str, current: str, *, chosen: bool, first: bool) -> str:
        return current


class Search:
    """Finds nothing, decides nothing, and is a net without examples: these tests are about what is around it."""

    def search(self, department: str, text: str, vector: Any) -> Found:
        return Found([], elsewhere=0.0, inside=-1.0, outside=1.0)

    def decide(self, found: Found, words: int) -> Outcome:
        return Outcome("no_answer", (), 0.0)

    def decide_together(self, alone: Found, together: Found, words: int) -> None:
        """Nothing goes on from anything."""

    def check(self, text: str, vector: Any, rule: Flag | None = None) -> Flag | None:
        """Takes back what a rule says of what somebody witnessed."""
        return None if "presencié" in text else rule


class Rasa:
    """Answers what `answer(conversation, text)` returns or raises, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Answer = self.greet

    @staticmethod
    async def greet(conversation: str, text: str) -> list[Say]:
        return GREET

    async def turn(self, conversation: str, text: str, metadata: Mapping[str, Any], vector: Any) -> list[Say]:
        self.asked.append(text)
        return await self.answer(conversation, text)


@pytest.fixture(scope="session")
def library() -> Library:
    """The content as it is."""
    return load(Settings().data_dir)


@pytest.fixture
def rasa() -> Rasa:
    """A Rasa that greets."""
    return Rasa()


@pytest.fixture
def encoder() -> Encoder:
    """An encoder that works."""
    return Encoder()


@pytest.fixture
def delivered() -> list[str]:
    """The conversations that were told to have news."""
    return []


@pytest.fixture(scope="session")
def limits(library: Library) -> Limits:
    """The limits that are served."""
    return Limits(Settings().data_dir, {name: each.profile for name, each in library.departments.items()})


@pytest.fixture(scope="session")
def unserved(library: Library) -> UnservedLanguages:
    """The languages that are told that they aren't served."""
    return UnservedLanguages(Settings().data_dir / "unserved.yml", library.languages)


@pytest.fixture
def turns(
    store: Store,
    rasa: Rasa,
    encoder: Encoder,
    library: Library,
    safety: SafetyRules,
    limits: Limits,
    unserved: UnservedLanguages,
    delivered: list[str],
) -> Turns:
    """Turns over a real store, with everything heavy replaced."""
    renderer = Renderer(library, Catalogs(Settings().locales_dir, library.languages))
    parts: dict[str, Any] = {
        "encoder": encoder,
        "rasa": rasa,
        "detector": Detector(),
        "index": Search(),
        "decision": Search(),
        "net": Search(),
    }
    return Turns(
        store=store,
        desk=Desk(store, Secrets("k" * 32), renderer),
        retention=Retention(store.engine, 30, 7),
        safety=safety,
        renderer=renderer,
        unserved=unserved,
        limits=limits,
        delivered=delivered.append,
        **parts,
    )


async def new(store: Store, language: str = "es") -> NewConversation:
    return await store.create("kent-wa", "web", language, chosen=False)


async def accept(store: Store, conversation: NewConversation, said: str, choice: str | None = None) -> int:
    return await store.accept(conversation.id, "web", f"{conversation.id}-{said}", said, "es", choice)


async def settle(turns: Turns, conversation_id: str, inbox_id: int) -> Reply | None:
    """Run what is due; the reply to `inbox_id`."""
    settled = await turns.settle(conversation_id, inbox_id)
    return settled and settled.reply


async def texts(store: Store, conversation: NewConversation) -> list[tuple[int, str, int | None]]:
    return [(row.number, row.author, row.in_reply_to) for row in await store.messages(conversation.id)]


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


async def fails(error: Exception) -> list[Say]:
    raise error


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
    store: Store, rasa: Rasa, turns: Turns, fail: bool
) -> None:
    conversation = await new(store)
    seen = []

    async def look(conversation_id: str, text: str) -> list[Say]:
        seen.append(turns.of(conversation_id).text)
        return await fails(RasaError("down")) if fail else GREET

    rasa.answer = look
    await settle(turns, conversation.id, await accept(store, conversation, "¿preguntan papeles?"))
    assert seen == ["¿preguntan papeles?"]
    with pytest.raises(KeyError):
        turns.of(conversation.id)


async def test_a_conversation_erased_during_its_turn_stays_erased(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await new(store)

    async def erase(conversation_id: str, text: str) -> list[Say]:
        await Retention(store.engine, 30, 7).erase(conversation_id)
        return GREET

    rasa.answer = erase
    reply: Reply | None = await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    assert reply is None
    assert list(await store.messages(conversation.id)) == []


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


async def test_danger_is_answered_without_rasa(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "estamos en peligro"))
    assert reply
    assert (reply.kind, "911" in reply.text) == ("emergency", True)
    assert rasa.asked == []


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
    monkeypatch.setattr("bot.conversations.turns.WARNED_WITHIN", 0.05)
    encoder.broken = broken
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "me quiero morir"))
    assert reply
    assert (reply.kind, "988" in reply.text) == ("emergency", True)


@pytest.mark.parametrize("part", ["_safety", "_detector"])
async def test_where_the_warning_itself_breaks_there_is_trouble_and_no_silence(
    store: Store, turns: Turns, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(turns, part, None)
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "me quiero morir"))
    assert reply
    assert (reply.kind, reply.text.count("911")) == ("no_answer", 2)


async def test_what_the_net_says_is_said_where_rasa_fails(
    store: Store, rasa: Rasa, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Search, "check", lambda *_: Flag("net", "emergency"))
    rasa.answer = lambda *_: fails(RasaError("down"))
    conversation = await new(store)
    reply = await settle(turns, conversation.id, await accept(store, conversation, "algo que ninguna regla conoce"))
    assert reply
    assert (reply.kind, reply.steps[0].href) == ("emergency", "tel:911")


async def test_what_the_net_knows_to_be_no_danger_is_answered_as_any_other_message(
    store: Store, rasa: Rasa, turns: Turns, safety: SafetyRules
) -> None:
    conversation = await new(store)
    text = "quiero hablar de una balacera que presencié"
    assert safety.check(text)
    reply = await settle(turns, conversation.id, await accept(store, conversation, text))
    assert reply
    assert (reply.kind, rasa.asked) == ("smalltalk", [text])


async def connect(store: Store, rasa: Rasa, turns: Turns) -> NewConversation:
    """A conversation whose resident was asked, and agreed."""
    conversation = await new(store)
    for number, say in enumerate((Say(say="handoff"), Say(say="connect", whole_chat=False))):

        async def answer(*_: str, say: Say = say) -> list[Say]:
            return [say]

        rasa.answer = answer
        await settle(turns, conversation.id, await accept(store, conversation, f"una persona {number}"))
    rasa.answer = rasa.greet
    return conversation


async def test_a_resident_who_agrees_waits_and_the_assistant_goes_on(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await connect(store, rasa, turns)
    row = await store.access(conversation.id, conversation.token)
    assert row.owner == "waiting"
    assert row.shown_from == 5
    reply = await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    assert reply
    assert reply.kind == "smalltalk"


async def test_nobody_is_handed_over_who_was_not_asked(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await new(store)

    async def agree(*_: str) -> list[Say]:
        return [Say(say="connect", whole_chat=True)]

    rasa.answer = agree
    await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    assert (await store.access(conversation.id, conversation.token)).owner == "bot"


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


async def test_a_turn_that_a_claim_overtakes_says_nothing(store: Store, rasa: Rasa, turns: Turns) -> None:
    conversation = await connect(store, rasa, turns)
    ana = await liaison(store.engine, "Ana")

    async def claimed_meanwhile(*_: str) -> list[Say]:
        await Ownership(store.engine).claim(conversation.id, ana, Notice("Ana está aquí", "es"))
        return GREET

    rasa.answer = claimed_meanwhile
    reply = await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    assert reply
    assert reply.text == ""
    assert [row.author for row in await store.messages(conversation.id)][-2:] == ["resident", "notice"]


async def test_the_next_message_of_a_closed_conversation_is_the_assistants(
    store: Store, rasa: Rasa, turns: Turns
) -> None:
    conversation = await connect(store, rasa, turns)
    ana, ownership = await liaison(store.engine, "Ana"), Ownership(store.engine)
    await ownership.claim(conversation.id, ana, Notice("Ana está aquí", "es"))
    await ownership.close(conversation.id, ana, Notice("Ana se fue", "es"))
    reply = await settle(turns, conversation.id, await accept(store, conversation, "hola"))
    assert reply
    assert reply.kind == "smalltalk"
    assert (await store.access(conversation.id, conversation.token)).owner == "bot"
