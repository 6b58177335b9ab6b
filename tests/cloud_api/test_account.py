"""The account: numbers, templates, subscriptions and tokens."""

from __future__ import annotations

from typing import Any

import pytest

from .config import JSON
from .conftest import ROSA, Api

BODY = {"type": "BODY", "text": "Hola {{1}}, hay noticias.", "example": {"body_text": [["Rosa"]]}}
REPLIES = {
    "type": "BUTTONS",
    "buttons": [{"type": "QUICK_REPLY", "text": "Ver"}, {"type": "QUICK_REPLY", "text": "No"}],
}


def creation(*components: JSON, **rest: Any) -> JSON:
    """A request for a template."""
    return {"name": "news", "language": "es", "category": "UTILITY", "components": list(components) or [BODY]} | rest


def message(*values: str, language: str = "es", **rest: Any) -> JSON:
    """A template message."""
    parameters = [{"type": "text", "text": value} for value in values]
    components = [{"type": "body", "parameters": parameters}] if values else []
    content = {"name": "news", "language": {"code": language}, "components": components} | rest
    return {"type": "template", "template": content}


async def test_a_template_is_made_sent_after_the_window_and_its_button_pressed(api: Api) -> None:
    made = await api.post("2001/message_templates", creation(BODY, REPLIES))
    assert made.json() == {"id": made.json()["id"], "status": "APPROVED", "category": "UTILITY"}
    await api.control("clock", {"advance_s": 90000})
    body = message("Rosa")
    payload = {"type": "payload", "payload": "see:7"}
    body["template"]["components"].append(
        {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [payload]}
    )
    answer = await api.send(body)
    assert answer.json()["messages"][0]["message_status"] == "accepted"
    statuses = (await api.settle()).each("statuses")
    assert [each["status"] for each in statuses] == ["sent", "delivered"]
    assert statuses[0]["pricing"] == {
        "billable": True,
        "pricing_model": "PMP",
        "category": "utility",
        "type": "regular",
    }
    await api.say(type="press", title="Ver")
    pressed = (await api.settle()).each("messages")[-1]
    assert (pressed["type"], pressed["button"]) == ("button", {"text": "Ver", "payload": "see:7"})
    shown = (await api.client.get(f"/_control/users/{ROSA}/messages")).json()[1]["shown"]
    assert shown["body"] == "Hola Rosa, hay noticias."


@pytest.mark.parametrize(
    ("body", "status", "code", "details"),
    [
        (message("Rosa", language="en"), 404, 132001, "template name (news) does not exist in en"),
        (message("Rosa", name="other"), 404, 132001, "template name (other) does not exist in es"),
        (
            message("Rosa", "2"),
            400,
            132000,
            "body: number of localizable_params (2) does not match the expected number of params (1)",
        ),
        (
            message(),
            400,
            132000,
            "body: number of localizable_params (0) does not match the expected number of params (1)",
        ),
        (message("a\nb"), 400, 132018, "Param text cannot have new-line/tab characters"),
        (message("x" * 1020), 400, 132005, "body:"),
    ],
)
async def test_a_template_message_that_does_not_fit(api: Api, body: JSON, status: int, code: int, details: str) -> None:
    await api.control("templates", creation())
    answer = await api.send(body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert error["error_data"]["details"].startswith(details)


async def test_templates_that_are_paused_or_wait(api: Api) -> None:
    await api.control("templates", creation())
    for state, code in (("PAUSED", 132015), ("DISABLED", 132016), ("PENDING", 132001), ("REJECTED", 132001)):
        await api.control("templates/news/es", {"status": state})
        assert (await api.send(message("Rosa"))).json()["error"]["code"] == code, state


@pytest.mark.parametrize(
    ("request_", "subcode"),
    [
        (creation(name="News 1"), None),
        (creation(name="x" * 513), None),
        (creation(language="español"), None),
        (creation(language="pt"), None),
        (creation(category="NEWS"), None),
        (creation({"type": "FOOTER", "text": "a"}), 2388043),
        (creation({"type": "BODY", "text": "x" * 1025}), 2388040),
        (creation({"type": "BODY", "text": "Hola {{1}}, hay noticias."}), 2388043),
        (creation({"type": "BODY", "text": "{{1}} hola", "example": {"body_text": [["a"]]}}), 2388299),
        (creation({"type": "BODY", "text": "a {{2}} b", "example": {"body_text": [["a"]]}}), 2388072),
        (creation(BODY, {"type": "FOOTER", "text": "x" * 61}), 2388040),
        (creation(BODY, {"type": "HEADER", "format": "TEXT", "text": "x" * 61}), 2388040),
        (creation(BODY, {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "x" * 26}]}), 2388040),
        (creation(BODY, {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "a"}] * 11}), None),
        (creation(BODY, color="red"), None),
    ],
)
async def test_a_template_that_may_not_be_made(api: Api, request_: JSON, subcode: int | None) -> None:
    answer = await api.post("2001/message_templates", request_)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error.get("error_subcode")) == (400, 100, subcode)


async def test_a_template_in_brazilian_portuguese(api: Api) -> None:
    assert (await api.post("2001/message_templates", creation(language="pt_BR"))).status_code == 200


async def test_the_same_template_again(api: Api) -> None:
    assert (await api.post("2001/message_templates", creation())).status_code == 200
    again = (await api.post("2001/message_templates", creation())).json()["error"]
    assert (again["error_subcode"], again["error_user_title"]) == (2388024, "Content in This Language Already Exists")


