"""Guards the commands around accounts and deletion: what they make works, and mistakes are named with their remedy."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.__main__ import app
from bot.database.engine import open_engine
from bot.liaisons.sessions import Sessions
from bot.secrets import Secrets

ADD = (
    "add ana@example.org --name Ana --title en=Liaison --title es=Enlace --department kent-wa --language es --not-sworn"
)


Enlace = Callable[..., Result]


@pytest.fixture
def enlace(tmp_path: Path) -> Enlace:
    """`enlace(words)`, a line or a list: run the command with a var folder of its own, in this process, which saves a
    second of start.
    """

    def run(words: str | list[str], columns: str | None = "200") -> Result:
        without = {key: None for key in os.environ if key.startswith("ENLACE_")}
        environment = without | {"ENLACE_VAR_DIR": str(tmp_path), "COLUMNS": columns}
        return CliRunner().invoke(app, words.split() if isinstance(words, str) else words, env=environment)

    return run


def test_what_is_printed_once_opens_the_account(enlace: Enlace, tmp_path: Path) -> None:
    done = enlace(f"liaison {ADD}")
    assert done.exit_code == 0, done.stderr
    password = re.search(r"password: (\S+)", done.stdout)[1]  # type: ignore[index]
    uri = re.search(r"otpauth://\S+", done.stdout)[0]  # type: ignore[index]
    assert len(re.findall(r"^  [0-9a-f]{8}-[0-9a-f]{8}$", done.stdout, re.MULTILINE)) == 10

    async def enter() -> bool:
        engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'enlace.db'}")
        sessions = Sessions(engine, Secrets((tmp_path / "secret.key").read_text().strip()))
        half = await sessions.sign_in("ana@example.org", password, "es")
        token = await sessions.second_factor(half, pyotp.parse_uri(uri).now())  # type: ignore[union-attr]
        who = await sessions.who(token)
        await engine.dispose()
        return who is not None and who.departments == ("kent-wa",)

    assert asyncio.run(enter())
    again = enlace(f"liaison {ADD}")
    assert (again.exit_code, "has an account already" in again.stderr) == (1, True)
    assert "ana@example.org" in enlace("liaison list").stdout
    assert enlace("liaison disable ana@example.org").exit_code == 0
    assert password not in enlace("liaison reset ana@example.org").stdout
    unknown = enlace("liaison enable nobody@example.org")
    assert (unknown.exit_code, "enlace liaison list" in unknown.stderr) == (1, True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kent-wa", "no-such", "unknown department 'no-such'"),
        ("--language es", "--language xx", "unknown language 'xx'"),
        ("--title es=Enlace", "", "add --title es="),
        ("ana@example.org", "ana", "no email address"),
        ("--not-sworn", "--not-sworn --role chief", "one of liaison, supervisor, admin"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(enlace: Enlace, old: str, new: str, said: str) -> None:
    done = enlace(f"liaison {ADD.replace(old, new)}")
    assert done.exit_code == 2
    assert said in done.stderr


def test_what_residents_are_told_of_somebody_can_be_put_right(enlace: Enlace, tmp_path: Path) -> None:
    assert enlace(f"liaison {ADD}").exit_code == 0
    done = enlace("liaison change Ana@example.org --title es=Sargento --sworn --role supervisor --language en")
    assert (done.exit_code, done.stdout) == (0, "Ana@example.org is changed, and has to sign in again\n"), done.stderr
    with contextlib.closing(sqlite3.connect(tmp_path / "enlace.db")) as database:
        row = database.execute("SELECT name, title, sworn, role, departments, languages FROM liaisons").fetchone()
        audit = database.execute("SELECT detail FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    titles = {"en": "Liaison", "es": "Sargento"}
    assert (row[0], json.loads(row[1]), *row[2:4]) == ("Ana", titles, 1, "supervisor")
    assert (json.loads(row[4]), json.loads(row[5])) == (["kent-wa"], ["en"])
    changed = {
        "title": [{"en": "Liaison", "es": "Enlace"}, titles],
        "languages": [["es"], ["en"]],
        "sworn": [False, True],
        "role": ["liaison", "supervisor"],
    }
    assert json.loads(audit[0]) == {"did": "change", "account": 1, "changed": changed}
    moved = enlace("liaison change ana@example.org --department kansas-city-mo").stdout
    assert "what they still have of a department that they no longer see: release it in the console" in moved
    for words, code, said in (
        ("change ana@example.org", 2, "nothing to change"),
        ("change ana@example.org --department no-such", 2, "unknown department 'no-such'"),
        ("change ana@example.org --title es=", 2, "--title es="),
        ("change nobody@example.org --sworn", 1, "enlace liaison list"),
    ):
        wrong = enlace(f"liaison {words}")
        assert (wrong.exit_code, said in wrong.stderr) == (code, True), words


@pytest.mark.parametrize("name", ["", " ", "\u200b", "Ana\nReyes", "Ana\u2028Reyes", "A" * 81])
def test_a_name_is_one_line_that_can_be_read(enlace: Enlace, name: str) -> None:
    def named(command: str, given: str) -> Result:
        return enlace([each if each != "NAME" else given for each in f"liaison {command}".split()])

    for command in (ADD.replace("--name Ana", "--name NAME"), "change ana@example.org --name NAME"):
        done = named(command, name)
        assert done.exit_code == 2, command
        assert "write it after --name, on one line of at most 80 characters" in done.stderr, command
    assert named(ADD.replace("--name Ana", "--name NAME"), " Ana  Reyes ").exit_code == 0
    assert " Ana Reyes " in enlace("liaison list").stdout


@pytest.mark.parametrize("columns", ["80", None])
def test_the_list_is_whole_in_a_narrow_terminal_and_in_a_pipe(enlace: Enlace, columns: str | None) -> None:
    email = "ana.gonzalez@police.kent-wa.example.org"
    added = enlace(
        f"liaison {ADD.replace('ana@example.org', email)} --department los-angeles-county-ca --role supervisor"
    )
    assert added.exit_code == 0, added.stderr
    said = enlace("liaison list", columns).stdout
    assert "…" not in said
    rows = said.splitlines()
    rule = next(index for index, line in enumerate(rows) if line.startswith("───"))
    starts = [rows[rule - 1].index(head) for head in ("email", "name")]
    assert "".join(line[starts[0] : starts[1]].strip() for line in rows[rule + 1 :]) == email
    if columns is None:
        assert rows[-1].split() == [
            email,
            "Ana",
            "supervisor",
            "kent-wa,",
            "los-angeles-county-ca",
            "es",
            "no",
            "yes",
            "10",
        ]
    else:
        assert max(map(len, rows)) <= 80
        assert rows[rule + 1].split()[-4:] == ["es", "no", "yes", "10"]


def test_purging_says_what_it_did(enlace: Enlace) -> None:
    assert "would be deleted: 0 conversations" in enlace("purge --dry-run").stdout
    assert enlace("purge").stdout.startswith("deleted: 0 conversations")
