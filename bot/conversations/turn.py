"""The turn: from a stored message to a stored reply, one at a time and in order in each conversation."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.content.library import DepartmentContent
from bot.conversations.store import Pending, Store
from bot.encoder import Encoder, Vectors
from bot.errors import NotFound
from bot.language import LanguageDetector
from bot.rasa import RasaClient, RasaError
from bot.replies import Renderer, Reply, Say
from bot.retrieval.decision import Decision, Outcome
from bot.retrieval.index import Found, Index
from bot.safety import SafetyRules

log = logging.getLogger(__name__)

OnDecision = Callable[[Found, float, float], None]
"""Told what a decision rests on: what was found, and NLU's confidences in `faq` and `out_of_scope`. For calibration."""


@dataclass
class Turn:
    """One turn, as the actions see it (actions/turns.py)."""

    text: str
    language: str
    languages: Sequence[str]
    content: DepartmentContent
    index: Index
    decision: Decision
    vector: Vectors | None = None
    on_decision: OnDecision | None = None

    def decide(self, faq: float, out_of_scope: float) -> Outcome:
        """Search the department for the message and decide; topics that are switched off are not found."""
        if self.vector is None:
            return Outcome("no_answer", (), 0.0)
        found = self.index.search(self.content.profile.id, self.text, self.vector)
        found = found.only([topic for topic in self.content.answers if self.answers(topic)])
        if self.on_decision:
            self.on_decision(found, faq, out_of_scope)
        return self.decision.decide(found, faq, out_of_scope)

    def answers(self, topic: str) -> bool:
        """Whether the department has an enabled answer to `topic`."""
        return topic in self.content.answers and self.content.answers[topic].enabled


@dataclass
class Stages:
    """How long each stage of a turn took, in seconds; `make bench` prints their shares."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def time(self, stage: str) -> Any:
        """Measure a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


class Turns:
    """Runs turns. Also finds, for an action, the turn that Rasa is working on."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        rasa: RasaClient,
        index: Index,
        decision: Decision,
        detector: LanguageDetector,
        safety: SafetyRules,
        renderer: Renderer,
        departments: dict[str, DepartmentContent],
        delivered: Callable[[str], None],
    ) -> None:
        """`delivered` is told the id of each conversation that has a new message."""
        self._store = store
        self._encoder = encoder
        self._rasa = rasa
        self._index = index
        self._decision = decision
        self._detector = detector
        self._safety = safety
        self._renderer = renderer
        self._departments = departments
        self._delivered = delivered
        self._running: dict[str, Turn] = {}
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        self.on_stages: Callable[[Stages], None] | None = None
        self.on_decision: OnDecision | None = None

    def of(self, conversation_id: str) -> Turn:
        """The running turn of a conversation; raises KeyError if there is none."""
        return self._running[conversation_id]

    async def settle(self, conversation_id: str, inbox_id: int | None = None) -> Reply | None:
        """Run every turn of the conversation that is due, in order, and return the reply to `inbox_id`."""
        async with self._in_order(conversation_id):
            while pending := await self._store.pending(conversation_id):
                await self._run(pending)
                if pending.inbox_id == inbox_id:
                    break
        if inbox_id is None:
            return None
        stored = await self._store.reply_to(inbox_id)
        return Reply.model_validate(stored) if stored else None

    async def recover(self) -> None:
        """Give the messages that a crash left without an answer their turn."""
        for conversation_id in await self._store.conversations_with_pending():
            await self.settle(conversation_id)

    @contextlib.asynccontextmanager
    async def _in_order(self, conversation_id: str) -> AsyncIterator[None]:
        # Rasa's tracker store loses events with two writers of one conversation, and an answer must follow its
        # question.
        lock = self._locks.get(conversation_id)
        if lock is None:
            self._locks[conversation_id] = lock = asyncio.Lock()
        async with lock:
            yield

    async def _run(self, pending: Pending) -> None:
        start = time.perf_counter()
        stages = Stages()
        conversation = pending.conversation
        try:
            reply, changes = await self._answer(pending, stages)
        except RasaError as error:
            log.error("a turn had no answer from Rasa: %s", error)
            reply, changes = self._renderer.trouble(conversation.department, conversation.language), {}
        except Exception as error:  # a resident must not be met with silence, whatever broke
            log.exception("a turn failed: %s", type(error).__name__)
            reply, changes = self._renderer.trouble(conversation.department, conversation.language), {}
        reply.elapsed_ms = round((time.perf_counter() - start) * 1000, 1)
        with stages.time("store"), contextlib.suppress(NotFound):  # erased while the turn ran: nothing to keep
            await self._store.complete(pending, reply.model_dump(mode="json"), changes)
        self._delivered(conversation.id)
        if self.on_stages:
            self.on_stages(stages)

    async def _answer(self, pending: Pending, stages: Stages) -> tuple[Reply, dict[str, Any]]:
        """The reply, and what changes in the conversation."""
        conversation = pending.conversation
        with stages.time("safety"):
            flag = None if pending.choice else self._safety.check(pending.text)
        with stages.time("language"):
            language = conversation.language
            if not pending.choice:
                language = self._detector.decide(
                    pending.text, language, chosen=conversation.language_chosen, first=pending.number == 1
                )
        changes: dict[str, Any] = {"language": language}
        if flag:
            emergency = Say(say="emergency", message=flag.say)
            return self._renderer.render([emergency], conversation.department, language), changes
        turn = Turn(
            text=pending.text,
            language=language,
            languages=self._detector.languages,
            content=self._departments[conversation.department],
            index=self._index,
            decision=self._decision,
            on_decision=self.on_decision,
        )
        if not pending.choice:
            with stages.time("encoder"):
                turn.vector = await self._encoder.query(pending.text)
        self._running[conversation.id] = turn
        try:
            with stages.time("rasa and actions"):
                # A leading slash is how Rasa marks a button; in a resident's text it is only a slash.
                text = pending.choice or pending.text.lstrip("/ ") or "?"
                metadata = {"department": conversation.department, "language": language}
                says = await self._rasa.turn(conversation.id, text, metadata, turn.vector)
        finally:
            del self._running[conversation.id]
        for say in says:
            if say["say"] == "language":
                changes |= {"language": say["language"], "language_chosen": True}
            elif say["say"] == "handoff":
                changes["owner"] = "waiting"
        with stages.time("render"):
            return self._renderer.render(says, conversation.department, language), changes
