"""Guards the cookie of a session: out of scripts' reach, and in production out of neighbours' and of plain http's."""

from __future__ import annotations

import pytest
from fastapi import Response

from bot.console.web import remember_browser, set_cookie
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


def test_the_cookie_by_which_a_browser_is_known_stays_after_the_session() -> None:
    response = Response()
    remember_browser(response, Settings.model_validate({"public_url": "https://enlace.example"}), "b")
    cookie = "__Host-enlace-browser=b; HttpOnly; Max-Age=15552000; Path=/; SameSite=lax; Secure"
    assert response.headers["set-cookie"] == cookie
