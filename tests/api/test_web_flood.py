"""Guards the limits on how much is sent: a flood is told so, others notice nothing, and no address is kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from serving import OF_A_CONVERSATION
from starlette.requests import Request

from bot.channels.flood import Flood
from bot.errors import TooOften
from bot.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Server, Start

ONE, SAME_NETWORK, OTHER = "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"


def request(address: str) -> Request:
    return Request({"type": "http", "client": (address, 1234), "headers": []})


async def test_a_conversation_is_limited_and_no_other() -> None:
    flood = Flood(Settings())
    for _ in range(5):
        await flood.message("mine", request("203.0.113.5"))
    with pytest.raises(TooOften) as refused:
        await flood.message("mine", request("203.0.113.5"))
    assert refused.value.values["seconds"] == 1
    await flood.message("another's", request("203.0.113.5"))


async def test_many_people_may_share_an_address_up_to_a_flood() -> None:
    flood = Flood(Settings())
    for number in range(40):
        await flood.message(f"conversation {number}", request(ONE))
    with pytest.raises(TooOften):
        await flood.message("another", request(ONE))
    with pytest.raises(TooOften):  # who has an IPv6 network has more addresses than there are people
        await flood.message("one more", request(SAME_NETWORK))
    await flood.message("elsewhere", request(OTHER))


async def test_signing_in_is_tried_from_one_address_only_so_often() -> None:
    flood = Flood(Settings(limit_sign_ins="3/minute"))
    for _ in range(3):
        await flood.sign_in(request(ONE))
    with pytest.raises(TooOften):
        await flood.sign_in(request(SAME_NETWORK))
    await flood.sign_in(request(OTHER))


@pytest.mark.rasa
async def test_what_else_changes_a_conversation_counts_as_a_message(start: Start) -> None:
    noisy = await start("kent-wa", "en")
    body = {"contact": "nobody", "time": "-", "language": "en"}
    answers = await asyncio.gather(
        *(
            noisy.client.post(f"{noisy.url}/callback", json=body, headers=noisy.headers)
            for _ in range(OF_A_CONVERSATION + 5)
        )
    )
    assert sum(answer.status_code == 429 for answer in answers) == 5
    assert (await noisy.client.get(f"{noisy.url}/handoff", headers=noisy.headers)).status_code == 200


@pytest.mark.rasa
async def test_a_flood_gets_429_and_others_their_answers(start: Start, server: Server) -> None:
    noisy, quiet = await start("kent-wa", "en"), await start("kent-wa", "en")
    # Empty ones: each is counted before it is looked at. The tests' server counts by the hour, so that how fast a
    # machine is doesn't matter.
    answers = await asyncio.gather(*(noisy.post(text=" ") for _ in range(OF_A_CONVERSATION + 10)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 10
    assert sum(answer.status_code == 400 for answer in answers) == OF_A_CONVERSATION
    error = refused[0].json()["error"]
    assert error["code"] == "too_often"
    assert "911" in error["message"]
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert (await quiet.send("hello"))["kind"] == "smalltalk"
    for path, content in server.files():
        assert b"127.0.0.1" not in content or path.suffix == ".log", path
    assert "127.0.0.1:" not in "".join(server.lines).replace(server.base_url, "")
