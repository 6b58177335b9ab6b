"""`enlace ask`: one question, or one a line, each through the whole turn."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from bot.cli.terminal import address, fail, load_settings, reachable, say
from bot.settings import Settings

_LOG_LINES = 20


def ask(
    text: Annotated[str | None, typer.Argument(help="The question.")] = None,
    department: Annotated[str | None, typer.Option(help="Which department.", metavar="ID")] = None,
    language: Annotated[str | None, typer.Option(help="Language of the reply; without it, detected.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole reply as JSON.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Read questions from standard input, one a line.")] = False,
) -> None:
    """Print the reply to a question. Uses the server that runs on this machine, or starts what it needs.

    Examples:

    enlace ask --department kent-wa "¿me van a preguntar si tengo papeles?"

    echo '{"department": "kent-wa", "text": "do you work with ICE"}' | enlace ask --jsonl
    """
    if jsonl == (text is not None):
        fail('give either a question in quotation marks or --jsonl; see "enlace ask --help"')
    if text is not None and department is None:
        fail("--department is missing; `enlace content coverage` lists the departments")
    rows = _read(sys.stdin) if jsonl else [{"department": department, "text": text, "language": language}]
    settings = load_settings()
    logging.basicConfig(level="ERROR", format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    failed = asyncio.run(_ask(settings, rows, as_json or jsonl, jsonl))
    if failed:
        raise typer.Exit(1)


def _read(lines: Iterable[str]) -> list[dict[str, Any]]:
    rows = []
    try:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                rows.append(_row(number, line))
    except UnicodeDecodeError as error:
        fail(f"what is read is not UTF-8: {error.reason}")
    return rows


def _row(number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        return {"department": row["department"], "text": row["text"], "language": row.get("language")}
    except (ValueError, KeyError, TypeError):
        fail(f'line {number} is not {{"department": …, "text": …, "language"?: …}}')


async def _ask(settings: Settings, rows: list[dict[str, Any]], as_json: bool, many: bool) -> int:
    failed = 0
    async with client(settings) as http:
        for row in rows:
            reply = await one(http, row)
            failed += wrong(reply) is not None
            if as_json:
                typer.echo(json.dumps(reply, ensure_ascii=False))
            elif "error" in reply:
                fail(str(wrong(reply)), code=1)
            else:
                _print(reply)
            if many:
                sys.stdout.flush()
    return failed


def wrong(reply: dict[str, Any]) -> str | None:
    """What is said instead of an answer: that the request failed, or that a part which is needed didn't answer."""
    if "error" in reply:
        return str(reply["error"]["message"])
    return str(reply["text"]) if reply.get("trouble") else None


async def one(http: Any, row: dict[str, Any]) -> dict[str, Any]:
    """One question in a conversation of its own, which is erased behind it; first what was said `before`.

    The reply to the question, or to the first of those messages of which something went `wrong`.
    """
    start = {key: row[key] for key in ("department", "language") if row.get(key)}
    # Without a language the department's own is only a first guess: the message decides.
    started = await _post(http, "/api/conversations", json=start)
    if started.status_code != 201:
        return dict(started.json())
    conversation = started.json()
    path = f"/api/conversations/{conversation['id']}"
    headers = {"Authorization": f"Bearer {conversation['token']}"}
    reply: dict[str, Any] = {}
    for text in (*row.get("before", []), row["text"]):
        reply = dict((await _post(http, f"{path}/messages", json={"text": text}, headers=headers)).json())
        if wrong(reply):
            break
    await http.delete(path, headers=headers)
    return reply


async def _post(http: Any, path: str, **request: Any) -> Any:
    """The answer to a request, once a running server has time for it."""
    while (answer := await http.post(path, **request)).status_code == 429:  # noqa: ASYNC110 - the server says when
        await asyncio.sleep(int(answer.headers["Retry-After"]))
    return answer


def _ready(answer: Any) -> bool:
    try:
        return bool(answer.json()["status"] == "ready")
    except (ValueError, KeyError, TypeError):
        return False


def _said(answer: Any) -> str:
    """The sentence of an error of Enlace's, or what another program answered."""
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"it answered /ready with {answer.status_code}, so it may be another program (ENLACE_PORT)"


@asynccontextmanager
async def client(settings: Settings) -> AsyncIterator[Any]:
    """A client of the running server, or of one that is started for the occasion."""
    import httpx

    url = address(reachable(settings.host), settings.port)
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
        try:
            answer = await http.get("/ready", timeout=3)
        except httpx.ConnectError:
            answer = None
        except httpx.HTTPError:
            fail(f"a server runs at {url} but doesn't answer: is it starting? Try again in a minute", code=1)
        if answer is not None:
            if not _ready(answer):
                fail(f"a server runs at {url} but isn't ready: {_said(answer)}", code=1)
            yield http
            return
    from bot.app import create_app

    say("no server is running; starting what is needed (about half a minute)")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        app = create_app(apart(settings, folder), say)
        try:
            await stack.enter_async_context(app.router.lifespan_context(app))
        except BaseException:
            if (log := folder / "logs" / "rasa.log").exists():  # it goes with the folder
                say("\n".join(["Rasa's log ends:", *log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:]]))
            raise
        transport = httpx.ASGITransport(app)
        http = httpx.AsyncClient(base_url="http://enlace", transport=transport, timeout=30)
        yield await stack.enter_async_context(http)


def apart(settings: Settings, folder: Path) -> Settings:
    """The settings of an Enlace that shares nothing with the one that residents reach but what was learned.

    On its database this one would answer their messages and send alarms, too.
    """
    # Nobody else is there whom a hundred questions a second could be in the way of.
    unlimited = dict.fromkeys(("limit_conversation", "limit_address", "limit_starts"), "1000000/second")
    nobody: dict[str, Any] = {"whatsapp_numbers": {}, "smtp_host": None, "webhook_url": None}
    own = {
        "var_dir": folder,
        "database_url": f"sqlite+aiosqlite:///{folder / 'enlace.db'}",
        "rasa_url": None,
        "actions_port": 0,
    }
    return settings.model_copy(update={**unlimited, **nobody, **own})


def _print(reply: dict[str, Any]) -> None:
    typer.echo(reply["text"])
    if reply["reviewed"] is False:
        typer.echo("\n  [nobody at the department has reviewed this summary]")
    for citation in reply["citations"]:
        typer.echo(f"\n  “{citation['quote']}”")
        date = citation["effective"] or citation["published"] or "no date in the text"
        typer.echo(f"  {citation['title']}, {citation['section_title']}, {date}")
        if citation["translation"]:
            typer.echo(f"  [{citation['translation_status']}] {citation['translation']}")
        if citation["note"]:
            typer.echo(f"  {citation['note']}")
    for choice in reply["choices"]:
        typer.echo(f"  [{choice['label']}]")
