"""One tree of errors, one JSON shape, messages that a resident can be shown.

EnlaceError
├── BadRequest            400  what was sent can't be used
│   ├── EmptyMessage
│   ├── MessageTooLong
│   ├── BadContact
│   ├── WeakPassword
│   ├── WrongPassword
│   └── UnknownChoice
├── Unauthorized          401  no token, or not this conversation's
│   └── SignInFailed
│       └── TooLate
├── Forbidden             403  signed in, but not allowed, or not sent from the console's own pages
│   └── OldPage
├── NotFound              404
│   ├── UnknownCode
│   ├── UnknownDepartment
│   └── UnknownLanguage
├── Conflict              409  somebody else was first
│   ├── AlreadyClaimed
│   └── OnHold
├── TooLarge              413
├── TooSoon               429  sign-in was tried too often
├── TooOften              429  more was sent than a person writes
└── Unavailable           503  not ready, or a part that is needed doesn't answer
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from bot.i18n import N_, Catalogs


class ErrorBody(BaseModel):
    """What every error answer has under `error`."""

    code: str
    status: int
    message: str
    details: list[dict[str, Any]] = []


class ErrorAnswer(BaseModel):
    """The JSON of every error answer."""

    error: ErrorBody


class EnlaceError(Exception):
    """Anything that goes wrong and that somebody has to be told about."""

    code = "internal_error"
    status = 500
    message = N_("Something went wrong on our side. Please try again. If you are in danger now, call 911.")

    def __init__(self, details: list[dict[str, Any]] | None = None, message: str | None = None, **values: Any) -> None:
        """`values` fill the placeholders of the message; `details` name fields that are wrong.

        `message`: of the catalogs, where another than the kind's own says better what is so.
        """
        super().__init__(self.code)
        self.message = message or self.message
        self.details = details or []
        self.values = values

    def body(self, catalogs: Catalogs, language: str) -> dict[str, Any]:
        """The one shape, in `language`."""
        message = catalogs.gettext(language, self.message, **self.values)
        body = ErrorBody(code=self.code, status=self.status, message=message, details=self.details)
        return ErrorAnswer(error=body).model_dump()


class BadRequest(EnlaceError):
    """What was sent can't be used."""

    code = "bad_request"
    status = 400
    message = N_("That could not be read. Please check it and send it again.")


class EmptyMessage(BadRequest):
    """A message without a visible character."""

    code = "empty_message"
    message = N_("This is empty. Please write something.")


class MessageTooLong(BadRequest):
    """A message over the limit."""

    code = "message_too_long"
    message = N_("This is too long. Please write at most %(limit)s characters.")


class BadContact(BadRequest):
    """Neither a phone number nor an email address."""

    code = "bad_contact"
    message = N_("We need a phone number with its area code, or an email address. Please check it.")


class WeakPassword(BadRequest):
    """A new password that is easy to guess."""

    code = "weak_password"
    message = N_(
        "A password needs at least %(chars)s characters, at least 6 of them different, and must not have your email in "
        "it."
    )


class WrongPassword(BadRequest):
    """Whoever changes their password typed another than the one they have."""

    code = "wrong_password"
    message = N_("The current password is not right.")


class UnknownChoice(BadRequest):
    """A button that this conversation was not offered."""

    code = "unknown_choice"
    message = N_("That button does not work any more. Please write your question.")


class Unauthorized(EnlaceError):
    """No token, or not this conversation's."""

    code = "unauthorized"
    status = 401
    message = N_("This chat is not open here any more. Write to start a new one.")


class SignInFailed(Unauthorized):
    """Which of email, password and code was wrong is not said."""

    code = "sign_in_failed"
    message = N_("That did not work. Please check what you typed, and that your phone shows the right time.")


class TooLate(SignInFailed):
    """The password was given too long ago for the second factor to follow."""

    code = "too_late"
    message = N_("That took too long. Begin again.")


class Forbidden(EnlaceError):
    """Signed in, but not allowed; or not sent from the console's own pages."""

    code = "forbidden"
    status = 403
    message = N_("This is not open to you. If you think it should be, ask whoever keeps the accounts.")


class OldPage(Forbidden):
    """Sent from a page of a session before this one."""

    code = "old_page"
    message = N_("This page is old. Copy what you wrote, load the page again, and send it then.")


class TooSoon(EnlaceError):
    """Sign-in was tried too often."""

    code = "too_soon"
    status = 429
    message = N_("That was tried too often. Please wait a minute and try again.")


class TooOften(EnlaceError):
    """More was sent than a person writes."""

    code = "too_often"
    status = 429
    message = N_("That was too fast. Please wait a moment and try again. If you are in danger now, call 911.")


class NotFound(EnlaceError):
    """There is no such thing."""

    code = "not_found"
    status = 404
    message = N_("There is nothing here. Please check the address.")


class UnknownCode(NotFound):
    """A code that opens nothing."""

    code = "unknown_code"
    message = N_("That code does not open a chat. Please check each letter and number; a code works once.")


class UnknownDepartment(NotFound):
    """A department that is not served."""

    code = "unknown_department"
    message = N_("Enlace does not serve this police department. Please choose another one.")


class UnknownLanguage(NotFound):
    """A language that is not served."""

    code = "unknown_language"
    message = N_("Enlace does not serve this language. Please choose another one.")


class Conflict(EnlaceError):
    """Somebody else was first."""

    code = "conflict"
    status = 409
    message = N_("Somebody else was first. Load the page again to see how it stands.")


class AlreadyClaimed(Conflict):
    """A liaison has the conversation."""

    code = "already_claimed"
    message = N_("%(name)s has this conversation already.")


class OnHold(Conflict):
    """Kept for a court, or because the law asks so."""

    code = "on_hold"
    message = N_(
        "This chat cannot be erased now, because a court or the law asks that it be kept. Ask the department about it."
    )


class TooLarge(EnlaceError):
    """A request body over the limit."""

    code = "too_large"
    status = 413
    message = N_("That is too large to be taken. Please send only your question, as text.")


class Unavailable(EnlaceError):
    """Not ready, or a part that is needed doesn't answer."""

    code = "unavailable"
    status = 503
    message = N_(
        "The assistant cannot answer right now. Please try again in a minute. If you are in danger now, call 911."
    )
