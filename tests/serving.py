"""How the tests' servers are set up: a whole run comes from one address, faster than people write; what WhatsApp is."""

from __future__ import annotations

import httpx
from cloud_api import Running

UNHURRIED = {
    "ENLACE_LIMIT_CONVERSATION": "5000/second",
    "ENLACE_LIMIT_ADDRESS": "5000/second",
    "ENLACE_LIMIT_STARTS": "5000/second",
    "ENLACE_LIMIT_SIGN_INS": "5000/second",
}


def whatsapp_settings(cloud_api: Running) -> dict[str, str]:
    """What has a server use it."""
    config = cloud_api.config
    return {
        "ENLACE_WHATSAPP_NUMBERS": ",".join(f"{number.id}:{number.name}" for number in config.numbers),
        "ENLACE_WHATSAPP_TOKEN": config.token,
        "ENLACE_WHATSAPP_APP_SECRET": config.app_secret,
        "ENLACE_WHATSAPP_VERIFY_TOKEN": config.verify_token,
        "ENLACE_WHATSAPP_ACCOUNT": config.waba_id,
        "ENLACE_WHATSAPP_API_URL": cloud_api.url,
        "ENLACE_WHATSAPP_PAUSE_S": "0.3",
    }


def subscribe(cloud_api: Running, base_url: str) -> None:
    """Have webhooks go to a server, as Meta's form does: it has to know the token first."""
    callback = {"url": f"{base_url}/webhooks/whatsapp"}
    with httpx.Client(base_url=f"{cloud_api.url}/_control", trust_env=False) as control:
        verified = control.post("/verify", json=callback).json()
        assert verified["verified"], verified
        control.post("/delivery", json=callback).raise_for_status()
