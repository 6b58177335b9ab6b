"""Guards `enlace ask`, against a running server: what it prints, one line a row in order, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.__main__ import app

if TYPE_CHECKING:
    from tests.conftest import Server

pytestmark = pytest.mark.rasa
ASKED = "¿me van a preguntar si tengo papeles?"


def ask(server: Server, *arguments: str, rows: str = "") -> Result:
    """What the command does with these arguments and this standard input."""
    environment = {"ENLACE_PORT": server.base_url.rpartition(":")[2], "ENLACE_HOST": "127.0.0.1"}
    return CliRunner().invoke(app, ["ask", *arguments], input=rows, env=environment)


def test_an_answer_is_printed_with_its_words_their_date_and_that_nobody_has_reviewed_it(server: Server) -> None:
    done = ask(server, "--department", "los-angeles-county-ca", "¿hay un plan de participación comunitaria?")
    assert done.exit_code == 0, done.output
    for part in (
        "“",
        "[nobody at the department has reviewed this summary]",
        "Policing",
        "[unreviewed]",
        ", no date in the text",
    ):
        assert part in done.output


def test_rows_are_answered_in_order_one_a_line(server: Server) -> None:
    rows = [
        {"department": "kent-wa", "text": ASKED},
        {"department": "nowhere", "text": ASKED},
        {"department": "kent-wa", "text": "do you work with ICE", "language": "es"},
    ]
    done = ask(server, "--jsonl", rows="\n".join(json.dumps(row) for row in rows) + "\n\n")
    first, error, last = map(json.loads, done.stdout.splitlines())
    assert (first["kind"], first["topic"], first["language"]) == ("answer", "what-is-asked", "es")
    assert error["error"]["code"] == "unknown_department"
    assert (last["topic"], last["language"]) == ("federal-cooperation", "es")
    assert done.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "rows", "said"),
    [
        ((), "", "--jsonl"),
        (("hola",), "", "--department is missing"),
        (("--jsonl",), '{"department": "kent-wa", "text": "hola"}\n{"department": 1\n', "line 2"),
        (("--department", "nowhere", "hola"), "", "does not serve"),
    ],
    ids=["nothing", "no department", "a bad line", "an unknown one"],
)
def test_what_cannot_be_asked_is_one_sentence(server: Server, arguments: tuple[str, ...], rows: str, said: str) -> None:
    done = ask(server, *arguments, rows=rows)
    assert done.exit_code != 0
    assert said in done.output
    assert "Traceback" not in done.output
