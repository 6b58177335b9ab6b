"""`enlace language add` as a person runs it: what it writes, what it refuses, and that it can be taken back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from babel.messages.pofile import read_po
from portuguese import KENT, TOPIC, add, change, files

from bot.content.library import content_version, inspect


def test_adding_changes_the_registry_by_one_entry_and_nothing_else_that_was_there(project: Path) -> None:
    before = files(project)
    assert add(project, "pt").exit_code == 0
    after = files(project)
    changed = {path for path, content in before.items() if after[path] != content}
    assert changed == {"data/languages.yml"}
    entry = b"  pt:\n    name: Portugu\xc3\xaas\n    direction: ltr\n    completeness: usable\n"
    entry += b"    openings: []\n    references: []\n"
    entry += b"    questions:\n"
    entry += b"".join(b"      %s: []\n" % key for key in (b"begin", b"joined_by", b"asked_by", b"indirect", b"other"))
    assert after["data/languages.yml"] == before["data/languages.yml"] + entry
    examples = {f"data/nlu/pt/{path.name}" for path in (project / "data/nlu/en").iterdir()}
    catalogs = {f"locales/pt/LC_MESSAGES/enlace.{suffix}" for suffix in ("po", "mo")}
    assert after.keys() - before.keys() == examples | catalogs


def test_adding_twice_says_that_it_is_there_and_changes_nothing(project: Path) -> None:
    assert add(project, "pt").exit_code == 0
    before = files(project)
    again = add(project, "pt", "--name", "Brasileiro")
    assert again.exit_code == 1
    assert f"'pt' is there already, in {project / 'data/languages.yml'}" in again.stderr
    assert files(project) == before


@pytest.mark.parametrize("folder", ["data/nlu/pt", "locales/pt"])
def test_nothing_is_overwritten(project: Path, folder: str) -> None:
    (project / folder).mkdir()
    (project / folder / "work.txt").write_text("of somebody's", encoding="utf-8")
    before = files(project)
    done = add(project, "pt")
    assert done.exit_code == 1
    assert f"{project / folder}: there already" in done.stderr
    assert files(project) == before


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("por", "not a code of ISO 639-1"),
        ("PT", "not a code of ISO 639-1"),
        ("pt-BR", "not a code of ISO 639-1"),
        ("../", "not a code of ISO 639-1"),
        ("qq", "not known to Babel, langdetect, lingua"),
        ("zh", "not known to langdetect,"),
        ("no", "not known to lingua,"),
    ],
)
def test_a_language_that_a_part_does_not_know_is_refused(project: Path, code: str, said: str) -> None:
    before = files(project)
    done = add(project, code)
    assert done.exit_code == 2
    assert said in done.stderr
    assert files(project) == before


@pytest.mark.parametrize(
    ("arguments", "name", "direction"),
    [
        (["vi"], "Tiếng Việt", "ltr"),
        (["ar"], "العربية", "rtl"),
        (["pt", "--name", "no: yes", "--direction", "rtl"], "no: yes", "rtl"),
    ],
)
def test_name_and_direction_are_those_given_or_babels(
    project: Path, arguments: list[str], name: str, direction: str
) -> None:
    assert add(project, *arguments).exit_code == 0
    library, problems = inspect(project / "data")
    assert problems == []
    entry = library.languages[arguments[0]]
    assert (entry.name, entry.direction, entry.completeness, entry.openings) == (name, direction, "usable", [])


@pytest.mark.parametrize(
    ("layout", "added"),
    [
        ("languages:\n    en: {name: English}  # the first\n    # and no other\n", True),
        ("languages:\n  en:\n    name: English", True),
        ("# Before.\nlanguages:\n  en:\n    name: English\n\n# After.\nother: 1\n", True),
        ("languages: {en: {name: English}}\n", False),
        ("tongues:\n  en:\n    name: English\n", False),
    ],
)
def test_a_registry_is_added_to_where_it_can_be_and_else_left(project: Path, layout: str, added: bool) -> None:
    registry = project / "data/languages.yml"
    registry.write_text(layout, encoding="utf-8")
    before = files(project)
    done = add(project, "pt")
    if added:
        assert done.exit_code == 0
        loaded = yaml.safe_load(registry.read_text(encoding="utf-8"))
        assert loaded["languages"].pop("pt")["name"] == "Português"
        assert loaded == yaml.safe_load(layout)
        assert [line for line in layout.splitlines() if line not in registry.read_text(encoding="utf-8")] == []
    else:
        assert done.exit_code == 1
        assert files(project) == before


def test_content_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    done = add(tmp_path, "pt")
    assert done.exit_code == 2
    assert f"{tmp_path / 'data/languages.yml'}:1: there is no such file" in done.stderr
    assert files(tmp_path) == {}


def test_what_comes_next_is_printed(project: Path) -> None:
    said = add(project, "pt").stdout
    for part in (
        str(project / "locales/pt/LC_MESSAGES/enlace.po"),
        str(project / "data/nlu/pt"),
        "bot/safety",
        str(project / "data/limits.yml"),
        str(project / "data/places.yml"),
        str(project / "data/whatsapp.yml"),
        "data/safety/emergencies.jsonl",
        "bot/privacy.py",
        "tests/questions/pt",
        "at least 8 `variants`",
        "every department offers",
        "make catalogs",
        "enlace content check",
        "enlace content coverage",
        "enlace train",
    ):
        assert part in said


@pytest.mark.parametrize(("code", "forms"), [("pt", 2), ("vi", 1), ("ar", 6)])
def test_the_catalog_has_every_message_untranslated_and_the_languages_plural_forms(
    project: Path, code: str, forms: int
) -> None:
    assert add(project, code).exit_code == 0
    with (project / "locales/enlace.pot").open("rb") as file:
        template = read_po(file)
    with (project / f"locales/{code}/LC_MESSAGES/enlace.po").open("rb") as file:
        catalog = read_po(file)
    assert catalog.num_plurals == forms
    assert not catalog.fuzzy
    assert str(catalog.locale) == code
    assert [message.id for message in catalog] == [message.id for message in template]
    assert not any(message.string for message in catalog if message.id)


def test_without_its_folders_and_its_entry_all_is_as_it_was(project: Path) -> None:
    before, version = files(project), content_version(project / "data")
    add(project, "pt")
    assert content_version(project / "data") != version
    shutil.rmtree(project / "data/nlu/pt")
    shutil.rmtree(project / "locales/pt")
    registry = project / "data/languages.yml"
    text = registry.read_text(encoding="utf-8")
    registry.write_text(text[: text.index("  pt:\n")], encoding="utf-8")
    assert files(project) == before
    assert content_version(project / "data") == version
    assert list(inspect(project / "data")[0].languages) == ["en", "es"]


def test_the_check_names_every_text_that_is_left_of_it(portuguese: Path, tmp_path: Path) -> None:
    data = shutil.copytree(portuguese / "data", tmp_path / "data")
    change(data / "languages.yml", lambda content: content["languages"].pop("pt"))
    problems = inspect(data)[1]
    path = data / "faq" / KENT / "answers" / f"{TOPIC}.yml"
    # The answer, its two exceptions, its variants; and the label.
    assert [problem.path for problem in problems] == [path] * 4 + [data / "topics.yml"]
    for problem in problems:
        assert "language 'pt' is not in data/languages.yml" in problem.message
        assert problem.path.read_text(encoding="utf-8").splitlines()[problem.line - 1].strip().startswith("pt:")
