"""Copies of the content and the catalogs to which a language is added."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from compiling import compile_catalog
from portuguese import add_portuguese

from bot.settings import ROOT


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the content and of the catalogs, these compiled now; not to be changed."""
    folder = tmp_path_factory.mktemp("original")
    # Without what only the encoder learns from: it is most of the bytes, and no command here reads it.
    learned = shutil.ignore_patterns("tuning")
    shutil.copytree(ROOT / "data", folder / "data", ignore=learned)
    shutil.copytree(ROOT / "locales", folder / "locales", ignore=shutil.ignore_patterns("*.mo"))
    for path in folder.glob("locales/*/LC_MESSAGES/enlace.po"):
        compile_catalog(path)
    return folder


@pytest.fixture
def project(original: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(original, tmp_path / "project")


@pytest.fixture(scope="module")
def portuguese(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with Portuguese added, and a handful of messages and one topic of one department written in it."""
    folder = shutil.copytree(original, tmp_path_factory.mktemp("portuguese") / "project")
    add_portuguese(folder)
    return folder
