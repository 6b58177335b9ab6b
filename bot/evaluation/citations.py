"""What a citation is worth, checked against the published texts: an answer is never asked what it should have cited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.content.documents import fold
from bot.content.library import DepartmentContent
from bot.content.models import citations_of
from bot.questions import Question, has_words
from bot.replies import Citation


@dataclass(frozen=True)
class Place:
    """Where words stand: a document, a section, and the characters from `start` to `end` of its folded text."""

    document: str
    section: str
    start: int
    end: int

    def overlaps(self, other: Place) -> bool:
        """Whether the two have a character in common."""
        same = (self.document, self.section) == (other.document, other.section)
        return same and self.start < other.end and other.start < self.end


def places(content: DepartmentContent, document: str, words: str, section: str | None = None) -> list[Place]:
    """Every place of `document`, or of its `section`, where these words stand, white space folded.

    None in a document or section that isn't there.
    """
    text = fold(words)
    found: list[Place] = []
    for anchor, part in content.documents[document].sections.items() if document in content.documents else ():
        start = part.text.find(text) if section in {None, anchor} else -1
        while text and start >= 0:
            found.append(Place(document, anchor, start, start + len(text)))
            start = part.text.find(text, start + 1)
    return found


def _meet(some: Iterable[Place], others: Iterable[Place]) -> bool:
    others = list(others)
    return any(one.overlaps(other) for one in some for other in others)


def leaked(content: DepartmentContent, citation: Citation) -> bool:
    """Whether the department published no such words: then they are another's, or nobody's."""
    return not any(places(content, document, citation.quote) for document in content.documents)


def limits(content: DepartmentContent, citations: Iterable[Citation]) -> Iterator[tuple[str, bool]]:
    """Each exception to a rule that these citations quote, and whether they quote it too.

    The rules and their exceptions are those that the documents list as `conditions`; quoting a part is quoting.
    """
    quoted = [place for each in citations for place in places(content, each.document, each.quote, each.section)]
    for document in content.documents.values():
        for condition in document.head.conditions:
            if _meet(quoted, places(content, document.id, condition.rule)):
                for name, words in condition.limits(document.id):
                    yield words, _meet(quoted, places(content, name, words))


def right_passage(content: DepartmentContent, question: Question, document: str, section: str, words: str) -> bool:
    """Whether a passage answers a question: it has words that were expected, or a right topic quotes a part of it.

    The one rule for Enlace's first citation and for a peer's first passage. A topic is right if the question lists it.
    """
    if has_words(question, words):
        return True
    quoted = (
        place
        for topic in question.topics & content.answers.keys()
        for citation, _ in citations_of(content.answers[topic])
        for place in places(content, citation.document, citation.quote, citation.section)
    )
    return _meet(places(content, document, words, section), quoted)
