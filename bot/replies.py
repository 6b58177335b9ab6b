"""What to say, as Rasa and the actions put it, and the reply that it becomes (bot/rendering/)."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Literal, TypedDict

from pydantic import BaseModel

from bot.content.models import TranslationStatus

Form = Literal["short", "explained", "source", "limits", "known"]
"""How to say an answer that was given already; `known`: there is no more to say."""
Kind = Literal["answer", "clarify", "no_answer", "emergency", "handoff", "smalltalk"]


ResidentForm = Literal["callback", "code", "withdraw", "rate"]
"""What a reply invites the resident to do besides writing: be called back, take a code that opens the chat elsewhere,
stop waiting, say whether it helped."""


class Reader(BaseModel):
    """Somebody who may read what is passed on."""

    name: str
    title: str
    sworn: bool


class HandoffOffer(BaseModel):
    """What a resident is told before they agree to be handed to a person."""

    readers: list[Reader]
    """Every liaison who may see the department's conversations; empty where there is none yet."""
    summary: str
    """What would be passed on. The resident may change it, or leave it out."""
    asked: int | None = None
    """Number of the message whose words it has, if it has any."""
    topic: str | None = None
    """What it is about, where it names a topic."""
    danger: bool = False
    """Whether danger was found, which is passed on with it."""


@dataclass(frozen=True)
class Outlook:
    """What is known of how long a resident will wait."""

    wait_s: float | None = None
    """Seconds within which half of the last who asked had a person; None where fewer had one, or too few asked."""
    opens_at: dt.datetime | None = None
    """When those who answer are back, where none is at work now."""
    nobody: bool = False
    """Whether nobody has an account who may read it."""


class Say(TypedDict, total=False):
    """What to say, as Rasa's responses and the actions put it; `say` decides which other keys there are."""

    say: Literal[
        "answer",
        "clarify",
        "no_answer",
        "handoff",
        "waiting",
        "smalltalk",
        "ask",
        "language",
        "connect",
        "emergency",
        "next_steps",
    ]
    message: str
    agrees: bool
    """Whether it is said to a yes or to a no."""
    topic: str
    topics: list[str]
    others: list[str]
    """Topics of what else was asked, in the same message."""
    guided: bool
    """Whether the guide to reporting ends with it."""
    language: str
    confidence: float
    form: Form
    whole_chat: bool
    offer: HandoffOffer
    outlook: Outlook
    channel: str


class Choice(BaseModel):
    """A button: what it shows, and what the channel sends when it is pressed."""

    label: str
    send: str


class Step(BaseModel):
    """What the resident can do next outside the chat: `href` is tel:, mailto: or https:, or None for an address.

    `value`: the number or address with which `label` ends, where it says before it whose that is.
    """

    label: str
    href: str | None
    value: str | None = None


class Citation(BaseModel):
    """The published words that an answer stands on."""

    document: str
    title: str
    section: str
    section_title: str
    quote: str
    language: str
    """Of the quote: that of publication."""
    translation: str | None
    translation_status: TranslationStatus | None
    url: str | None
    publisher: str | None
    published: str | None
    effective: str | None
    note: str | None
    """What has to be said wherever the source is shown."""


class Reply(BaseModel):
    """All that the assistant says in one turn. The same object from the API, the page and `enlace ask`."""

    kind: Kind
    department: str
    language: str
    text: str
    topic: str | None = None
    confidence: float | None = None
    citations: list[Citation] = []
    choices: list[Choice] = []
    steps: list[Step] = []
    """The next steps of `text` that lead out of the chat, for a channel that can make links of them."""
    handoff_offered: bool = False
    handoff: HandoffOffer | None = None
    """What handing over would mean, where this reply asks whether to."""
    forms: list[ResidentForm] = []
    reviewed: bool | None = None
    """Whether a person of the department has checked this answer; None where there is no answer."""
    trouble: bool = False
    """Whether it only says that a part which is needed didn't answer: then it is no answer at all."""
    elapsed_ms: float = 0.0
    number: int | None = None
    """Of its message in the conversation; None where there is none."""


REPORT_DANGER = "report-danger-now"
"""The topic of what to do in danger."""
REPORT_NOT_URGENT = "report-not-urgent"
REPORT_ANONYMOUS = "report-anonymous"
REACH_LIAISON = "reach-liaison"
"""The topic of how to reach a person: who asks about it is offered one."""
PERSON = "/press_person"
CONNECT = "/press_connect"
CONNECT_WHOLE = "/press_connect_whole"
CONNECT_BARE = "/press_connect_bare"
STAY = "/press_stay"
WITHDRAW = "/press_withdraw"
HELPED = "/press_helped"
NOT_HELPED = "/press_not_helped"
WHY = "/press_why_"
"""Before the key of what a person's help was most (bot/messages.py, REASONS)."""
GUIDE = "/press_guide"
NOW = "/press_now"
YES = "/press_yes"
NO = "/press_no"


UNREAD = "/unread_"
"""Before the kind of what a resident sent that is no text (bot/messages.py, UNREAD)."""


def topic_choice(topic: str) -> str:
    """What the button of a topic sends."""
    return "/choose_topic" + json.dumps({"topic": topic})
