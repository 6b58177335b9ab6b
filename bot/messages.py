"""Every sentence of our own that a resident reads, by the key that a rule, an action or Rasa names it with.

The sentences are in English here and in every language in locales/. What a department does stands in data/faq instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.i18n import N_

SMALLTALK = {
    "greet": N_(
        "Hello. I am Enlace, for %(department)s. You can ask me what officers ask, about immigration, or about "
        "reporting a crime. I show you what the department’s published text says, or tell you that it says nothing. "
        "What would you like to know?"
    ),
    "goodbye": N_("Goodbye. You can come back at any time. If you are in danger, call 911."),
    "thanks": N_("You are welcome. Do you have another question?"),
    "acknowledge": N_("All right. What would you like to know?"),
    "about_bot": N_(
        "I am Enlace, an automatic assistant for %(department)s. I am not a person and not an officer. I answer only "
        "from texts that the department has published, and I show you the words. I cannot take reports or send "
        "officers. In an emergency, call 911."
    ),
    "privacy": N_(
        "This chat is stored so that it can go on, and people who run this service can read it. A court can order that "
        "it be handed over. Phone numbers and ID numbers are hidden before they are stored. I never ask for your name "
        "or your immigration status: please do not send them. You can erase this chat at any time, unless a court or "
        "the law asks that it be kept."
    ),
    "nothing_yet": N_("I have not answered a question yet. What would you like to know?"),
    "stay": N_("All right, I have passed nothing on. What would you like to know?"),
    "stop_guide": N_("We can stop here. You can come back at any time. If you are in danger, call 911."),
}
ASKS_WHAT = frozenset({"greet", "acknowledge", "nothing_yet", "stay"})
"""Those after which topics to begin with are offered."""
FIRST_TOPICS = ("what-is-asked", "report-not-urgent", "report-anonymous")

NO_ANSWER = {
    "not_in_the_texts": N_(
        "I found nothing about that in the texts I have (%(department)s), so I cannot answer it; you can ask in other "
        "words, or ask for a person."
    ),
    "no_promises": N_(
        "I can only show what the text of %(department)s says, so I cannot promise or say anything else; you can ask "
        "me what it says, or ask for a person."
    ),
    "no_legal_advice": N_(
        "I cannot give legal advice, only show what the text of %(department)s says; for your case ask a lawyer, or "
        "ask here for a person."
    ),
    "no_predictions": N_(
        "I cannot know what will happen, only show what the text of %(department)s says; you can ask me what it says, "
        "or ask for a person."
    ),
    "elsewhere": N_(
        "I have only the texts of one department (%(department)s), so I cannot say what the police of another place "
        "or another agency do; you can ask me about this one, or ask for a person."
    ),
    "insult": N_(
        "I am sorry that this is frustrating; I can only answer what the texts of %(department)s say, and you can ask "
        "me about them, or ask for a person."
    ),
}
ASKS_NOTHING = frozenset({"insult"})
"""Those that decline no question: the conversation stays about what it was about."""

QUESTIONS = {
    "report_happening_now": N_(
        "I can show you what the texts say about reporting. Please do not write here what happened: I cannot take a "
        "report. Is it happening right now, or is somebody in danger?"
    ),
    "report_with_name": N_("Do you want to give your name when you report it?"),
}


UNREVIEWED = N_("Nobody at the department has reviewed this summary yet. The quoted words are the department’s.")

WHATSAPP = {
    "welcome": N_(
        "Hello. I am Enlace, the automatic assistant for %(department)s, not a person and not an officer. This chat "
        "cannot send the police: in an emergency call 911. Please do not send documents, photos, or anybody’s "
        "immigration status. What you write is kept for %(time)s after your last message; people who run this "
        "service can read it, and a court can order that it be handed over. WhatsApp belongs to Meta, which has rules "
        "of its own. Write ERASE to have it erased here, STOP to get no more messages."
    ),
    "stopped": N_(
        "You will get no more messages from here. Write START to come back, or ERASE to have erased here what you "
        "wrote. In an emergency call 911."
    ),
    "still_stopped": N_(
        "You asked for no more messages, so I do not answer here. Write START to come back. In an emergency call 911."
    ),
    "started": N_("Welcome back. What would you like to know?"),
    "erased": N_(
        "What you wrote has been erased here. It is still in WhatsApp on your phone: delete this chat there, too. If "
        "you write again, a new conversation begins."
    ),
    "helped": N_("Thank you for telling me."),
    "not_helped": N_("I am sorry that this did not help. You can ask in other words, or ask for a person."),
    "reaction": N_("Thank you. Write your question whenever you like."),
    "nothing_kept": N_("There is no message waiting for you. What would you like to know?"),
}
"""What the WhatsApp channel says itself."""

UNREAD = {
    "image": N_("I cannot see pictures. Please write your question."),
    "video": N_("I cannot watch videos. Please write your question."),
    "audio": N_("I cannot listen to voice messages. Please write your question."),
    "sticker": N_("I cannot see stickers. Please write your question."),
    "document": N_("I cannot open documents, and you need not send any. Please write your question."),
    "location": N_(
        "I cannot see places on a map, and I cannot send anybody. If you are in danger, call 911 and say where you are."
    ),
    "contacts": N_("I cannot open contacts. Please write your question."),
    "order": N_("I cannot take orders. Please write your question."),
    "other": N_("I cannot read what you sent. Please write your question."),
}
"""What is said to what is no text."""
UNREAD_SHOWN = {
    "image": N_("[A picture]"),
    "video": N_("[A video]"),
    "audio": N_("[A voice message]"),
    "sticker": N_("[A sticker]"),
    "document": N_("[A document]"),
    "location": N_("[A place on the map]"),
    "contacts": N_("[A contact]"),
    "order": N_("[An order]"),
    "other": N_("[Something that cannot be shown]"),
}
"""How it stands in the conversation."""
TAKEN_BACK = N_("[Taken back by the person who wrote it]")
CHANGED = N_("[Changed by the person who wrote it: see below]")


@dataclass(frozen=True)
class SafetyMessage:
    """What is said when a safety rule fires."""

    text: str
    answers: tuple[str, ...] = ()
    """The department's answer to the first of these topics that its text speaks of follows, with its citations; where
    it speaks of none, that is said."""
    offers: tuple[str, ...] = ()
    """Topics to choose from, where the department has them."""


SAFETY = {
    "emergency": SafetyMessage(
        N_(
            "If you or someone else is in danger, call 911 now, if you can do so safely. When they answer, say "
            "first where you are. This chat cannot send the police, and it is possible that nobody is reading it."
        )
    ),
    "self_harm": SafetyMessage(
        N_(
            "I am very sorry that you feel this way. You are not alone. Call or text 988 now to talk with someone, "
            "day or night. If you are in danger right now, call 911. It is possible "
            "that nobody reads this chat in time."
        )
    ),
    "domestic_violence": SafetyMessage(
        N_(
            "I am sorry that this is happening to you. It is not your fault. If you are in danger, call 911 when you "
            "can do so safely. You can also report it when you are ready, or ask here for a person. If someone looks "
            "at your phone, you can erase this chat."
        ),
        offers=("report-not-urgent", "victims-witnesses", "right-to-report"),
    ),
    "stalking": SafetyMessage(
        N_(
            "You do not have to put up with being followed or watched, and you can report it. If that person is near "
            "you now, or you are afraid for your safety, call 911. You can also ask here for a person."
        ),
        offers=("report-not-urgent", "right-to-report"),
    ),
    "trafficking": SafetyMessage(
        N_(
            "If someone makes you work or have sex against your will, keeps your documents or does not let you leave, "
            "that is a crime that you can report. If you are in danger, call 911 when you can do so safely. You can "
            "also ask here for a person."
        ),
        offers=("right-to-report", "report-anonymous", "victims-witnesses"),
    ),
    "threat_call_ice": SafetyMessage(
        N_(
            "If someone threatens you with ICE so that you pay, obey or keep silent, that is a crime that you can "
            "report. If you are in danger now, call 911. You can also ask here for a person."
        ),
        answers=("threat-call-ice", "right-to-report", "victims-witnesses", "share-with-ice", "what-is-asked"),
    ),
    "agents_at_door": SafetyMessage(
        N_(
            "I cannot give legal advice, and it is possible that nobody is reading this chat now. You can ask here for "
            "a person. If someone is in danger, call 911."
        ),
        answers=("ice-assistance", "federal-cooperation", "immigration-enforcement", "what-is-asked"),
    ),
}
