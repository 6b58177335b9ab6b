"""A language that is to be served, as the files that it begins with: an entry, a catalog and empty examples.

Nothing here is translated: that is for people who speak the language.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import cast

import langdetect
import yaml
from babel.core import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from lingua import IsoCode639_1

from bot.content.models import Language
from bot.content.yamlfile import ContentError, YamlFile, read_text
from bot.i18n import DOMAIN, SOURCE_LANGUAGE


class UnknownCodeError(Exception):
    """A code that something we rely on doesn't know; the message says which."""


class NotAddedError(Exception):
    """Something stands in the way, such as a file that would have to be overwritten; the message says what."""


def describe(code: str, name: str | None = None, direction: str | None = None) -> Language:
    """The entry of a language that begins with nothing; what isn't given is what Babel knows of it.

    Raises UnknownCodeError for a code that isn't in ISO 639-1, or that Babel, langdetect or lingua doesn't know.
    """
    if not (len(code) == 2 and code.isascii() and code.isalpha() and code.islower()):
        raise UnknownCodeError(f"{code!r} is not a code of ISO 639-1, which has two small letters, such as pt")
    strangers = []
    try:
        locale = Locale.parse(code)
    except UnknownLocaleError:
        strangers.append("Babel")
    if not (Path(langdetect.__file__).parent / "profiles" / code).is_file():
        strangers.append("langdetect")
    try:
        IsoCode639_1.from_str(code.upper())
    except ValueError:
        strangers.append("lingua")
    if strangers:
        raise UnknownCodeError(
            f"{code!r} is not known to {', '.join(strangers)}, and a language that can't be told from the others "
            "can't be served"
        )
    own_name = locale.get_display_name(code) or code
    return Language.model_validate(
        {
            "name": name or own_name[:1].upper() + own_name[1:],
            "direction": direction or ("rtl" if locale.character_order == "right-to-left" else "ltr"),
            "completeness": "usable",
            "openings": [],
            "references": [],
        }
    )


def scaffold(code: str, language: Language, data: Path, locales: Path) -> dict[Path, bytes]:
    """What each file holds once `code` is added to the content in `data` and the catalogs in `locales`.

    data/languages.yml comes last and is the only one that is there already. Writes nothing. Raises NotAddedError,
    and ContentError or OSError where what it starts from can't be read.
    """
    entry = registry_entry(data / "languages.yml", code, language)
    folders = [data / "nlu" / code, locales / code]
    if there := [str(folder) for folder in folders if folder.exists()]:
        raise NotAddedError(f"{' and '.join(there)}: there already, and nothing is overwritten")
    template = (locales / f"{DOMAIN}.pot").read_bytes()
    return {
        **{folders[0] / name: text.encode() for name, text in examples(language, data).items()},
        **catalog(template, code, language, folders[1] / "LC_MESSAGES"),
        data / "languages.yml": entry.encode(),
    }


def registry_entry(path: Path, code: str, language: Language) -> str:
    """The text of data/languages.yml with one more entry at its end; comments and layout stay."""
    text = read_text(path)
    known = YamlFile(path, text).data
    if not isinstance(known, dict) or not isinstance(known.get("languages"), dict) or not known["languages"]:
        raise NotAddedError(f"{path}: there is no `languages:` with an entry, to add {code!r} to")
    if code in known["languages"]:
        raise NotAddedError(f"{code!r} is there already, in {path}")
    indent, end = _end_of(text, "languages")
    dumped = yaml.safe_dump({code: language.model_dump(exclude_none=True)}, allow_unicode=True, sort_keys=False)
    entry = "".join(f"{' ' * indent}{line}\n" for line in dumped.splitlines())
    lines = text.splitlines(keepends=True)
    before = "".join(lines[:end])
    new = before + ("" if before.endswith("\n") else "\n") + entry + "".join(lines[end:])
    try:
        added = YamlFile(path, new).data
    except ContentError:
        added = None
    if added != {**known, "languages": {**known["languages"], code: language.model_dump(exclude_none=True)}}:
        raise NotAddedError(f"{path} is laid out in a way that can't be added to: add this by hand\n{entry}")
    return new


def _end_of(text: str, key: str) -> tuple[int, int]:
    """How far the entries below the top-level `key` stand in, and how many lines there are up to the last one's end."""
    root = cast(yaml.MappingNode, yaml.compose(text, yaml.SafeLoader))  # the caller has looked
    node: yaml.Node = next(value for name, value in root.value if name.value == key)
    indent = node.value[0][0].start_mark.column
    while isinstance(node, yaml.MappingNode) and not node.flow_style:
        node = node.value[-1][1]
    return indent, node.end_mark.line + 1


def examples(language: Language, data: Path) -> dict[str, str]:
    """The training examples' files by name: the intents that English has, each without an example."""
    files = {}
    for path in sorted((data / "nlu" / SOURCE_LANGUAGE).glob("*.yml")):
        intents = [entry["intent"] for entry in YamlFile.read(path).data["nlu"]]
        head = (
            f"# Write below `examples: |`, in {language.name}, messages that mean what those of\n"
            f"# data/nlu/{SOURCE_LANGUAGE}/{path.name} mean: one a line, six spaces and `- ` before it. As residents\n"
            "# really write: short and long, misspelt, without accents, in slang. Not translated, and not taken from\n"
            "# tests/questions.\n"
        )
        # Rasa warns of the intent without examples in this file, and takes those of the other languages' files.
        entries = "".join(f"  - intent: {intent}\n    examples: |\n" for intent in intents)
        files[path.name] = f'{head}version: "3.1"\nnlu:\n{entries}'
    return files


def catalog(template: bytes, code: str, language: Language, folder: Path) -> Mapping[Path, bytes]:
    """A catalog in which nothing is translated, as `pybabel init` makes it, and the same compiled."""
    new = read_po(BytesIO(template), locale=code)
    new.header_comment = f"# The words of Enlace in this language, {language.name}. What is empty is shown in English."
    new.project, new.version = "Enlace", "0.1.0"
    new.revision_date = dt.datetime.now(dt.timezone.utc)
    new.fuzzy = False
    source, compiled = BytesIO(), BytesIO()
    write_po(source, new, width=0)
    write_mo(compiled, new)
    return {folder / f"{DOMAIN}.po": source.getvalue(), folder / f"{DOMAIN}.mo": compiled.getvalue()}
