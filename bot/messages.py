"""Every sentence of our own that a resident reads, by the key that a rule, an action or Rasa names it with.

The sentences are in English here and in every language in locales/. What a department does stands in data/faq instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.i18n import N_

SMALLTALK = {
    "greet": N_(
        "Hello. I am Enlace, an automatic assistant (%(department)s). I show you what the published text says "
        "about immigration, and how to report a crime. What would you like to know?"
    ),
    "goodbye": N_("Goodbye. You can come back at any time. If you are in danger, call 911."),
    "thanks": N_("You are welcome. Do you have another question?"),
    "acknowledge": N_("All right. What would you like to know?"),
    "about_bot": N_(
        "I am Enlace, an automatic assistant (%(department)s). I am not a person and not a police "
        "officer. I answer only from published texts, and I show you the words. I cannot take reports or "
        "send officers. In an emergency, call 911."
    ),
    "privacy": N_(
        "Whoever holds this phone can read this chat on it: on the web page, “Leave now” at the top closes and erases "
        "it. On WhatsApp, write ERASE, and then delete the chat on your phone, too. "
        "This chat is kept until %(time)s after its last message, and longer while you wait for a person "
        "or a call, or talk with a person. The people who run this service can read it. People from the "
        "police department can read it only if you ask for a person and agree: then what you write from "
        "then on until the person has left, and what you wrote before only if you say so. They can keep a "
        "copy. A court or the law can require that it be kept or handed over. I hide phone and ID numbers "
        "that you write when I can tell what they are. On WhatsApp your own number is stored, encrypted, so "
        "that I can answer. You do not have to give your name or your immigration status: please do not write them. "
        "To erase this chat, open “Before you write” at the top of the chat and press “Erase this chat "
        "now”."
    ),
    "erase": N_(
        "I have not erased anything. Whoever holds this phone can read this chat on it. On the web page, “Leave now” "
        "at the top erases it and opens another page; or open “Before you write” at the top of the chat and press "
        "“Erase this chat now”. On WhatsApp, write ERASE, and then delete the chat on your phone, too."
    ),
    "next_steps": N_(
        "If someone is in danger now, call 911. If not, I can guide you to report something, or you can ask here for a "
        "person. You can also ask me another question."
    ),
    "languages": N_(
        "I can answer only in these languages: %(languages)s. In an emergency call 911: interpreters help there. You "
        "can also ask here for a person."
    ),
    "nothing_yet": N_("I do not know which answer you mean. What would you like to know?"),
    "stay": N_("All right, I have passed nothing on. What would you like to know?"),
    "stay_as_before": N_("All right, I have passed nothing more on. What would you like to know?"),
    "why_report_happening_now": N_(
        "I ask because in danger you need 911, and not this chat. Your answer only tells me what to show you."
    ),
    "why_report_with_name": N_(
        "I ask because you may want to report with your name or without it. Your answer only tells me what to show you."
    ),
    "stop_guide": N_("We can stop here. You can come back at any time. If you are in danger, call 911."),
}
TELLS = frozenset({"about_bot", "privacy", "erase", "languages"})
"""Those that answer a question, and so are said below a warning, too."""
ASKS_WHAT = frozenset({"greet", "acknowledge", "nothing_yet", "stay", "stay_as_before"})
"""Those after which topics to begin with are offered; a person who is waited for is what is said in their place."""
OFFERS_PERSON = frozenset({"acknowledge", "nothing_yet", "about_bot", "privacy", "languages"})
"""Those after which a person is offered by a button."""
FIRST_TOPICS = ("what-is-asked", "report-not-urgent", "report-anonymous")

NO_ANSWER = {
    "not_in_the_texts": N_(
        "I found nothing about that in the texts I have (%(department)s). You can ask in other words, or "
        "ask for a person."
    ),
    "not_in_the_texts_waiting": N_("I found nothing about that in the texts I have (%(department)s)."),
    "no_promises": N_(
        "I can only show what the text says (%(department)s). I cannot promise or say anything else. You "
        "can ask me what it says, or ask for a person."
    ),
    "no_legal_advice": N_(
        "I cannot give legal advice, only show what the text says (%(department)s). For your case ask a "
        "lawyer, or ask here for a person."
    ),
    "no_predictions": N_(
        "I cannot know what will happen, only show what the text says (%(department)s). You can ask me "
        "what it says, or ask for a person."
    ),
    "elsewhere": N_(
        "I have only the texts of one department (%(department)s). I cannot say what other police "
        "departments or agencies do. You can ask me about this one, or ask for a person."
    ),
    "insult": N_(
        "I am sorry that this is frustrating. I can only answer what the texts say (%(department)s). You "
        "can ask me about them, or ask for a person."
    ),
}
ASKS_NOTHING = frozenset({"insult"})
"""Those that decline no question: the conversation stays about what it was about."""

OFFER = {
    "again": N_("I have not passed this on yet. If you want me to, choose one of these."),
}
"""In place of the offer of a person, where it has just been made."""

QUESTIONS = {
    "report_happening_now": N_(
        "I can show you what the texts say about reporting a crime. Please do not write here what "
        "happened: I cannot take reports. Is it happening right now, or is somebody in danger?"
    ),
    "report_with_name": N_(
        "When you report it to the police, do you want to give your name? Answer yes or no; do not write "
        "your name here."
    ),
}


UNREVIEWED = N_("Nobody at the department has reviewed this summary yet. The quoted words are from the published text.")

WHATSAPP = {
    "welcome": N_(
        "Hello. I am Enlace, an automatic assistant (%(department)s), not a person and not a police "
        "officer. This chat cannot send the police: in an emergency call 911. Please do not send "
        "documents, photos, or anybody’s immigration status. What you write is kept for %(time)s after "
        "the last message, and longer while you wait for a person or talk with one. The people who run "
        "this service can read it, and a court can order that it be handed over. WhatsApp belongs to "
        "Meta, which has rules of its own. Write ERASE to delete here what you wrote, STOP to get no more "
        "messages."
    ),
    "stopped": N_(
        "You will get no more messages from here. A person’s answer will not reach you either. Write "
        "START to come back. Write ERASE to delete here what you wrote. In an emergency call 911."
    ),
    "still_stopped": N_(
        "You asked for no more messages, so I do not answer here. Write START to come back. In an emergency call 911."
    ),
    "started": N_("Welcome back. What would you like to know?"),
    "erased": N_(
        "What you wrote has been erased here. It is still in WhatsApp on your phone: delete this chat there, too. If "
        "you write again, a new chat begins."
    ),
    "helped": N_("Thank you for telling me."),
    "not_helped": N_("I am sorry that this did not help. You can ask in other words, or ask for a person."),
    "reaction": N_("Thank you. Write your question whenever you like."),
    "nothing_kept": N_("There is no message waiting for you. What would you like to know?"),
}
"""What the WhatsApp channel says itself."""

UNREAD = {
    "image": N_("I cannot see pictures. If you are in danger, call 911. Otherwise, please write your question."),
    "video": N_("I cannot watch videos. If you are in danger, call 911. Otherwise, please write your question."),
    "audio": N_(
        "I cannot listen to voice messages. If you are in danger, call 911. Otherwise, please write your question."
    ),
    "sticker": N_("I cannot see stickers. Please write your question."),
    "document": N_("I cannot open documents, and you need not send any. Please write your question."),
    "location": N_(
        "I cannot see places on a map, and I cannot send anybody. If you are in danger, call 911 and say where you are."
    ),
    "contacts": N_("I cannot open contacts. Please write your question."),
    "order": N_("I cannot take orders. Please write your question."),
    "other": N_("I cannot read what you sent. If you are in danger, call 911. Otherwise, please write your question."),
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
            "I am very sorry that you feel this way. You do not have to go through this alone. Call or "
            "text 988 now to talk with someone, day or night. If you are in danger right now, call 911. "
            "It is possible that nobody reads this chat in time."
        )
    ),
    "domestic_violence": SafetyMessage(
        N_(
            "I am sorry that this is happening to you. It is not your fault. If you are in danger, call "
            "911 when you can do so safely. You can also report it when you are ready, or ask here for a "
            "person. If someone looks at your phone: on the web page, “Leave now” erases this chat. On "
            "WhatsApp, write ERASE, and then delete the chat on your phone, too."
        ),
        offers=("report-not-urgent", "victims-witnesses", "right-to-report"),
    ),
    "stalking": SafetyMessage(
        N_(
            "You do not have to put up with being followed or watched, and you can report it. If that person is near "
            "you now, or you are afraid for your safety, call 911. You can also ask here for a person. If someone "
            "looks at your phone: on the web page, “Leave now” erases this chat. On WhatsApp, write ERASE, and then "
            "delete the chat on your phone, too."
        ),
        offers=("report-not-urgent", "right-to-report"),
    ),
    "trafficking": SafetyMessage(
        N_(
            "If someone makes you work or have sex against your will, keeps your documents or does not "
            "let you leave, that can be a crime, and you can report it. If you are in danger, call 911 "
            "when you can do so safely. You can also ask here for a person."
        ),
        offers=("right-to-report", "report-anonymous", "victims-witnesses"),
    ),
    "threat_call_ice": SafetyMessage(
        N_(
            "If someone threatens you with ICE so that you pay, obey or keep silent, that can be a crime "
            "(extortion), and you can report it. If you are in danger now, call 911. You can also ask "
            "here for a person."
        ),
        answers=("threat-call-ice", "right-to-report", "victims-witnesses", "share-with-ice", "what-is-asked"),
    ),
    "agents_at_door": SafetyMessage(
        N_(
            "I cannot give legal advice: a lawyer can. It is possible that nobody is reading this chat "
            "now. You can ask here for a person from the department, who may answer later. If someone is "
            "in danger, call 911."
        ),
        answers=("ice-assistance", "federal-cooperation", "immigration-enforcement", "what-is-asked"),
    ),
}

REASONS = {
    "yes": {"solved": N_("I know what to do now"), "kind": N_("They were kind"), "quick": N_("It was quick")},
    "no": {"unsolved": N_("It was not solved"), "slow": N_("It took too long"), "unclear": N_("I did not understand")},
}
"""Why a person helped or didn't: the second tap, by the first."""
