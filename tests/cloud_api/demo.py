"""`make run`: Enlace with a local Cloud API beside it, so that anyone can try WhatsApp on a phone that is a page.

Where a real WhatsApp is set up, or nothing is to be demonstrated, it is Enlace alone. Arguments are `enlace serve`'s.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

import httpx

from bot.channels.whatsapp.outbound import Outbound
from bot.content.library import Library, load
from bot.i18n import Catalogs
from bot.rendering.renderer import Renderer
from bot.settings import Settings

from .__main__ import PEOPLE
from .config import Config, Number
from .running import HOST, Running, running

ENLACE = str(Path(sys.executable).with_name("enlace"))
PORT = 8081
"""Of the phone's page; another, if it is taken."""


def main() -> int:
    """Run until Enlace ends, and end as it does."""
    arguments = sys.argv[1:]
    settings = Settings()
    if settings.whatsapp_numbers or not settings.demo:
        os.execv(ENLACE, [ENLACE, "serve", *arguments])
    port = _port(arguments) or settings.port
    library = load(settings.data_dir)
    numbers = [
        Number(str(1001 + place), f"+1 555-01{place:02}", content.profile.name["en"])
        for place, content in enumerate(library.departments.values())
    ]
    config = Config(numbers=numbers, retry_delays_s=(1, 2, 4, 8, 16, 32, 64), status_delay_s=0.3)
    with contextlib.ExitStack() as stack:
        try:
            cloud = stack.enter_context(running(config, PORT))
        except OSError:
            cloud = stack.enter_context(running(config))
        environment = os.environ | {
            "ENLACE_WHATSAPP_NUMBERS": ",".join(
                f"{number.id}:{department}" for number, department in zip(numbers, library.departments, strict=True)
            ),
            "ENLACE_WHATSAPP_TOKEN": config.token,
            "ENLACE_WHATSAPP_APP_SECRET": config.app_secret,
            "ENLACE_WHATSAPP_VERIFY_TOKEN": config.verify_token,
            "ENLACE_WHATSAPP_ACCOUNT": config.waba_id,
            "ENLACE_WHATSAPP_API_URL": cloud.url,
            "ENLACE_DEMO_PHONE": f"{cloud.url}/",
        }
        enlace = subprocess.Popen([ENLACE, "serve", *arguments], env=environment)
        _pass_on_signals(enlace)
        set_up = threading.Thread(target=_set_up, args=(cloud, library, settings, enlace, port), daemon=True)
        set_up.start()
        return enlace.wait()


def _port(arguments: list[str]) -> int | None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--port", type=int)
    port: int | None = parser.parse_known_args(arguments)[0].port
    return port


def _pass_on_signals(enlace: subprocess.Popen[bytes]) -> None:
    """Ctrl-C reaches both; this process waits until Enlace has ended well."""

    def terminate(number: int, frame: FrameType | None) -> None:
        enlace.terminate()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, terminate)


def _set_up(cloud: Running, library: Library, settings: Settings, enlace: subprocess.Popen[bytes], port: int) -> None:
    """What a department does once at Meta: users who write, approved templates, a webhook."""
    catalogs = Catalogs(settings.locales_dir, library.languages)
    outbound = Outbound(Renderer(library, catalogs), catalogs)
    webhook = {"url": f"http://{HOST}:{port}/webhooks/whatsapp"}
    with httpx.Client(base_url=f"{cloud.url}/_control", trust_env=False, timeout=20) as control:
        for wa_id, name in PEOPLE:
            control.post("/users", json={"wa_id": wa_id, "name": name}).raise_for_status()
        for language in library.languages:
            control.post("/templates", json=outbound.template_definition(language)).raise_for_status()
        while enlace.poll() is None and not control.post("/verify", json=webhook).json()["verified"]:
            time.sleep(0.5)
        control.post("/delivery", json=webhook).raise_for_status()
    if enlace.poll() is None:
        print(f"WhatsApp, to try without an account: open {cloud.url}/", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
