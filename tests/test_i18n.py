"""Every word of our own is in each language's catalog, with the same placeholders, and the check says what is not."""

from __future__ import annotations

import datetime as dt
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from compiling import compile_catalog

from bot.i18n import Catalogs, MissingCatalogError, language_name
from bot.settings import ROOT

SPANISH = "locales/es/LC_MESSAGES/enlace.po"
ENGLISH = "locales/en/LC_MESSAGES/enlace.po"
CHECK = ROOT / "scripts" / "check_catalogs.py"
Checks = Callable[[Path], str]
LIMIT = "máximo %(limit)s caracteres"
TOO_LONG = "This is too long. Please write at most %(limit)s characters."


@pytest.fixture(scope="module")
def catalogs() -> Catalogs:
    """The catalogs that are served."""
    return Catalogs(ROOT / "locales", ["en", "es"])


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("es", "es"),
        ("es-MX", "es"),
        ("es-419,es;q=0.9,en;q=0.8", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("en;q=0.2, es;q=0.7", "es"),
        ("fr-FR,fr;q=0.9,es;q=0.5", "es"),
        ("fr", "default"),
        ("*", "default"),
        ("", "default"),
        (None, "default"),
        ("es;q=lots", "default"),
        (",;=;q=", "default"),
        ("q" * 5000, "default"),
        ("EN", "en"),
        ("EN-us", "en"),
        ("ES;q=0.9", "es"),
        ("es;Q=0.2, en;q=0.7", "en"),
        ("es;q=0, fr", "default"),
        ("es;q=0.0, en;q=0.1", "en"),
        ("es;q=nan", "default"),
    ],
)
def test_the_browsers_languages_are_negotiated(catalogs: Catalogs, header: str | None, language: str) -> None:
    assert catalogs.negotiate(header, "default") == language


def test_a_message_is_translated_and_filled(catalogs: Catalogs) -> None:
    assert catalogs.gettext("en", TOO_LONG, limit=400) == TOO_LONG.replace("%(limit)s", "400")
    spanish = catalogs.gettext("es", TOO_LONG, limit=400)
    assert spanish.startswith("Es demasiado largo.")
    assert "400" in spanish
    assert catalogs.gettext("es", "Yes") == "Sí"


def test_a_language_without_a_catalog_stops_the_start() -> None:
    with pytest.raises(MissingCatalogError, match=r"'fr'.*`make catalogs`"):
        Catalogs(ROOT / "locales", ["en", "fr"])


@pytest.mark.parametrize(("language", "date"), [("en", "July 24, 2019"), ("es", "24 de julio de 2019")])
def test_a_date_is_written_as_people_do(language: str, date: str) -> None:
    assert Catalogs.date(language, dt.date(2019, 7, 24)) == date


def test_a_language_is_named_in_itself_or_in_the_language_that_speaks_of_it() -> None:
    assert (language_name("es"), language_name("en")) == ("español", "English")
    assert (language_name("es", "en"), language_name("en", "es")) == ("Spanish", "inglés")


def test_the_name_of_a_department_stands_where_it_needs_no_article() -> None:
    """ "a person from Kent Police Department" is no English, and "de" would be "del" before some names in Spanish."""
    for path in (ENGLISH, SPANISH):
        with (ROOT / path).open("rb") as file:
            texts = [str(text) for message in read_po(file) for text in (message.id, message.string)]
        named = [text for text in texts if "%(department)s" in text]
        assert len(named) > 10
        for text in named:
            assert re.search(r"^%\(department\)s: |\(%\(department\)s\)|: %\(department\)s\.$", text), text


