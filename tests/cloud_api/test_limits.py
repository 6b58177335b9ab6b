"""What Meta accepts is accepted, and one character more is refused with Meta's error."""

from __future__ import annotations

from typing import Any

import pytest

from .config import JSON
from .conftest import Api


def buttons(*titles: str, body: str = "b", **rest: Any) -> JSON:
    """A message with reply buttons."""
    made = [{"type": "reply", "reply": {"id": f"id-{place}", "title": title}} for place, title in enumerate(titles)]
    content = {"type": "button", "body": {"text": body}, "action": {"buttons": made}} | rest
    return {"type": "interactive", "interactive": content}


def rows(count: int, **first: Any) -> list[JSON]:
    """Rows of a list, the first with something else."""
    return [{"id": f"row-{place}", "title": f"Row {place}"} | (first if place == 0 else {}) for place in range(count)]


def menu(*sections: JSON, body: str = "b", button: str = "Open", **rest: Any) -> JSON:
    """A list message."""
    action = {"button": button, "sections": list(sections) or [{"rows": rows(1)}]}
    return {"type": "interactive", "interactive": {"type": "list", "body": {"text": body}, "action": action} | rest}


def link(text: str = "Open", url: str = "https://example.org/a") -> JSON:
    """A message with a link."""
    action = {"name": "cta_url", "parameters": {"display_text": text, "url": url}}
    return {"type": "interactive", "interactive": {"type": "cta_url", "body": {"text": "b"}, "action": action}}


def text(body: object, **rest: object) -> JSON:
    """A text message."""
    return {"type": "text", "text": {"body": body} | rest}


TAKEN = [
    text("x" * 4096),
    text("🚓" * 4096, preview_url=True),
    {"text": {"body": "the type is text if none is named"}},
    text("hola") | {"recipient_type": "individual", "biz_opaque_callback_data": "x" * 512},
    text("hola") | {"to": "+1 (555) 014-2", "context": {"message_id": "wamid.A"}},
    buttons("x" * 20, "y", "z", body="x" * 1024, footer={"text": "x" * 60}, header={"type": "text", "text": "x" * 60}),
    buttons("a", header={"type": "image", "image": {"link": "https://example.org/a.jpg"}}),
    menu({"rows": rows(10)}, body="x" * 1024, button="x" * 20),
    menu(*({"title": f"{'x' * 23}{place}", "rows": rows(1, id=str(place))} for place in range(10))),
    menu({"rows": rows(2, id="x" * 200, title="x" * 24, description="x" * 72)}),
    link("x" * 20),
    {"type": "reaction", "reaction": {"message_id": "wamid.A", "emoji": "👍"}},
    {"type": "reaction", "reaction": {"message_id": "wamid.A", "emoji": ""}},
    {"type": "image", "image": {"id": "123", "caption": "x" * 1024}},
    {"type": "document", "document": {"link": "https://example.org/a.pdf", "filename": "a.pdf"}},
    {"type": "audio", "audio": {"id": "123", "voice": True}},
    {"type": "sticker", "sticker": {"id": "123"}},
    {"type": "location", "location": {"latitude": 47.38, "longitude": "-122.23", "name": "Kent"}},
    {"type": "contacts", "contacts": [{"name": {"formatted_name": "A B", "first_name": "A"}}]},
]


