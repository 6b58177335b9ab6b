"""`make run`: Enlace with a local Cloud API beside it, so that anyone can try WhatsApp on a phone that is a page.

Where a real WhatsApp is set up, in production, or where nothing is to be demonstrated (ENLACE_DEMO=false), it is Enlace
alone. Arguments are `enlace serve`'s.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from types import FrameType

import httpx
import typer

from bot.channels.whatsapp.outbound import Outbound
from bot.cli.serve import listen
from bot.cli.terminal import address, load_settings, reachable
from bot.content.library import Library, load
from bot.i18n import Catalogs
from bot.problems import sentence
from bot.rendering.renderer import Renderer
from bot.settings import Settings

from .__main__ import PEOPLE
from .config import Config, Number
from .running import Running, running

ENLACE = [sys.executable, "-m", "bot"]
PORT = 8081
"""Of the phone's page; another, if it is taken."""
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Run until Enlace ends, and end as it does."""
    try:
        settings = load_settings(**_given())
        with listen(settings.host, settings.port) as free:  # training takes minutes: what is taken is said before
            port: int = free.getsockname()[1]
        serve = [*ENLACE, "serve", "--host", settings.host, "--port", str(port)]
        child = _Child()
        if code := child.run([*ENLACE, "train"], os.environ):
            return code
        if not shown(settings):
            return child.run(serve, os.environ)
        return _demonstrate(settings, child, serve, address(reachable(settings.host), port))
    except typer.Exit as ended:
        return ended.exit_code
    except Exception as error:
        if (said := sentence(error)) is None:
            raise
        print(f"enlace: {said}", file=sys.stderr)
        return 1


def shown(settings: Settings) -> bool:
    """Whether there is anything to be demonstrated: never beside what residents use."""
    off = "demo" in settings.model_fields_set and not settings.demo
    return not (off or settings.whatsapp_numbers or settings.environment == "production")


def _given() -> dict[str, object]:
    parser = argparse.ArgumentParser(prog="make run ARGS=…", description="Enlace, and a phone to try WhatsApp on.")
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes a free one")
    return vars(parser.parse_args())


class _Child:
    """The one process that runs at a time; signals to this one are passed on, and it ends with this one."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        # Ctrl-C reaches both; this process waits until the other one has ended well.
        signal.signal(signal.SIGINT, lambda *_: None)
        for each in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, self._terminate)

    def start(self, command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start it."""
        self.process = subprocess.Popen(
            command, env=environment, preexec_fn=lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        )
        return self.process

    def run(self, command: list[str], environment: Mapping[str, str]) -> int:
        """Start it, wait for its end, and return its exit code."""
        return self.start(command, environment).wait()

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        if self.process is None:
            sys.exit(1)
        self.process.terminate()


def _demonstrate(settings: Settings, child: _Child, serve: list[str], url: str) -> int:
    library = load(settings.data_dir)
    numbers = [
        Number(str(1001 + place), f"+1 555-01{place:02}", content.profile.name["en"])
        for place, content in enumerate(library.departments.values())
    ]
    config = Config(numbers=numbers, retry_delays_s=(1, 2, 4, 8, 16, 32, 64), status_delay_s=0.3)
    # Not those that anyone can read here: whoever reaches this Enlace could write as any number with them.
    config.token, config.app_secret, config.verify_token = (secrets.token_urlsafe(32) for _ in range(3))
    with contextlib.ExitStack() as stack:
        try:
            cloud = stack.enter_context(running(config, PORT))
        except OSError:
            cloud = stack.enter_context(running(config))
        environment = os.environ | {
            "ENLACE_DEMO": "true",
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
        enlace = child.start(serve, environment)
        set_up = threading.Thread(target=_set_up, args=(cloud, library, settings, enlace, url), daemon=True)
        set_up.start()
        code = enlace.wait()
        set_up.join(30)  # it talks to the Cloud API, which ends here
        return code


def _set_up(cloud: Running, library: Library, settings: Settings, enlace: subprocess.Popen[bytes], url: str) -> None:
    """What a department does once at Meta: users who write, approved templates, a webhook."""
    catalogs = Catalogs(settings.locales_dir, library.languages)
    outbound = Outbound(Renderer(library, catalogs), catalogs)
    webhook = {"url": f"{url}/webhooks/whatsapp"}
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