def test_spanish_quotes_with_its_own_marks() -> None:
    with (ROOT / SPANISH).open("rb") as file:
        quoted = [str(message.string) for message in read_po(file) if re.search("[“”«»]", str(message.string))]
    assert len(quoted) > 5
    for text in quoted:
        assert "“" not in text, text
        assert "”" not in text, text


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_translation_keeps_the_placeholders_and_the_numbers_to_call(language: str) -> None:
    with (ROOT / "locales" / language / "LC_MESSAGES" / "enlace.po").open("rb") as file:
        catalog = read_po(file)
    translated = [(str(message.id), str(message.string)) for message in catalog if message.id and message.string]
    assert language == "en" or len(translated) > 40
    for original, text in translated:
        for pattern in (r"%\(\w+\)\w", r"\b(?:911|988)\b"):
            assert sorted(set(re.findall(pattern, original))) == sorted(set(re.findall(pattern, text))), original


# --- scripts/check_catalogs.py -----------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of all that the check reads, with catalogs compiled now."""
    for name in ("bot", "locales", "babel.cfg", "data/languages.yml"):
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
        else:
            shutil.copy(source, target)
    for path in tmp_path.glob("locales/*/LC_MESSAGES/enlace.po"):
        compile_catalog(path)
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    """Change the first place where `old` stands."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def run(root: Path) -> subprocess.CompletedProcess[str]:
    """The check as `make check` runs it."""
    command = [sys.executable, str(CHECK), str(root)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)


@pytest.fixture(scope="module")
def check() -> Iterator[Checks]:
    """`check(root)`: what the check prints about `root`, run in this process to save the start of another.

    A file is read for messages once for what is in it: of all of ours, a test changes one.
    """
    spec = importlib.util.spec_from_file_location("check_catalogs", CHECK)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    read: dict[object, list[Any]] = {}

    def once(method: Any, filename: str, *arguments: Any, **named: Any) -> list[Any]:
        key = (str(method), Path(filename).read_bytes(), str(arguments), str(named))
        if key not in read:
            read[key] = list(extract_from_file(method, filename, *arguments, **named))
        return read[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("babel.messages.extract.extract_from_file", once)
        yield lambda root: "\n".join(module.problems(root)).replace(f"{root}/", "")


def test_the_copy_of_our_catalogs_is_sound(project: Path) -> None:
    done = run(project)
    assert (done.returncode, done.stdout, done.stderr) == (0, "catalogs: no problem found\n", "")


def test_a_problem_ends_the_check_with_the_remedy(project: Path) -> None:
    replace(project / SPANISH, 'msgstr "Sí"', 'msgstr "Claro"')
    done = run(project)
    assert done.returncode == 1
    assert done.stdout == "locales/es/LC_MESSAGES/enlace.mo: older than enlace.po: 'Yes'\n"
    assert "`make catalogs`" in done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "bot/errors.py",
            '"There is nothing here. Please check the address."',
            '"Nothing is here."',
            [
                "locales/enlace.pot: missing, from bot/errors.py:",
                f"{SPANISH}: missing, from bot/errors.py:",
                f"{ENGLISH}: missing, from bot/errors.py:",
                ": 'Nothing is here.'",
                ": obsolete, the code does not have it: 'There is nothing here. Please check the address.'",
            ],
        ),
        (
            "bot/widget/templates/chat.html",
            "</html>",
            "{{ _('Only in the template') }}</html>",
            [f"{SPANISH}: missing, from bot/widget/templates/chat.html:", "'Only in the template'"],
        ),
        ("locales/enlace.pot", 'msgid "Guide me"\nmsgstr ""', "", ["locales/enlace.pot: missing", "'Guide me'"]),
        (SPANISH, 'msgstr "Sí"', 'msgstr ""', [": not translated: 'Yes'", f"{SPANISH}:"]),
        (SPANISH, 'msgid "Yes"', '#, fuzzy\nmsgid "Yes"', [": fuzzy: 'Yes'", f"{SPANISH}:"]),
        (SPANISH, LIMIT, "máximo pocos caracteres", [": other placeholders than the original: 'This"]),
        (SPANISH, LIMIT, "máximo %(límite)s caracteres", [": other placeholders than the original"]),
        (SPANISH, LIMIT, "máximo %(limit)s (100% ) caracteres", [": a % that is no placeholder must"]),
        (ENGLISH, 'msgid "Yes"', 'msgid "Yeah"', [f"{ENGLISH}: missing", "'Yes'", "obsolete", "'Yeah'"]),
        (SPANISH, 'msgid "Yes"', "nonsense", [f"{SPANISH}: cannot be read"]),
    ],
)
def test_the_check_names_file_and_message(
    check: Checks, project: Path, file: str, old: str, new: str, said: list[str]
) -> None:
    replace(project / file, old, new)
    if file.endswith(".po") and new != "nonsense":
        compile_catalog(project / file)
    found = check(project)
    for part in said:
        assert part in found
    assert "older than" not in found


def test_a_compiled_catalog_has_to_be_there_and_whole(check: Checks, project: Path) -> None:
    (project / SPANISH).with_suffix(".mo").unlink()
    (project / ENGLISH).with_suffix(".mo").write_bytes(b"not a catalog")
    found = check(project)
    assert "locales/es/LC_MESSAGES/enlace.mo: not there" in found
    assert "locales/en/LC_MESSAGES/enlace.mo: cannot be read" in found


def test_all_problems_are_told_at_once(check: Checks, project: Path) -> None:
    replace(project / SPANISH, 'msgstr "Sí"', 'msgstr ""')
    replace(project / SPANISH, 'msgid "Guide me"', '#, fuzzy\nmsgid "Guide me"')
    replace(project / "bot/rendering/labels.py", '"Talk to a person"', '"Talk to somebody"')
    found = check(project)
    for part in ("not translated: 'Yes'", "fuzzy: 'Guide me'", "'Talk to somebody'", "obsolete"):
        assert part in found


@pytest.fixture
def in_part(project: Path) -> Path:
    """The same with Portuguese, which is `usable`, in which only one message is translated; its .po file."""
    registry = project / "data/languages.yml"
    entry = "  pt: {name: Português, direction: ltr, completeness: usable, openings: []}\n"
    registry.write_text(registry.read_text(encoding="utf-8") + entry, encoding="utf-8")
    path = project / "locales/pt/LC_MESSAGES/enlace.po"
    path.parent.mkdir(parents=True)
    shutil.copy(project / ENGLISH, path)
    replace(path, 'msgid "Yes"\nmsgstr ""', 'msgid "Yes"\nmsgstr "Sim"')
    compile_catalog(path)
    return path


def test_what_a_usable_language_lacks_is_counted_and_is_no_problem(project: Path, in_part: Path) -> None:
    done = run(project)
    assert (done.returncode, done.stderr) == (0, "")
    warning, verdict = done.stdout.splitlines()
    with in_part.open("rb") as file:
        count = len(read_po(file))
    assert warning == (
        f"warning: locales/pt/LC_MESSAGES/enlace.po: {count - 1} of {count} messages not translated: "
        "the original is shown"
    )
    assert verdict == "catalogs: no problem found"


def test_what_a_required_language_lacks_is_a_problem(check: Checks, project: Path, in_part: Path) -> None:
    replace(project / "data/languages.yml", "completeness: usable", "completeness: required")
    assert re.search(r"locales/pt/LC_MESSAGES/enlace.po:\d+: not translated: 'No'", check(project))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('msgid "No"\nmsgstr ""', '#, fuzzy\nmsgid "No"\nmsgstr "Não"', ": fuzzy: 'No'"),
        ('msgid "No"', 'msgid "Nope"', "obsolete, the code does not have it: 'Nope'"),
        (f'msgid "{TOO_LONG}"\nmsgstr ""', f'msgid "{TOO_LONG}"\nmsgstr "Muito longa."', "other placeholders"),
    ],
)
def test_a_usable_language_is_held_to_all_else(
    check: Checks, project: Path, in_part: Path, old: str, new: str, said: str
) -> None:
    replace(in_part, old, new)
    compile_catalog(in_part)
    found = check(project)
    assert said in found
    assert "locales/pt/LC_MESSAGES/enlace.po:" in found
