"""From a stored message to a stored reply, one turn at a time and in order in each conversation."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.conversations.store import Pending, Store
from bot.encoder import Vectors
from bot.errors import NotFound, OnHold
from bot.handoffs.retention import Retention
from bot.problems import kind_and_place
from bot.rasa import RasaClient, RasaError
from bot.rendering.renderer import Renderer
from bot.replies import Reply
from bot.turns.answering import Answering, Stages

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settled:
    """The reply to a message; `stages` is empty where another call ran the turn."""

    reply: Reply
    """With an empty `text` where the message went to the liaison who has the conversation."""
    stages: Stages


class Turns:
    """Runs turns: what is said in one, `answering` decides (bot/turns/answering.py)."""

    def __init__(
        self,
        store: Store,
        answering: Answering,
        retention: Retention,
        rasa: RasaClient,
        renderer: Renderer,
        delivered: Callable[[str], None],
    ) -> None:
        """`delivered` is told the id of each conversation that has a new message."""
        self._store = store
        self._answering = answering
        self._retention = retention
        self._rasa = rasa
        self._renderer = renderer
        self._delivered = delivered
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def settle(
        self, conversation_id: str, inbox_id: int | None = None, vector: Awaitable[Vectors] | None = None
    ) -> Settled | None:
        """Run every turn of the conversation that is due, in order, up to `inbox_id`, and return its reply.

        `vector` is that message's, if `Answering.encode` has begun it. None where there is no reply: no `inbox_id`, or
        the conversation was erased meanwhile.
        """
        async with self._in_order(conversation_id):
            while pending := await self._store.pending(conversation_id):
                settled = await self._run(pending, vector if pending.inbox_id == inbox_id else None)
                if settled and pending.inbox_id == inbox_id:
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
        await self._finish_leaving(conversation_id)
        with contextlib.suppress(RasaError):  # else the keeper tries again (bot/handoffs/keeper.py)
            await self._retention.forget(self._rasa.forget)

    async def finish_leaving(self) -> None:
        """Erase what residents have left, where that was cut off."""
        for conversation_id in await self._store.leaving():
            await self._finish_leaving(conversation_id)

    async def _finish_leaving(self, conversation_id: str) -> None:
        async with self._in_order(conversation_id):
            with contextlib.suppress(NotFound, OnHold):
                await self._retention.erase(conversation_id, rasa_later=True)
        self._delivered(conversation_id)

    async def recover(self) -> None:
        """Finish what a crash cut off: erase what residents have left, give messages without an answer their turn."""
        try:
            await self.finish_leaving()
        except Exception as error:  # the keeper tries again
            log.error("what a resident left could not be erased: %s", kind_and_place(error))
        for conversation_id in await self._store.conversations_with_pending():
            try:
                await self.settle(conversation_id)
            except Exception as error:  # one that can't be settled leaves the others theirs
                log.error("a message that a crash left had no turn: %s", kind_and_place(error))

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
            answered = await self._answering.answer(pending, vector, stages)
        except Exception as error:  # a resident must not be met with silence, whatever broke
            log.error("a turn failed: %s", kind_and_place(error))
            answered = self._answering.failed(pending)
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
        flag, language = None, conversation.language
        try:
            flag = self._answering.flag(pending)
            language = self._answering.language(pending)
        except Exception as error:  # the liaison gets the message all the same
            log.error("a liaison's message was not looked at for danger: %s", kind_and_place(error))
        try:
            if flag is None:
                if not await self._store.pass_on(pending):
                    return None  # handed back since: it has its turn with the assistant
                reply = _to_liaison(conversation)
            else:
                reply = self._renderer.safety(flag.say, conversation.department, language)
                changes = {"flag": flag.say, "language": language}
                reply.number = await self._store.complete(
                    pending, reply.model_dump(mode="json"), changes, author="safety"
                )
        except NotFound:
            return None
        self._delivered(conversation.id)
        return Settled(reply, Stages())


def _to_liaison(conversation: Any) -> Reply:
    """What the channel gets for a message that a liaison will answer: nothing to say."""
    return Reply(kind="handoff", department=conversation.department, language=conversation.language, text="")
