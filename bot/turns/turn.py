"""A message that is being answered, and what search says to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.content.library import DepartmentContent
from bot.encoder import Vectors
from bot.replies import REACH_LIAISON, Reply
from bot.retrieval.decision import ALONE_FROM, GOES_ON_BELOW, SURE_FROM, Decision, Outcome
from bot.retrieval.index import Found, Index


@dataclass
class Turn:
    """One turn, as the actions see it (actions/turns.py)."""

    text: str
    language: str
    languages: Sequence[str]
    content: DepartmentContent
    index: Index
    decision: Decision
    last_topic: str | None = None
    before: str = ""
    """The language that the conversation was in until now."""
    last_reply: Reply | None = None
    """What was said last, where the message is typed."""
    person: bool = False
    """Whether a person is waited for, or was offered just now."""
    vector: Vectors | None = field(default=None, init=False)
    """Of the text; None for a button."""
    outcome: Outcome = field(default=Outcome("no_answer", (), 0.0), init=False)
    """What search says; nothing before `read`."""
    flag: str | None = field(default=None, init=False)
    """What the safety net warns of, if it does (bot/messages.py, SAFETY)."""
    others: tuple[str, ...] = field(default=(), init=False)
    """Topics of what else the message surely asks, beside that of the outcome."""
    _by_itself: bool = field(default=True, init=False)

    def read(self, vector: Vectors) -> Found:
        """Search the department for the message and decide; returns what was found."""
        self.vector = vector
        found = self._search(self.text, vector)
        self.outcome = self.decision.decide(found, len(self.text.split()))
        return found

    def read_each(self, questions: Sequence[tuple[str, Vectors]]) -> None:
        """Search for each question of the message, too: where two are surely about something, both topics stand."""
        sure: dict[str, Outcome] = {}
        for text, vector in questions:
            outcome = self.decision.decide(self._search(text, vector), len(text.split()))
            if _is_sure(outcome):
                sure.setdefault(outcome.topics[0], outcome)
        if len(sure) > 1:
            # How to reach a person comes last: its button does that.
            topics = sorted(sure, key=lambda topic: topic == REACH_LIAISON)
            if not (self._sure() and self.outcome.topics[0] in sure and self.outcome.topics[0] != REACH_LIAISON):
                self.outcome = sure[topics[0]]
            self.others = tuple(topic for topic in topics if topic != self.outcome.topics[0])

    def may_go_on(self, alone: Found) -> bool:
        """Whether the message may need the question before it, by what `read` found: it isn't sure by itself."""
        return not self._sure(ALONE_FROM) and alone.outside < GOES_ON_BELOW

    def read_together(self, alone: Found, text: str, vector: Vectors) -> None:
        """Read the message once more, with the question before it: `text` is both, `alone` what `read` found."""
        found = alone.both(self._search(text, vector), self.last_topic)
        together = self.decision.decide_together(alone, found, self.last_topic, len(self.text.split()))
        if together and together.confidence > self.outcome.confidence:
            # What search was sure of by itself, it still is.
            self._by_itself = self._sure() and together.topics == self.outcome.topics
            self.outcome = together

    @property
    def sure_topic(self) -> str | None:
        """The topic that search is so sure of that it overrules what else speaks, or None."""
        if not self._sure():
            return None
        topic = self.outcome.topics[0]
        # "Thanks" after a question finds that question's topic again: only another one shows that something is asked.
        return topic if self._by_itself or topic != self.last_topic else None

    def _sure(self, least: float = SURE_FROM) -> bool:
        return _is_sure(self.outcome, least)

    def answers(self, topic: str) -> bool:
        """Whether the department has an enabled answer to `topic`."""
        return topic in self.content.answers and self.content.answers[topic].enabled

    def _search(self, text: str, vector: Vectors) -> Found:
        found = self.index.search(self.content.profile.id, text, vector)
        # Topics that are switched off, or are gone since the index was built, are not found.
        return found.only([topic for topic in self.content.answers if self.answers(topic)])


def _is_sure(outcome: Outcome, least: float = SURE_FROM) -> bool:
    return outcome.kind == "answer" and outcome.confidence >= least
