"""Guards the limits on how much is sent: whom they count, and how much they let pass (a flood: test_web_crashes.py)."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from bot.channels.flood import Flood
from bot.errors import TooOften, TooSoon
from bot.settings import Settings

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


async def test_a_stream_and_typing_are_limited_and_cost_no_message() -> None:
    flood = Flood(Settings())
    assert [await flood.typing("mine") for _ in range(3)] == [True, False, False]
    assert await flood.typing("another's")
    for _ in range(5):
        await flood.stream("mine")
    with pytest.raises(TooOften):
        await flood.stream("mine")
    await flood.stream("another's")
    for _ in range(5):
        await flood.message("mine", request("203.0.113.5"))


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
    with pytest.raises(TooSoon):
        await flood.sign_in(request(SAME_NETWORK))
    await flood.sign_in(request(OTHER))


async def test_ipv4_addresses_are_told_apart_where_ipv6_is_served_too() -> None:
    flood = Flood(Settings(limit_sign_ins="1/minute"))
    await flood.sign_in(request("::ffff:203.0.113.5"))
    await flood.sign_in(request("::ffff:203.0.113.6"))
    with pytest.raises(TooSoon):
        await flood.sign_in(request("203.0.113.5"))
