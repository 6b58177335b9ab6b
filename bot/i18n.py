"""Every word of our own that a person reads, from the catalogs under locales/, through Babel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_date, format_time, get_datetime_format
from babel.support import NullTranslations, Translations
from babel.units import format_unit

from bot.problems import StartError

DOMAIN = "enlace"
SOURCE_LANGUAGE = "en"


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "extract this, translate it later"
    """Mark a literal for extraction."""
    return message


class MissingCatalogError(StartError):
    """A language without a compiled catalog."""


class Catalogs:
    """The compiled catalogs of the languages served."""

    def __init__(self, folder: Path, languages: Iterable[str]) -> None:
        """Load `folder`/<language>/LC_MESSAGES/enlace.mo; raises MissingCatalogError."""
        self.languages = list(languages)
        self._catalogs: dict[str, NullTranslations] = {}
        for language in self.languages:
            catalog = Translations.load(folder, [language], DOMAIN)
            if not isinstance(catalog, Translations):
                raise MissingCatalogError(f"no compiled catalog for {language!r} in {folder}: run `make catalogs`")
            self._catalogs[language] = catalog

    def gettext(self, language: str, message: str, /, **values: Any) -> str:
        """`message` in `language`, its %(placeholders)s filled."""
        text = str(self._catalogs[language].gettext(message))
        return text % values if values else text

    def negotiate(self, accept_language: str | None, default: str) -> str:
        """The served language that an Accept-Language header prefers, by base language; `default` if none."""
        wanted = []
        for part in (accept_language or "").split(","):
            tag, _, weight = part.strip().lower().partition(";q=")
            try:
                quality = float(weight or 1)
            except ValueError:
                continue
            if quality > 0:  # RFC 9110, 12.4.2: a quality of 0 says "not this one"
                wanted.append((-quality, tag.strip().replace("-", "_")))
        preferred = [tag for _, tag in sorted(wanted, key=lambda item: item[0])]
        candidates = [form for tag in preferred for form in (tag, tag.split("_")[0])]
        found = negotiate_locale(candidates, self.languages)
        # Babel compares without case, and answers in the spelling of the header.
        return next((language for language in self.languages if found and language.lower() == found.lower()), default)

    @staticmethod
    def date(language: str, date: dt.date) -> str:
        """A date as people write it in `language`."""
        return str(format_date(date, format="long", locale=language))

    @staticmethod
    def moment(language: str, at: dt.datetime, time_zone: str) -> str:
        """A moment as people write it in `language`, in the time of a place, to the minute."""
        zone = ZoneInfo(time_zone)
        pattern = str(get_datetime_format("medium", language))
        date, time = format_date(at.astimezone(zone), "medium", language), format_time(at, "short", zone, language)
        return pattern.replace("{1}", date).replace("{0}", time)


def in_language(text: Mapping[str, str], language: str) -> str:
    """`text` in `language`, or in the first that it has: a language that is only `usable` may lack it."""
    return text.get(language) or next(iter(text.values()))


def language_name(language: str, said_in: str | None = None) -> str:
    """A language's name as it stands inside a sentence of `said_in`, or else of itself: "español", "Spanish"."""
    return str(Locale.parse(language).get_language_name(said_in or language))


def in_days(days: int, language: str) -> str:
    """A number of days as people say it: "1 day", "30 días"."""
    return str(format_unit(days, "duration-day", locale=language))
