"""What is said to a message: danger first, then its limits, then what search and Rasa make of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bot.conversations.ownership import Also
from bot.conversations.store import Pending, Store
from bot.encoder import Encoder, Vectors
from bot.handoffs.desk import Desk
from bot.language import LanguageDetector
from bot.limits import Limits
from bot.messages import ASKS_NOTHING, ASKS_WHAT, SAFETY, TELLS
from bot.rasa import RasaClient, RasaError
from bot.rendering.renderer import Renderer
from bot.replies import (
    CONNECT,
    CONNECT_WHOLE,
    REACH_LIAISON,
    REPORT_DANGER,
    UNREAD,
    YES,
    Reply,
    Say,
    topic_choice,
)
from bot.retrieval.decision import Outcome
from bot.safety import Flag, SafetyRules, pieces
from bot.safety.net import SafetyNet
from bot.turns.reading import Reading
from bot.turns.turn import Turn
from bot.turns.typed import chosen
from bot.unserved import UnservedLanguages

log = logging.getLogger(__name__)

_LEADING = re.compile(r"^[\s/]+")
WARNED_WITHIN = 2.0
"""Seconds that a rule's warning waits for the encoder, all its passes together, without which it can't be taken back.
A pass takes 0.05.
"""
_PIECES = 8
"""Of a message, those in which a rule fires, that are encoded by themselves before its flag is taken back."""
_MORE = frozenset({"explained", "source", "limits"})
"""Forms of an answer for somebody who asks for more of it."""
FIRST = 2
"""Number of a conversation's first message, where something was said before it."""


