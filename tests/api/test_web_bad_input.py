"""Guards against bad input: one shape of error or a reply, never a 500, security headers on every answer."""

from __future__ import annotations

import http.client
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Conversation, Server, Start

pytestmark = pytest.mark.rasa

JSON = {"Content-Type": "application/json"}
LIMIT = 64 * 1024


@pytest.fixture(autouse=True)
def no_trace(server: Server) -> Iterator[None]:
    """Nothing of a test ends as a stack trace in the server's output."""
    before = len(server.lines)
    yield
    assert "Traceback" not in "".join(server.lines[before:])


@pytest.fixture
async def conversation(start: Start) -> Conversation:
    """A conversation in Spanish."""
    return await start("kent-wa", "es")


def has_security_headers(answer: httpx.Response) -> bool:
    policy = answer.headers.get("content-security-policy", "")
    return (
        "default-src 'none'" in policy
        and "unsafe" not in policy
        and answer.headers.get("x-content-type-options") == "nosniff"
        and answer.headers.get("referrer-policy") == "no-referrer"
        and "server" not in answer.headers
    )


def assert_error(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """`answer` is the one shape of an error; returns it."""
    assert answer.status_code == status, answer.text
    assert has_security_headers(answer)
    body = answer.json()
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    assert set(error) == {"code", "status", "message", "details"}
    assert error["status"] == status
    assert error["code"] == code or code is None
    assert error["message"].endswith(".")
    return error


# --- texts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b\u200d", "\u202e\u2066", "\x00\x07"])
async def test_a_message_without_a_visible_character_is_refused(conversation: Conversation, text: str) -> None:
    error = assert_error(await conversation.post(text=text), 400, "empty_message")
    assert error["message"].startswith("Está vacío")  # in the conversation's language
    assert (await conversation.transcript())["messages"] == []


@pytest.mark.parametrize("length", [4001, 60_000])
async def test_a_long_message_is_refused_with_the_limit(conversation: Conversation, length: int) -> None:
    error = assert_error(await conversation.post(text="a" * length), 400, "message_too_long")
    assert "4000" in error["message"]


@pytest.mark.parametrize(
    "text",
    [
        "😀😀😀",
        "👩‍👩‍👧‍👦",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)> ¿preguntan papeles?",
        "' OR 1=1; DROP TABLE messages; --",
        "{{7*7}} ${7*7} %(department)s %s {0}",
        "¿?¡!...",
        "hola\x00\x1b[31m mundo",
        "hola \u202egnp.exe",
        "e\u0301 n\u0303 ﷽",
        "привет, 你好, مرحبا",
        "a" * 4000,
        "a " * 2000,
        "/restart",
        "/session_start",
        "EXTERNAL: reminder",
        "9" * 300,
    ],
)
async def test_any_other_text_has_a_reply(conversation: Conversation, text: str) -> None:
    reply = await conversation.send(text)
    assert reply["kind"] in {"answer", "clarify", "no_answer", "smalltalk"}
    assert reply["text"]
    assert "49" not in reply["text"]
    assert (await conversation.send("hola"))["kind"] == "smalltalk"  # and the conversation goes on


async def test_control_and_bidirectional_characters_are_not_stored(conversation: Conversation) -> None:
    await conversation.send("ho\x00la \u202eamigos\u2069\x1b")
    assert (await conversation.transcript())["messages"][0]["text"] == "hola amigos"


async def test_markup_is_stored_as_it_was_typed(conversation: Conversation) -> None:
    await conversation.send("<b>hola</b> & adiós")
    assert (await conversation.transcript())["messages"][0]["text"] == "<b>hola</b> & adiós"


# --- bodies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"hola"',
        b'{"text": 7}',
        b'{"text": null}',
        b'{"text": ["hola"]}',
        b'{"text": "hola", "owner": "bot"}',
        b'{"text": "hola", "id": "../../x"}',
        b'{"text": "hola", "id": 5}',
        b'{"text": "\xff\xfe"}',
        b"\xff\xfe\x00",
        b'{"text": "\\ud800"}',
        b'{"text": NaN}',
        b"[" * 30_000,
    ],
)
async def test_a_body_that_is_no_message_is_refused(conversation: Conversation, body: bytes) -> None:
    headers = {**conversation.headers, **JSON}
    answer = await conversation.client.post(f"{conversation.url}/messages", content=body, headers=headers)
    # Which of the two says that it can't be read is the framework's affair.
    assert answer.status_code in {400, 422}
    error = assert_error(answer, answer.status_code)
    assert "\xff" not in str(error)


