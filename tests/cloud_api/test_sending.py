"""Who may send to whom, how fast, and what comes of it."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from .conftest import ROSA, Api

HELLO = {"type": "text", "text": {"body": "hola"}}


@pytest.mark.parametrize(
    ("token", "subcode"), [("nobody's", None), ("expired", 463), (None, None)], ids=["wrong", "expired", "missing"]
)
async def test_a_token_that_is_no_good(api: Api, token: str | None, subcode: int | None) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"messaging_product": "whatsapp", "to": ROSA, **HELLO}
    answer = await api.client.post("/v24.0/1001/messages", json=body, headers=headers)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error.get("error_subcode")) == (401, 190, subcode)
    assert (await api.client.get("/_control/counters")).json()["refused"] == 1


async def test_a_number_that_is_not_there_and_a_version_that_is_not_in_service(api: Api) -> None:
    answer = await api.send(HELLO, number="999")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["error_subcode"]) == (400, 100, 33)
    for version, code in (("v20.0", 2635), ("v99.0", 2500), ("latest", 2500)):
        answer = await api.client.post(f"/{version}/1001/messages", json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), version
    assert (await api.client.get("/v24.0/1001/nothing/here")).json()["error"]["code"] == 2500


@pytest.mark.parametrize("status", ["PENDING", "UNVERIFIED", "DISCONNECTED"])
async def test_a_number_that_is_not_registered_sends_nothing_until_it_is(api: Api, status: str) -> None:
    await api.control("numbers/1001", {"status": status})
    answer = await api.send(HELLO)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 133010)
    for pin in ("12345", "abcdef", None):
        refused = await api.post("1001/register", {"messaging_product": "whatsapp", "pin": pin})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, 100)
    assert (await api.post("999/register", {})).json()["error"]["error_subcode"] == 33
    taken = await api.post("1001/register", {"messaging_product": "whatsapp", "pin": "123456"})
    assert taken.json() == {"success": True}
    assert (await api.send(HELLO)).status_code == 200


async def test_the_statuses_of_a_message_until_it_is_read(api: Api) -> None:
    sent = (await api.send(HELLO | {"biz_opaque_callback_data": "mine"})).json()["messages"][0]["id"]
    statuses = (await api.settle()).each("statuses")
    assert [(each["id"], each["status"]) for each in statuses] == [(sent, "sent"), (sent, "delivered")]
    first = statuses[0]
    assert first["recipient_id"] == ROSA
    assert first["recipient_user_id"] == "US.1001"
    assert first["biz_opaque_callback_data"] == "mine"
    assert isinstance(first["timestamp"], str)
    assert first["conversation"]["origin"] == {"type": "service"}
    assert int(first["conversation"]["expiration_timestamp"]) > int(first["timestamp"])
    assert first["pricing"]["pricing_model"] == "PMP"
    assert await api.control(f"users/{ROSA}/read", {"number": "1001"}) == {"read": 1}
    assert await api.control(f"users/{ROSA}/read", {"number": "1001"}) == {"read": 0}
    assert (await api.settle()).each("statuses")[-1]["status"] == "read"
    seen = (await api.client.get(f"/_control/users/{ROSA}/messages?number=1001")).json()[-1]
    assert seen["request"]["text"] == {"body": "hola"}
    assert seen["statuses"] == ["sent", "delivered", "read"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("clock", 131047),
        ("not_on_whatsapp", 131026),
        ("blocked", 131026),
        ("stranger", 131026),
        ("never_wrote", 131047),
    ],
)
async def test_taken_and_then_failed(api: Api, change: str, code: int) -> None:
    body, number = dict(HELLO), "1001"
    if change == "clock":
        await api.control("clock", {"advance_s": 86401})
    elif change == "not_on_whatsapp":
        await api.control("users", {"wa_id": ROSA, "on_whatsapp": False})
    elif change == "blocked":
        await api.control(f"users/{ROSA}/block", {"number": "1001"})
    elif change == "stranger":
        body["to"] = "15550199"
    else:
        number = "1002"
    assert (await api.send(body, number=number)).status_code == 200
    (status,) = (await api.settle()).each("statuses")
    assert status["status"] == "failed"
    assert status["errors"][0]["code"] == code
    assert status["errors"][0]["title"] == status["errors"][0]["message"]
    assert status["errors"][0]["error_data"]["details"]
    assert "recipient_user_id" not in status
    assert api.receiver.each("contacts") == []


async def test_just_inside_the_window_and_open_again_once_the_user_writes(api: Api) -> None:
    await api.control("clock", {"advance_s": 86390})
    await api.send(HELLO)
    assert [each["status"] for each in (await api.settle()).each("statuses")] == ["sent", "delivered"]
    await api.control("clock", {"advance_s": 100})
    await api.say(text="¿sigue ahí?")
    await api.send(HELLO)
    assert [each["status"] for each in (await api.settle()).each("statuses")][2:] == ["sent", "delivered"]


async def test_a_business_scoped_id_instead_of_a_phone(api: Api) -> None:
    await api.control("users", {"wa_id": "15550143", "name": "James", "user_id": "US.2002", "phone_hidden": True})
    await api.say("US.2002", text="hi")
    answer = await api.send(HELLO | {"to": None, "recipient": "US.2002"})
    assert answer.json()["contacts"] == [{"input": "US.2002", "user_id": "US.2002"}]
    receiver = await api.settle()
    (message,) = receiver.each("messages")
    assert (message.get("from"), message["from_user_id"]) == (None, "US.2002")
    for status in receiver.each("statuses"):
        assert "recipient_id" not in status
        assert status["recipient_user_id"] == "US.2002"
    assert all("wa_id" not in contact for contact in receiver.each("contacts"))
    assert b"15550143" not in b"".join(receiver.bodies)
    both = await api.send(HELLO | {"recipient": "US.2002"})
    assert both.json()["contacts"] == [{"input": ROSA, "wa_id": ROSA}]
    assert (await api.send(HELLO | {"to": None, "recipient": "nobody"})).json()["error"]["code"] == 100


async def test_a_burst_to_one_user_is_held_and_other_users_are_not(api: Api) -> None:
    await api.control("limits", {"pair_burst": 3})
    codes = [(await api.send(HELLO)).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 400]
    error = (await api.send(HELLO)).json()["error"]
    assert error["code"] == 131056
    assert error["message"] == "(#131056) (Business Account, Consumer Account) pair rate limit hit"
    assert (await api.send(HELLO | {"to": "15550143"})).status_code == 200
    await api.control("clock", {"advance_s": 6})
    assert [(await api.send(HELLO)).status_code for _ in range(2)] == [200, 400]


async def test_more_than_a_number_may_send_in_a_second(api: Api) -> None:
    await api.control("limits", {"throughput": 2})
    found = [await api.send(HELLO) for _ in range(3)]
    assert [each.status_code for each in found] == [200, 200, 400]
    assert found[2].json()["error"]["code"] == 130429
    assert (await api.send(HELLO, number="1002")).status_code == 200


async def test_a_message_is_marked_as_read_and_an_answer_announced(api: Api) -> None:
    wrote = await api.say(text="hola")
    seen = {"to": None, "status": "read", "message_id": wrote}
    del seen["to"]
    headers = {"Authorization": "Bearer local-access-token"}
    whole = {"messaging_product": "whatsapp", **seen}
    assert (await api.client.post("/v24.0/1001/messages", json=whole, headers=headers)).json() == {"success": True}
    typing = whole | {"typing_indicator": {"type": "text"}}
    assert (await api.client.post("/v24.0/1001/messages", json=typing, headers=headers)).json() == {"success": True}
    assert (await api.client.get(f"/_phone/state?user={ROSA}&number=1001")).json()["typing"] is True
    await api.send(HELLO)
    await api.settle()
    assert (await api.client.get(f"/_phone/state?user={ROSA}&number=1001")).json()["typing"] is False
    for wrong, code in (
        (whole | {"message_id": "wamid.none"}, 131009),
        (whole | {"typing_indicator": {"type": "audio"}}, 100),
        (whole | {"status": "delivered"}, 100),
    ):
        answer = await api.client.post("/v24.0/1001/messages", json=wrong, headers=headers)
        assert answer.json()["error"]["code"] == code
    counters = (await api.client.get("/_control/counters")).json()
    assert (counters["read"], counters["typing"], counters["send:text"]) == (1, 1, 1)


async def test_what_goes_wrong_on_demand(api: Api) -> None:
    await api.control("faults", {"what": "error", "code": 131000, "times": 2})
    await api.control("faults", {"what": "http", "status": 502})
    await api.control("faults", {"what": "fail", "code": 131049})
    found = [await api.send(HELLO) for _ in range(5)]
    assert [each.status_code for each in found] == [500, 500, 502, 200, 200]
    assert found[0].json()["error"]["code"] == 131000
    assert "json" not in found[2].headers["content-type"]
    statuses = (await api.settle()).each("statuses")
    assert [each["status"] for each in statuses] == ["failed", "sent", "delivered"]
    assert statuses[0]["errors"][0]["code"] == 131049


async def test_the_number_itself_is_no_recipient(api: Api) -> None:
    assert (await api.send(HELLO | {"to": "+1 555-0100"})).json()["error"]["code"] == 131021


async def test_everything_begins_again(api: Api) -> None:
    await api.control("limits", {"pair_burst": 0})
    await api.control("faults", {"what": "error", "times": 9})
    await api.control("clock", {"advance_s": 99})
    await api.control("reset")
    assert (await api.client.get("/_control/users")).json() == []
    await api.control("users", {"wa_id": ROSA, "name": "Rosa"})
    await api.say(text="hola")
    assert (await api.send(HELLO)).status_code == 200
    assert [each["status"] for each in (await api.settle()).each("statuses")] == ["sent", "delivered"]


async def test_a_proof_that_is_not_of_the_apps_secret(api: Api) -> None:
    good = hmac.new(b"local-app-secret", b"local-access-token", hashlib.sha256).hexdigest()
    for proof, status in ((good, 200), ("0" * 64, 400)):
        assert (await api.send(HELLO, params={"appsecret_proof": proof})).status_code == status
