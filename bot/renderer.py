"""What to say becomes a reply: rendered in the resident's language from the content and the catalogs."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from babel import Locale
from babel.units import format_unit

from bot.content.library import DepartmentContent, Library
from bot.content.models import Answer, CitationRef, NextStep, citations_of
from bot.handoffs.notices import Notices
from bot.handoffs.satisfaction import WHY as WHY_KEYS
from bot.i18n import N_, Catalogs
from bot.messages import ASKS_WHAT, FIRST_TOPICS, NO_ANSWER, QUESTIONS, SAFETY, SMALLTALK, UNREAD, WHATSAPP
from bot.replies import (
    CONNECT,
    CONNECT_BARE,
    CONNECT_WHOLE,
    GUIDE,
    HELPED,
    NO,
    NOT_HELPED,
    PERSON,
    STAY,
    WHY,
    WITHDRAW,
    YES,
    Choice,
    Citation,
    Form,
    HandoffOffer,
    Reader,
    Reply,
    Say,
    Step,
    topic_choice,
)
from bot.unserved import Unserved


class Renderer:
    """Says things, out of one version of the content."""

    def __init__(self, library: Library, catalogs: Catalogs, retention_days: int = 30) -> None:
        """`catalogs` has every language of `library`, which may be put in another's place at any moment.

        `retention_days`: how long a conversation is kept, as residents are told.
        """
        self._retention_days = retention_days
        self.library = library
        self._catalogs = catalogs
        self.notices = Notices(catalogs, lambda department: self.library.departments[department].profile.time_zone)

    def choice_label(self, department: str, language: str, send: str) -> str | None:
        """The label of the button that sends `send`, or None if there is no such button in this department."""
        fixed = self._fixed_labels(language) | self._form_labels(language)
        if send in fixed:
            return fixed[send]
        for topic in self.library.departments[department].answers:
            if send == topic_choice(topic):
                return self._label(topic, language)
        return None

    def render(self, says: Sequence[Say], department: str, language: str) -> Reply:
        """One reply for all that a turn says; the first decides its kind, the last which buttons it has."""
        content = self.library.departments[department]
        for say in says:
            if say["say"] == "language":
                language = say["language"]
        replies = [self._one(say, content, language) for say in says]
        if len(replies) == 1:
            return replies[0]
        # An answer among them is what the reply is about; what stands around it only adds words and buttons.
        main = next((reply for reply in replies if reply.topic), replies[0])
        return main.model_copy(
            update={
                "text": "\n\n".join(reply.text for reply in replies),
                "choices": replies[-1].choices or main.choices,
            }
        )

    def greeting(self, department: str, language: str) -> Reply:
        """What a conversation begins with: the department's own greeting, where it has one."""
        content = self.library.departments[department]
        reply = self._one(Say(say="smalltalk", message="greet"), content, language)
        if own := content.profile.greeting:
            reply.text = in_language(own, language)
        return reply

    def safety(self, message: str, department: str, language: str) -> Reply:
        """What a safety rule says, with what the department's text says where the message calls for it."""
        content, said = self.library.departments[department], SAFETY[message]
        reply = Reply(
            kind="emergency",
            department=department,
            language=language,
            text=self._say(language, said.text),
            choices=[*self._choices(said.offers, content, language), self._person(language)],
            steps=self._numbers(said.text, language),
            handoff_offered=True,
        )
        answers = [content.answers[topic] for topic in said.answers if topic in content.answers]
        answers = sorted((each for each in answers if each.enabled), key=lambda each: each.silent)
        if not answers:
            return reply
        answer = self._answer(content, answers[0], language, 1.0)
        lead = [self._say(language, N_("This is what the department’s text says:"))] if answer.citations else []
        return answer.model_copy(
            update={
                "kind": "answer" if answer.citations else reply.kind,
                "steps": reply.steps,
                "text": "\n\n".join([reply.text, *lead, answer.text]),
                "choices": [*reply.choices, *(choice for choice in answer.choices if choice.send != PERSON)],
                "handoff_offered": True,
            }
        )

    def warn(self, message: str, reply: Reply) -> Reply:
        """`reply` with what is said of danger before it: where danger is likely, but not sure."""
        warning = self._say(reply.language, SAFETY[message].text)
        person = self._person(reply.language)
        return reply.model_copy(
            update={
                "kind": "emergency",
                "text": f"{warning}\n\n{reply.text}",
                "steps": self._numbers(SAFETY[message].text, reply.language),
                "choices": [*(choice for choice in reply.choices if choice != person), person],
                "handoff_offered": True,
            }
        )

    def unserved(self, language: Unserved, department: str) -> Reply:
        """In a language that isn't served: what is, and how to get help."""
        return Reply(
            kind="no_answer",
            department=department,
            language=language.code,
            text=language.sentence,
            choices=[Choice(label=language.person, send=PERSON)],
            handoff_offered=True,
        )

    def trouble(self, department: str, language: str) -> Reply:
        """When a part that is needed doesn't answer: in every language, since nothing is known for sure."""
        message = N_(
            "I cannot answer right now. Your message was kept. Please try again in a minute. "
            "If you are in danger now, call 911."
        )
        languages = dict.fromkeys([language, *self.library.languages])
        text = "\n\n".join(dict.fromkeys(self._catalogs.gettext(each, message) for each in languages))
        return Reply(kind="no_answer", department=department, language=language, text=text)

    def _one(self, say: Say, content: DepartmentContent, language: str) -> Reply:
        base: dict[str, Any] = {"department": content.profile.id, "language": language}
        person = self._person(language)
        match say["say"]:
            case "answer":
                return self._answer(
                    content, content.answers[say["topic"]], language, say["confidence"], say.get("form")
                )
            case "clarify":
                text = self._say(language, N_("I am not sure what you mean. Which of these is it about?"))
                return Reply(
                    kind="clarify",
                    text=text,
                    confidence=say["confidence"],
                    choices=[*self._choices(say["topics"], content, language), person],
                    handoff_offered=True,
                    **base,
                )
            case "no_answer":
                text = self._say(
                    language,
                    NO_ANSWER[say.get("message", "not_in_the_texts")],
                    department=self._name(content, language),
                )
                return Reply(
                    kind="no_answer",
                    text=text,
                    confidence=say["confidence"],
                    choices=[*self._choices(say.get("topics", []), content, language), person],
                    handoff_offered=True,
                    **base,
                )
            case "handoff":
                return self._handoff(content, language, say["offer"], say.get("channel", "web"))
            case "connect":
                return self.notices.connected(content.profile.id, language, say["outlook"], say.get("channel", "web"))
            case "ask":
                labels = self._fixed_labels(language)
                yes_or_no = [Choice(label=labels[send], send=send) for send in (YES, NO)]
                text = self._say(language, QUESTIONS[say["message"]])
                return Reply(kind="clarify", text=text, choices=yes_or_no, **base)
            case "language":
                return Reply(
                    kind="smalltalk",
                    text=self._say(language, N_("I will answer in %(name)s."), name=language_name(language)),
                    **base,
                )
            case "smalltalk":
                name = self._name(content, language)
                text = self._say(language, SMALLTALK[say["message"]], department=name)
                first = content.profile.first_topics or FIRST_TOPICS
                offers = self._choices(first if say["message"] in ASKS_WHAT else (), content, language)
                return Reply(kind="smalltalk", text=text, choices=offers, **base)
            case other:
                raise ValueError(f"nothing is known to say for {other!r}")

    def _answer(
        self, content: DepartmentContent, answer: Answer, language: str, confidence: float, form: Form | None = None
    ) -> Reply:
        if language not in answer.answer:
            # Where a language is only `usable` a topic may be missing: the original is better than nothing.
            language = next(iter(answer.answer))
        person = answer.silent or any(step.do == "person" for step in answer.next_steps)
        choices = self._choices([step.topic for step in answer.next_steps if step.topic], content, language)
        if answer.topic == "report-not-urgent":
            choices.append(Choice(label=self._fixed_labels(language)[GUIDE], send=GUIDE))
        if person:
            choices.append(self._person(language))
        if answer.topic in content.stale:
            return self._withheld(content, answer, language, confidence, choices)
        citations = [self._citation(content, citation, language) for citation, _ in citations_of(answer)]
        citations = [citation for index, citation in enumerate(citations) if citation not in citations[:index]]
        return Reply(
            kind="no_answer" if answer.silent else "answer",
            department=content.profile.id,
            language=language,
            text="\n\n".join(self._parts(content, answer, language, citations, form)),
            topic=answer.topic,
            confidence=round(confidence, 4),
            citations=citations,
            choices=choices,
            steps=[] if form else [link for step in answer.next_steps if (link := self._step(step, content, language))],
            handoff_offered=person,
            reviewed=answer.reviewed_by is not None,
        )

    def _parts(
        self,
        content: DepartmentContent,
        answer: Answer,
        language: str,
        citations: Sequence[Citation],
        form: Form | None,
    ) -> list[str]:
        """The paragraphs of an answer. Whatever the form, its exceptions are among them."""
        whole = answer.answer[language]
        if form == "limits" and not answer.exceptions:
            form = "explained"  # that there are none could only be said by the published words
        parts = [] if form in {"source", "limits"} else [first_sentences(whole) if form == "short" else whole]
        if form in {"explained", "source"}:
            parts += self.passages(citations, language)
        if answer.exceptions:
            lines = [f"• {in_language(exception.text, language)}" for exception in answer.exceptions]
            parts.append("\n".join([self._say(language, N_("Exceptions and limits:")), *lines]))
        if form is None:
            lines = [line for step in answer.next_steps if (line := self._step_line(step, content, language))]
            parts += ["\n".join(lines)] if lines else []
        return parts or [whole]

    def passages(self, citations: Iterable[Citation], language: str) -> list[str]:
        """The published words, those of one section together: where they stand, since when, and in the resident's
        language too, where there is a translation.
        """
        return [
            self._section(list(group), language)
            for _, group in itertools.groupby(citations, key=lambda citation: (citation.document, citation.section))
        ]

    def _section(self, citations: Sequence[Citation], language: str) -> str:
        first = citations[0]
        lines = [
            self._say(
                language,
                N_("In “%(title)s”, section “%(section)s”:"),
                title=first.title,
                section=first.section_title,
            )
        ]
        for citation in citations:
            lines.append(f"“{citation.quote}”")
            if citation.translation:
                official = citation.translation_status == "official"
                label = N_("Translation: %(words)s") if official else N_("Unofficial translation: %(words)s")
                lines.append(self._say(language, label, words=citation.translation))
        return "\n".join([*lines, self._dated(first, language), *filter(None, (first.note, first.url))])

    def _dated(self, citation: Citation, language: str) -> str:
        if date := citation.effective or citation.published:
            label = N_("In effect since") if citation.effective else N_("Published")
            return f"{self._say(language, label)}: {self._catalogs.date(language, dt.date.fromisoformat(date))}"
        return self._say(language, N_("No date in the text"))

    def _withheld(
        self, content: DepartmentContent, answer: Answer, language: str, confidence: float, choices: list[Choice]
    ) -> Reply:
        """The published text has changed since this answer was written: the text is shown, the answer is not."""
        if answer.silent:  # nobody has looked whether the text is still silent
            return self._one(Say(say="no_answer", confidence=confidence), content, language)
        sections = dict.fromkeys((ref.document, ref.section) for ref, _ in citations_of(answer))
        refs = [
            CitationRef(document=document, section=section, quote=content.documents[document].sections[section].text)
            for document, section in sections
            if document in content.documents and section in content.documents[document].sections
        ]
        citations = [self._citation(content, ref, language) for ref in refs]
        person = self._person(language)
        return Reply(
            kind="answer" if citations else "no_answer",
            department=content.profile.id,
            language=language,
            text=self._say(
                language,
                N_(
                    "The department’s text on this has changed, and nobody has checked our answer against it yet, so I "
                    "only show you the published words. You can also ask for a person."
                ),
            ),
            topic=answer.topic,
            confidence=round(confidence, 4),
            citations=citations,
            choices=[*(choice for choice in choices if choice != person), person],
            handoff_offered=True,
            reviewed=False,
        )

    def _handoff(self, content: DepartmentContent, language: str, offer: HandoffOffer, channel: str) -> Reply:
        """Before anything is passed on: who would read it, what it is, how long it is kept, and who may demand it."""
        name = self._name(content, language)
        readers = [self._reader(reader, language) for reader in offer.readers]
        parts = [
            self._say(
                language, N_("A person of %(department)s can read what you pass on, and answer here."), department=name
            ),
            self._say(language, N_("Who may read it: %(people)s."), people="; ".join(readers))
            if readers
            else self._say(
                language,
                N_("Nobody of %(department)s has an account here yet, so nobody may be there to read it."),
                department=name,
            ),
            self._say(
                language,
                N_("This is what I would pass on: “%(summary)s” You can change it or leave it out.")
                if channel == "web"
                else N_(
                    "This is what I would pass on: “%(summary)s” You can leave it out. To change it, write what I "
                    "should pass on, and then ask for a person again."
                ),
                summary=offer.summary,
            ),
            self._say(
                language,
                N_(
                    "You do not have to give your name. The chat is kept for %(time)s after its last message, and "
                    "a court can order that it be handed over. You can erase it at any time. I cannot say when "
                    "somebody will read this: if you are in danger now, call 911."
                ),
                time=in_days(self._retention_days, language),
            ),
        ]
        answer = content.answers.get("reach-liaison")
        if answer and answer.topic in content.stale:
            answer = None
        citations = [self._citation(content, ref, language) for ref, _ in citations_of(answer)] if answer else []
        labels = self._fixed_labels(language)
        return Reply(
            kind="handoff",
            department=content.profile.id,
            language=language,
            text="\n\n".join(parts),
            topic=answer.topic if answer else None,
            citations=citations,
            choices=[Choice(label=labels[send], send=send) for send in (CONNECT, CONNECT_WHOLE, STAY)],
            handoff_offered=True,
            handoff=offer,
        )

    def unread(self, kind: str, department: str, language: str, first: bool = False) -> Reply:
        """To what is no text, by its kind (bot/messages.py, UNREAD). `first`: nothing says which language they read."""
        languages = [language, *(each for each in self.library.languages if first and each != language)]
        return Reply(
            kind="emergency" if kind == "location" else "smalltalk",
            department=department,
            language=language,
            text="\n\n".join(self._say(each, UNREAD[kind]) for each in languages),
            choices=[self._person(language)],
            handoff_offered=True,
        )

    def whatsapp(self, message: str, department: str, language: str, choices: Sequence[Choice] = ()) -> Reply:
        """What the WhatsApp channel says itself (bot/messages.py, WHATSAPP)."""
        values = {
            "department": self._name(self.library.departments[department], language),
            "time": in_days(self._retention_days, language),
        }
        text = self._say(language, WHATSAPP[message], **values)
        choices = [self._person(language)] if message == "not_helped" else list(choices)
        return Reply(kind="smalltalk", department=department, language=language, text=text, choices=choices)

    def form_choices(self, reply: Reply, language: str) -> list[Choice]:
        """The buttons that stand for the website's forms around a reply, for a channel that has none."""
        sends = [CONNECT_BARE] if reply.handoff else []
        sends += [WITHDRAW] if "withdraw" in reply.forms else []
        sends += [HELPED, NOT_HELPED] if "rate" in reply.forms else []
        return [Choice(label=self._form_labels(language)[send], send=send) for send in sends]

    def say(self, language: str, message: str) -> str:
        """A sentence of ours (bot/messages.py) in `language`."""
        return self._say(language, message)

    def labels(self, language: str) -> list[str]:
        """The label of every button that an answer can have."""
        own = [*self._fixed_labels(language).values(), *self._form_labels(language).values()]
        return [*own, *(self._label(topic, language) for topic in self.library.topics)]

    def summary(self, department: str, language: str, topic: str | None, question: str | None) -> str:
        """What would be passed on to a person: what the conversation was about, in the resident's own words."""
        known = topic in self.library.departments[department].answers if topic else False
        if question and topic and known:
            return self._say(
                language, N_("About %(topic)s: %(question)s"), topic=self._label(topic, language), question=question
            )
        return question or self._say(language, N_("Wants to talk to a person."))

    def _reader(self, reader: Reader, language: str) -> str:
        message = (
            N_("%(name)s (%(title)s, sworn officer)") if reader.sworn else N_("%(name)s (%(title)s, not an officer)")
        )
        return self._say(language, message, name=reader.name, title=reader.title)

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
            language=head.language,
            translation=translated[0] if translated else None,
            translation_status=translated[1] if translated else None,
            url=head.url,
            publisher=head.publisher,
            published=head.published.isoformat() if head.published else None,
            effective=head.effective.isoformat() if head.effective else None,
            note=in_language(head.note, language) if head.note else None,
        )

    def _step_line(self, step: NextStep, content: DepartmentContent, language: str) -> str | None:
        if step.do == "call-911":
            return self._say(language, N_("If someone is in danger now, call 911."))
        for contact in content.profile.contacts:
            # What the department has not confirmed is never shown.
            if step.contact == contact.id and contact.confirmed:
                return f"{in_language(contact.label, language)}: {contact.value}"
        return None

    def _step(self, step: NextStep, content: DepartmentContent, language: str) -> Step | None:
        """The same as a link."""
        if step.do == "call-911":
            return self._call("911", language)
        for contact in content.profile.contacts:
            if step.contact == contact.id and contact.confirmed and contact.value:
                href = {"phone": f"tel:{_DIAL.sub('', contact.value)}", "email": f"mailto:{contact.value}"}
                label = f"{in_language(contact.label, language)}: {contact.value}"
                return Step(label=label, href=href.get(contact.kind, contact.value if contact.kind == "link" else None))
        return None

    def _numbers(self, text: str, language: str) -> list[Step]:
        """A link to call each emergency number that a text names, the first named first."""
        return [self._call(number, language) for number in dict.fromkeys(_EMERGENCY.findall(text))]

    def _call(self, number: str, language: str) -> Step:
        return Step(label=self._say(language, N_("Call %(number)s"), number=number), href=f"tel:{number}")

    def _choices(self, topics: Iterable[str], content: DepartmentContent, language: str) -> list[Choice]:
        """A button for each of `topics` that the department answers."""
        return [
            Choice(label=self._label(topic, language), send=topic_choice(topic))
            for topic in topics
            if topic in content.answers and content.answers[topic].enabled
        ]

    def _person(self, language: str) -> Choice:
        return Choice(label=self._fixed_labels(language)[PERSON], send=PERSON)

    def _fixed_labels(self, language: str) -> dict[str, str]:
        return {
            PERSON: self._say(language, N_("Talk to a person")),
            GUIDE: self._say(language, N_("Guide me")),
            YES: self._say(language, N_("Yes")),
            NO: self._say(language, N_("No")),
            CONNECT: self._say(language, N_("Yes, pass it on")),
            CONNECT_WHOLE: self._say(language, N_("With my whole chat")),
            STAY: self._say(language, N_("No, stay here")),
        }

    def _form_labels(self, language: str) -> dict[str, str]:
        return {
            CONNECT_BARE: self._say(language, N_("Without the summary")),
            WITHDRAW: self._say(language, N_("Stop waiting")),
            HELPED: self._say(language, N_("It helped")),
            NOT_HELPED: self._say(language, N_("It did not help")),
            **{WHY + key: self._say(language, label) for labels in WHY_KEYS.values() for key, label in labels.items()},
        }

    def _label(self, topic: str, language: str) -> str:
        return in_language(self.library.topics[topic].label, language)

    def _name(self, content: DepartmentContent, language: str) -> str:
        return in_language(content.profile.name, language)

    def _say(self, language: str, message: str, **values: Any) -> str:
        return self._catalogs.gettext(language, message, **values)


def in_language(text: Mapping[str, str], language: str) -> str:
    """`text` in `language`, or in the first that it has: a language that is only `usable` may lack it."""
    return text.get(language) or next(iter(text.values()))


def language_name(language: str) -> str:
    """A language's name in itself, as it stands inside a sentence: "español", "English"."""
    return str(Locale.parse(language).get_language_name(language))


def in_days(days: int, language: str) -> str:
    """A number of days as people say it: "1 day", "30 días"."""
    return str(format_unit(days, "duration-day", locale=language))


_EMERGENCY = re.compile(r"\b(?:911|988)\b")
_DIAL = re.compile(r"[^\d+]")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def first_sentences(text: str, words: int = 6) -> str:
    """As many of the first sentences of `text` as have so many words: "No." alone would mislead."""
    taken: list[str] = []
    for sentence in _SENTENCE_END.split(text.strip()):
        taken.append(sentence)
        if len(" ".join(taken).split()) >= words:
            break
    return " ".join(taken)