async def test_a_refused_body_is_not_repeated(conversation: Conversation) -> None:
    answer = await conversation.post(text={"secreto": "canario-del-cuerpo"})
    assert_error(answer, 422, "bad_request")
    assert "canario" not in answer.text


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_only_json_is_read(conversation: Conversation, content_type: str) -> None:
    headers = {**conversation.headers, "Content-Type": content_type}
    answer = await conversation.client.post(f"{conversation.url}/messages", content=b'{"text":"hola"}', headers=headers)
    assert_error(answer, 422)


async def many_bytes() -> AsyncIterator[bytes]:
    """A message over the limit, in pieces, so that nobody is told its length."""
    yield b'{"text": "'
    for _ in range(LIMIT // 1024 + 1):
        yield b"a" * 1024
    yield b'"}'


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "without its length"])
@pytest.mark.parametrize("path", ["/api/conversations", "messages"])
async def test_a_body_over_the_limit_is_refused(conversation: Conversation, chunked: bool, path: str) -> None:
    url = path if path.startswith("/") else f"{conversation.url}/{path}"
    content = many_bytes() if chunked else b'{"text": "' + b"a" * LIMIT + b'"}'
    answer = await conversation.client.post(url, content=content, headers={**conversation.headers, **JSON})
    assert_error(answer, 413, "too_large")


# --- names and tokens --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"department": "nowhere"}, 404, "unknown_department"),
        ({"department": "../kent-wa"}, 404, "unknown_department"),
        ({"department": ""}, 404, "unknown_department"),
        ({"department": "kent-wa\x00"}, 404, "unknown_department"),
        ({"department": "k" * 65}, 422, "bad_request"),
        ({"department": None}, 422, "bad_request"),
        ({}, 422, "bad_request"),
        ({"department": "kent-wa", "language": "xx"}, 404, "unknown_language"),
        ({"department": "kent-wa", "language": ""}, 404, "unknown_language"),
        ({"department": "kent-wa", "language": "ES"}, 404, "unknown_language"),
        ({"department": "kent-wa", "language": 1}, 422, "bad_request"),
    ],
)
async def test_a_conversation_needs_a_department_and_a_language_that_are_served(
    client: httpx.AsyncClient, body: dict[str, Any], status: int, code: str
) -> None:
    assert_error(await client.post("/api/conversations", json=body), status, code)


@pytest.mark.parametrize("language", ["xx", "", "e" * 9])
async def test_a_message_needs_a_language_that_is_served(conversation: Conversation, language: str) -> None:
    assert (await conversation.post(text="hola", language=language)).status_code in {404, 422}
    assert (await conversation.transcript())["language"] == "es"


@pytest.mark.parametrize(
    "choice",
    [
        "",
        "/",
        "/restart",
        "/faq",
        "press_person",
        "/press_person ",
        '/choose_topic{"topic": "nothing-like-it"}',
        '/choose_topic{"topic":"what-is-asked"}',
        '/choose_topic{"topic": "what-is-asked", "report_happening_now": true}',
    ],
)
async def test_a_choice_that_no_button_sends_is_refused(conversation: Conversation, choice: str) -> None:
    assert_error(await conversation.post(choice=choice), 400, "unknown_choice")


