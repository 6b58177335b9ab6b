"""Portuguese as a language that is served in part: what people have written in it, and what runs `enlace language`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from babel.messages.pofile import read_po, write_po
from click.testing import Result
from compiling import compile_catalog
from typer.testing import CliRunner

from bot.__main__ import app
from bot.settings import ROOT

KENT, TOPIC = "kent-wa", "arrest-for-status"
TRANSLATED = {
    "Yes": "Sim",
    "Talk to a person": "Falar com uma pessoa",
    "Exceptions and limits:": "Exceções e limites:",
    "This is too long. Please write at most %(limit)s characters.": (
        "É longo demais. Escreva no máximo %(limit)s caracteres."
    ),
}
LABEL = "Prisão por status"
ANSWER = (
    "Não só para saber o seu status, se a pessoa poderia ser solta com uma intimação (ordem de comparecer à Justiça). "
    "O texto publicado não diz o que o ICE (agentes de imigração) pode fazer."
)
EXCEPTIONS = [
    "A regra vale para quem poderia ser solto com uma intimação. Não exclui a prisão por outro motivo.",
    "O texto fala da prisão e do registro. Não diz quanto tempo podem deter você numa parada.",
]
VARIANTS = [
    "a polícia pode me prender por não ter papéis",
    "vao me prender porque sou imigrante",
    "posso ir pra cadeia por estar ilegal",
    "prendem quem não tem documentos",
    "se me pararem sem documento eu vou preso",
    "tenho medo de ser presa por causa do meu status",
    "eles prendem só para saber se estou legal aqui",
    "prisão por status migratório",
]


def run(*arguments: str) -> Result:
    """Run `enlace` with `arguments` in this process."""
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "120"})


def add(folder: Path, *arguments: str) -> Result:
    """Run `enlace language add` on the copies in `folder`."""
    return run("language", "add", *arguments, "--data", str(folder / "data"), "--locales", str(folder / "locales"))


def files(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, by its path from there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def change(path: Path, edit: Callable[[Any], None]) -> None:
    """Change the data of a YAML file."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(data)
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")


def translate(path: Path) -> None:
    """Write what is translated into a catalog, and compile it."""
    with path.open("rb") as file:
        catalog = read_po(file)
    for message, text in TRANSLATED.items():
        catalog[message].string = text
    with path.open("wb") as file:
        write_po(file, catalog, width=0)
    compile_catalog(path)


def add_portuguese(folder: Path) -> None:
    """Run the command as a process of its own, and write a handful of messages and one topic of one department."""
    command = [sys.executable, "-m", "bot", "language", "add", "pt", "--name", "Português"]
    command += ["--data", str(folder / "data"), "--locales", str(folder / "locales")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    translate(folder / "locales/pt/LC_MESSAGES/enlace.po")

    def answer(data: Any) -> None:
        data["answer"]["pt"] = ANSWER
        data["variants"]["pt"] = VARIANTS
        for exception, text in zip(data["exceptions"], EXCEPTIONS, strict=True):
            exception["text"]["pt"] = text

    change(folder / "data/faq" / KENT / "answers" / f"{TOPIC}.yml", answer)
    change(folder / "data/topics.yml", lambda data: data["topics"][TOPIC]["label"].update(pt=LABEL))
