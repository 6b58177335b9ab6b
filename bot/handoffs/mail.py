"""An alarm by email, to those who can take the conversation up."""

from __future__ import annotations

import secrets
from email.message import EmailMessage

import aiosmtplib
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.content.library import Library
from bot.conversations.tables import Handoff
from bot.handoffs.alarms import Alarm
from bot.i18n import N_, SOURCE_LANGUAGE, Catalogs, in_language, language_name
from bot.liaisons.sessions import present_liaisons
from bot.liaisons.tables import Liaison
from bot.liaisons.words import FLAGS
from bot.rendering.notices import duration
from bot.settings import Settings

_TIMEOUT_S = 20


class Mail:
    """Sends alarms through one mail server."""

    def __init__(self, engine: AsyncEngine, settings: Settings, library: Library, catalogs: Catalogs) -> None:
        """`settings` has an smtp_host."""
        self._engine = engine
        self._settings = settings
        self._library = library
        self._catalogs = catalogs

    async def send(self, alarm: Alarm) -> None:
        """One mail to everybody; raises what the mail server refuses."""
        to = await self._readers(alarm)
        if not to:
            return
        subject = self._catalogs.gettext(
            SOURCE_LANGUAGE,
            SUBJECT if alarm.callback is None else CALLBACK_SUBJECT,
            department=self._department(alarm, SOURCE_LANGUAGE),
        )
        text = "\n\n".join(self._text(alarm, language) for language in self._library.languages)
        # The same delivery tried again is the same mail to a mail program.
        await self._send(to, subject, text, f"alarm-{alarm.delivery}")

    async def trouble(self, what: str, sentence: str | None) -> None:
        """WhatsApp doesn't work: to those who administrate; raises what the mail server refuses.

        `what`: Meta's name or code for it; `sentence`: of the catalogs, says the same, with %(code)s for it.
        """
        async with self._engine.connect() as connection:
            query = select(Liaison.email).where(Liaison.active, Liaison.role == "admin").order_by(Liaison.id)
            to = list(await connection.scalars(query))
        if to:
            texts = (self._trouble_text(what, sentence, language) for language in self._library.languages)
            subject = self._catalogs.gettext(SOURCE_LANGUAGE, TROUBLE_SUBJECT)
            await self._send(to, subject, "\n\n".join(texts), f"trouble-{secrets.token_hex(8)}")

    def _trouble_text(self, what: str, sentence: str | None, language: str) -> str:
        said = self._catalogs.gettext(language, sentence, code=what) if sentence else what
        return self._catalogs.gettext(language, TROUBLE, what=said)

    async def _send(self, to: list[str], subject: str, text: str, name: str) -> None:
        settings = self._settings
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = settings.smtp_from, ", ".join(to), subject
        message["Message-ID"] = f"<enlace-{name}@{settings.smtp_from.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        await aiosmtplib.send(
            message,
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            timeout=_TIMEOUT_S,
        )

    async def _readers(self, alarm: Alarm) -> list[str]:
        """Those on duty who help in the language, else those on duty, else everybody there is; and who has it."""
        async with self._engine.connect() as connection:
            there = await present_liaisons(connection, alarm.department)
            query = select(Liaison).where(Liaison.active).order_by(Liaison.id)
            everybody = [row for row in (await connection.execute(query)).all() if alarm.department in row.departments]
            holder = await connection.scalar(select(Handoff.liaison_id).where(Handoff.id == alarm.handoff))
        speaking = [row for row in there if alarm.language in row.languages]
        called = {row.id for row in speaking or there or everybody} | {holder}
        return [row.email for row in everybody if row.id in called]

    def _department(self, alarm: Alarm, language: str) -> str:
        known = self._library.departments.get(alarm.department)
        return in_language(known.profile.name, language) if known else alarm.department

    def _text(self, alarm: Alarm, language: str) -> str:
        def say(message: str, **values: object) -> str:
            return self._catalogs.gettext(language, message, **values)

        department, tongue = self._department(alarm, language), language_name(alarm.language, language)
        if alarm.callback is not None:
            lines = [say(CALLBACK, department=department), say(CALLBACK_IN, tongue=tongue)]
        else:
            waiting = UNANSWERED if alarm.claimed else WAITING
            lines = [
                say(waiting, department=department, time=duration(alarm.waiting_s, language)),
                say(SPEAKS, tongue=tongue, number=alarm.number),
            ]
        if alarm.flag:
            lines.append(say(FLAGGED, flag=say(FLAGS[alarm.flag]) if alarm.flag in FLAGS else alarm.flag))
        return "\n".join([*lines, f"{self._settings.public_url.rstrip('/')}{alarm.path}"])


SUBJECT = N_("%(department)s: a resident is waiting for a person")
WAITING = N_("A resident has been waiting for a person for %(time)s (%(department)s).")
UNANSWERED = N_(
    "Somebody at the department (%(department)s) has this conversation. The resident has waited %(time)s for their "
    "answer."
)
SPEAKS = N_("Language: %(tongue)s. Alarm number %(number)s.")
FLAGGED = N_("The safety rules found: %(flag)s.")
CALLBACK_SUBJECT = N_("%(department)s: a resident wants to be called back")
CALLBACK = N_("A resident wants to be called back (%(department)s). The time and the contact are in the console.")
CALLBACK_IN = N_("Language: %(tongue)s.")
TROUBLE_SUBJECT = N_("Enlace: WhatsApp is not working")
TROUBLE = N_(
    "WhatsApp is not working, so messages may not arrive: %(what)s. Run “enlace whatsapp check”: it says what to do."
)