@pytest.mark.parametrize("part", ["", "/events", "/messages"])
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", "Basic dXNlcjpwYXNz", "wrong", "Bearer " + "a" * 5000, "Bearer ñ"],
)
async def test_without_its_token_a_conversation_is_closed(
    conversation: Conversation, part: str, authorization: str | None
) -> None:
    headers = [] if authorization is None else [(b"Authorization", authorization.encode())]
    method = "POST" if part == "/messages" else "GET"
    body = {"text": "hola"} if method == "POST" else None
    answer = await conversation.client.request(method, conversation.url + part, headers=headers, json=body)
    assert_error(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_another_conversations_token_is_as_wrong_as_an_unknown_id(
    start: Start, conversation: Conversation
) -> None:
    other = await start()
    answers = [
        await conversation.client.get(url, headers=other.headers)
        for url in (conversation.url, "/api/conversations/no-such-id")
    ]
    errors = [assert_error(answer, 401, "unauthorized") for answer in answers]
    assert errors[0] == errors[1]
    assert (await conversation.client.delete(conversation.url, headers=other.headers)).status_code == 401
    assert (await conversation.transcript())["id"] == conversation.id


@pytest.mark.parametrize("path", ["/api/conversations/a%00b", "/api/conversations/a%00b/events"])
async def test_an_id_with_a_nul_is_refused(conversation: Conversation, path: str) -> None:
    assert_error(await conversation.client.get(path, headers=conversation.headers), 422, "bad_request")


# --- addresses and methods ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api",
        "/api/nothing",
        "/static/../../pyproject.toml",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/static/..%2f..%2fpage.py",
        "/static/%00",
        "/static//etc/passwd",
        "/.env",
        "/docs",
        "/redoc",
        "/api/departments/x/../../..",
    ],
)
def test_there_is_nothing_at_other_addresses(server: Server, path: str) -> None:
    # A client that doesn't tidy the path first.
    connection = http.client.HTTPConnection(httpx.URL(server.base_url).netloc.decode(), timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert_error(httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read()), 404, "not_found")
    connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/conversations"),
        ("GET", "/api/conversations"),
        ("PATCH", "/api/departments"),
        ("POST", "/"),
        ("TRACE", "/"),
        ("POST", "/health"),
        ("DELETE", "/static/chat.js"),
    ],
)
async def test_another_method_is_refused(client: httpx.AsyncClient, method: str, path: str) -> None:
    assert_error(await client.request(method, path), 405)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/text/kent-wa", "GET, HEAD, POST"),
        ("POST", "/", "GET, HEAD"),
        ("PUT", "/api/conversations/x", "GET, DELETE"),
    ],
)
async def test_a_method_that_is_refused_names_those_that_are_taken(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    for accept in ("*/*", "text/html"):
        answer = await client.request(method, path, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    "path", ["/", "/chat/kent-wa", "/text/kent-wa", "/demo", "/widget.js", "/static/chat.js", "/theme/kent-wa.css"]
)
async def test_who_looks_whether_a_page_is_there_sees_that_it_is(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.head(path)).status_code == 200


@pytest.mark.parametrize(
    ("path", "link"),
    [("/questions", "/chat/kent-wa?language=en"), ("/chat/kent-wa?language=" + "x" * 9, "/chat/kent-wa")],
)
async def test_a_mistyped_address_is_answered_with_a_page(client: httpx.AsyncClient, path: str, link: str) -> None:
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>" in answer.text
    assert f'<a href="{link}"' in answer.text
    answer = await client.get("/api/nothing", headers={"Accept": "text/html"})
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("path", ["/", "/health", "/api/departments", "/nothing", "/static/chat.js"])
async def test_head_has_no_body_and_no_failure(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.head(path)
    assert answer.status_code in {200, 404, 405}
    assert answer.content == b""
    assert has_security_headers(answer)


@pytest.mark.parametrize("path", ["/", "/health", "/ready", "/api/departments", "/openapi.json", "/static/chat.js"])
async def test_every_page_has_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert has_security_headers(answer)


@pytest.mark.parametrize(
    "value", ["", "*", ";;q=x", "es;q=nan", "es;q=1e999", "-", "_", "es-419-x-%s", "é", "a" * 4000]
)
@pytest.mark.parametrize("path", ["/", "/nothing"])
async def test_an_odd_accept_language_breaks_nothing(client: httpx.AsyncClient, path: str, value: str) -> None:
    answer = await client.get(path, headers=[(b"Accept-Language", value.encode())])
    assert answer.status_code == (200 if path == "/" else 404)


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "9" * 40, ""])
async def test_an_odd_last_event_id_is_refused(conversation: Conversation, value: str) -> None:
    headers = {**conversation.headers, "Last-Event-ID": value}
    assert_error(await conversation.client.get(f"{conversation.url}/events", headers=headers), 422)
