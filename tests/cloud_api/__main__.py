"""`python -m tests.cloud_api`: a local Cloud API, and a page that looks like a phone."""

from __future__ import annotations

import argparse
import sys
import textwrap
import time

import httpx

from .config import Config, Number
from .running import running

EXAMPLE = """\
example:
  python -m tests.cloud_api --port 8081 \\
      --webhook http://127.0.0.1:8000/webhooks/whatsapp \\
      --app-secret local-app-secret --verify-token local-verify-token --token local-access-token \\
      --number 1001:kent-wa --number "1002:+1 555-0102:Roeland Park Police"

Open http://127.0.0.1:8081/ for the phone. Point the app at http://127.0.0.1:8081 instead of the Graph API.
Nothing leaves this computer. Ctrl-C stops it.
"""
PEOPLE = (("15550142", "Rosa"), ("15550143", "James"), ("15550144", "Lupita"))


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command's arguments."""
    default = Config()
    parser = argparse.ArgumentParser(
        prog="python -m tests.cloud_api",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8081, help="of this server (8081)")
    parser.add_argument("--webhook", help="where webhooks go")
    parser.add_argument("--app-id", default=default.app_id)
    parser.add_argument("--app-secret", default=default.app_secret, help="webhooks are signed with it")
    parser.add_argument("--verify-token", default=default.verify_token, help="for the handshake")
    parser.add_argument("--token", default=default.token, help="the access token that is taken")
    parser.add_argument("--waba-id", default=default.waba_id, help="the WhatsApp Business Account")
    parser.add_argument("--number", action="append", default=[], metavar="ID:[PHONE:]NAME", help="can be repeated")
    parser.add_argument("--user", action="append", default=[], metavar="WA_ID:NAME", help="can be repeated")
    parser.add_argument("--no-limits", action="store_true", help="no pair rate limit and no throughput limit")
    return parser.parse_args(arguments)


def config_of(given: argparse.Namespace) -> Config:
    """The configuration that the arguments make; raises ValueError."""
    config = Config(
        app_id=given.app_id,
        app_secret=given.app_secret,
        verify_token=given.verify_token,
        token=given.token,
        waba_id=given.waba_id,
        webhook=given.webhook,
        retry_delays_s=(1, 2, 4, 8, 16, 32, 64),
        status_delay_s=0.3,
    )
    if given.number:
        config.numbers = [Number.parse(text, place) for place, text in enumerate(given.number)]
    if given.no_limits:
        config.pair_interval_s, config.throughput = 0, 10**9
    return config


def serve(config: Config, port: int, people: list[tuple[str, str]]) -> None:
    """Run until Ctrl-C; the callback is asked until it answers. Raises OSError if the port is taken."""
    with running(config, port) as server, httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client:
        for wa_id, name in people:
            client.post("/_control/users", json={"wa_id": wa_id, "name": name}).raise_for_status()
        print(f"Local Cloud API and phone: {server.url}/", flush=True)
        said = None
        while config.webhook:
            answer = client.post("/_control/verify", json={}).json()
            if answer["verified"]:
                print(f"Webhook verified: {config.webhook}", flush=True)
                break
            if answer["reason"] != said:
                said = answer["reason"]
                print(f"Webhook not verified yet: {said}", flush=True)
            time.sleep(2)
        while True:
            time.sleep(3600)


def main() -> int:
    """Run the command; 2 if its arguments don't fit."""
    given = parse(sys.argv[1:])
    try:
        config = config_of(given)
        people = [(text.split(":", 1)[0], text.split(":", 1)[1]) for text in given.user] or list(PEOPLE)
    except (ValueError, IndexError) as error:
        print(textwrap.shorten(f"error: {error}", 200), file=sys.stderr)
        return 2
    try:
        serve(config, given.port, people)
    except (OSError, httpx.HTTPStatusError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
