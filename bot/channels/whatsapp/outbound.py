"""A message of ours as WhatsApp takes it: the text, the passage it stands on, and the choices as buttons or a list."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.channels.whatsapp import limits
from bot.i18n import N_, Catalogs
from bot.messages import UNREVIEWED
from bot.rendering.renderer import Renderer
from bot.replies import PERSON, Choice, Reply

Part = Mapping[str, Any]
"""`type`, and what the Cloud API wants under that name."""

OPEN = "command:open"
"""What the template's button sends."""
LIST = N_("Choose")
PROMPT = N_("You can go on with one of these, or write.")
MORE = N_("More passages (%(number)s): ask “where does it say that?”")
TEMPLATE = "enlace_reply"
TEMPLATE_BODY = N_("There is a reply to what you asked. Reply OPEN to read it.")
TEMPLATE_BUTTON = N_("OPEN")

_CUTS = (re.compile(r"\n\n+"), re.compile(r"(?<=[.!?…”])\s+"), re.compile(r"\s+"))
"""Between paragraphs, sentences, words: the first that leaves no piece much shorter than it could be."""


class Outbound:
    """Makes the parts of a message."""

    def __init__(self, renderer: Renderer, catalogs: Catalogs) -> None:
        """What says the words around an answer."""
        self._renderer = renderer
        self._catalogs = catalogs

    def parts(self, text: str, language: str, reply: Reply | None, name: str | None = None) -> list[Part]:
        """`reply`: the whole one, for a message of the bot or a notice. `name`: of the liaison who wrote.

        What is said in a language that isn't served has the channel's own words in one that is.
        """
        language = self._served(language)
        lead = f"*{name}:*\n" if name else ""
        texts = [lead + text]
        choices: list[Choice] = []
        if reply:
            if reply.reviewed is False and reply.citations:
                texts[0] += f"\n\n{self._renderer.labels.say(language, UNREVIEWED)}"
            # Whoever has asked where it says that is answered with all passages.
            if reply.citations and not reply.handoff and reply.citations[-1].quote not in text:
                texts.append(self._passages(reply, language))
            all_choices = [*reply.choices, *self._renderer.form_choices(reply, language)]
            # Meta refuses two titles that are equal (131009), and the whole reply with them.
            choices = list({choice.label: choice for choice in all_choices}.values())
        parts = [_text(piece) for each in texts for piece in split(each, limits.TEXT)]
        if not choices:
            return parts
        last = parts.pop()["text"]["body"]
        if len(last) > limits.BODY:
            parts.append(_text(last))
            last = self._say(language, PROMPT)
        return [*parts, self._choose(last, choices, language)]

    def _passages(self, reply: Reply, language: str) -> str:
        """The words that the answer stands on: as many as one short message holds, the first in any case."""
        for count in range(len(reply.citations), 0, -1):
            more = len(reply.citations) - count
            passages = self._renderer.answers.passages(reply.citations[:count], language)
            shown = "\n\n".join([*passages, *([self._say(language, MORE, number=more)] if more else [])])
            if len(shown) <= limits.BODY:
                break
        return shown

    def _choose(self, body: str, choices: Sequence[Choice], language: str) -> Part:
        if len(choices) <= limits.BUTTONS and all(len(choice.label) <= limits.BUTTON for choice in choices):
            buttons = [{"type": "reply", "reply": {"id": each.send, "title": each.label}} for each in choices]
            return _interactive("button", body, {"buttons": buttons})
        if len(choices) > limits.ROWS:
            person = [choice for choice in choices if choice.send == PERSON]
            others = [choice for choice in choices if choice.send != PERSON]
            choices = [*others[: limits.ROWS - len(person)], *person]
        rows = [{"id": each.send, "title": each.label} for each in choices]
        action = {"button": self._say(language, LIST), "sections": [{"rows": rows}]}
        return _interactive("list", body, action)

    def template(self, language: str) -> Part:
        """The message that may be sent when the window is closed: it says that there is one, and nothing of it."""
        button = {
            "type": "button",
            "sub_type": "quick_reply",
            "index": "0",
            "parameters": [{"type": "payload", "payload": OPEN}],
        }
        template = {"name": TEMPLATE, "language": {"code": self._code(self._served(language))}, "components": [button]}
        return {"type": "template", "template": template}

    def template_definition(self, language: str) -> dict[str, Any]:
        """The same as it has to be submitted to Meta."""
        return {
            "name": TEMPLATE,
            "language": self._code(language),
            "category": "UTILITY",
            "components": [
                {"type": "BODY", "text": self._say(language, TEMPLATE_BODY)},
                {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": self._say(language, TEMPLATE_BUTTON)}]},
            ],
        }

    def too_long(self, language: str) -> list[str]:
        """Each label and template of this channel that WhatsApp would refuse in `language`."""
        problems = [_over("label", self._say(language, LIST), limits.BUTTON)]
        problems.append(_over("template", self._say(language, TEMPLATE_BODY), limits.TEMPLATE_BODY))
        problems.append(_over("template button", self._say(language, TEMPLATE_BUTTON), limits.TEMPLATE_BUTTON))
        problems += [_over("button", label, limits.ROW) for label in self._renderer.labels.every(language)]
        return [problem for problem in problems if problem]

    def _served(self, language: str) -> str:
        languages = self._renderer.library.languages
        return language if language in languages else next(iter(languages))

    def _code(self, language: str) -> str:
        """What Meta calls a language that is served."""
        return self._renderer.library.languages[language].whatsapp or language

    def _say(self, language: str, message: str, **values: Any) -> str:
        return self._catalogs.gettext(language, message, **values)


def _text(body: str) -> Part:
    return {"type": "text", "text": {"body": body, "preview_url": False}}


def _interactive(kind: str, body: str, action: dict[str, Any]) -> Part:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": body}, "action": action}}


def _over(what: str, text: str, most: int) -> str | None:
    return f"{what} “{text}” has {len(text)} characters; WhatsApp takes {most}" if len(text) > most else None


def split(text: str, most: int) -> list[str]:
    """`text` in pieces of at most `most` code points, cut between paragraphs, else sentences, else words."""
    pieces: list[str] = []
    while len(text) > most:
        cut = next((end for pattern in _CUTS if (end := _last(pattern, text[:most])) > most // 3), most)
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*pieces, text] if text else pieces


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Where the last match of `pattern` begins."""
    return max((match.start() for match in pattern.finditer(text)), default=0)
