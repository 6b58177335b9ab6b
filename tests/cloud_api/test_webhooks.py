"""Webhooks are signed over their bytes, repeated until a 200, and come in every shape that Meta sends."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from .conftest import ROSA, Api

HELLO = {"type": "text", "text": {"body": "hola"}}


@pytest.mark.parametrize("escape", [True, False])
async def test_the_signature_is_of_the_bytes_that_came(api: Api, escape: bool) -> None:
    await api.control("delivery", {"escape": escape})
    await api.say(text="¿dónde? äöå 🚓 a/b")
    receiver = await api.settle()
    (body,), (headers,) = receiver.bodies, receiver.headers
    expected = hmac.new(b"local-app-secret", body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={expected}"
    assert (b"\\u00e4\\u00f6\\u00e5 \\ud83d\\ude93 a\\/b" in body) is escape
    assert body.isascii() is escape
    assert receiver.each("messages")[0]["text"]["body"] == "¿dónde? äöå 🚓 a/b"


async def test_the_envelope(api: Api) -> None:
    sent = await api.say(text="hola")
    (body,) = (await api.settle()).bodies
    whole = json.loads(body)
    assert whole["object"] == "whatsapp_business_account"
    assert whole["entry"][0]["id"] == "2001"
    change = whole["entry"][0]["changes"][0]
    assert change["field"] == "messages"
    value = change["value"]
    assert value["messaging_product"] == "whatsapp"
    assert value["metadata"] == {"display_phone_number": "15550100", "phone_number_id": "1001"}
    assert value["contacts"] == [{"profile": {"name": "Rosa"}, "wa_id": ROSA, "user_id": "US.1001"}]
    (message,) = value["messages"]
    assert message == {
        "from": ROSA,
        "from_user_id": "US.1001",
        "id": sent,
        "timestamp": message["timestamp"],
        "type": "text",
        "text": {"body": "hola"},
    }
    assert message["timestamp"].isdecimal()


async def test_a_user_as_before_2026(api: Api) -> None:
    await api.control("users", {"wa_id": "15550143", "name": "James", "user_id": ""})
    await api.say("15550143", text="hi")
    assert b"user_id" not in (await api.settle()).bodies[0]


async def test_repeated_until_a_200_and_then_given_up(api: Api) -> None:
    api.receiver.answers = [500, 404]
    await api.say(text="a")
    receiver = await api.settle()
    assert len(receiver.bodies) == 3
    assert len(set(receiver.bodies)) == 1
    api.receiver.answers = [500, 302, 201]
    await api.say(text="b")
    await api.settle()
    last = (await api.client.get("/_control/deliveries")).json()[-1]
    assert (last["attempts"], last["done"], last["given_up"]) == ([500, 302, 201], False, True)


@pytest.mark.parametrize(
    "how", ["wrong", "missing", "truncated", "sha1", "other_app", "uppercase", "unprefixed", "empty"]
)
async def test_a_signature_that_is_not_the_apps(api: Api, how: str) -> None:
    answer = await api.control("webhook", {"payload": {"object": "x", "entry": []}, "signature": how})
    assert answer["status"] == 200
    (body,), (headers,) = api.receiver.bodies, api.receiver.headers
    good = "sha256=" + hmac.new(b"local-app-secret", body, hashlib.sha256).hexdigest()
    assert headers.get("x-hub-signature-256") != good
    assert ("x-hub-signature" in headers) is (how == "sha1")


async def test_duplicates_and_statuses_out_of_order(api: Api) -> None:
    await api.control("delivery", {"copies": 2})
    await api.control("statuses", {"order": ["read", "delivered", "sent"]})
    await api.send(HELLO)
    statuses = [each["status"] for each in (await api.settle()).each("statuses")]
    assert statuses == ["read", "read", "delivered", "delivered", "sent", "sent"]


@pytest.mark.parametrize(("merge", "entries"), [(False, 6), (True, 2)])
async def test_held_and_let_go_in_one_webhook(api: Api, merge: bool, entries: int) -> None:
    await api.control("hold")
    await api.say(text="a")
    await api.say(text="b")
    await api.send(HELLO)
    await api.say(number="1002", text="c")
    await api.say(number="1002", text="d")
    assert (await api.settle()).bodies == []
    assert await api.control("release", {"size": 50, "merge": merge}) == {"webhooks": 1}
    receiver = await api.settle()
    assert len(json.loads(receiver.bodies[0])["entry"]) == entries
    texts = [each["text"]["body"] for each in receiver.each("messages")]
    assert texts == ["a", "b", "c", "d"]
    assert [each["status"] for each in receiver.each("statuses")] == ["sent", "delivered"]
    metadata = [change["value"]["metadata"]["phone_number_id"] for change in receiver.changes]
    assert metadata[-1] == "1002"


async def test_let_go_shuffled_the_same_way_for_the_same_seed(api: Api) -> None:
    orders = []
    for _ in range(2):
        api.receiver.bodies.clear()
        await api.control("hold")
        for name in "abcdefgh":
            await api.say(text=name)
        await api.control("release", {"shuffle": True, "seed": 4})
        orders.append([each["text"]["body"] for each in (await api.settle()).each("messages")])
    assert orders[0] == orders[1] != sorted(orders[0])


async def test_edits_and_deletions_stay_on_the_phone_without_coexistence(api: Api) -> None:
    wrote = await api.say(text="a")
    await api.say(type="edit", message=wrote, text="b")
    await api.say(type="revoke", message=wrote)
    assert [each["type"] for each in (await api.settle()).each("messages")] == ["text"]
    shown = (await api.client.get(f"/_control/users/{ROSA}/messages")).json()[-1]
    assert (shown["content"]["body"], shown["edited"], shown["revoked"]) == ("b", True, True)


async def test_everything_that_a_user_can_do(api: Api) -> None:
    api.cloud.config.coexistence = True
    wrote = await api.say(text="a", reply_to="wamid.x", forwarded=True)
    await api.say(type="image", caption="c")
    await api.say(type="voice")
    await api.say(type="sticker")
    await api.say(type="location", location={"latitude": 47.4, "longitude": -122.2})
    await api.say(type="reaction", message=wrote, emoji="👍")
    await api.say(type="reaction", message=wrote, emoji="")
    await api.say(type="edit", message=wrote, text="b")
    await api.say(type="revoke", message=wrote)
    await api.say(type="unsupported")
    await api.say(type="raw", message={"type": "hologram", "hologram": {"id": "1"}})
    await api.say(text="ad", referral={"source_type": "ad", "source_id": "1"})
    await api.say(type="system", new_wa_id="15550150")
    found = (await api.settle()).each("messages")
    kinds = [each["type"] for each in found]
    assert kinds[:7] == ["text", "image", "audio", "sticker", "location", "reaction", "reaction"]
    assert kinds[7:] == ["edit", "revoke", "unsupported", "hologram", "text", "system"]
    assert found[0]["context"] == {"from": "15550100", "id": "wamid.x", "forwarded": True}
    assert found[2]["audio"]["voice"] is True
    assert found[5]["reaction"] == {"message_id": wrote, "emoji": "👍"}
    assert found[6]["reaction"] == {"message_id": wrote}
    assert found[7]["edit"]["original_message_id"] == found[8]["revoke"]["original_message_id"] == wrote
    assert found[9]["errors"][0]["code"] == 131051
    assert found[11]["referral"]["source_type"] == "ad"
    assert (found[12]["from"], found[12]["system"]["wa_id"]) == (ROSA, "15550150")
    assert "contacts" not in api.receiver.changes[12]["value"]


async def test_a_button_and_a_row_are_pressed(api: Api) -> None:
    reply = {"type": "reply", "reply": {"id": "yes", "title": "Sí"}}
    choice = {"type": "button", "body": {"text": "?"}, "action": {"buttons": [reply]}}
    asked = (await api.send({"type": "interactive", "interactive": choice})).json()["messages"][0]["id"]
    rows = [{"id": "r1", "title": "Uno", "description": "el primero"}]
    menu = {"type": "list", "body": {"text": "?"}, "action": {"button": "Ver", "sections": [{"rows": rows}]}}
    await api.send({"type": "interactive", "interactive": menu})
    await api.settle()
    await api.say(type="press", id="yes")
    await api.say(type="press", title="Uno")
    first, second = (await api.settle()).each("messages")
    assert first["context"] == {"from": "15550100", "id": asked}
    assert first["interactive"] == {"type": "button_reply", "button_reply": {"id": "yes", "title": "Sí"}}
    assert second["interactive"] == {"type": "list_reply", "list_reply": rows[0]}
    wrong = await api.client.post(f"/_control/users/{ROSA}/say", json={"type": "press", "id": "no"})
    assert wrong.status_code == 400
