"""Sentences, buttons and names in a language: what every reply is put together from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bot.content.library import DepartmentContent, Library
from bot.i18n import N_, Catalogs, in_language
from bot.messages import REASONS
from bot.replies import (
    CONNECT,
    CONNECT_BARE,
    CONNECT_WHOLE,
    GUIDE,
    HELPED,
    NO,
    NOT_HELPED,
    NOW,
    PERSON,
    REACH_LIAISON,
    STAY,
    WHY,
    WITHDRAW,
    YES,
    Choice,
    topic_choice,
)


class Labels:
    """In every language of the catalogs, of one version of the content."""

    def __init__(self, catalogs: Catalogs, library: Callable[[], Library]) -> None:
        """`library` gives the present version."""
        self._catalogs = catalogs
        self._library = library

    def say(self, language: str, message: str, **values: Any) -> str:
        """A sentence of the catalogs."""
        return self._catalogs.gettext(language, message, **values)

    def topic(self, topic: str, language: str) -> str:
        """The label of a topic; raises KeyError."""
        return in_language(self._library().topics[topic].label, language)

    def names(self, topic: str | None, text: str) -> bool:
        """Whether a text names a topic by its label, in any language."""
        known = self._library().topics.get(topic) if topic else None
        return known is not None and any(label in text for label in known.label.values())

    def of(self, department: str, language: str, send: str) -> str | None:
        """The label of the button that sends `send`, or None if there is no such button in this department."""
        own = self.fixed(language) | self.forms(language)
        if send in own:
            return own[send]
        for topic in self._library().departments[department].answers:
            if send == topic_choice(topic):
                return self.topic(topic, language)
        return None

    def every(self, language: str) -> list[str]:
        """The label of every button that an answer can have."""
        own = [*self.fixed(language).values(), *self.forms(language).values()]
        return [*own, *(self.topic(topic, language) for topic in self._library().topics)]

    def choices(self, topics: Iterable[str], content: DepartmentContent, language: str) -> list[Choice]:
        """A button for each of `topics` that the department answers; how to reach a person has the one that does it."""
        return [
            self.choice(PERSON, language)
            if topic == REACH_LIAISON
            else Choice(label=self.topic(topic, language), send=topic_choice(topic))
            for topic in topics
            if topic in content.answers and content.answers[topic].enabled
        ]

    def and_person(self, choices: Iterable[Choice], language: str) -> list[Choice]:
        """`choices`, and last the button that offers a person."""
        return [*(choice for choice in choices if choice.send != PERSON), self.choice(PERSON, language)]

    def choice(self, send: str, language: str) -> Choice:
        """A button that stands in every department; raises KeyError."""
        return Choice(label=self.fixed(language)[send], send=send)

    def fixed(self, language: str) -> dict[str, str]:
        """Those of buttons that go to Rasa, by what they send."""
        return {
            PERSON: self.say(language, N_("Talk to a person")),
            GUIDE: self.say(language, N_("Guide me")),
            NOW: self.say(language, N_("Yes")),
            YES: self.say(language, N_("Yes")),
            NO: self.say(language, N_("No")),
            CONNECT: self.say(language, N_("Yes, pass it on")),
            CONNECT_WHOLE: self.say(language, N_("Yes, with my whole chat")),
            STAY: self.say(language, N_("No, stay here")),
        }

    def forms(self, language: str) -> dict[str, str]:
        """Those of buttons that stand for the website's forms, by what they send."""
        return {
            CONNECT_BARE: self.say(language, N_("Yes, without the summary")),
            WITHDRAW: self.say(language, N_("Stop waiting")),
            HELPED: self.say(language, N_("It helped")),
            NOT_HELPED: self.say(language, N_("It did not help")),
            **{WHY + key: self.say(language, label) for labels in REASONS.values() for key, label in labels.items()},
        }


def department_name(content: DepartmentContent, language: str) -> str:
    """As the department calls itself."""
    return in_language(content.profile.name, language)
