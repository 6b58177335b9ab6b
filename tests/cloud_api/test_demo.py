"""Guards what `make run` starts: Enlace and a phone that reaches it, and neither is left behind after Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from bot.rasa import free_port
from bot.settings import Settings

from .demo import shown

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.rasa
@pytest.mark.model
@pytest.mark.timeout(180)
def test_a_phone_reaches_enlace_and_ctrl_c_stops_both(tmp_path: Path) -> None:
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ENLACE_")}
    demo = subprocess.Popen(
        [sys.executable, "-m", "tests.cloud_api.demo", "--port", str(port)],
        cwd=ROOT,
        env=environment | {"ENLACE_VAR_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    killer = threading.Timer(150, lambda: os.killpg(demo.pid, signal.SIGKILL))
    killer.start()
    try:
        assert demo.stderr
        said = ""
        while not (found := re.search(r"without an account: open (\S+)", said)):
            line = demo.stderr.readline()
            assert line, said
            said += line
        phone = found[1]
        with httpx.Client(trust_env=False, timeout=30) as client:
            for page in ("/demo", "/demo/kent-wa"):
                assert phone in client.get(f"http://127.0.0.1:{port}{page}").text
            assert client.get(phone).status_code == 200
            control = f"{phone}_control/users/15550142"
            client.post(f"{control}/say", json={"number": "1001", "type": "text", "text": "gracias"})
            until = time.monotonic() + 30
            while len(client.get(f"{control}/messages").json()) < 3:
                assert time.monotonic() < until, "the welcome and an answer did not come"
                time.sleep(0.2)
        processes = psutil.Process(demo.pid).children(recursive=True)
        os.killpg(demo.pid, signal.SIGINT)
        rest = demo.stderr.read()
        assert demo.wait(30) == 0, rest
        _, left = psutil.wait_procs(processes, timeout=5)
        assert left == []
    finally:
        killer.cancel()
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)
        demo.stderr.close() if demo.stderr else None


REAL = {
    "whatsapp_numbers": {"1": "kent-wa"},
    **dict.fromkeys(("whatsapp_token", "whatsapp_app_secret", "whatsapp_verify_token"), "x" * 32),
}


@pytest.mark.parametrize(
    ("given", "is_shown"),
    [
        ({}, True),
        ({"demo": True}, True),
        ({"demo": False}, False),
        (REAL, False),
        ({"environment": "production", "secret_key": "x" * 32, "public_url": "https://enlace.example.org"}, False),
    ],
    ids=["nothing said", "on", "off", "a real WhatsApp", "production"],
)
def test_nothing_is_demonstrated_beside_what_residents_use(given: dict[str, Any], is_shown: bool) -> None:
    assert shown(Settings(**given)) is is_shown


def test_a_port_that_is_taken_is_said_before_anything_is_done(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        demo = subprocess.run(
            [sys.executable, "-m", "tests.cloud_api.demo", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | {"ENLACE_VAR_DIR": str(tmp_path), "ENLACE_CACHE_DIR": str(tmp_path)},
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert demo.returncode == 2
    assert [f"port {port} is taken" in line for line in demo.stderr.splitlines()] == [True]
    assert list(tmp_path.iterdir()) == []
