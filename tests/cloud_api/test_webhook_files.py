"""The example webhooks in `tests/fixtures/whatsapp`: whole bodies, with nobody's real number in them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .config import JSON
from .conftest import Api

FILES = sorted((Path(__file__).resolve().parents[1] / "fixtures" / "whatsapp").glob("*.json"))
KINDS = {"text", "interactive", "button", "reaction", "image", "video", "audio", "sticker", "document", "location"} | {
    *(
        "contacts",
        "order",
        "edit",
        "revoke",
        "system",
        "request_welcome",
        "unsupported",
        "media_placeholder",
        "hologram",
    ),
}
STATUSES = {"sent", "delivered", "read", "played", "failed", "deleted", "warning", "captured", "teleported"}


def values() -> list[JSON]:
    """The values of all changes in all files."""
    bodies = [json.loads(path.read_text("utf-8")) for path in FILES]
    changes = [change for body in bodies for entry in body["entry"] for change in entry.get("changes", [])]
    return [change["value"] for change in changes]


def test_there_is_one_of_every_kind() -> None:
    assert len(FILES) > 100
    found = [message for value in values() for message in value.get("messages", [])]
    assert {message["type"] for message in found} == KINDS
    assert {status["status"] for value in values() for status in value.get("statuses", [])} >= STATUSES
    for message in found:
        assert isinstance(message["timestamp"], str)
        assert message["id"].startswith("wamid.")
        assert "from" in message or "from_user_id" in message


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_number_is_made_up(path: Path) -> None:
    text = path.read_text("utf-8")
    body = json.loads(text)
    assert isinstance(body["entry"], list)
    assert json.dumps(body, ensure_ascii=False, indent=2) + "\n" == text
    for number in re.findall(r"\b1?555\d{4}\b|\+1 [\d -]+", text):
        assert re.fullmatch(r"\+?1 ?555-?01\d\d", number.strip()), number


async def test_the_local_api_delivers_any_of_them(api: Api) -> None:
    for path in FILES:
        answer = await api.control("webhook", {"payload": json.loads(path.read_text("utf-8"))})
        assert answer["status"] == 200
    assert len(api.receiver.bodies) == len(FILES)