@dataclass
class Stages:
    """How long each stage of a turn took, in seconds: the API's Server-Timing, whose shares `make bench` prints."""

    seconds: dict[str, float] = field(default_factory=dict)

    def header(self) -> str:
        """As the value of a Server-Timing header (W3C), in milliseconds."""
        return ", ".join(f"{stage};dur={seconds * 1000:.2f}" for stage, seconds in self.seconds.items())

    @contextlib.contextmanager
    def time(self, stage: str) -> Any:
        """Measure a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


@dataclass(frozen=True)
class Answered:
    """A reply, what changes in the conversation, and what else its transaction does."""

    reply: Reply
    changes: dict[str, Any] = field(default_factory=dict)
    also: Also | None = None


class Answering:
    """Decides what is said. Also finds, for an action, the turn that Rasa is working on."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        encoder: Encoder,
        rasa: RasaClient,
        reading: Reading,
        detector: LanguageDetector,
        safety: SafetyRules,
        net: SafetyNet,
        renderer: Renderer,
        unserved: UnservedLanguages,
        limits: Limits,
    ) -> None:
        """Nothing runs yet."""
        self._store = store
        self._desk = desk
        self._encoder = encoder
        self._rasa = rasa
        self._reading = reading
        self._detector = detector
        self._safety = safety
        self._net = net
        self._renderer = renderer
        self._unserved = unserved
        self._limits = limits
        self._running: dict[str, Turn] = {}

    def of(self, conversation_id: str) -> Turn:
        """The running turn of a conversation; raises KeyError if there is none."""
        return self._running[conversation_id]

    def encode(self, text: str) -> asyncio.Task[Vectors]:
        """Begin to encode a message that is about to be stored: a pass takes longer than storing, and need not wait."""
        return asyncio.create_task(self._encoder.query(text))

    def flag(self, pending: Pending) -> Flag | None:
        """The rule that a message fires; its lines are read as one, fragments ("no", "he wants to kill me") each."""
        if pending.choice:
            return None
        lines = pending.text.split("\n")
        texts = [pending.text, " ".join(lines)] if len(lines) > 1 else [pending.text]
        if pending.fragments:
            texts += lines
        return next((flag for text in texts if (flag := self._safety.check(text))), None)

    def failed(self, pending: Pending) -> Answered:
        """Where `answer` broke: a rule's warning, if one fires, or that there is trouble."""
        conversation = pending.conversation
        with contextlib.suppress(Exception):  # the rules or the language may be what broke
            if flag := self.flag(pending):
                language = conversation.language
                with contextlib.suppress(Exception):
                    language = self.language(pending)
                reply = self._renderer.safety(flag.say, conversation.department, language)
                return Answered(reply, {"flag": flag.say} | _about(reply, pending))
        return Answered(self._renderer.trouble(conversation.department, conversation.language))

    async def answer(self, pending: Pending, vector: Awaitable[Vectors] | None, stages: Stages) -> Answered:
        """What is said to a message, or to a button; `vector` is the message's, if `encode` has begun it."""
        if pending.choice:
            return await self._pressed(pending, pending.choice, stages)
        department = pending.conversation.department
        # While the encoder works on its own thread, so that the turn is none the longer for it.
        with stages.time("rules"):
            rule = self.flag(pending)
            written = self._net.read(pending.text)
        last = None if rule else await self._last_reply(pending)
        button = chosen(pending.text, last.choices) if last else None
        # "The second one" may as well be the second of several questions.
        if button and not await self._reading.still_to_answer(pending, pending.conversation.language):
            # To be read by a person is agreed to by a button alone: to type its label is no more than a yes.
            return await self._pressed(pending, YES if button in {CONNECT, CONNECT_WHOLE} else button, stages)
        with stages.time("language"):
            language = self.language(pending)
            unserved = self._unserved.detect(pending.text)
        if unserved and not rule:
            return Answered(self._renderer.unserved(unserved, department))
        async with asyncio.timeout(WARNED_WITHIN if rule else None):
            with stages.time("encoder"):
                encoded = await (vector or self._encoder.query(pending.text))
            flag = rule
            if not (rule and pending.fragments):
                # On this thread: beside search on another one both take longer, and the turn no less.
                with stages.time("net"):
                    flag = self._net.check(written, encoded, rule)
                if rule and not flag and await self._danger_in_a_piece(pending.text):
                    flag = rule
        if flag and flag == rule:
            return await self._warned(pending, flag, encoded, language)
        if unserved:
            return Answered(self._renderer.unserved(unserved, department))
        if not flag and (topics := await self._reading.still_to_answer(pending, language)):
            return await self._answer_next(pending, topics, language, stages)
        # Who says no more than which place they meant has asked what they asked before. In danger nothing is put back.
        question = None if flag else await self._reading.come_back_to(pending)
        if question == "":
            what = self._renderer.render([Say(say="smalltalk", message="acknowledge")], department, language)
            return Answered(what, {"language": language})
        asked = question or pending.text
        if limit := self._limits.find(asked, department):
            answered = self._declined(pending, limit, flag, language)
        else:
            turn = self._reading.turn(pending, asked, language, last)
            with stages.time("search"):
                await self._reading.search(turn, pending, await self._encoder.query(question) if question else encoded)
            # A leading slash is how Rasa marks a button; in a resident's text it is only a slash.
            answered = await self._understood(pending, turn, _LEADING.sub("", asked) or "?", flag, stages)
        if question and "asked" in answered.changes:
            answered.changes["asked"] = pending.conversation.asked
        return answered

    async def _danger_in_a_piece(self, text: str) -> bool:
        """Whether a sentence of `text` is danger by itself, to the rules and to the net.

        A rule finds it in one sentence. The net knows a message only as a whole, and of a long one its beginning, so
        that a story about something else would hide it.
        """
        parts = pieces(text)
        fired = (part for part in parts if self._safety.check(part)) if len(parts) > 1 else iter(())
        for part in islice(fired, _PIECES):
            if self._net.check(self._net.read(part), await self._encoder.query(part)):
                return True
        return False

    async def _pressed(self, pending: Pending, choice: str, stages: Stages) -> Answered:
        conversation = pending.conversation
        if choice.startswith(UNREAD):
            kind, first = choice.removeprefix(UNREAD), pending.number <= FIRST
            return Answered(self._renderer.unread(kind, conversation.department, conversation.language, first))
        if pressed := await self._desk.pressed(conversation, choice):
            return Answered(pressed[0], also=pressed[1])
        turn = self._reading.turn(pending, pending.text, conversation.language)
        return await self._understood(pending, turn, choice, None, stages)

    def _declined(self, pending: Pending, limit: str, flag: Flag | None, language: str) -> Answered:
        """The limit of what is never answered, below the net's warning if it fired."""
        department = pending.conversation.department
        if flag and flag.say == "self_harm":
            reply = self._renderer.safety(flag.say, department, language)
            return Answered(reply, {"language": language, "flag": flag.say} | _about(reply, pending))
        says = [Say(say="no_answer", message=limit, confidence=1.0)]
        reply = self._renderer.render(says, department, language)
        changes = {"language": language}
        # "And the ones in Renton?" asks what was asked before it.
        goes_on = limit == "elsewhere" and self._limits.elsewhere.only_names(pending.text)
        if not (goes_on and pending.conversation.asked is not None):
            changes |= _about(reply, pending)
        if flag:
            reply, changes = self._renderer.warn(flag.say, reply, language), changes | {"flag": flag.say}
        elif pending.conversation.owner == "waiting":
            reply = self._renderer.while_waiting(reply, pending.conversation.channel)
        return Answered(reply, changes)

    async def _warned(self, pending: Pending, flag: Flag, vector: Vectors, language: str) -> Answered:
        """A rule's warning. What is surely asked beside the danger is answered below it."""
        department = pending.conversation.department
        reply = self._renderer.safety(flag.say, department, language)
        if flag.say != "self_harm" and not reply.topic:
            turn = self._reading.turn(pending, pending.text, language)
            async with asyncio.timeout(WARNED_WITHIN):
                await self._reading.search(turn, pending, vector)
            topic = turn.sure_topic
            # A person is offered below the warning anyway.
            if topic and topic not in {REPORT_DANGER, REACH_LIAISON}:
                says = [Say(say="answer", topic=topic, confidence=1.0)]
                answer = self._renderer.render(says, department, language, warned=True)
                reply = self._renderer.warn(flag.say, answer, language)
        return Answered(reply, {"language": language, "flag": flag.say} | _about(reply, pending))

    async def _understood(self, pending: Pending, turn: Turn, text: str, flag: Flag | None, stages: Stages) -> Answered:
        """What Rasa makes of `text`, the turn's message or a button's intent; below the net's warning, if it fired."""
        conversation, language = pending.conversation, turn.language
        department = conversation.department
        changes: dict[str, Any] = {"language": language} | ({"flag": flag.say} if flag else {})
        turn.flag = flag.say if flag else None
        self._running[conversation.id] = turn
        try:
            with stages.time("rasa"):
                metadata = {
                    "department": department,
                    "language": language,
                    "answerable": turn.sure_topic is not None,
                }
                says = await self._rasa.turn(conversation.id, text, metadata, turn.vector)
        except RasaError as error:
            log.error("a turn had no answer from Rasa: %s", error)
            reply = self._renderer.trouble(department, language)
            return Answered(self._renderer.warn(flag.say, reply, language) if flag else reply, changes)
        finally:
            del self._running[conversation.id]
        also = None
        for say in says:
            also = await self._fit(say, turn, pending, flag, changes) or also
        with stages.time("render"):
            # Where the text on it is what was found, or nothing, the warning is as a rule's: with that text.
            about = (*SAFETY[flag.say].answers[:1], REPORT_DANGER) if flag else ()
            if flag and (
                flag.say == "self_harm" or all(_tells_nothing(say) or say.get("topic") in about for say in says)
            ):
                reply = self._renderer.safety(flag.say, department, changes["language"])
                about_now = _about(reply, pending)
                if any(say["say"] == "waiting" and _declines(say) for say in says):
                    # "I don't want to talk to anybody" may be no more than this.
                    waiting = self._renderer.render(says, department, language)
                    reply = self._renderer.warn(flag.say, waiting, changes["language"], below=True)
            else:
                reply = self._renderer.render(says, department, language, warned=flag is not None)
                about_now = _about(reply, pending)
                if conversation.owner == "waiting" and not flag:
                    reply = self._renderer.while_waiting(reply, conversation.channel)
                reply = self._renderer.warn(flag.say, reply, changes["language"]) if flag else reply
        if not any(say.get("message") in ASKS_NOTHING for say in says):
            changes |= about_now
        return Answered(reply, changes, also)

    async def _fit(
        self, say: Say, turn: Turn, pending: Pending, flag: Flag | None, changes: dict[str, Any]
    ) -> Also | None:
        """Fit what Rasa says to the conversation, in place: what was said last, whether a person is waited for.

        `changes` gets what changes in the conversation; what else its transaction does is returned.
        """
        conversation, language = pending.conversation, turn.language
        department = conversation.department
        also: Also | None = None
        if turn.others and say["say"] == "answer" and say["topic"] == turn.outcome.topics[0]:
            say["others"] = list(turn.others)
        if "agrees" in say and await self._store.offers_a_person(conversation.id):
            # To be read by a person is agreed to by a button alone, below what it means.
            say.update(Say(say="handoff", message="again") if say["agrees"] else Say(message="stay"))
        if _found(say, turn) and _goes_on_about_a_person(turn):
            say["say"] = "handoff"
        elif (_found(say, turn) or say.get("form") in _MORE) and self._is_known(say, turn, department, language):
            say["form"] = "known"
        if say["say"] == "connect":
            also = await self._desk.agreeing(conversation.id, say["whole_chat"])
            if also is None:  # the button is of a conversation that was erased: they see first what they agree to
                say["say"] = "handoff"
        if say["say"] == "language":
            changes |= {"language": say["language"], "language_chosen": True}
        elif conversation.owner == "waiting" and _is_about_waiting(say, flag):
            say["say"], say["channel"] = "waiting", conversation.channel
        elif say["say"] == "handoff":
            say["offer"] = await self._desk.offer(conversation, changes["language"])
            say["channel"] = conversation.channel
        elif say.get("message") == "stay" and conversation.shown_from is not None:
            say["message"] = "stay_as_before"
        elif say["say"] == "connect":
            say["outlook"] = await self._desk.outlook(department)
            say["channel"] = conversation.channel
        elif conversation.owner == "waiting" and say["say"] == "no_answer" and not flag:
            say.setdefault("message", "not_in_the_texts_waiting")
        return also

    def language(self, pending: Pending) -> str:
        """The language to answer a message in."""
        conversation, first = pending.conversation, pending.number == 1
        return self._detector.decide(
            pending.text, conversation.language, chosen=conversation.language_chosen, first=first
        )

    async def _last_reply(self, pending: Pending) -> Reply | None:
        stored = await self._store.last_reply(pending.conversation.id)
        return Reply.model_validate(stored) if stored else None

    def _is_known(self, say: Say, turn: Turn, department: str, language: str) -> bool:
        """Whether an answer is what was said last, or its beginning."""
        last = turn.last_reply
        if last is None or last.topic != say["topic"]:
            return False
        known = say.copy()
        known["form"] = "known"
        return any(
            last.text.startswith(self._renderer.render([each], department, language).text) for each in (say, known)
        )

    async def _answer_next(self, pending: Pending, topics: Sequence[str], language: str, stages: Stages) -> Answered:
        """The answer to the first of `topics`, as its button gives it; the conversation stays about all of them."""
        turn = self._reading.turn(pending, pending.text, language)
        turn.outcome, turn.others = Outcome("answer", (topics[0],), 1.0), tuple(topics[1:])
        answered = await self._understood(pending, turn, topic_choice(topics[0]), None, stages)
        if "asked" in answered.changes:
            answered.changes["asked"] = pending.conversation.asked
        return answered


