"""Settings: safe defaults, and a wrong one is refused with a sentence that says which."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import ValidationError

from bot.cli.terminal import load_settings
from bot.settings import ROOT, Settings

PRODUCTION: dict[str, Any] = {
    "environment": "production",
    "secret_key": "x" * 32,
    "public_url": "https://enlace.example.org",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the person who runs the tests counts."""
    for name in list(os.environ):
        if name.upper().startswith("ENLACE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_for_one_machine_and_loopback() -> None:
    settings = Settings()
    assert settings.environment == "development"
    assert settings.host == "127.0.0.1"
    assert settings.data_dir == ROOT / "data"
    assert settings.rasa_url is None
    assert settings.rasa_timeout_s < 10
    assert settings.database == f"sqlite+aiosqlite:///{ROOT / 'var' / 'enlace.db'}"


def test_every_setting_says_what_it_is_for() -> None:
    for name, entry in Settings.model_fields.items():
        assert entry.description, name
        assert entry.description.endswith(".")


def test_settings_are_read_from_the_environment_and_from_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("ENLACE_PORT=8301\nENLACE_VAR_DIR=elsewhere\n", encoding="utf-8")
    monkeypatch.setenv("ENLACE_PORT", "8302")
    settings = Settings()
    assert settings.port == 8302  # the environment wins
    assert settings.var_dir == Path("elsewhere").absolute()
    assert settings.database == f"sqlite+aiosqlite:///{Path('elsewhere').absolute()}/enlace.db"
    assert Settings(database_url="postgresql+asyncpg://host/name").database == "postgresql+asyncpg://host/name"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ENLACE_PORT", "70000", "less than or equal to 65535"),
        ("ENLACE_PORT", "eight", "valid integer"),
        ("ENLACE_ENVIRONMENT", "staging", "'development' or 'production'"),
        ("ENLACE_RASA_TIMEOUT_S", "0", "greater than 0"),
        ("ENLACE_RASA_TIMEOUT_S", "60", "less than or equal to 9"),
        ("ENLACE_ENCODER_THREADS", "0", "greater than or equal to 1"),
        ("ENLACE_MAX_MESSAGE_CHARS", "20000", "less than or equal to 10000"),
        ("ENLACE_LOG_LEVEL", "LOUD", "'DEBUG', 'INFO'"),
        ("ENLACE_DATABASE_URL", "postgresql://enlace@host/enlace", r"must be like postgresql\+asyncpg://"),
        ("ENLACE_DATABASE_URL", "postgresql+asyncpg://enlace:p@ss:word@host:5432/enlace", "percent-encoded"),
        ("ENLACE_DATABASE_URL", "enlace.db", "percent-encoded"),
        ("ENLACE_RASA_URL", "127.0.0.1:5005", "must be like https://"),
        ("ENLACE_RASA_URL", "localhost:5005", "must be like https://"),
        ("ENLACE_WEBHOOK_URL", "example.org/alarms", "must be like https://"),
        ("ENLACE_PUBLIC_URL", "https://", "must be like https://"),
        ("ENLACE_PUBLIC_URL", "https://enlace.example.org here", "must be like https://"),
        ("ENLACE_WHATSAPP_API_URL", "http://127.0.0.1:70000", "must be like https://"),
    ],
)
def test_a_wrong_value_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=message) as caught:
        Settings()
    assert caught.value.errors()[0]["loc"] == (name.removeprefix("ENLACE_").lower(),)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Settings(prot=8000)  # type: ignore[call-arg]
    Path(".env").write_text("ENLACE_PROT=8000\n", encoding="utf-8")
    with pytest.raises(ValidationError, match="prot"):
        Settings()


def test_what_is_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("ENLACE_RASA_TOKEN=\n", encoding="utf-8")
    monkeypatch.setenv("ENLACE_RASA_URL", "")
    settings = Settings()
    assert (settings.rasa_url, settings.rasa_token) == (None, None)


def test_a_file_in_another_encoding_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path(".env").write_bytes("# contraseña\nENLACE_PORT=8301\n".encode("latin-1"))
    with pytest.raises(typer.Exit):
        load_settings()
    assert capsys.readouterr().err == "enlace: .env is not UTF-8 (byte 10): save it as that\n"


@pytest.mark.parametrize("name", ["ENLACE_PROT", "FORWARDED_ALLOW_IPS"])
def test_an_unknown_name_in_the_file_is_said_as_it_stands_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(".env").write_text(f"{name}=8000\n", encoding="utf-8")
    with pytest.raises(typer.Exit):
        load_settings()
    assert capsys.readouterr().err.splitlines()[1].startswith(f"{name}: no setting of Enlace (docs/settings.md); what")


def test_settings_do_not_change_once_they_are_made() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize("token", [None, "", "short", "x" * 31])
def test_production_with_a_rasa_elsewhere_needs_its_secret(token: str | None) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(**PRODUCTION, rasa_url="http://rasa:5005", rasa_token=token)
    said = str(caught.value)
    assert "ENLACE_RASA_TOKEN is missing" in said
    assert "secrets.token_urlsafe" in said or not token


@pytest.mark.parametrize("name", ["whatsapp_app_secret", "whatsapp_verify_token"])
def test_production_with_whatsapp_needs_long_secrets(name: str) -> None:
    names = ("whatsapp_token", "whatsapp_app_secret", "whatsapp_verify_token")
    given = {"whatsapp_numbers": "1:kent-wa", **dict.fromkeys(names, "x" * 32)}
    Settings(**PRODUCTION, **given)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match=f"ENLACE_{name.upper()} is missing or shorter than 32 characters"):
        Settings(**PRODUCTION, **(given | {name: "x" * 31}))  # type: ignore[arg-type]


def test_production_is_reached_by_https_alone() -> None:
    with pytest.raises(ValidationError, match="ENLACE_PUBLIC_URL has to begin with https://"):
        Settings(**(PRODUCTION | {"public_url": "http://enlace.example.org"}))


def test_a_good_secret_starts_and_is_not_shown() -> None:
    settings = Settings(**PRODUCTION, rasa_url="http://rasa:5005", rasa_token="x" * 32)
    assert "xxxx" not in repr(settings)
    assert "xxxx" not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"environment": "production"}, "ENLACE_SECRET_KEY"),
        ({"webhook_url": "https://x"}, "ENLACE_WEBHOOK_SECRET"),
        ({"rasa_url": "http://127.0.0.1:5005"}, "ENLACE_RASA_TOKEN"),
    ],
)
def test_a_secret_that_is_needed_and_missing_stops_the_start(given: dict[str, str], name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [PRODUCTION, {}])
def test_no_secret_is_asked_for_where_none_is_needed(given: dict[str, str]) -> None:
    assert Settings(**given).rasa_token is None
