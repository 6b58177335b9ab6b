"""One reply for all that a turn says: answers, warnings, the offer of a person, and sentences of our own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bot.content.library import DepartmentContent, Library
from bot.i18n import N_, Catalogs, in_days, in_language, language_name
from bot.messages import ASKS_WHAT, FIRST_TOPICS, OFFER, OFFERS_PERSON, QUESTIONS, SAFETY, SMALLTALK, UNREAD, WHATSAPP
from bot.rendering.answers import Answers
from bot.rendering.labels import Labels, department_name
from bot.rendering.notices import Notices
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
    WITHDRAW,
    YES,
    Choice,
    HandoffOffer,
    Reader,
    Reply,
    Say,
    Step,
)
from bot.unserved import Unserved

DANGER = N_("If you wrote of danger, that a danger was found is passed on, too.")
_EMERGENCY = re.compile(r"\b(?:911|988)\b")


class Renderer:
    """Says things, out of one version of the content."""

    def __init__(self, library: Library, catalogs: Catalogs, retention_days: int = 30) -> None:
        """`catalogs` has every language of `library`, which may be put in another's place at any moment.

        `retention_days`: how long a conversation is kept, as residents are told.
        """
        self._retention_days = retention_days
        self.library = library
        self.labels = Labels(catalogs, lambda: self.library)
        self.answers = Answers(catalogs, self.labels)
        self.notices = Notices(catalogs, lambda department: self.library.departments[department].profile.time_zone)

    def render(self, says: Sequence[Say], department: str, language: str, *, warned: bool = False) -> Reply:
        """One reply for all that a turn says; the first decides its kind, the last which buttons it has.

        `warned`: it is to stand below a warning.
        """
        content = self.library.departments[department]
        for say in says:
            if say["say"] == "language":
                language = say["language"]
        replies = [self._one(say, content, language, warned) for say in says]
        if len(replies) == 1:
            return replies[0]
        # Whoever is asked whether to pass something on is asked nothing else, since "yes" would be an answer to that.
        if handoff := next((reply for reply in replies if reply.handoff), None):
            return handoff
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
            text=self.labels.say(language, said.text),
            choices=self.labels.and_person(self.labels.choices(said.offers, content, language), language),
            steps=self._numbers(said.text, language),
            handoff_offered=True,
        )
        answers = [content.answers[topic] for topic in said.answers if topic in content.answers]
        answers = sorted((each for each in answers if each.enabled), key=lambda each: each.silent)
        if not answers:
            return reply
        answer = self.answers.answer(content, answers[0], language, 1.0, warned=True)
        lead = [self.labels.say(language, N_("This is what the published text says:"))] if answer.citations else []
        return answer.model_copy(
            update={
                "kind": "answer" if answer.citations else reply.kind,
                "steps": reply.steps,
                "text": "\n\n".join([reply.text, *lead, answer.text]),
                "choices": [*reply.choices, *(choice for choice in answer.choices if choice.send != PERSON)],
                "handoff_offered": True,
            }
        )

    def warn(self, message: str, reply: Reply, language: str, below: bool = False) -> Reply:
        """`reply` with what is said of danger before it, or `below` it, in `language`: where danger is likely, but not
        sure.
        """
        warning = self.labels.say(language, SAFETY[message].text)
        # Whoever is asked whether to pass something on, or waits for a person already, needs no button that offers one.
        offered = reply.handoff or "withdraw" in reply.forms
        return reply.model_copy(
            update={
                "kind": "emergency",
                "text": f"{reply.text}\n\n{warning}" if below else f"{warning}\n\n{reply.text}",
                "steps": self._numbers(SAFETY[message].text, language),
                "choices": reply.choices if offered else self.labels.and_person(reply.choices, language),
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
            "I cannot answer right now. Please send your question again in a minute. If you are in danger "
            "now, call 911."
        )
        languages = dict.fromkeys([language, *self.library.languages])
        text = "\n\n".join(dict.fromkeys(self.labels.say(each, message) for each in languages))
        return Reply(kind="no_answer", department=department, language=language, text=text, trouble=True)

    def _one(self, say: Say, content: DepartmentContent, language: str, warned: bool = False) -> Reply:
        base: dict[str, Any] = {"department": content.profile.id, "language": language}
        match say["say"]:
            case "answer":
                reply = self.answers.answer(
                    content,
                    content.answers[say["topic"]],
                    language,
                    say["confidence"],
                    say.get("form"),
                    guided=say.get("guided", False),
                    warned=warned,
                )
                return self._one_of(reply, say["topic"], say["others"], content) if say.get("others") else reply
            case "clarify":
                text = self.labels.say(language, N_("I am not sure what you mean. Which of these is it about?"))
                return Reply(
                    kind="clarify",
                    text=text,
                    confidence=say["confidence"],
                    choices=self.labels.and_person(self.labels.choices(say["topics"], content, language), language),
                    handoff_offered=True,
                    **base,
                )
            case "no_answer":
                message = say.get("message", "not_in_the_texts")
                return self.answers.none(content, language, say["confidence"], message, say.get("topics", ()))
            case "handoff":
                reply = self._handoff(content, language, say["offer"], say.get("channel", "web"))
                if again := say.get("message"):
                    reply.text = self.labels.say(language, OFFER[again])
                return reply
            case "waiting":
                return self._waiting(content, language, say["channel"])
            case "emergency":
                return self.safety("emergency", content.profile.id, language)
            case "next_steps":
                return self._next_steps(content, language, say.get("topic"))
            case "connect":
                return self.notices.connected(content.profile.id, language, say["outlook"], say.get("channel", "web"))
            case "ask":
                yes = NOW if say["message"] == "report_happening_now" else YES
                yes_or_no = [self.labels.choice(send, language) for send in (yes, NO)]
                text = self.labels.say(language, QUESTIONS[say["message"]])
                return Reply(kind="clarify", text=text, choices=yes_or_no, **base)
            case "language":
                return Reply(
                    kind="smalltalk",
                    text=self.labels.say(language, N_("I will answer in %(name)s."), name=language_name(language)),
                    **base,
                )
            case "smalltalk":
                name = department_name(content, language)
                text = self.labels.say(
                    language,
                    SMALLTALK[say["message"]],
                    department=name,
                    time=in_days(self._retention_days, language),
                    languages=", ".join(map(language_name, self.library.languages)),
                )
                first = content.profile.first_topics or FIRST_TOPICS
                offers = self.labels.choices(first if say["message"] in ASKS_WHAT else (), content, language)
                person = say["message"] in OFFERS_PERSON
                if person:
                    offers = self.labels.and_person(offers, language)
                return Reply(kind="smalltalk", text=text, choices=offers, handoff_offered=person, **base)
            case other:
                raise ValueError(f"nothing is known to say for {other!r}")

    def _one_of(self, reply: Reply, topic: str, others: Sequence[str], content: DepartmentContent) -> Reply:
        """The answer to one of several questions: that it is, and first the buttons of the `others`."""
        lead = self.labels.say(
            reply.language,
            N_("You asked about more than one thing. This is about “%(topic)s”. You can choose the rest below."),
            topic=self.labels.topic(topic, reply.language),
        )
        first = self.labels.choices(others, content, reply.language)
        choices = [*first, *(choice for choice in reply.choices if choice not in first)]
        if any(choice.send == PERSON for choice in choices):
            choices = self.labels.and_person(choices, reply.language)
        return reply.model_copy(update={"text": f"{lead}\n\n{reply.text}", "choices": choices})

    def _handoff(self, content: DepartmentContent, language: str, offer: HandoffOffer, channel: str) -> Reply:
        """Before anything is passed on: who would read it, what it is, how long it is kept, and who may demand it."""
        name = department_name(content, language)
        readers = [self._reader(reader, language) for reader in offer.readers]
        parts = [
            self.labels.say(
                language,
                N_(
                    "If you agree, a person from the department (%(department)s) can read what you pass on, and "
                    "all that you write here afterwards. They can answer here."
                ),
                department=name,
            ),
            self.labels.say(language, N_("Who may read it: %(people)s."), people="; ".join(readers))
            if readers
            else self.labels.say(
                language,
                N_("Nobody from the department (%(department)s) has an account here yet, so maybe nobody reads it."),
                department=name,
            ),
            self.labels.say(
                language,
                N_(
                    "You do not have to give your name. The chat is kept while you wait for a person or "
                    "talk with one, and then for %(time)s after its last message. A court can order that "
                    "it be handed over. You can erase it at any time, unless a court or the law asks that "
                    "it be kept. I cannot say when somebody will read this: if you are in danger now, "
                    "call 911."
                ),
                time=in_days(self._retention_days, language),
            ),
        ]
        if channel != "web":  # whose form shows the summary, to be changed
            shown = self.labels.say(
                language,
                N_(
                    "This is what I would pass on: “%(summary)s” You can leave it out. To pass on "
                    "something else, choose “Yes, without the summary” and then write it here."
                ),
                summary=offer.summary,
            )
            parts.insert(-1, shown)
        if offer.danger:
            parts.insert(-1, self.labels.say(language, DANGER))
        return Reply(
            kind="handoff",
            department=content.profile.id,
            language=language,
            text="\n\n".join(parts),
            choices=[self.labels.choice(send, language) for send in (CONNECT, CONNECT_WHOLE, STAY)],
            handoff_offered=True,
            handoff=offer,
            **self._reached(content, language),
        )

    def _waiting(self, content: DepartmentContent, language: str, channel: str) -> Reply:
        """While a person is waited for: that, with the number that the department has published."""
        reply = self.notices.waiting(content.profile.id, language, channel)
        return reply.model_copy(update=self._reached(content, language))

    def while_waiting(self, reply: Reply, channel: str) -> Reply:
        """`reply` to somebody who waits for a person: with that below it, and how to take it back, where it is small
        talk or says that there is no answer.
        """
        if reply.kind not in {"smalltalk", "no_answer"} or reply.topic or reply.forms:
            return reply
        waiting = self.notices.waiting(reply.department, reply.language, channel)
        return reply.model_copy(
            update={
                "text": f"{reply.text}\n\n{waiting.text}",
                "choices": [choice for choice in reply.choices if choice.send != PERSON],
                "forms": waiting.forms,
            }
        )

    def _reached(self, content: DepartmentContent, language: str) -> dict[str, Any]:
        """What the text says of how to reach a person: beside what is said to somebody who asks for one here."""
        answer = content.answers.get(REACH_LIAISON)
        if answer is None or answer.topic in content.stale or not answer.enabled:
            return {}
        return {
            "topic": answer.topic,
            "citations": self.answers.citations(content, answer, language),
            "steps": self.answers.steps(content, answer, language),
        }

    def _next_steps(self, content: DepartmentContent, language: str, topic: str | None) -> Reply:
        """What one can do now, whatever was said before; with the next steps of the answer to `topic`."""
        text = self.labels.say(language, SMALLTALK["next_steps"])
        steps, topics = self._numbers(text, language), ["report-not-urgent"]
        if topic:
            answer = content.answers[topic]
            steps += [step for step in self.answers.steps(content, answer, language) if step not in steps]
            topics += [step.topic for step in answer.next_steps if step.topic and step.topic not in topics]
        choices = [self.labels.choice(GUIDE, language), *self.labels.choices(topics, content, language)]
        return Reply(
            kind="smalltalk",
            department=content.profile.id,
            language=language,
            text="\n".join([text, *(step.label for step in steps[1:])]),
            choices=self.labels.and_person(choices, language),
            steps=steps,
            handoff_offered=True,
        )

    def unread(self, kind: str, department: str, language: str, first: bool = False) -> Reply:
        """To what is no text, by its kind (bot/messages.py, UNREAD). `first`: nothing says which language they read."""
        languages = [language, *(each for each in self.library.languages if first and each != language)]
        return Reply(
            kind="emergency" if kind == "location" else "smalltalk",
            department=department,
            language=language,
            text="\n\n".join(self.labels.say(each, UNREAD[kind]) for each in languages),
            choices=[self.labels.choice(PERSON, language)],
            handoff_offered=True,
        )

    def whatsapp(self, message: str, department: str, language: str) -> Reply:
        """What the WhatsApp channel says itself (bot/messages.py, WHATSAPP)."""
        values = {
            "department": department_name(self.library.departments[department], language),
            "time": in_days(self._retention_days, language),
        }
        text = self.labels.say(language, WHATSAPP[message], **values)
        choices = [self.labels.choice(PERSON, language)] if message == "not_helped" else []
        return Reply(kind="smalltalk", department=department, language=language, text=text, choices=choices)

    def form_choices(self, reply: Reply, language: str) -> list[Choice]:
        """The buttons that stand for the website's forms around a reply, for a channel that has none."""
        sends = [CONNECT_BARE] if reply.handoff else []
        sends += [WITHDRAW] if "withdraw" in reply.forms else []
        sends += [HELPED, NOT_HELPED] if "rate" in reply.forms else []
        return [Choice(label=self.labels.forms(language)[send], send=send) for send in sends]

    def summary(self, department: str, language: str, topic: str | None, question: str | None) -> str:
        """What would be passed on to a person: what the conversation was about, in the resident's own words."""
        known = topic in self.library.departments[department].answers if topic else False
        if question and topic and known:
            return self.labels.say(
                language,
                N_("[%(topic)s] %(question)s"),
                topic=self.labels.topic(topic, language),
                question=question,
            )
        return question or self.labels.say(language, N_("Wants to talk to a person."))

    def _reader(self, reader: Reader, language: str) -> str:
        message = (
            N_("%(name)s (%(title)s, police officer)")
            if reader.sworn
            else N_("%(name)s (%(title)s, not a police officer)")
        )
        return self.labels.say(language, message, name=reader.name, title=reader.title)

    def _numbers(self, text: str, language: str) -> list[Step]:
        """A link to call each emergency number that a text names, the first named first."""
        return [self.answers.call(number, language) for number in dict.fromkeys(_EMERGENCY.findall(text))]
