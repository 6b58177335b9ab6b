"""Turns over a real store, with everything heavy replaced."""

from __future__ import annotations

from typing import Any

import pytest
from turning import Detector, Encoder, Rasa, Search

from bot.channels.whatsapp.intake import forget_ids
from bot.content.library import Library
from bot.conversations.store import Store
from bot.handoffs.desk import Desk
from bot.handoffs.retention import Retention
from bot.i18n import Catalogs
from bot.limits import Limits
from bot.rendering.renderer import Renderer
from bot.safety import SafetyRules
from bot.secrets import Secrets
from bot.settings import Settings
from bot.turns.answering import Answering
from bot.turns.reading import Reading
from bot.turns.turns import Turns
from bot.unserved import UnservedLanguages


@pytest.fixture
def rasa() -> Rasa:
    """A Rasa that greets."""
    return Rasa()


@pytest.fixture
def encoder() -> Encoder:
    """An encoder that works."""
    return Encoder()


@pytest.fixture
def delivered() -> list[str]:
    """The conversations that were told to have news."""
    return []


@pytest.fixture(scope="session")
def unserved(library: Library) -> UnservedLanguages:
    """The languages that are told that they aren't served."""
    return UnservedLanguages(Settings().data_dir / "unserved.yml", library.languages)


@pytest.fixture
def renderer(library: Library) -> Renderer:
    """What makes replies of the content."""
    return Renderer(library, Catalogs(Settings().locales_dir, library.languages))


@pytest.fixture
def answering(
    store: Store,
    rasa: Rasa,
    encoder: Encoder,
    renderer: Renderer,
    safety: SafetyRules,
    limits: Limits,
    unserved: UnservedLanguages,
) -> Answering:
    """What decides what is said, with everything heavy replaced."""
    search: Any = Search()
    parts: dict[str, Any] = {"encoder": encoder, "rasa": rasa, "detector": Detector(), "net": search}
    return Answering(
        store=store,
        desk=Desk(store, Secrets("k" * 32), renderer),
        reading=Reading(store, encoder, search, search, renderer, limits.elsewhere),
        safety=safety,
        renderer=renderer,
        unserved=unserved,
        limits=limits,
        **parts,
    )


@pytest.fixture
def turns(store: Store, answering: Answering, rasa: Any, renderer: Renderer, delivered: list[str]) -> Turns:
    """Turns over a real store."""
    return Turns(store, answering, Retention(store.engine, 30, 7, forget_ids), rasa, renderer, delivered.append)
