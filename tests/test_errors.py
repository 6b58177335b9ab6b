"""Every error has a code of its own and a sentence for the resident in each language."""

from __future__ import annotations

import re

import pytest

from bot import errors
from bot.errors import AlreadyClaimed, EnlaceError, ErrorAnswer, MessageTooLong, TooSoon, WeakPassword
from bot.i18n import Catalogs
from bot.settings import ROOT


def tree(cls: type[EnlaceError] = EnlaceError) -> list[type[EnlaceError]]:
    """A class of errors and all below it."""
    return [cls, *(below for child in cls.__subclasses__() for below in tree(child))]


CLASSES = [cls for cls in tree() if cls.__module__ == errors.__name__]


@pytest.fixture(scope="module")
def catalogs() -> Catalogs:
    """The catalogs that are served."""
    return Catalogs(ROOT / "locales", ["en", "es"])


def test_each_error_has_a_code_of_its_own() -> None:
    codes = [cls.code for cls in CLASSES]
    assert len(codes) == len(set(codes)) >= 11
    for cls in CLASSES:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", cls.code)
        assert 400 <= cls.status <= 599
        assert cls.__doc__


@pytest.mark.parametrize("cls", CLASSES)
def test_an_error_says_something_to_the_resident_in_each_language(cls: type[EnlaceError], catalogs: Catalogs) -> None:
    values = {
        MessageTooLong: {"limit": 4000},
        AlreadyClaimed: {"name": "Ana"},
        WeakPassword: {"chars": 12},
        TooSoon: {"seconds": 3},
    }.get(cls, {})
    english, spanish = (cls(**values).body(catalogs, language)["error"] for language in ("en", "es"))
    assert english["message"] != spanish["message"]
    for body in (english, spanish):
        assert body["code"] == cls.code
        assert body["status"] == cls.status
        assert body["message"].endswith(".")
        assert "%(" not in body["message"]
        assert ("4000" in body["message"]) == (cls is MessageTooLong)
    if cls.status >= 500:
        assert "911" in english["message"]
        assert "911" in spanish["message"]


def test_the_body_is_the_one_shape(catalogs: Catalogs) -> None:
    details = [{"field": "text", "message": "too short"}]
    body = errors.BadRequest(details).body(catalogs, "en")
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "status", "message", "details"}
    assert ErrorAnswer.model_validate(body).error.details == details


def test_the_tree_in_the_docstring_names_every_class_where_it_stands() -> None:
    """The names in the docstring, with their depth and their status, are the classes."""
    drawn: list[tuple[str, str | None]] = []
    parents = ["EnlaceError"]
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"([│ ]*)[├└]── (\w+)(?:\s+(\d{3}))?", line):
            depth = len(match[1]) // 4
            parents[depth + 1 :] = [match[2]]
            drawn.append((f"{parents[depth]}.{match[2]}", match[3]))
    classes = {f"{cls.__mro__[1].__name__}.{cls.__name__}": cls for cls in CLASSES if cls is not EnlaceError}
    assert sorted(name for name, _ in drawn) == sorted(classes)
    for name, status in drawn:
        assert status in (None, str(classes[name].status))
