"""What to say becomes a reply: rendered in the resident's language from the content and the catalogs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, TypedDict

from pydantic import BaseModel

from bot.content.check import citations_of
from bot.content.library import DepartmentContent, Library
from bot.content.models import Answer, CitationRef, NextStep, TranslationStatus
from bot.i18n import N_, Catalogs

Kind = Literal["answer", "clarify", "no_answer", "emergency", "handoff", "smalltalk"]


class Say(TypedDict, total=False):
    """What to say, as Rasa's responses and the actions put it; `say` decides which other keys there are."""

    say: Literal["answer", "clarify", "no_answer", "emergency", "handoff", "smalltalk", "ask", "language", "trouble"]
    message: str
    topic: str
    topics: list[str]
    language: str
    confidence: float


class Choice(BaseModel):
    """A button: what it shows, and what the channel sends when it is pressed."""

    label: str
    send: str


class Citation(BaseModel):
    """The published words that an answer stands on."""

    document: str
    title: str
    section: str
    section_title: str
    quote: str
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
    handoff_offered: bool = False
    reviewed: bool | None = None
    """Whether a person of the department has checked this answer; None where there is no answer."""
    elapsed_ms: float = 0.0


PERSON = "/press_person"
GUIDE = "/press_guide"
YES = "/press_yes"
NO = "/press_no"

SMALLTALK = {
    "greet": N_(
        "Hello. I am Enlace, for %(department)s. I answer out of the department’s own published words: what officers "
        "ask, immigration, how to report a crime. What would you like to know?"
    ),
    "goodbye": N_("Goodbye. You can come back at any time. If you are in danger, call 911."),
    "thanks": N_("You are welcome. Do you have another question?"),
    "acknowledge": N_("All right. What would you like to know?"),
    "about_bot": N_(
        "I am Enlace, an automatic assistant for %(department)s. I am not a person and not an officer. I answer only "
        "out of texts that the department has published, and I show you the words. I cannot take reports or send "
        "officers. In an emergency, call 911."
    ),
    "privacy": N_(
        "This chat is stored so that it can go on, and people who run this service can read it. A court can order that "
        "it be handed over. Phone numbers and ID numbers are hidden before they are stored. I never ask for your name "
        "or your immigration status: please do not send them. You can erase this chat at any time."
    ),
    "insult": N_("I am sorry that this is frustrating. I can answer questions, or you can ask for a person."),
    "stop_guide": N_("We can stop here. You can come back at any time. If you are in danger, call 911."),
}
QUESTIONS = {
    "report_happening_now": N_("Is it happening right now, or is somebody in danger?"),
    "report_with_name": N_("Do you want to give your name when you report it?"),
}
EMERGENCIES = {
    "emergency": N_(
        "If you or someone else is in danger, call 911 now, if you can do so safely. Say where you are first. "
        "This chat does not reach the police, and nobody may be reading it."
    ),
    "self_harm": N_(
        "I am very sorry that you feel this way. You are not alone. Call or text 988 now to talk with someone, "
        "day or night. If you are in danger right now, call 911. This chat does not reach anyone in time."
    ),
}


def topic_choice(topic: str) -> str:
    """What the button of a topic sends."""
    return "/choose_topic" + json.dumps({"topic": topic})


