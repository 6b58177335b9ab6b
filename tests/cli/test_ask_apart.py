"""Guards what `enlace ask` starts where no server runs: nothing of it reaches a resident, and it starts beside none."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from bot.cli.ask import apart, client, one, wrong
from bot.rasa import free_port
from bot.settings import Settings


def test_it_has_a_database_of_its_own_and_tells_nobody_anything(tmp_path: Path) -> None:
    given = Settings(
        database_url="postgresql+asyncpg://enlace@localhost/enlace",
        whatsapp_numbers={"1": "kent-wa"},
        smtp_host="mail.example.org",
        webhook_url="https://example.org",
        actions_port=5055,
        rasa_url="http://127.0.0.1:5005",
        **dict.fromkeys(
            ("rasa_token", "webhook_secret", "whatsapp_token", "whatsapp_app_secret", "whatsapp_verify_token"), "x" * 32
        ),
    )
    own = apart(given, tmp_path)
    assert own.database == f"sqlite+aiosqlite:///{tmp_path / 'enlace.db'}"
    assert (own.whatsapp_numbers, own.smtp_host, own.webhook_url) == ({}, None, None)
    assert (own.actions_port, own.rasa_url) == (0, None)
    assert (own.data_dir, own.cache_dir) == (given.data_dir, given.cache_dir)
    assert own.var_dir == tmp_path  # the secret key and Rasa's log are written there


@pytest.mark.rasa
def test_it_leaves_nothing_behind(tmp_path: Path) -> None:
    given = Settings(var_dir=tmp_path / "var", port=free_port())

    async def ask() -> None:
        async with client(given) as http:
            reply = await one(http, {"department": "kent-wa", "text": "hola"})
            assert (reply["kind"], wrong(reply)) == ("smalltalk", None)

    asyncio.run(ask())
    assert not (tmp_path / "var").exists()


class Answers:
    """A client that starts a conversation, and answers its messages with what the test says, in order."""

    def __init__(self, *replies: dict[str, object]) -> None:
        self.replies = list(replies)
        self.erased = 0

    async def post(self, path: str, **_: object) -> httpx.Response:
        if path == "/api/conversations":
            return httpx.Response(201, json={"id": "1", "token": "t"})
        return httpx.Response(200, json=self.replies.pop(0))

    async def delete(self, *_: object, **__: object) -> None:
        self.erased += 1


ANSWER, TROUBLE = {"text": "Yes.", "trouble": False}, {"text": "I cannot answer right now.", "trouble": True}
FAILED = {"error": {"message": "Too long."}}


@pytest.mark.parametrize(
    ("replies", "got", "said"),
    [
        ([ANSWER, ANSWER], ANSWER, None),
        ([ANSWER, TROUBLE], TROUBLE, "I cannot answer right now."),
        ([TROUBLE, ANSWER], TROUBLE, "I cannot answer right now."),
        ([FAILED, ANSWER], FAILED, "Too long."),
    ],
)
async def test_what_goes_wrong_first_is_what_came_of_a_question(
    replies: list[dict[str, object]], got: dict[str, object], said: str | None
) -> None:
    http = Answers(*replies)
    reply = await one(http, {"department": "kent-wa", "before": ["first"], "text": "then"})
    assert (reply, wrong(reply), http.erased) == (got, said, 1)


BUSY = json.dumps({"error": {"message": "The assistant cannot answer right now."}})


@pytest.fixture
def not_ready(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server that answers `/ready` as the test says."""
    status, body = request.param

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("not_ready", "said"),
    [
        ((503, BUSY), "isn't ready: The assistant cannot answer right now."),
        ((404, "<html>"), "isn't ready: it answered /ready with 404, so it may be another program"),
        ((200, "[]"), "isn't ready: it answered /ready with 200"),
    ],
    indirect=["not_ready"],
    ids=["Enlace without Rasa", "another program", "one that answers everything"],
)
def test_beside_a_server_that_is_not_ready_nothing_is_started(not_ready: int, said: str) -> None:
    asked = ["ask", "--department", "kent-wa", "hola"]
    done = CliRunner().invoke(app, asked, env={"ENLACE_PORT": str(not_ready), "ENLACE_HOST": "127.0.0.1"})
    assert done.exit_code == 1
    (line,) = done.output.splitlines()
    assert line.startswith(f"enlace: a server runs at http://127.0.0.1:{not_ready} but {said}")


def test_questions_that_are_not_utf8_are_refused_with_a_sentence() -> None:
    done = CliRunner().invoke(app, ["ask", "--jsonl"], input="¿qué?".encode("latin-1"))
    assert (done.exit_code, "what is read is not UTF-8" in done.stderr) == (2, True)


def test_to_tune_by_no_step_is_refused() -> None:
    done = CliRunner().invoke(app, ["tune", "--steps", "0"])
    assert (done.exit_code, "--steps" in done.stderr) == (2, True)
