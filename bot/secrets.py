"""Encryption at rest and keyed hashes, from the one secret key of an installation."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.problems import StartError
from bot.settings import Settings

_SHORTEST = 32
"""Characters that a key in a file has at least; the one that is made here has 43."""


def hash_token(token: str) -> str:
    """How a token is stored. One of 256 random bits needs no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


class WrongKeyError(StartError):
    """Something was encrypted with another key than this installation's."""


class Secrets:
    """Encrypts and hashes with one secret key. Each use has a key of its own, derived from it."""

    def __init__(self, key: str) -> None:
        """`key`: at least 32 characters."""
        self._fernet = Fernet(urlsafe_b64encode(_derive(key, b"encryption")))
        self._hash_key = _derive(key, b"hashes")

    def encrypt(self, text: str) -> str:
        """`text`, so that only this key reads it (Fernet)."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """What `encrypt` was given; raises WrongKeyError."""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise WrongKeyError(
                "this was encrypted with another ENLACE_SECRET_KEY: put the old key back to read it"
            ) from None

    def digest(self, text: str) -> str:
        """A keyed hash (HMAC-SHA-256, 64 hex digits): the same for the same text, and only with this key."""
        return hmac.new(self._hash_key, text.encode(), hashlib.sha256).hexdigest()


def _derive(key: str, use: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"enlace " + use).derive(key.encode())


def load_secrets(settings: Settings) -> Secrets:
    """From the setting; without one, from a file in the var folder, made at the first start and its owner's alone.

    Raises StartError where that holds no key.
    """
    if settings.secret_key:
        return Secrets(settings.secret_key.get_secret_value())
    path = settings.var_dir / "secret.key"
    if not path.exists():
        _write_new(path, secrets.token_urlsafe(32))
    key = path.read_text(encoding="utf-8").strip()
    if len(key) < _SHORTEST:
        raise StartError(
            f"{path} has a key of {len(key)} characters, which needs {_SHORTEST}: put its backup there, or delete it "
            "if nothing was encrypted with it yet"
        )
    return Secrets(key)


def _write_new(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(key + "\n")
    try:
        os.link(temporary, path)  # fails, and that is well, where another process was first
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