async def test_a_template_is_deleted(api: Api) -> None:
    await api.control("templates", creation())
    headers = {"Authorization": "Bearer local-access-token"}
    path = "/v24.0/2001/message_templates?name=news"
    assert (await api.client.delete(path, headers=headers)).json() == {"success": True}
    assert (await api.client.delete(path, headers=headers)).json()["error"]["code"] == 100
    assert (await api.send(message("Rosa"))).json()["error"]["code"] == 132001


async def test_the_name_of_an_approved_template_is_not_taken_again(api: Api) -> None:
    headers = {"Authorization": "Bearer local-access-token"}
    for state, taken in (("PENDING", True), ("REJECTED", True), ("APPROVED", False)):
        name = f"news_{state.lower()}"
        await api.control("templates", creation(name=name))
        await api.control(f"templates/{name}/es", {"status": state})
        await api.client.delete(f"/v24.0/2001/message_templates?name={name}", headers=headers)
        answer = await api.post("2001/message_templates", creation(name=name))
        assert (answer.status_code == 200) is taken, state
    assert (answer.json()["error"]["code"], answer.json()["error"]["error_subcode"]) == (100, 2388023)
    assert (await api.post("2001/message_templates", creation(name=name, language="en"))).status_code == 200


async def test_a_template_of_another_category_is_told_of(api: Api) -> None:
    api.cloud.config.webhook_fields = frozenset({"template_category_update"})
    await api.control("templates", creation())
    changed = await api.control("templates/news/es", {"category": "MARKETING"})
    assert changed["category"] == "MARKETING"
    (told,) = (await api.settle()).changes
    assert told["field"] == "template_category_update"
    assert (told["value"]["previous_category"], told["value"]["new_category"]) == ("UTILITY", "MARKETING")


async def test_templates_come_by_pages(api: Api) -> None:
    for place in range(5):
        await api.control("templates", creation(name=f"news_{place}"))
    await api.control("templates", creation(name="other"))
    names, after = [], ""
    for _ in range(3):
        found = (await api.get("2001/message_templates", name="news", language="es", limit=2, after=after)).json()
        names += [each["name"] for each in found["data"]]
        after = found["paging"]["cursors"]["after"]
        assert ("next" in found["paging"]) is (len(names) < 5)
    assert names == [f"news_{place}" for place in range(5)]
    assert (await api.get("2001/message_templates", after=after, limit=100)).json()["data"][0]["name"] == "other"
    assert (await api.get("2001/message_templates", status="rejected")).json() == {"data": []}
    assert (await api.get("9/message_templates")).json()["error"]["error_subcode"] == 33


async def test_numbers_and_their_fields(api: Api) -> None:
    found = (await api.get("1001", fields="verified_name,status,webhook_configuration")).json()
    assert found == {
        "verified_name": "Kent",
        "status": "CONNECTED",
        "webhook_configuration": {"application": "http://hook.test/hook"},
        "id": "1001",
    }
    await api.control("numbers/1001", {"quality_rating": "RED"})
    assert (await api.get("1001")).json()["quality_rating"] == "RED"
    assert (await api.get("1001", fields="nonsense")).json()["error"]["code"] == 100
    assert [each["id"] for each in (await api.get("2001/phone_numbers")).json()["data"]] == ["1001", "1002"]


async def test_a_callback_is_asked_before_it_is_taken(api: Api) -> None:
    app = api.cloud.config.app_token
    body = {"object": "whatsapp_business_account", "callback_url": "http://hook.test/hook", "fields": "messages,flows"}
    wrong = await api.post("5550000000000001/subscriptions", body | {"verify_token": "no"}, app)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, 2200)
    taken = await api.post("5550000000000001/subscriptions", body | {"verify_token": "local-verify-token"}, app)
    assert taken.json() == {"success": True}
    found = (await api.get("5550000000000001/subscriptions", app)).json()["data"][0]
    assert [each["name"] for each in found["fields"]] == ["flows", "messages"]
    assert (await api.get("5550000000000001/subscriptions")).json()["error"]["code"] == 15
    assert (await api.get("2001/subscribed_apps")).json()["data"][0]["whatsapp_business_api_data"]["id"] == app.split(
        "|"
    )[0]


async def test_an_account_that_tells_no_app_sends_no_webhooks(api: Api) -> None:
    headers = {"Authorization": "Bearer local-access-token"}
    await api.client.delete("/v24.0/2001/subscribed_apps", headers=headers)
    await api.say(text="a")
    assert (await api.settle()).bodies == []
    await api.post("2001/subscribed_apps", {})
    await api.say(text="b")
    assert len((await api.settle()).bodies) == 1


async def test_what_a_token_is_good_for(api: Api) -> None:
    app = api.cloud.config.app_token
    good = (await api.get("debug_token", app, input_token="local-access-token")).json()["data"]
    assert (good["is_valid"], good["expires_at"], good["app_id"]) == (True, 0, "5550000000000001")
    assert "whatsapp_business_messaging" in good["scopes"]
    for token in ("expired", "nobody's"):
        bad = (await api.get("debug_token", app, input_token=token)).json()["data"]
        assert (bad["is_valid"], bad["error"]["code"]) == (False, 190)
    assert (await api.get("debug_token", "nobody's", input_token="x")).status_code == 401


async def test_whoever_asks_for_media_is_counted(api: Api) -> None:
    await api.say(type="image")
    media = (await api.settle()).each("messages")[0]["image"]["id"]
    assert (await api.client.get("/_control/counters")).json()["media"] == 0
    assert (await api.get(media)).json()["id"] == media
    assert (await api.get("123456")).json()["error"]["error_subcode"] == 33
    assert (await api.client.get("/_control/counters")).json()["media"] == 2
