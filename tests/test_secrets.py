"""Guards encryption at rest and keyed hashes."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.problems import StartError
from bot.secrets import Secrets, WrongKeyError, load_secrets
from bot.settings import Settings

KEY, OTHER = "k" * 32, "o" * 32


def test_what_was_encrypted_is_read_with_the_same_key_alone() -> None:
    token = Secrets(KEY).encrypt("(206) 555-0100 ñ")
    assert "555" not in token
    assert Secrets(KEY).decrypt(token) == "(206) 555-0100 ñ"
    with pytest.raises(WrongKeyError, match="ENLACE_SECRET_KEY"):
        Secrets(OTHER).decrypt(token)


def test_the_same_text_is_encrypted_differently_and_hashed_alike() -> None:
    secrets = Secrets(KEY)
    assert secrets.encrypt("a") != secrets.encrypt("a")
    assert secrets.digest("a") == secrets.digest("a") != secrets.digest("b")
    assert secrets.digest("a") != Secrets(OTHER).digest("a")


def test_without_a_setting_one_file_is_made_for_its_owner_alone_even_by_many_at_once(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path / "var")
    with ThreadPoolExecutor(8) as pool:
        hashes = {each.digest("a") for each in pool.map(load_secrets, [settings] * 8)}
    path = tmp_path / "var" / "secret.key"
    assert len(hashes) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("found", ["", "\n", "k" * 31])
def test_a_file_without_a_whole_key_is_refused(tmp_path: Path, found: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(found, encoding="utf-8")
    with pytest.raises(StartError, match=f"has a key of {len(found.strip())} characters, which needs 32: put"):
        load_secrets(Settings(var_dir=tmp_path))
    assert path.read_text(encoding="utf-8") == found
