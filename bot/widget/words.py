"""The words of the residents' page and of the button on a department's own page, in every language at once."""

from __future__ import annotations

from bot.content.library import Library
from bot.i18n import N_, Catalogs, in_days
from bot.messages import REASONS, UNREVIEWED

# The page carries them in every language, so that switching needs no reload.
WORDS = {
    "about": N_("Before you write: what this chat is, and who can read it"),
    "emergency": N_("In an emergency, call 911. This chat cannot send the police."),
    "intro": N_("An automatic assistant answers from a published text, and shows you its words."),
    "send_nothing": N_(
        "Please do not write names or immigration status, and send no documents. Nobody here needs them."
    ),
    "who_reads": N_(
        "The people who run this service can read the chat. A person from the department reads it only if "
        "you agree. A court or the law can require that it be kept or handed over."
    ),
    "kept": N_(
        "It is deleted %(time)s after its last message, but not while you wait for a person or a call, or "
        "talk with a person. You can erase it at any time, unless a court or the law asks that it be kept. "
        "The department can keep a copy of what it may read."
    ),
    "leave_says": N_(
        "“Leave now”, or Shift three times, erases the chat and opens another page; without a connection "
        "it erases it only here. It does not clear the browser’s history or screenshots. Closing the tab "
        "is not enough: it can be opened again, with the chat in it."
    ),
    "more": N_("What is kept, and how to leave"),
    "forgets": N_(
        "In this browser the chat is lost if you reload the page or open another one. If you ask for a person, get "
        "a code to open it again."
    ),
    "leave": N_("Leave now"),
    "close": N_("Close"),
    "department": N_("Police department"),
    "language": N_("Language"),
    "messages": N_("Messages"),
    "placeholder": N_("Write your question"),
    "send": N_("Send"),
    "erase": N_("Erase this chat now"),
    "erased": N_("The chat was erased."),
    "over": N_("The chat from before is not open here any more. Write to start a new one."),
    "sources": N_("The published words"),
    "unofficial": N_("Unofficial translation, not reviewed by the department"),
    "reviewed_translation": N_("Reviewed translation"),
    "official_translation": N_("Official translation"),
    "original": N_("Original text"),
    "unreviewed": UNREVIEWED,
    "published": N_("Published"),
    "effective": N_("In effect since"),
    "undated": N_("No date in the text"),
    "you": N_("You"),
    "enlace": N_("Enlace"),
    "typing": N_("Looking in the published text…"),
    "offline": N_("There is no connection. If you are in danger now, call 911."),
    "sending": N_("Sending…"),
    "sent": N_("Sent"),
    "not_sent": N_("Not sent"),
    "retry": N_("Try again"),
    "without_script": N_("This page needs JavaScript. Open the one that works without it."),
    "person_typing": N_("Somebody is writing to you…"),
    "waiting": N_("You are waiting for a person."),
    "with_you": N_("You are talking with"),
    "sworn": N_("police officer"),
    "not_sworn": N_("not a police officer"),
    "summary": N_("What is passed on. You can change it, or leave it empty."),
    "name": N_("What you want to be called, if you like"),
    "whole_chat": N_("They may also read everything in this chat so far"),
    "connect": N_("Yes, pass it on"),
    "stay": N_("No, stay here"),
    "call_me": N_("Ask to be called back"),
    "contact": N_("Phone number with area code, or email"),
    "contact_kept": N_(
        "Only people from the department who answer here see this. It is stored encrypted. It is kept "
        "until they have called, and some days after, or until you erase this chat."
    ),
    "time": N_("When it suits you"),
    "call_language": N_("Language for the call"),
    "call_noted": N_(
        "We have noted it. If you erase this chat or press “Leave now” while you have a connection, your number or "
        "address is deleted too; somebody who has seen it already could still call. If you are in danger now, do not "
        "wait for the call: call 911."
    ),
    "get_code": N_("Get a code for later"),
    "your_code": N_("Your code:"),
    "code_kept": N_("Write it down. It opens this chat once, also on another phone. Whoever has it can read the chat."),
    "have_code": N_("I have a code from before"),
    "code": N_("Code"),
    "open_chat": N_("Open the chat"),
    "withdraw": N_("I no longer want a person"),
    "was_helpful": N_("Was this helpful?"),
    "helped": N_("Did it help you?"),
    "yes": N_("Yes"),
    "no": N_("No"),
    "why": N_("What was the main reason?"),
    "rated": N_("Thank you."),
} | {f"why_{key}": label for labels in REASONS.values() for key, label in labels.items()}

BUTTON = {
    "open": N_("Questions about the police"),
    "close": N_("Close"),
    "unread": N_("New message"),
}
"""Of the button on a department's own page, and of the frame that it opens."""


def words(catalogs: Catalogs, language: str, days: int) -> dict[str, str]:
    """The page's words in one language; `days` after which a conversation is deleted."""
    said = {key: catalogs.gettext(language, text) for key, text in WORDS.items()}
    return said | {"kept": catalogs.gettext(language, WORDS["kept"], time=in_days(days, language))}


def button_words(catalogs: Catalogs, library: Library) -> dict[str, dict[str, str]]:
    """The button's words by language."""
    return {code: {key: catalogs.gettext(code, text) for key, text in BUTTON.items()} for code in library.languages}
