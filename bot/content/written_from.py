"""Which version of the published text an answer was written from, so that a changed text withholds it.

An answer file's `written_from` has the hash of each section that it cites, as `document#section`; a silent answer,
which says that the text is silent, depends on all of it and has one hash under `*`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from bot.content.documents import Document, validate
from bot.content.models import Answer, citations_of
from bot.content.yamlfile import ContentError, YamlFile

EVERYTHING = "*"
_BLOCK = re.compile(r"^written_from:.*\n(?:[ \t]+.*\n)*", re.MULTILINE)


def current(answer: Answer, documents: Mapping[str, Document]) -> dict[str, str]:
    """What `written_from` would be if somebody looked now; a section that is gone has an empty hash."""
    if answer.silent:
        return {EVERYTHING: _hash_of_all(documents)}
    hashes = {}
    for ref, _ in citations_of(answer):
        document = documents.get(ref.document)
        section = document.sections.get(ref.section) if document else None
        hashes[f"{ref.document}#{ref.section}"] = section.hash if section else ""
    return hashes


def changed(answer: Answer, documents: Mapping[str, Document]) -> set[str]:
    """The places of `answer.written_from` whose text has changed since."""
    now = current(answer, documents)
    return {place for place, digest in answer.written_from.items() if place in now and now[place] != digest}


def _hash_of_all(documents: Mapping[str, Document]) -> str:
    digest = hashlib.sha256()
    for name in sorted(documents):
        for section in documents[name].sections.values():
            digest.update(f"{name}#{section.anchor}\0{section.hash}\0".encode())
    return digest.hexdigest()[:16]


def accept(path: Path, documents: Mapping[str, Document]) -> bool:
    """Write what an answer file cites now as its `written_from`; True if that changed it. Comments stay.

    Raises ContentError if the file can't be read, or cites a section that is gone.
    """
    file = YamlFile.read(path)
    answer = validate(Answer, file)
    hashes = current(answer, documents)
    if gone := [place for place, digest in hashes.items() if not digest]:
        raise ContentError([file.problem(f"there is no {', '.join(gone)}: change the citations first", "citations")])
    text = path.read_text(encoding="utf-8")
    block = "written_from:\n" + "".join(f'  "{place}": "{digest}"\n' for place, digest in hashes.items())
    # Before the variants: they are the longest part, and nobody reads beyond them.
    head, variants, rest = _BLOCK.sub("", text).partition("\nvariants:\n")
    new = f"{head}\n{block}{variants.lstrip()}{rest}"
    if new == text:
        return False
    path.write_text(new, encoding="utf-8")
    return True
