"""Holds the documents to the code: settings, routes, codes and templates are in them, and no link is dead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main
from whatsapp_content import OUTBOUND, REAL

from bot.__main__ import app as commands
from bot.app import create_app
from bot.errors import EnlaceError
from bot.settings import ROOT, Settings

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    field = Settings.model_fields[name]
    row = next(
        line for line in read("docs/settings.md").splitlines() if line.startswith(f"| `ENLACE_{name.upper()}` |")
    )
    assert field.description
    assert field.description in row


def test_no_setting_is_documented_that_is_not_there() -> None:
    known = {f"ENLACE_{name.upper()}" for name in Settings.model_fields}
    documented = set(re.findall(r"^\| `(ENLACE_\w+)`", read("docs/settings.md"), re.MULTILINE))
    assert documented == known
    assert set(re.findall(r"^#?(ENLACE_\w+)=", read(".env.example"), re.MULTILINE)) <= known


def test_every_route_is_documented() -> None:
    documented = read("docs/api.md")
    for path, methods in create_app(Settings()).openapi()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in documented


def test_every_error_code_is_documented() -> None:
    def codes(error: type[EnlaceError]) -> set[str]:
        return {error.code}.union(*map(codes, error.__subclasses__()))

    assert {code for code in codes(EnlaceError) if f"`{code}`" not in read("docs/api.md")} == set()


def test_every_command_has_help_with_an_example() -> None:
    group = typer.main.get_command(commands)
    pending = list(getattr(group, "commands", {}).values())
    assert pending
    while pending:
        command = pending.pop()
        children = getattr(command, "commands", None)
        if children:
            pending += children.values()
        else:
            assert "Example" in (command.help or ""), command.name


def test_the_templates_are_documented_word_for_word() -> None:
    for language in REAL.languages:
        body, buttons = OUTBOUND.template_definition(language)["components"]
        assert f"| `{language}` | {body['text']} | {buttons['buttons'][0]['text']} |" in read("docs/whatsapp.md")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_link_is_dead(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_every_picture_is_shown_and_made_by_a_test() -> None:
    documents = [each.read_text(encoding="utf-8") for each in DOCUMENTS]
    shown = {name for each in documents for name in re.findall(r"images/([\w-]+)\.png\)", each)}
    tests = [each.read_text(encoding="utf-8") for each in (ROOT / "tests").rglob("test_*.py")]
    made = [name for each in tests for name in re.findall(r'await picture\(\w+, "([\w-]+)"\)', each)]
    assert sorted(made) == sorted(shown) == sorted(path.stem for path in (ROOT / "docs" / "images").glob("*.png"))
