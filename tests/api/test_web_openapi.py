"""Guards the OpenAPI document: it lists every route and every error, and the server keeps to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Start

pytestmark = pytest.mark.rasa

ROUTES = {
    ("get", "/api/departments"),
    ("post", "/api/conversations"),
    ("get", "/api/conversations/{conversation_id}"),
    ("delete", "/api/conversations/{conversation_id}"),
    ("post", "/api/conversations/{conversation_id}/messages"),
    ("get", "/api/conversations/{conversation_id}/events"),
    ("post", "/api/conversations/{conversation_id}/language"),
    ("post", "/api/conversations/{conversation_id}/typing"),
    ("get", "/api/conversations/{conversation_id}/handoff"),
    ("post", "/api/conversations/{conversation_id}/handoff"),
    ("delete", "/api/conversations/{conversation_id}/handoff"),
    ("post", "/api/conversations/{conversation_id}/callback"),
    ("post", "/api/conversations/{conversation_id}/leave"),
    ("post", "/api/conversations/{conversation_id}/messages/{number}/helpful"),
    ("post", "/api/conversations/{conversation_id}/code"),
    ("post", "/api/conversations/{conversation_id}/rating"),
    ("post", "/api/conversations/resume"),
    ("get", "/health"),
    ("get", "/ready"),
}
ERROR_SHAPE = {"$ref": "#/components/schemas/ErrorAnswer"}


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    """The document as served."""
    answer = await client.get("/openapi.json")
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(method, path): operation for path, item in document["paths"].items() for method, operation in item.items()}


async def test_lists_every_route_and_no_other(document: dict[str, Any]) -> None:
    assert set(operations(document)) == ROUTES
    assert all(operation["description"] for operation in operations(document).values())


async def test_nobody_opens_or_changes_a_conversation_without_its_token(
    start: Start, document: dict[str, Any], client: httpx.AsyncClient
) -> None:
    mine, other = await start("kent-wa", "es"), await start("kent-wa", "es")
    await mine.send("hola")
    before = await mine.transcript()
    of_one = [(method, path) for method, path in operations(document) if "{conversation_id}" in path]
    assert len(of_one) == 14
    for method, path in of_one:
        for of, headers in ((mine.id, other.headers), (mine.id, {}), ("no-such-id", mine.headers)):
            url = path.format(conversation_id=of, number=1)
            answer = await client.request(method, url, headers=headers, json={} if method == "post" else None)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), (method, url)
    assert await mine.transcript() == before


async def test_every_error_has_the_one_shape(document: dict[str, Any]) -> None:
    for (method, path), operation in operations(document).items():
        errors = {status: answer for status, answer in operation["responses"].items() if status[0] in "45"}
        assert path == "/health" or {"500", "503"} <= set(errors), (method, path)
        assert ("413" in errors) is ("requestBody" in operation), (method, path)
        assert "Retry-After" in errors["429"]["headers"] if "429" in errors else path != "/api/conversations"
        for status, answer in errors.items():
            assert answer["content"]["application/json"]["schema"] == ERROR_SHAPE, (method, path, status)
    schema = document["components"]["schemas"]["ErrorBody"]
    assert set(schema["properties"]) == {"code", "status", "message", "details"}


async def test_a_reply_has_the_fields_of_the_document(start: Start, document: dict[str, Any]) -> None:
    reply = await (await start("kent-wa", "es")).send("¿La policía me va a preguntar si tengo papeles?")
    schemas = document["components"]["schemas"]
    assert set(reply) == set(schemas["Reply"]["properties"])
    assert set(reply["citations"][0]) == set(schemas["Citation"]["properties"])
    assert set(reply["choices"][0]) == set(schemas["Choice"]["properties"])


async def test_what_is_about_one_conversation_needs_its_token(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"] == {
        "token": {"type": "http", "scheme": "bearer", "description": "The conversation's token."}
    }
    for (method, path), operation in operations(document).items():
        needed = "{conversation_id}" in path
        assert operation.get("security") == ([{"token": []}] if needed else None), (method, path)
        assert ("401" in operation["responses"]) is needed, (method, path)
        assert "authorization" not in {each["name"] for each in operation.get("parameters", [])}
