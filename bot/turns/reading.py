"""What a message asks: by itself, each of its questions, and together with what was asked before it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.conversations.store import Pending, Store
from bot.elsewhere import Elsewhere
from bot.encoder import Encoder, Vectors
from bot.rendering.renderer import Renderer
from bot.replies import Reply
from bot.retrieval.decision import Decision
from bot.retrieval.index import Index
from bot.turns.follow_ups import FollowUps
from bot.turns.several import Several
from bot.turns.turn import Turn


class Reading:
    """Searches for what messages ask, in the turn that each begins."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        index: Index,
        decision: Decision,
        renderer: Renderer,
        elsewhere: Elsewhere,
    ) -> None:
        """`renderer` has the content that is served now; `elsewhere` knows the names of other places."""
        self._store = store
        self._encoder = encoder
        self._index = index
        self._decision = decision
        self._renderer = renderer
        self._elsewhere = elsewhere
        self._follow_ups = FollowUps(renderer.library.languages)
        self._several = Several(renderer.library.languages)

    def turn(self, pending: Pending, text: str, language: str, last: Reply | None = None) -> Turn:
        """`last`: the last reply, where the message is typed."""
        conversation = pending.conversation
        return Turn(
            text=text,
            language=language,
            languages=list(self._renderer.library.languages),
            content=self._renderer.library.departments[conversation.department],
            index=self._index,
            decision=self._decision,
            last_topic=conversation.topic,
            before=conversation.language,
            last_reply=last,
            person=conversation.owner == "waiting" or bool(last and last.handoff),
        )

    async def search(self, turn: Turn, pending: Pending, vector: Vectors) -> None:
        """Have the turn's message searched for; what can't stand alone, with the question before it."""
        alone = turn.read(vector)
        await self._read_each(turn)
        asked = pending.conversation.asked
        if asked is not None and not turn.others and turn.may_go_on(alone) and self._follow_ups.match(turn.text):
            before = await self._store.text(pending.conversation.id, asked)
            # One about another place that was answered all the same was put to this one ("and you?").
            before = self._elsewhere.put_to(before, pending.conversation.department) or before
            text = f"{before} {turn.text}"
            turn.read_together(alone, text, await self._encoder.query(text))

    async def _read_each(self, turn: Turn) -> None:
        """Have each question of the turn's message searched for, where it has several."""
        questions = self._several.questions(turn.text)
        turn.read_each([(question, await self._encoder.query(question)) for question in questions])

    async def still_to_answer(self, pending: Pending, language: str) -> Sequence[str]:
        """The topics of a message with several questions that are yet to be answered, for "and the other one?"."""
        conversation = pending.conversation
        if conversation.asked is None or not self._several.names_another(pending.text):
            return ()
        turn = self.turn(pending, await self._store.text(conversation.id, conversation.asked), language)
        if self._several.questions(turn.text):
            turn.read(await self._encoder.query(turn.text))
            await self._read_each(turn)
        topics = [*turn.outcome.topics, *turn.others] if turn.others else []
        return topics[topics.index(conversation.topic) + 1 :] if conversation.topic in topics else ()

    async def come_back_to(self, pending: Pending) -> str | None:
        """The question before, which nothing was found for since it named another place, if it is put to this one.

        It is empty where the message before asked nothing either: "what about Seattle police".
        """
        conversation, elsewhere = pending.conversation, self._elsewhere
        if conversation.asked is None or conversation.topic is not None:
            return None
        if not elsewhere.only_means(pending.text, conversation.department):
            return None
        before = await self._store.text(conversation.id, conversation.asked)
        return "" if elsewhere.only_names(before) else elsewhere.put_to(before, conversation.department)
