"""An answer as the resident reads it: its words, exceptions, citations and next steps; or that there is none."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Sequence

from bot.content.library import DepartmentContent
from bot.content.models import Answer, CitationRef, NextStep, citations_of
from bot.i18n import N_, Catalogs, in_language
from bot.messages import NO_ANSWER
from bot.rendering.labels import Labels, department_name
from bot.replies import GUIDE, PERSON, REPORT_NOT_URGENT, Choice, Citation, Form, Reply, Step

_DIAL = re.compile(r"[^\d+]")
_STANDS_ALONE = 6
"""Words."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[.!?][”»\"])\s+")


class Answers:
    """Puts answers together."""

    def __init__(self, catalogs: Catalogs, labels: Labels) -> None:
        """Out of these words."""
        self._catalogs = catalogs
        self._labels = labels

    def answer(
        self,
        content: DepartmentContent,
        answer: Answer,
        language: str,
        confidence: float,
        form: Form | None = None,
        *,
        guided: bool = False,
        warned: bool = False,
    ) -> Reply:
        """The reply that an answer is, or a `form` of it; the published text alone where that has changed since.

        `guided`: the guide to reporting ends with it; `warned`: it stands below a warning, which says when to call 911.
        """
        if language not in answer.answer:
            # Where a language is only `usable` a topic may be missing: the original is better than nothing.
            language = next(iter(answer.answer))
        person = answer.silent or form == "known" or any(step.do == "person" for step in answer.next_steps)
        choices = self._labels.choices([step.topic for step in answer.next_steps if step.topic], content, language)
        if answer.topic == REPORT_NOT_URGENT and not guided:
            choices.append(self._labels.choice(GUIDE, language))
        if person:
            choices = self._labels.and_person(choices, language)
        if guided or form == "known":
            choices = [self._labels.choice(PERSON, language), *(each for each in choices if each.send != PERSON)]
        if answer.topic in content.stale:
            return self._withheld(content, answer, language, confidence, choices)
        citations = self.citations(content, answer, language)
        all_there_is = N_("That is all the texts I have say about this. For more, you can ask here for a person.")
        end = [self._labels.say(language, all_there_is)] if guided else []
        return Reply(
            kind="no_answer" if answer.silent else "answer",
            department=content.profile.id,
            language=language,
            text="\n\n".join([*self._parts(content, answer, language, citations, form, warned), *end]),
            topic=answer.topic,
            confidence=round(confidence, 4),
            citations=citations,
            choices=choices,
            steps=[] if form else self.steps(content, answer, language),
            handoff_offered=person or guided,
            reviewed=answer.reviewed_by is not None,
        )

    def none(
        self,
        content: DepartmentContent,
        language: str,
        confidence: float,
        message: str = "not_in_the_texts",
        topics: Sequence[str] = (),
    ) -> Reply:
        """That there is none, for the reason `message` (bot/messages.py, NO_ANSWER), with `topics` to look at."""
        text = self._labels.say(language, NO_ANSWER[message], department=department_name(content, language))
        return Reply(
            kind="no_answer",
            department=content.profile.id,
            language=language,
            text=text,
            confidence=confidence,
            choices=self._labels.and_person(self._labels.choices(topics, content, language), language),
            handoff_offered=True,
        )

    def passages(self, citations: Iterable[Citation], language: str) -> list[str]:
        """The published words, those of one section together: where they stand, since when, and in the resident's
        language too, where there is a translation.
        """
        return [
            self._section(list(group), language)
            for _, group in itertools.groupby(citations, key=lambda citation: (citation.document, citation.section))
        ]

    def citations(self, content: DepartmentContent, answer: Answer, language: str) -> list[Citation]:
        """What an answer stands on, each passage once."""
        citations = [self._citation(content, ref, language) for ref, _ in citations_of(answer)]
        return [citation for index, citation in enumerate(citations) if citation not in citations[:index]]

    def steps(self, content: DepartmentContent, answer: Answer, language: str) -> list[Step]:
        """The next steps that can be a link, 911 first."""
        links = [link for step in answer.next_steps if (link := self._step(step, content, language))]
        return sorted(links, key=lambda link: link.href != "tel:911")

    def call(self, number: str, language: str) -> Step:
        """A link to an emergency number."""
        return Step(label=self._labels.say(language, N_("Call %(number)s"), number=number), href=f"tel:{number}")

    def _parts(
        self,
        content: DepartmentContent,
        answer: Answer,
        language: str,
        citations: Sequence[Citation],
        form: Form | None,
        warned: bool,
    ) -> list[str]:
        """The paragraphs of an answer. Whatever the form, its exceptions are among them."""
        whole = answer.answer[language]
        if form == "limits" and not answer.exceptions:
            form = "explained"  # that there are none could only be said by the published words
        parts = [] if form in {"source", "limits"} else [whole]
        if form in {"short", "known"}:
            parts = [first_sentences(whole)]
        if form == "known":
            parts = [self._labels.say(language, N_("The text says no more about this.")), *parts]
        if form in {"explained", "source"}:
            parts += self.passages(citations, language)
        if answer.exceptions:
            lines = [f"• {in_language(exception.text, language)}" for exception in answer.exceptions]
            parts.append("\n".join([self._labels.say(language, N_("Exceptions and limits:")), *lines]))
        if form is None:
            # That to call 911 isn't said twice.
            said = warned or any("911" in part for part in parts)
            steps = [step for step in answer.next_steps if not (said and step.do == "call-911")]
            lines = [line for step in steps if (line := self._step_line(step, content, language))]
            parts += ["\n".join(lines)] if lines else []
        return parts or [whole]

    def _section(self, citations: Sequence[Citation], language: str) -> str:
        first = citations[0]
        lines = [
            self._labels.say(
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
                lines.append(self._labels.say(language, label, words=citation.translation))
        return "\n".join([*lines, self._dated(first, language), *filter(None, (first.note, first.url))])

    def _dated(self, citation: Citation, language: str) -> str:
        if date := citation.effective or citation.published:
            label = N_("In effect since") if citation.effective else N_("Published")
            return f"{self._labels.say(language, label)}: {self._catalogs.date(language, dt.date.fromisoformat(date))}"
        return self._labels.say(language, N_("No date in the text"))

    def _withheld(
        self, content: DepartmentContent, answer: Answer, language: str, confidence: float, choices: list[Choice]
    ) -> Reply:
        """The published text has changed since this answer was written: the text is shown, the answer is not."""
        if answer.silent:  # nobody has looked whether the text is still silent
            return self.none(content, language, confidence)
        sections = dict.fromkeys((ref.document, ref.section) for ref, _ in citations_of(answer))
        refs = [
            CitationRef(document=document, section=section, quote=content.documents[document].sections[section].text)
            for document, section in sections
            if document in content.documents and section in content.documents[document].sections
        ]
        citations = [self._citation(content, ref, language) for ref in refs]
        return Reply(
            kind="answer" if citations else "no_answer",
            department=content.profile.id,
            language=language,
            text=self._labels.say(
                language,
                N_(
                    "The department’s text on this has changed, and nobody has checked our answer against it yet, so I "
                    "only show you the published words. You can also ask for a person."
                ),
            ),
            topic=answer.topic,
            confidence=round(confidence, 4),
            citations=citations,
            choices=self._labels.and_person(choices, language),
            handoff_offered=True,
            reviewed=False,
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
            return self._labels.say(language, N_("If someone is in danger now, call 911."))
        for contact in content.profile.contacts:
            # What the department has not confirmed is never shown.
            if step.contact == contact.id and contact.confirmed:
                return f"{in_language(contact.label, language)}: {contact.value}"
        return None

    def _step(self, step: NextStep, content: DepartmentContent, language: str) -> Step | None:
        """The same as a link."""
        if step.do == "call-911":
            return self.call("911", language)
        for contact in content.profile.contacts:
            if step.contact == contact.id and contact.confirmed and contact.value:
                href = {"phone": f"tel:{_DIAL.sub('', contact.value)}", "email": f"mailto:{contact.value}"}
                label = f"{in_language(contact.label, language)}: {contact.value}"
                link = href.get(contact.kind, contact.value if contact.kind == "link" else None)
                return Step(label=label, href=link, value=contact.value)
        return None


def first_sentences(text: str) -> str:
    """As many of the first sentences of `text` as have _STANDS_ALONE words: "No." alone would mislead."""
    taken: list[str] = []
    for sentence in _SENTENCE_END.split(text.strip()):
        taken.append(sentence)
        if len(" ".join(taken).split()) >= _STANDS_ALONE:
            break
    return " ".join(taken)
