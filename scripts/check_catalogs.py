"""Checks the translation catalogs: nothing missing, obsolete, fuzzy, or with other placeholders than the original.

Extracts the messages of the code again, in memory and with the options of scripts/catalogs, and compares them with
locales/enlace.pot, every enlace.po, and the enlace.mo made from it. Changes nothing. In a language that
data/languages.yml has as `usable`, messages may be left untranslated: the original is shown, and they are counted.

    python scripts/check_catalogs.py [ROOT]

Prints every problem with its file and message, and exits with 1 if there is one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import yaml
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import PoFileError, read_po

DOMAIN = "enlace"
SOURCE_LANGUAGE = "en"
"""The language of the messages in the code: its catalog needs no translations."""
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None}
REMEDY = "Run `make catalogs`, translate what it leaves empty in locales/*/LC_MESSAGES/enlace.po, and run it again."

_PLACEHOLDER = re.compile(r"%\(\w+\)\w")


def extract(root: Path) -> Catalog:
    """The messages of the code below `root`, as its babel.cfg maps files to extractors."""
    with (root / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    catalog = Catalog()
    for name, line, message, comments, context in extract_from_dir(root, methods, options, KEYWORDS):
        catalog.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    return catalog


def messages(catalog: Catalog) -> dict[tuple[str, str | None], Message]:
    """The messages of a catalog, without its header, by their text in the code and their context."""
    return {(_texts(message.id)[0], message.context): message for message in catalog if message.id}


def _texts(part: str | tuple[str, ...] | list[str] | None) -> list[str]:
    """A message or a translation as the list of its plural forms."""
    return [part] if isinstance(part, str) else list(part or [])


def compare(code: Catalog, path: Path, catalog: Catalog) -> Iterator[str]:
    """Messages that only the code has, or only the catalog at `path`."""
    wanted, found = messages(code), messages(catalog)
    for key in wanted.keys() - found.keys():
        name, line = wanted[key].locations[0]
        yield f"{path}: missing, from {name}:{line}: {key[0]!r}"
    for key in found.keys() - wanted.keys():
        yield f"{path}:{found[key].lineno}: obsolete, the code does not have it: {key[0]!r}"


def translations(path: Path, catalog: Catalog, *, complete: bool) -> Iterator[str]:
    """Translations that are fuzzy, empty (if they have to be `complete`), or have other placeholders."""
    for message in messages(catalog).values():
        originals, translated = _texts(message.id), _texts(message.string)
        where, what = f"{path}:{message.lineno}", repr(originals[0])
        if message.fuzzy:
            yield f"{where}: fuzzy: {what}"
        if complete and not _is_translated(message, catalog):
            yield f"{where}: not translated: {what}"
        names = {name for text in originals for name in _PLACEHOLDER.findall(text)}
        for text in filter(None, translated):
            if set(_PLACEHOLDER.findall(text)) != names:
                yield f"{where}: other placeholders than the original: {what}"
            elif names and not _can_be_filled(text, names):
                yield f"{where}: a % that is no placeholder must be %%: {what}"


def _is_translated(message: Message, catalog: Catalog) -> bool:
    """Whether every form of the message has a translation."""
    translated = _texts(message.string)
    return len(translated) >= (catalog.num_plurals if message.pluralizable else 1) and all(translated)


def _can_be_filled(text: str, names: set[str]) -> bool:
    """Whether the placeholders can be filled without an error."""
    try:
        text % {name[2 : name.index(")")]: 1 for name in names}
    except (ValueError, TypeError, KeyError):
        return False
    return True


def compiled(path: Path, catalog: Catalog) -> Iterator[str]:
    """Whether the .mo file beside the .po file at `path` says the same; dates of files prove nothing."""
    binary = path.with_suffix(".mo")
    if not binary.exists():
        yield f"{binary}: not there: {path.name} has not been compiled"
        return
    wanted = BytesIO()
    write_mo(wanted, catalog)
    wanted.seek(0)
    try:
        with binary.open("rb") as file:
            found = messages(read_mo(file))
    except (OSError, ValueError, UnicodeError) as error:
        yield f"{binary}: cannot be read: {error}"
        return
    current = messages(read_mo(wanted))
    for key in sorted(current.keys() | found.keys(), key=str):
        if key not in current or key not in found or current[key].string != found[key].string:
            yield f"{binary}: older than {path.name}: {key[0]!r}"


def usable(root: Path) -> set[str]:
    """The languages below `root` that may be served in part."""
    entries = yaml.safe_load((root / "data" / "languages.yml").read_text(encoding="utf-8"))["languages"]
    return {code for code, entry in entries.items() if entry["completeness"] == "usable"}


def untranslated(root: Path) -> Iterator[str]:
    """How much each `usable` language below `root` lacks, a line each; no problem."""
    for language in sorted(usable(root)):
        path = root / "locales" / language / "LC_MESSAGES" / f"{DOMAIN}.po"
        if path.exists():
            with path.open("rb") as file:
                catalog = read_po(file, locale=language)
            found = messages(catalog).values()
            missing = sum(not _is_translated(message, catalog) for message in found)
            if missing:
                yield f"{path}: {missing} of {len(found)} messages not translated: the original is shown"


def problems(root: Path) -> Iterator[str]:
    """Everything that is wrong with the catalogs below `root`, a line each."""
    code = extract(root)
    incomplete = {SOURCE_LANGUAGE, *usable(root)}
    template = root / "locales" / f"{DOMAIN}.pot"
    catalogs = sorted((root / "locales").glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    if not catalogs:
        yield f"{root / 'locales'}: there is no catalog"
    for path in [template, *catalogs]:
        language = None if path == template else path.parent.parent.name
        try:
            with path.open("rb") as file:
                catalog = read_po(file, locale=language, abort_invalid=True)
        except (OSError, UnicodeError, PoFileError) as error:
            yield f"{path}: cannot be read: {error}"
            continue
        yield from compare(code, path, catalog)
        if language:
            yield from translations(path, catalog, complete=language not in incomplete)
            yield from compiled(path, catalog)


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    found = sorted(line.removeprefix(f"{root}/") for line in problems(root))
    for line in found:
        print(line)
    if found:
        print(f"catalogs: {len(found)} problems. {REMEDY}", file=sys.stderr)
        return 1
    for line in untranslated(root):
        print(f"warning: {line.removeprefix(f'{root}/')}")
    print("catalogs: no problem found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