class Renderer:
    """Says things, out of one version of the content."""

    def __init__(self, library: Library, catalogs: Catalogs) -> None:
        """`catalogs` has every language of `library`."""
        self._library = library
        self._catalogs = catalogs

    def choice_label(self, department: str, language: str, send: str) -> str | None:
        """The label of the button that sends `send`, or None if there is no such button in this department."""
        fixed = self._fixed_labels(language)
        if send in fixed:
            return fixed[send]
        for topic in self._library.departments[department].answers:
            if send == topic_choice(topic):
                return self._label(topic, language)
        return None

    def render(self, says: Sequence[Say], department: str, language: str) -> Reply:
        """One reply for all that a turn says; the first decides its kind, the last which buttons it has."""
        content = self._library.departments[department]
        for say in says:
            if say["say"] == "language":
                language = say["language"]
        replies = [self._one(say, content, language) for say in says]
        first = replies[0]
        if len(replies) == 1:
            return first
        return first.model_copy(
            update={
                "text": "\n\n".join(reply.text for reply in replies),
                "choices": replies[-1].choices or first.choices,
            }
        )

    def trouble(self, department: str, language: str) -> Reply:
        """When a part that is needed doesn't answer: in every language, since nothing is known for sure."""
        message = N_(
            "I cannot answer right now. Your message was kept. Please try again in a minute. "
            "If you are in danger now, call 911."
        )
        others = [other for other in self._library.languages if other != language]
        text = "\n\n".join(self._catalogs.gettext(each, message) for each in (language, *others))
        return Reply(kind="no_answer", department=department, language=language, text=text)

    def _one(self, say: Say, content: DepartmentContent, language: str) -> Reply:
        base: dict[str, Any] = {"department": content.profile.id, "language": language}
        person = Choice(label=self._fixed_labels(language)[PERSON], send=PERSON)
        match say["say"]:
            case "answer":
                return self._answer(content, content.answers[say["topic"]], language, say["confidence"])
            case "clarify":
                text = self._say(language, N_("I am not sure what you mean. Which of these is it about?"))
                topics = [
                    Choice(label=self._label(topic, language), send=topic_choice(topic)) for topic in say["topics"]
                ]
                return Reply(
                    kind="clarify",
                    text=text,
                    confidence=say["confidence"],
                    choices=[*topics, person],
                    handoff_offered=True,
                    **base,
                )
            case "no_answer":
                text = self._say(
                    language,
                    N_(
                        "I found nothing about that in the texts I have (%(department)s), so I cannot answer it. "
                        "You can ask in other words, or ask for a person."
                    ),
                    department=self._name(content, language),
                )
                return Reply(
                    kind="no_answer",
                    text=text,
                    confidence=say["confidence"],
                    choices=[person],
                    handoff_offered=True,
                    **base,
                )
            case "handoff":
                return self._handoff(content, language)
            case "emergency":
                text = self._say(language, EMERGENCIES[say["message"]])
                return Reply(kind="emergency", text=text, choices=[person], handoff_offered=True, **base)
            case "ask":
                labels = self._fixed_labels(language)
                yes_or_no = [Choice(label=labels[send], send=send) for send in (YES, NO)]
                text = self._say(language, QUESTIONS[say["message"]])
                return Reply(kind="clarify", text=text, choices=yes_or_no, **base)
            case "language":
                return Reply(kind="smalltalk", text=self._say(language, N_("I will answer in English.")), **base)
            case "smalltalk":
                name = self._name(content, language)
                text = self._say(language, SMALLTALK[say["message"]], department=name)
                offers = self._first_topics(content, language) if say["message"] in {"greet", "acknowledge"} else []
                return Reply(kind="smalltalk", text=text, choices=offers, **base)
            case other:
                raise ValueError(f"nothing is known to say for {other!r}")

    def _answer(self, content: DepartmentContent, answer: Answer, language: str, confidence: float) -> Reply:
        parts = [answer.answer[language]]
        if answer.exceptions:
            lines = [f"• {exception.text[language]}" for exception in answer.exceptions]
            parts.append("\n".join([self._say(language, N_("Exceptions and limits:")), *lines]))
        steps = [line for step in answer.next_steps if (line := self._step_line(step, content, language))]
        if steps:
            parts.append("\n".join(steps))
        choices = [
            Choice(label=self._label(step.topic, language), send=topic_choice(step.topic))
            for step in answer.next_steps
            if step.topic and content.answers[step.topic].enabled
        ]
        person = answer.silent or any(step.do == "person" for step in answer.next_steps)
        labels = self._fixed_labels(language)
        if answer.topic == "report-not-urgent":
            choices.append(Choice(label=labels[GUIDE], send=GUIDE))
        if person:
            choices.append(Choice(label=labels[PERSON], send=PERSON))
        citations = [self._citation(content, citation, language) for citation, _ in citations_of(answer)]
        return Reply(
            kind="no_answer" if answer.silent else "answer",
            department=content.profile.id,
            language=language,
            text="\n\n".join(parts),
            topic=answer.topic,
            confidence=round(confidence, 4),
            citations=[citation for index, citation in enumerate(citations) if citation not in citations[:index]],
            choices=choices,
            handoff_offered=person,
            reviewed=answer.reviewed_by is not None,
        )

    def _handoff(self, content: DepartmentContent, language: str) -> Reply:
        text = self._say(
            language,
            N_(
                "I have noted that you would like to talk to a person (%(department)s). I cannot say when somebody "
                "will read this, so please do not wait here if it is urgent. You can go on asking me. "
                "If you are in danger now, call 911."
            ),
            department=self._name(content, language),
        )
        answer = content.answers.get("reach-liaison")
        citations = [self._citation(content, ref, language) for ref, _ in citations_of(answer)] if answer else []
        return Reply(
            kind="handoff",
            department=content.profile.id,
            language=language,
            text=text,
            topic=answer.topic if answer else None,
            citations=citations,
            handoff_offered=True,
        )

    def _citation(self, content: DepartmentContent, ref: CitationRef, language: str) -> Citation:
        document = content.document_of(ref)
        head = document.head
        translated = document.translate(ref.section, ref.quote, language) if language != head.language else None
        titles = head.sections[ref.section]
        return Citation(
            document=document.id,
            title=head.title,
            section=ref.section,
            section_title=titles.get(language, titles[head.language]),
            quote=" ".join(ref.quote.split()),
            translation=translated[0] if translated else None,
            translation_status=translated[1] if translated else None,
            url=head.url,
            publisher=head.publisher,
            published=head.published.isoformat() if head.published else None,
            effective=head.effective.isoformat() if head.effective else None,
            note=head.note.get(language) if head.note else None,
        )

    def _step_line(self, step: NextStep, content: DepartmentContent, language: str) -> str | None:
        if step.do == "call-911":
            return self._say(language, N_("If someone is in danger now, call 911."))
        for contact in content.profile.contacts:
            # What the department has not confirmed is never shown.
            if step.contact == contact.id and contact.confirmed:
                return f"{contact.label[language]}: {contact.value}"
        return None

    def _first_topics(self, content: DepartmentContent, language: str) -> list[Choice]:
        first = [
            topic
            for topic in ("what-is-asked", "report-not-urgent", "report-anonymous")
            if topic in content.answers and content.answers[topic].enabled
        ]
        return [Choice(label=self._label(topic, language), send=topic_choice(topic)) for topic in first]

    def _fixed_labels(self, language: str) -> dict[str, str]:
        return {
            PERSON: self._say(language, N_("Talk to a person")),
            GUIDE: self._say(language, N_("Guide me")),
            YES: self._say(language, N_("Yes")),
            NO: self._say(language, N_("No")),
        }

    def _label(self, topic: str, language: str) -> str:
        return self._library.topics[topic].label[language]

    def _name(self, content: DepartmentContent, language: str) -> str:
        return content.profile.name[language]

    def _say(self, language: str, message: str, **values: Any) -> str:
        return self._catalogs.gettext(language, message, **values)