def _tells_nothing(say: Say) -> bool:
    """Whether it is small talk, says that no text is about the message, or what any warning says, and no more."""
    if say["say"] == "smalltalk":
        return say["message"] not in TELLS
    if say["say"] in {"emergency", "next_steps"}:
        return True
    return say["say"] == "no_answer" and not say.get("message") and not say.get("topic")


def _declines(say: Say) -> bool:
    """Whether it is said to somebody who would rather not."""
    return say.get("agrees") is False or say.get("message") == "stay"


def _is_about_waiting(say: Say, flag: Flag | None) -> bool:
    """Whether somebody who waits for a person is told that instead: what else is small talk leaves the net's warning
    alone, if that fired.
    """
    if say["say"] == "smalltalk":
        return _declines(say) or (say["message"] in ASKS_WHAT and not flag)
    return say["say"] == "handoff"


def _found(say: Say, turn: Turn) -> bool:
    """Whether it is the answer that search found: what is said again was asked for, and is said for certain."""
    outcome = turn.outcome
    found = Say(say="answer", topic=outcome.topics[0], confidence=outcome.confidence) if outcome.topics else None
    return outcome.kind == "answer" and say == found


def _goes_on_about_a_person(turn: Turn) -> bool:
    """Whether a message is rather about a person, who was the last that was spoken of.

    Where search finds no more than the answer before that, and only by reading both questions together.
    """
    spoken_of = turn.person and turn.last_reply is not None and turn.last_reply.kind == "handoff"
    return spoken_of and turn.outcome.topics[0] == turn.last_topic and turn.sure_topic is None


def _about(reply: Reply, pending: Pending) -> dict[str, Any]:
    """What the conversation is about after `reply`: as before, where it is small talk or about the last answer."""
    if reply.kind == "handoff":  # it stays about what the resident wants a person for
        return {}
    if reply.topic is not None and reply.topic != pending.conversation.topic:
        return {"topic": reply.topic, "asked": pending.number}
    if reply.kind in {"no_answer", "clarify", "emergency"} and reply.topic is None:
        return {"topic": None, "asked": pending.number}
    return {}
