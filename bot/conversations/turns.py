"""From a stored message to a stored reply, one turn at a time and in order in each conversation."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
import traceback
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.conversations.follow_ups import FollowUps
from bot.conversations.ownership import Also
from bot.conversations.store import Pending, Store
from bot.conversations.turn import Turn
from bot.encoder import Encoder, Vectors
from bot.errors import NotFound, OnHold
from bot.handoffs.desk import Desk
from bot.handoffs.retention import Retention
from bot.language import LanguageDetector
from bot.limits import Limits
from bot.messages import ASKS_NOTHING, SAFETY
from bot.rasa import RasaClient, RasaError
from bot.renderer import Renderer
from bot.replies import UNREAD, Reply, Say
from bot.retrieval.decision import Decision
from bot.retrieval.index import Index
from bot.safety import Flag, SafetyRules
from bot.safety.net import SafetyNet
from bot.unserved import UnservedLanguages

log = logging.getLogger(__name__)

_LEADING = re.compile(r"^[\s/]+")
WARNED_WITHIN = 2.0
"""Seconds that a rule's warning waits for the encoder, without which it can't be taken back. A pass takes 0.05."""
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
class Settled:
    """The reply to a message; `stages` is empty where another call ran the turn."""

    reply: Reply
    """With an empty `text` where the message went to the liaison who has the conversation."""
    stages: Stages


@dataclass(frozen=True)
class _Answered:
    """A reply, what changes in the conversation, and what else its transaction does."""

    reply: Reply
    changes: dict[str, Any] = field(default_factory=dict)
    also: Also | None = None


class Turns:
    """Runs turns. Also finds, for an action, the turn that Rasa is working on."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        retention: Retention,
        encoder: Encoder,
        rasa: RasaClient,
        index: Index,
        decision: Decision,
        detector: LanguageDetector,
        safety: SafetyRules,
        net: SafetyNet,
        renderer: Renderer,
        unserved: UnservedLanguages,
        limits: Limits,
        delivered: Callable[[str], None],
    ) -> None:
        """`delivered` is told the id of each conversation that has a new message."""
        self._store = store
        self._desk = desk
        self._retention = retention
        self._encoder = encoder
        self._rasa = rasa
        self._index = index
        self._decision = decision
        self._detector = detector
        self._safety = safety
        self._net = net
        self._renderer = renderer
        self._unserved = unserved
        self._limits = limits
        self._follow_ups = FollowUps(renderer.library.languages)
        self._delivered = delivered
        self._running: dict[str, Turn] = {}
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def of(self, conversation_id: str) -> Turn:
        """The running turn of a conversation; raises KeyError if there is none."""
        return self._running[conversation_id]

    def encode(self, text: str) -> asyncio.Task[Vectors]:
        """Begin to encode a message that is about to be stored: a pass takes longer than storing, and need not wait."""
        return asyncio.create_task(self._encoder.query(text))

    async def settle(
        self, conversation_id: str, inbox_id: int | None = None, vector: Awaitable[Vectors] | None = None
    ) -> Settled | None:
        """Run every turn of the conversation that is due, in order, up to `inbox_id`, and return its reply.

        `vector` is that message's, if `encode` has begun it. None where there is no reply: no `inbox_id`, or the
        conversation was erased meanwhile.
        """
        async with self._in_order(conversation_id):
            while pending := await self._store.pending(conversation_id):
                settled = await self._run(pending, vector if pending.inbox_id == inbox_id else None)
                if pending.inbox_id == inbox_id:
                    return settled
        if inbox_id is None:
            return None
        # An earlier call of the same conversation has run this turn too, or the message came twice.
        if stored := await self._store.reply_to(inbox_id):
            return Settled(Reply.model_validate(stored), Stages())
        passed_on = await self._store.passed_on(inbox_id)
        return Settled(_to_liaison(passed_on), Stages()) if passed_on else None

    async def erase(self, conversation_id: str) -> None:
        """Erase a conversation here and in Rasa once no turn of it runs; on a RasaError nothing is erased.

        Raises OnHold, NotFound.
        """
        async with self._in_order(conversation_id):
            await self._retention.check(conversation_id)
            await self._rasa.forget(conversation_id)
            await self._retention.erase(conversation_id)
        self._delivered(conversation_id)

    async def leave(self, conversation_id: str) -> None:
        """A resident leaves fast: the token is over at once, the conversation erased, whatever Rasa does.

        On legal hold it is kept, and nobody opens it any more from where it was written.
        """
        await self._store.revoke(conversation_id)
        self._delivered(conversation_id)
        async with self._in_order(conversation_id):
            with contextlib.suppress(NotFound, OnHold):
                await self._retention.erase(conversation_id, rasa_later=True)
        self._delivered(conversation_id)
        with contextlib.suppress(RasaError):  # else the keeper tries again (bot/handoffs/keeper.py)
            await self._retention.forget(self._rasa.forget)

    async def recover(self) -> None:
        """Give the messages that a crash left without an answer their turn."""
        for conversation_id in await self._store.conversations_with_pending():
            try:
                await self.settle(conversation_id)
            except Exception as error:  # one that can't be settled leaves the others theirs
                log.error("a message that a crash left had no turn: %s", type(error).__name__)

    @contextlib.asynccontextmanager
    async def _in_order(self, conversation_id: str) -> AsyncIterator[None]:
        # Rasa's tracker store loses events with two writers of one conversation, and an answer must follow its
        # question.
        lock = self._locks.get(conversation_id)
        if lock is None:
            self._locks[conversation_id] = lock = asyncio.Lock()
        async with lock:
            yield

    async def _run(self, pending: Pending, vector: Awaitable[Vectors] | None) -> Settled | None:
        start = time.perf_counter()
        stages = Stages()
        conversation = pending.conversation
        if conversation.owner == "liaison":
            return await self._pass_on(pending)
        try:
            answered = await self._answer(pending, vector, stages)
        except Exception as error:  # a resident must not be met with silence, whatever broke
            # Where, but not what: an error's message can hold the resident's words.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            log.error("a turn failed: %s at %s:%s", type(error).__name__, frame.filename, frame.lineno)
            answered = self._failed(pending)
        reply = answered.reply
        reply.elapsed_ms = round((time.perf_counter() - start) * 1000, 1)
        with stages.time("store"):
            try:
                reply.number = await self._store.complete(
                    pending, reply.model_dump(mode="json"), answered.changes, answered.also
                )
            except NotFound:  # erased while the turn ran: nothing to keep, nobody to tell
                return None
        self._delivered(conversation.id)
        return Settled(reply if reply.number else _to_liaison(conversation), stages)

    async def _pass_on(self, pending: Pending) -> Settled | None:
        """A message in a liaison's conversation: the bot is silent, and the safety layer still speaks, to both."""
        conversation = pending.conversation
        flag = self._flag(pending)
        try:
            if flag is None:
                await self._store.pass_on(pending)
                reply = _to_liaison(conversation)
            else:
                reply = self._renderer.safety(flag.say, conversation.department, conversation.language)
                changes = {"flag": flag.say}
                reply.number = await self._store.complete(
                    pending, reply.model_dump(mode="json"), changes, author="safety"
                )
        except NotFound:
            return None
        self._delivered(conversation.id)
        return Settled(reply, Stages())

    def _failed(self, pending: Pending) -> _Answered:
        """Where a turn broke: a rule's warning, if one fires, or that there is trouble."""
        conversation = pending.conversation
        with contextlib.suppress(Exception):  # the rules or the language may be what broke
            if flag := self._flag(pending):
                reply = self._renderer.safety(flag.say, conversation.department, self._language(pending))
                return _Answered(reply, {"flag": flag.say} | _about(reply, pending))
        return _Answered(self._renderer.trouble(conversation.department, conversation.language))

    def _language(self, pending: Pending) -> str:
        """The language to answer in: a button moves none."""
        conversation = pending.conversation
        language: str = conversation.language
        if pending.choice:
            return language
        return self._detector.decide(
            pending.text, language, chosen=conversation.language_chosen, first=pending.number == 1
        )

    def _flag(self, pending: Pending) -> Flag | None:
        """What is dangerous in a message, read as a whole, and fragment by fragment: "no", "he wants to kill me"."""
        if pending.choice:
            return None
        texts = [pending.text, *(pending.text.split("\n") if pending.fragments else ())]
        return next((flag for text in texts if (flag := self._safety.check(text))), None)

    async def _answer(self, pending: Pending, vector: Awaitable[Vectors] | None, stages: Stages) -> _Answered:
        conversation = pending.conversation
        if pending.choice and pending.choice.startswith(UNREAD):
            kind = pending.choice.removeprefix(UNREAD)
            first = pending.number <= FIRST
            return _Answered(self._renderer.unread(kind, conversation.department, conversation.language, first))
        if pending.choice and (pressed := await self._desk.pressed(conversation, pending.choice)):
            return _Answered(pressed[0], also=pressed[1])
        with stages.time("safety"):
            flag = self._flag(pending)
        encoded: Vectors | None = None
        if flag:
            async with asyncio.timeout(WARNED_WITHIN):
                encoded = await self._encoded(pending, vector, stages)
            if not pending.fragments:
                with stages.time("safety"):
                    flag = self._net.check(pending.text, encoded, flag)
        with stages.time("language"):
            language = self._language(pending)
            unserved = None if pending.choice else self._unserved.detect(pending.text)
        # Who says no more than which place they meant has asked what they asked before. In danger nothing is put back.
        question = None if flag else await self._come_back_to(pending)
        asked = question or pending.text
        limit = None if pending.choice else self._limits.find(asked, conversation.department)
        changes: dict[str, Any] = {"language": language}
        turn = Turn(
            text=asked,
            language=language,
            languages=self._detector.languages,
            content=self._renderer.library.departments[conversation.department],
            index=self._index,
            decision=self._decision,
            last_topic=conversation.topic,
        )
        if flag and encoded is not None:
            reply = self._renderer.safety(flag.say, conversation.department, language)
            if flag.say != "self_harm" and not reply.topic:
                # What is surely asked beside the danger is answered below the warning.
                await self._read(turn, pending, encoded)
                topic = turn.sure_topic
                if topic and topic != "report-danger-now":
                    says = [Say(say="answer", topic=topic, confidence=1.0)]
                    answer = self._renderer.render(says, conversation.department, language)
                    reply = self._renderer.warn(flag.say, answer)
            return _Answered(reply, changes | {"flag": flag.say} | _about(reply, pending))
        if unserved:
            return _Answered(self._renderer.unserved(unserved, conversation.department))
        if limit:
            says = [Say(say="no_answer", message=limit, confidence=1.0)]
            reply = self._renderer.render(says, conversation.department, language)
            return _Answered(reply, changes | _about(reply, pending))
        if not pending.choice:
            if encoded is None:
                encoded = await self._encoded(pending, vector, stages)
                with stages.time("safety"):
                    flag = self._net.check(pending.text, encoded)
            with stages.time("search"):
                await self._read(turn, pending, await self._encoder.query(question) if question else encoded)
        self._running[conversation.id] = turn
        try:
            with stages.time("rasa"):
                # A leading slash is how Rasa marks a button; in a resident's text it is only a slash.
                text = pending.choice or _LEADING.sub("", turn.text) or "?"
                metadata = {
                    "department": conversation.department,
                    "language": language,
                    "answerable": turn.sure_topic is not None,
                }
                says = await self._rasa.turn(conversation.id, text, metadata, turn.vector)
        except RasaError as error:
            log.error("a turn had no answer from Rasa: %s", error)
            reply = self._renderer.trouble(conversation.department, language)
            if flag:
                reply = self._renderer.warn(flag.say, reply)
                changes["flag"] = flag.say
            return _Answered(reply, changes)
        finally:
            del self._running[conversation.id]
        also = None
        for say in says:
            if say["say"] == "language":
                changes |= {"language": say["language"], "language_chosen": True}
            elif say["say"] == "handoff":
                say["offer"] = await self._desk.offer(conversation, changes["language"])
                say["channel"] = conversation.channel
            elif say["say"] == "connect":
                say["outlook"] = await self._desk.outlook(conversation.department)
                say["channel"] = conversation.channel
                also = await self._desk.agreeing(conversation.id, say["whole_chat"])
        with stages.time("render"):
            reply = self._renderer.render(says, conversation.department, language)
            if flag:
                if SAFETY[flag.say].answers and all(map(_finds_nothing, says)):
                    reply = self._renderer.safety(flag.say, conversation.department, language)
                else:
                    reply = self._renderer.warn(flag.say, reply)
                changes["flag"] = flag.say
        if not any(say.get("message") in ASKS_NOTHING for say in says):
            changes |= _about(reply, pending)
            if question and "asked" in changes:
                changes["asked"] = conversation.asked
        return _Answered(reply, changes, also)

    async def _encoded(self, pending: Pending, vector: Awaitable[Vectors] | None, stages: Stages) -> Vectors:
        """The message's vector: the one that was begun while it was being stored, if there is one."""
        with stages.time("encoder"):
            return await (vector or self._encoder.query(pending.text))

    async def _read(self, turn: Turn, pending: Pending, vector: Vectors) -> None:
        """Have the turn's message searched for; what can't stand alone, with the question before it."""
        alone = turn.read(vector)
        asked = pending.conversation.asked
        if asked is not None and turn.may_go_on(alone) and self._follow_ups.match(turn.text):
            text = f"{await self._store.text(pending.conversation.id, asked)} {turn.text}"
            turn.read_together(alone, text, await self._encoder.query(text))

    async def _come_back_to(self, pending: Pending) -> str | None:
        """The question before, which nothing was found for since it named another place, if it is put to this one."""
        conversation, elsewhere = pending.conversation, self._limits.elsewhere
        if pending.choice or conversation.asked is None or conversation.topic is not None:
            return None
        if not elsewhere.only_means(pending.text, conversation.department):
            return None
        before = await self._store.text(conversation.id, conversation.asked)
        return elsewhere.put_to(before, conversation.department)


def _finds_nothing(say: Say) -> bool:
    """Whether it says that no text is about the message, and no more."""
    return say["say"] == "no_answer" and not say.get("message") and not say.get("topic")


def _to_liaison(conversation: Any) -> Reply:
    """What the channel gets for a message that a liaison will answer: nothing to say."""
    return Reply(kind="handoff", department=conversation.department, language=conversation.language, text="")


def _about(reply: Reply, pending: Pending) -> dict[str, Any]:
    """What the conversation is about after `reply`: as before, where it is small talk or about the last answer."""
    if reply.kind == "handoff":  # it stays about what the resident wants a person for
        return {}
    if reply.topic is not None and reply.topic != pending.conversation.topic:
        return {"topic": reply.topic, "asked": pending.number}
    if reply.kind in {"no_answer", "clarify"} and reply.topic is None:
        return {"topic": None, "asked": pending.number}
    return {}