@pytest.mark.parametrize("body", TAKEN, ids=range(len(TAKEN)))
async def test_what_the_reference_allows_is_taken(api: Api, body: JSON) -> None:
    answer = await api.send(body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["messaging_product"] == "whatsapp"
    assert found["contacts"] == [{"input": body.get("to", "15550142"), "wa_id": "15550142"}]
    assert found["messages"][0]["id"].startswith("wamid.")


LENGTH = "{} length invalid. Min length: 1, Max length: {}"
VALUES = [
    (buttons("a", body="x" * 1025), LENGTH.format("Body text", 1024)),
    (buttons("a", body=" "), LENGTH.format("Body text", 1024)),
    (buttons("x" * 21), LENGTH.format("Button title", 20)),
    (buttons(""), LENGTH.format("Button title", 20)),
    (buttons("a", footer={"text": "x" * 61}), LENGTH.format("Footer text", 60)),
    (buttons("a", header={"type": "text", "text": "x" * 61}), LENGTH.format("Header text", 60)),
    (buttons(), "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"),
    (buttons("a", "b", "c", "d"), "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"),
    (buttons("a", "a"), "Duplicated button title: a"),
    (menu(body="x" * 1025), LENGTH.format("Body text", 1024)),
    (menu(button="x" * 21), LENGTH.format("Button label", 20)),
    (menu({"rows": rows(11)}), "Total row count exceed max allowed count: 10"),
    (
        menu({"title": "a", "rows": rows(6)}, {"title": "b", "rows": rows(5)}),
        "Total row count exceed max allowed count: 10",
    ),
    (menu({"title": "a", "rows": rows(1)}, {"title": "b", "rows": rows(1)}), "Duplicated row id: row-0"),
    (menu({"rows": rows(1)}, {"title": "b", "rows": rows(1, id="b")}), "Section title is required when there is more"),
    (menu({"title": "x" * 25, "rows": rows(1)}), LENGTH.format("Section title", 24)),
    (menu({"rows": rows(1, title="x" * 25)}), LENGTH.format("Row title", 24)),
    (menu({"rows": rows(1, description="x" * 73)}), LENGTH.format("Row description", 72)),
    (menu({"rows": rows(1, description="")}), LENGTH.format("Row description", 72)),
    (menu({"rows": rows(1, id="x" * 201)}), LENGTH.format("Row id", 200)),
    (menu({"rows": []}), "Section must have at least one row"),
    (menu(*({"title": str(place), "rows": rows(1)} for place in range(11))), "Invalid sections count."),
    (link("x" * 21), LENGTH.format("Display text", 20)),
    ({"type": "reaction", "reaction": {"message_id": "wamid.A", "emoji": "ok"}}, "Reaction emoji is not a valid emoji"),
]


@pytest.mark.parametrize(("body", "details"), VALUES, ids=range(len(VALUES)))
async def test_values_that_are_too_much_or_too_little(api: Api, body: JSON, details: str) -> None:
    answer = await api.send(body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, 131009)
    assert error["message"] == "(#131009) Parameter value is not valid"
    assert error["error_data"]["messaging_product"] == "whatsapp"
    assert error["error_data"]["details"].startswith(details)
    assert error["type"] == "OAuthException"
    assert error["fbtrace_id"]
    assert (await api.settle()).bodies == []


def long_id() -> JSON:
    """Reply buttons whose id is too long."""
    body = buttons("a")
    body["interactive"]["action"]["buttons"][0]["reply"]["id"] = "x" * 257
    return body


async def test_the_id_of_a_button(api: Api) -> None:
    assert (await api.send(long_id())).json()["error"]["error_data"]["details"] == LENGTH.format("Button reply id", 256)
    spaced = buttons("a")
    spaced["interactive"]["action"]["buttons"][0]["reply"]["id"] = " a"
    assert (await api.send(spaced)).json()["error"]["code"] == 131009


FORMS = [
    (text("x" * 4097), "Param text['body'] must be at most 4096 characters long."),
    (text(""), "The parameter text['body'] is required."),
    (text(5), "Param text['body'] must be a string."),
    (text("a", preview_url="yes"), "Param text['preview_url'] must be a boolean."),
    (text("a", markdown=True), 'Unexpected key "markdown" on param "text".'),
    (text("a") | {"extra": 1}, 'Unexpected key "extra" on the request.'),
    (text("a") | {"to": None}, "The parameter to is required."),
    (text("a") | {"messaging_product": None}, "The parameter messaging_product is required."),
    (text("a") | {"messaging_product": "sms"}, "Param messaging_product must be one of {WHATSAPP}"),
    (text("a") | {"type": "carrier_pigeon"}, "Param type must be one of {AUDIO, CONTACTS, DOCUMENT,"),
    (text("a") | {"type": "image"}, 'Unexpected key "text" on the request.'),
    (text("a") | {"to": "kent"}, "Invalid parameter"),
    (text("a") | {"context": {}}, "The parameter context['message_id'] is required."),
    (text("a") | {"biz_opaque_callback_data": "x" * 513}, "Param biz_opaque_callback_data must be at most 512"),
    ({"type": "text", "text": "a"}, "Param text must be a JSON object."),
    (menu(header={"type": "image", "image": {"id": "1"}}), "Param interactive['header']['type'] must be one of {TEXT}"),
    ({"type": "interactive", "interactive": {"type": "button"}}, "The parameter interactive['body'] is required."),
    (link(url="example.org"), "Param interactive['action']['parameters']['url'] is not a valid URL."),
    (link(url="javascript:alert(1)"), "Param interactive['action']['parameters']['url'] is not a valid URL."),
    ({"type": "image", "image": {}}, "The parameter image['id'] or image['link'] is required"),
    ({"type": "sticker", "sticker": {"id": "1", "caption": "a"}}, 'Unexpected key "caption" on param "sticker".'),
    ({"type": "location", "location": {"latitude": 91, "longitude": 0}}, "Param location['latitude'] must be a number"),
    ({"type": "contacts", "contacts": [{}]}, "The parameter contacts[0]['name'] is required."),
    ({"type": "reaction", "reaction": {"emoji": "👍"}}, "The parameter reaction['message_id'] is required."),
]


@pytest.mark.parametrize(("body", "message"), FORMS, ids=range(len(FORMS)))
async def test_what_is_misspelled_missing_or_of_another_type(api: Api, body: JSON, message: str) -> None:
    answer = await api.send(body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, 100)
    assert error["message"].startswith(f"(#100) {message}")


async def test_what_is_not_json_has_no_parameters(api: Api) -> None:
    headers = {"Authorization": "Bearer local-access-token", "Content-Type": "application/json"}
    for content in (b"{", b"[]", b""):
        answer = await api.client.post("/v24.0/1001/messages", content=content, headers=headers)
        assert answer.json()["error"]["message"] == "(#100) The parameter messaging_product is required."
