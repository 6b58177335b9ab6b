"""Guards the cookie of a session: out of scripts' reach, and in production out of neighbours' and of plain http's."""

from __future__ import annotations

import pytest
from fastapi import Response

from bot.console.web import set_cookie
from bot.settings import Settings

IN_PRODUCTION = "__Host-enlace=t; HttpOnly; Path=/; SameSite=lax; Secure"
SECRET = "a key for tests that is long enough"


@pytest.mark.parametrize(
    ("settings", "cookie"),
    [
        (
            {"environment": "production", "secret_key": SECRET, "public_url": "https://enlace.example"},
            IN_PRODUCTION,
        ),
        ({"public_url": "https://enlace.example"}, IN_PRODUCTION),
        ({}, "enlace=t; HttpOnly; Path=/; SameSite=lax"),  # a trial on this machine has no https
    ],
)
def test_a_session_s_cookie(settings: dict[str, str], cookie: str) -> None:
    response = Response()
    set_cookie(response, Settings.model_validate(settings), "t")
    assert response.headers["set-cookie"] == cookie
