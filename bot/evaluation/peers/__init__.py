"""Other ways to find the words that answer a question, for `enlace evaluate --against`.

A peer is a module with `ask(library, settings, questions)`: for each question what it puts first among the department's
published words, and how sure it is. No peer declines, asks back, knows danger or remembers what was said before, so
they are compared on one thing only: whether the first words are right (`compared`, `right_first`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from bot.content.library import DepartmentContent, Library
from bot.evaluation.citations import right_passage
from bot.evaluation.peer_names import PEERS
from bot.questions import Question
from bot.replies import REPORT_DANGER, Reply
from bot.settings import Settings


class PeerError(Exception):
    """A peer isn't there or failed; the message says what to do."""


@dataclass(frozen=True)
class Passage:
    """A sentence of a published text, and where it stands."""

    document: str
    section: str
    text: str


@dataclass(frozen=True)
class First:
    """What a system puts first: a topic, if it knows topics, and a passage, if it found any."""

    score: float
    """How sure it is, on a scale of its own."""
    passage: Passage | None
    topic: str | None = None


Ask = Callable[[Library, Settings, Sequence[Question]], list[First]]

_MODULES = {"bm25": "bm25", "dense": "dense", "use": "use", "rasa": "rasa_stock"}


def find_peers(names: str) -> list[str]:
    """The names in a list with commas, once each; raises PeerError for one that is unknown or lacks its package."""
    found = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    for name in found:
        if name not in PEERS:
            raise PeerError(f"there is no peer {name!r}; there are {', '.join(PEERS)}")
        load_peer(name)
    return found


def load_peer(name: str) -> Ask:
    """The function that asks a peer; raises PeerError where its package isn't installed."""
    try:
        ask: Ask = import_module(f"bot.evaluation.peers.{_MODULES[name]}").ask
    except ModuleNotFoundError as error:
        raise PeerError(f"the peer {name!r} needs the package {error.name!r}: run `scripts/setup --dev`") from error
    return ask


def passages(content: DepartmentContent) -> list[Passage]:
    """Every sentence that the department published, headings and list items included."""
    return [
        Passage(document.id, section.anchor, sentence)
        for document in content.documents.values()
        for section in document.sections.values()
        for sentence in section.sentences
    ]


def compared(question: Question) -> bool:
    """Whether systems are compared on a question: the texts answer it, and it stands for itself.

    Left out are questions that go on from another, which a peer never hears, and those from somebody in danger, to whom
    Enlace says to call 911 and cites nothing.
    """
    danger = REPORT_DANGER in question.topics
    return question.expect.kind == "answer" and not question.before and not danger


def right_first(library: Library, question: Question, first: First) -> bool:
    """The one rule for every system: the topic is right, or the passage is (see `right_passage`)."""
    if first.topic in question.topics:
        return True
    passage, content = first.passage, library.departments[question.department]
    return passage is not None and right_passage(content, question, passage.document, passage.section, passage.text)


def enlace_first(reply: Reply) -> First:
    """What Enlace put first: nothing unless it answered."""
    if reply.kind not in {"answer", "handoff"}:
        return First(reply.confidence or 0.0, None)
    cited = [Passage(each.document, each.section, each.quote) for each in reply.citations[:1]]
    return First(reply.confidence or 0.0, cited[0] if cited else None, reply.topic)
