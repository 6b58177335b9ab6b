"""What residents are told about a person: passed on, taken up, left, ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from babel.dates import format_timedelta

from bot.i18n import N_, Catalogs
from bot.messages import REASONS
from bot.replies import WHY, Choice, Outlook, Reader, Reply, ResidentForm


class Notices:
    """Replies of kind `handoff`, in the resident's language."""

    def __init__(self, catalogs: Catalogs, time_zone: Callable[[str], str]) -> None:
        """`time_zone`: of a department, by its id."""
        self._catalogs = catalogs
        self._time_zone = time_zone

    def connected(self, department: str, language: str, outlook: Outlook, channel: str = "web") -> Reply:
        """After the resident agreed: their request is in the queue."""
        if outlook.nobody:
            hint = self._catalogs.gettext(
                language,
                N_("Nobody from the department has an account here yet, so maybe nobody will read it or call you."),
            )
        elif outlook.opens_at is not None:
            zone = self._time_zone(department)
            hint = self._catalogs.gettext(
                language,
                N_("The people who answer here are not working now. They are back on %(moment)s."),
                moment=self._catalogs.moment(language, outlook.opens_at, zone),
            )
        elif outlook.wait_s is not None:
            hint = self._catalogs.gettext(
                language,
                N_("Lately, half of those who asked had a person within %(time)s."),
                time=duration(outlook.wait_s, language),
            )
        else:
            hint = self._catalogs.gettext(language, N_("I cannot say when somebody will read it."))
        return self._notice(
            department,
            language,
            N_(
                "I have passed on your request. From now on people from the department can read all that "
                "you write here, also what you ask me. If you do not want to wait here, you can ask to be "
                "called back, or get a code to open this chat later. If you are in danger now, call 911."
            )
            if channel == "web"
            else N_(
                "I have passed on your request. From now on people from the department can read all that "
                "you write here, also what you ask me. You do not have to wait here: an answer would come "
                "to this chat. If you are in danger now, call 911."
            ),
            hint,
            forms=_while_waiting(channel),
        )

    def withdrawn(self, department: str, language: str, callback: bool = False) -> Reply:
        """After the resident took their request back. `callback`: they have asked to be called, too."""
        more = N_("If you asked to be called back, that still stands. To take it back, erase this chat.")
        return self._notice(
            department,
            language,
            N_(
                "You are not waiting for a person any more. You can go on asking me. Nobody from the "
                "department reads what you write from now on, unless you ask for a person again and "
                "agree. If somebody there has already opened this chat, they may still be able to read "
                "what you wrote until now."
            ),
            *([self._catalogs.gettext(language, more)] if callback else []),
        )

    def waiting(self, department: str, language: str, channel: str = "web") -> Reply:
        """To a resident who asks for a person while they wait for one, or says that they would rather not."""
        return self._notice(
            department,
            language,
            N_(
                "You are already waiting for a person, and what you agreed to is passed on. I cannot say when "
                "somebody will answer. You can go on waiting, or stop with the button below. If you are in "
                "danger now, call 911."
            ),
            forms=_while_waiting(channel),
        )

    def nobody_came(self, department: str, language: str, channel: str = "web") -> Reply:
        """While the resident waits, and nobody has taken the conversation up for long."""
        return self._notice(
            department,
            language,
            N_(
                "Nobody has been able to answer you yet. Your request stays open, but I cannot say when "
                "somebody will answer. You can ask to be called back, or get a code to open this chat "
                "later. If you are in danger now, call 911."
            )
            if channel == "web"
            else N_(
                "Nobody has been able to answer you yet. Your request stays open, but I cannot say when "
                "somebody will answer. An answer would come to this chat. If you are in danger now, call "
                "911."
            ),
            forms=_while_waiting(channel),
        )

    def rated(self, department: str, language: str, helpful: bool | None) -> Reply:
        """After a tap on whether a person helped; None: after the second, which said what it was most."""
        if helpful is None:
            return self._notice(department, language, N_("Thank you. That helps us."))
        reply = self._notice(department, language, N_("Thank you. What was the main reason?"))
        keys = REASONS["yes" if helpful else "no"]
        reply.choices = [
            Choice(label=self._catalogs.gettext(language, label), send=WHY + key) for key, label in keys.items()
        ]
        return reply

    def joined(self, department: str, language: str, reader: Reader) -> Reply:
        """A liaison has taken the conversation up."""
        officer = N_(
            "%(name)s (%(title)s, police officer) is here now and reads what you write. I do not answer meanwhile, "
            "but I still warn about danger."
        )
        other = N_(
            "%(name)s (%(title)s, not a police officer) is here now and reads what you write. I do not answer "
            "meanwhile, but I still warn about danger."
        )
        return self._of_reader(department, language, reader, officer, other)

    def passed_on(self, department: str, language: str, reader: Reader) -> Reply:
        """A liaison has given the conversation to a colleague, who may not be there."""
        officer = N_(
            "%(name)s (%(title)s, police officer) has this chat now. I cannot say when they will answer. I do not "
            "answer meanwhile, but I still warn about danger."
        )
        other = N_(
            "%(name)s (%(title)s, not a police officer) has this chat now. I cannot say when they will answer. I "
            "do not answer meanwhile, but I still warn about danger."
        )
        return self._of_reader(department, language, reader, officer, other)

    def released(self, department: str, language: str, reader: Reader) -> Reply:
        """A liaison has put the conversation back into the queue."""
        return self._notice(
            department,
            language,
            N_("%(name)s had to leave. You are waiting for another person. You can go on asking me meanwhile."),
            name=reader.name,
            forms=["callback", "code", "withdraw"],
        )

    def handed_back(self, department: str, language: str, reader: Reader) -> Reply:
        """A liaison has given the conversation back to the assistant."""
        return self._notice(
            department,
            language,
            N_(
                "%(name)s has left this chat. I answer again, and you can ask for a person at any time. The "
                "department can go on reading what it could read so far. It cannot read what you write "
                "from now on, unless you ask for a person again and agree."
            ),
            name=reader.name,
            forms=["rate"],
        )

    def closed(self, department: str, language: str, reader: Reader) -> Reply:
        """A liaison has ended the conversation."""
        return self._notice(
            department,
            language,
            N_(
                "%(name)s has ended this chat. If you write again, I answer. You can ask for a person at any "
                "time. The department can go on reading what it could read so far. It cannot read what you "
                "write from now on, unless you ask for a person again and agree, or this chat tells you "
                "that a person is here again."
            ),
            name=reader.name,
            forms=["rate"],
        )

    def _of_reader(self, department: str, language: str, reader: Reader, officer: str, other: str) -> Reply:
        message = officer if reader.sworn else other
        return self._notice(department, language, message, name=reader.name, title=reader.title)

    def _notice(
        self,
        department: str,
        language: str,
        message: str,
        *more: str,
        forms: Sequence[ResidentForm] = (),
        **values: Any,
    ) -> Reply:
        text = "\n\n".join([self._catalogs.gettext(language, message, **values), *more])
        return Reply(kind="handoff", department=department, language=language, text=text, forms=list(forms))


def _while_waiting(channel: str) -> list[ResidentForm]:
    return ["callback", "code", "withdraw"] if channel == "web" else ["withdraw"]


def duration(seconds: float, language: str) -> str:
    """A length of time as people say it: "20 minutes", "2 horas"."""
    return str(format_timedelta(int(max(seconds, 60)), "minute", threshold=1.5, locale=language))
