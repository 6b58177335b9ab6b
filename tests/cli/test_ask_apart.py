"""Guards what `enlace ask` starts where no server runs: nothing of it reaches a resident, and it starts beside none."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from bot.cli.ask import apart
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
