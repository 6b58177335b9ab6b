"""Guards what `enlace whatsapp check` says of numbers and templates, asked of a Cloud API that runs.

tests/cli/test_whatsapp_check.py has the command, and what needs a server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cloud_api import Running
from pydantic import SecretStr
from whatsapp_content import OUTBOUND, REAL

from bot.channels.whatsapp.check import Check, Finding
from bot.settings import Settings

if TYPE_CHECKING:
    from tests.whatsapp.conftest import World


async def findings(world: World, cloud_api: Running, about: str, **changed: Any) -> list[Finding]:
    """What the check finds about something, as its findings begin, with some settings changed."""
    config = cloud_api.config
    right: dict[str, Any] = {
        "whatsapp_numbers": {"1001": "kent-wa"},
        "whatsapp_account": config.waba_id,
        "whatsapp_token": SecretStr(config.token),
        "whatsapp_app_secret": SecretStr(config.app_secret),
        "whatsapp_verify_token": SecretStr(config.verify_token),
        "whatsapp_api_url": cloud_api.url,
    }
    settings = Settings(**right | changed)
    names = {code: entry.name for code, entry in REAL.languages.items()}
    check = Check(settings, world.cloud, OUTBOUND, names)
    return [finding async for finding in check.run() if finding.what.startswith(about)]


@pytest.mark.parametrize(
    ("changed", "grade", "said", "remedy"),
    [
        ({"status": "PENDING"}, "bad", "is PENDING", "Register"),
        ({"status": "UNVERIFIED"}, "bad", "is UNVERIFIED", "Register"),
        ({"status": "DISCONNECTED"}, "bad", "is DISCONNECTED", "Register"),
        ({"status": "FLAGGED"}, "bad", "is FLAGGED", "Account quality"),
        (
            {
                "health_status": {
                    "can_send_message": "LIMITED",
                    "entities": [
                        {"can_send_message": "AVAILABLE"},
                        {"can_send_message": "LIMITED", "additional_info": ["The name is not approved yet."]},
                    ],
                }
            },
            "look",
            "within limits alone; The name is not approved yet.",
            "Account quality",
        ),
        (
            {
                "health_status": {
                    "can_send_message": "BLOCKED",
                    "entities": [{"errors": [{"error_code": 141006, "error_description": "A bill is due."}]}],
                }
            },
            "bad",
            "may not send messages; A bill is due.",
            "Account quality",
        ),
        ({}, "good", "", ""),
    ],
)
async def test_a_number_says_what_to_do(
    world: World, own_cloud_api: Running, changed: dict[str, Any], grade: str, said: str, remedy: str
) -> None:
    await world.control.post("/numbers/1001", json=changed)
    (finding,) = await findings(world, own_cloud_api, "Number")
    assert finding.grade == grade
    assert finding.what.endswith(said)
    assert remedy in finding.remedy
    assert bool(finding.remedy) is bool(remedy)


@pytest.mark.parametrize(("category", "grade"), [("MARKETING", "bad"), ("AUTHENTICATION", "look"), ("UTILITY", "good")])
async def test_a_template_of_marketing_reaches_nobody(
    world: World, own_cloud_api: Running, category: str, grade: str
) -> None:
    await world.control.post("/templates/enlace_reply/es", json={"category": category})
    english, spanish = await findings(world, own_cloud_api, "Template")
    assert (english.grade, spanish.grade) == ("good", grade)


async def test_a_template_is_looked_for_by_metas_code(
    world: World, own_cloud_api: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    spanish = REAL.languages["es"].model_copy(update={"whatsapp": "es_MX"})
    monkeypatch.setitem(REAL.languages, "es", spanish)
    english, missing = await findings(world, own_cloud_api, "Template")
    assert (english.grade, missing.grade) == ("good", "bad")
    assert "(es_MX): Meta does not have it" in missing.what
    await world.control.post("/templates", json=OUTBOUND.template_definition("es"))
    assert [finding.grade for finding in await findings(world, own_cloud_api, "Template")] == ["good", "good"]


async def test_a_number_of_the_account_that_nobody_answers_is_named(world: World, own_cloud_api: Running) -> None:
    found = await findings(world, own_cloud_api, "Account", whatsapp_numbers={"1002": "kent-wa"})
    said = {finding.grade: finding.what for finding in found}
    assert "number 1002 is not in it" in said["bad"]
    assert "its number 1001 is answered by nobody" in said["look"]
    assert [finding.grade for finding in await findings(world, own_cloud_api, "Account")] == ["good"]


async def test_other_words_are_edited_and_not_deleted(world: World, own_cloud_api: Running) -> None:
    body = {"type": "BODY", "text": "Tenemos una oferta. Responda ABRIR."}
    await world.control.post("/reset")
    for language in ("en", "es"):
        template = {"name": "enlace_reply", "language": language, "category": "UTILITY", "components": [body]}
        await world.control.post("/templates", json=template)
    _, spanish = await findings(world, own_cloud_api, "Template")
    assert spanish.grade == "bad"
    assert "Don't delete it" in spanish.remedy
