"""A published text: its sections, its sentences, and its translations.

White space is folded wherever texts are compared: the published pages have no-break spaces and double spaces that a
person who copies a sentence does not see. Apart from that a quote is verbatim or it is an error.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from bot.content.models import DocumentHead, TranslationHead, TranslationStatus
from bot.content.yamlfile import ContentError, Problem, YamlFile, read_text

M = TypeVar("M", bound=BaseModel)

_ANCHOR = re.compile(r'<a id="([a-z0-9-]+)"></a>')
_SENTENCE_END = re.compile(r'(?<=[.?!])[”"’)]*\s+(?=[A-Z“"$‘])')
# "U.S. Immigration", "Aug. 20", and the labels of lists and headings: "1. Is …", "- a. All …", "II. Scope …".
_NOT_AN_END = re.compile(r"(?:^|[\s(])(?:(?:[A-Za-z]\.)+|[IVX]+\.|\d+\.|(?:Aug|Mo|St|Dr|Mr|Mrs)\.)$")


def fold(text: str) -> str:
    """`text` with every run of white space, no-break spaces included, as one space."""
    return " ".join(text.split())


def split_sentences(line: str) -> list[str]:
    """The sentences of one line, folded; a heading or a list item without a full stop is one sentence."""
    line = fold(line)
    sentences, start = [], 0
    for match in _SENTENCE_END.finditer(line):
        if not _NOT_AN_END.search(line[: match.start()]):
            sentences.append(line[start : match.end()].strip())
            start = match.end()
    if line[start:].strip():
        sentences.append(line[start:].strip())
    return sentences


@dataclass(frozen=True)
class Section:
    """A part of a document that citations can name."""

    anchor: str
    line: int
    """Line of the anchor in the file."""
    body: str
    """The text below the anchor, as published."""
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole section, white space folded."""
        return fold(self.body)

    @property
    def hash(self) -> str:
        """What a translation of this section remembers, to notice when the original changes."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def touched(self, quote: str) -> list[int]:
        """Indexes of the sentences that `quote` overlaps; empty if it isn't in this section."""
        start = self.text.find(fold(quote))
        if start < 0:
            return []
        end, position, indexes = start + len(fold(quote)), 0, []
        for index, sentence in enumerate(self.sentences):
            position = self.text.index(sentence, position)
            if position < end and start < position + len(sentence):
                indexes.append(index)
            position += len(sentence)
        return indexes


@dataclass(frozen=True)
class Translation:
    """A document in another language, sentence by sentence; a section that is missing here is stale or absent."""

    status: TranslationStatus
    sections: dict[str, tuple[str, ...]]
    stale: tuple[str, ...] = ()
    """Anchors whose original has changed since it was translated."""


@dataclass(frozen=True)
class Document:
    """A published text of one department."""

    id: str
    path: Path
    head: DocumentHead
    sections: dict[str, Section]
    translations: dict[str, Translation] = field(default_factory=dict)

    def translate(self, anchor: str, quote: str, language: str) -> tuple[str, TranslationStatus] | None:
        """The translation of the sentences that `quote` touches, or None where there is no current one."""
        translation = self.translations.get(language)
        if translation is None or anchor not in translation.sections:
            return None
        lines = translation.sections[anchor]
        return " ".join(lines[index] for index in self.sections[anchor].touched(quote)), translation.status

    def problem(self, message: str, *location: str | int, stale: bool = False) -> Problem:
        """A problem with the value at `location` of the front matter, which is read again to tell the line."""
        return _split_file(self.path)[0].problem(message, *location, stale=stale)


def _split_file(path: Path) -> tuple[YamlFile, list[tuple[str, int, list[str]]]]:
    """The front matter and, for each anchor, its line and the lines below it."""
    lines = read_text(path).split("\n")
    if lines[0] != "---" or "---" not in lines[1:]:
        raise ContentError([Problem(path, 1, "needs a front matter between two lines of `---`")])
    end = lines.index("---", 1)
    head = YamlFile(path, "\n".join(lines[1:end]), first_line=2)
    sections: list[tuple[str, int, list[str]]] = []
    for number, line in enumerate(lines[end + 1 :], start=end + 2):
        if match := _ANCHOR.fullmatch(line):
            sections.append((match[1], number, []))
        elif sections:
            sections[-1][2].append(line)
        elif line.strip():
            raise ContentError([Problem(path, number, 'text before the first section: <a id="…"></a>')])
    return head, sections


def validate(model: type[M], file: YamlFile) -> M:
    """`file`'s data as `model`; raises ContentError with every field that is wrong and its line."""
    try:
        return model.model_validate(file.data)
    except ValidationError as error:
        raise ContentError(
            [
                file.problem(f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}", *item["loc"])
                for item in error.errors()
            ]
        ) from error


def load_document(path: Path) -> Document:
    """Read one published text; raises ContentError."""
    file, parts = _split_file(path)
    head = validate(DocumentHead, file)
    sections: dict[str, Section] = {}
    problems = []
    for anchor, line, body in parts:
        if anchor in sections:
            problems.append(Problem(path, line, f"anchor {anchor!r} is there twice"))
        sentences = tuple(sentence for text in body for sentence in split_sentences(text))
        sections[anchor] = Section(anchor, line, "\n".join(body).strip("\n"), sentences)
    problems += [
        file.problem(f"section {anchor!r} has no anchor in the text", "sections", anchor)
        for anchor in head.sections.keys() - sections.keys()
    ]
    problems += [
        Problem(path, sections[anchor].line, f"section {anchor!r} has no title in the front matter")
        for anchor in sections.keys() - head.sections.keys()
    ]
    if problems:
        raise ContentError(problems)
    return Document(path.name.removesuffix(".md"), path, head, sections)


def load_translation(path: Path, document: Document) -> tuple[Translation, list[Problem]]:
    """Read a translation of `document`; a stale section is left out and reported, a malformed one raises."""
    file, parts = _split_file(path)
    head = validate(TranslationHead, file)
    problems: list[Problem] = []
    sections: dict[str, tuple[str, ...]] = {}
    stale: list[str] = []
    for anchor, line, body in parts:
        original = document.sections.get(anchor)
        lines = tuple(fold(text) for text in body if text.strip())
        if original is None:
            problems.append(Problem(path, line, f"the original has no section {anchor!r}"))
        elif head.hashes.get(anchor) != original.hash:
            stale.append(anchor)
            problems.append(
                Problem(
                    path,
                    line,
                    f"section {anchor!r} has changed since it was translated: look at it, then set its hash "
                    f"to {original.hash}",
                    stale=True,
                )
            )
        elif len(lines) != len(original.sentences):
            problems.append(
                Problem(path, line, f"{len(lines)} lines for {len(original.sentences)} sentences of the original")
            )
        else:
            sections[anchor] = lines
    problems += [
        Problem(path, 1, f"section {anchor!r} is not translated")
        for anchor in document.sections
        if anchor not in {part[0] for part in parts}
    ]
    return Translation(head.status, sections, tuple(stale)), problems
