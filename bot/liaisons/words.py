"""What things are called to liaisons: in the console, and in mails to them."""

from __future__ import annotations

from bot.i18n import N_

FLAGS = {
    "emergency": N_("Danger now"),
    "self_harm": N_("Self-harm"),
    "domestic_violence": N_("Domestic violence"),
    "stalking": N_("Stalking"),
    "trafficking": N_("Trafficking"),
    "threat_call_ice": N_("Threat to call ICE"),
    "agents_at_door": N_("Agents at the door"),
}
OWNERS = {
    "bot": N_("With the assistant"),
    "waiting": N_("Waiting for a person"),
    "liaison": N_("With a person"),
    "closed": N_("Ended"),
}
AUTHORS = {
    "resident": N_("Resident"),
    "bot": N_("Assistant"),
    "safety": N_("Safety message"),
    "notice": N_("Notice"),
}
PLACES = {
    "yours": N_("Yours"),
    "for_you": N_("Waiting for you"),
    "for_others": N_("Waiting for a colleague who speaks the language"),
    "with_others": N_("With colleagues"),
}
ROLES = {"liaison": N_("Liaison"), "supervisor": N_("Supervisor"), "admin": N_("Administrator")}
MOVES = {
    "claim": N_("Take this conversation"),
    "release": N_("Back to the queue"),
    "hand_back": N_("Back to the assistant"),
    "close": N_("End it"),
    "reopen": N_("Take it up again"),
    "transfer": N_("Give it to"),
}
ACTIONS = {
    "sign_in": N_("signed in"),
    "sign_in_failed": N_("could not sign in"),
    "sign_out": N_("signed out"),
    "view": N_("read a conversation"),
    "search": N_("searched"),
    "claim": N_("took a conversation"),
    "transfer": N_("gave a conversation to somebody"),
    "release": N_("put a conversation back into the queue"),
    "hand_back": N_("gave a conversation back to the assistant"),
    "close": N_("ended a conversation"),
    "reopen": N_("took a conversation up again"),
    "retry": N_("had a message sent again"),
    "note": N_("wrote a note"),
    "label": N_("changed a label"),
    "export": N_("exported a conversation"),
    "contact": N_("looked at a contact"),
    "callback_done": N_("made a callback"),
    "hold": N_("changed a legal hold"),
    "purge": N_("deleted what was due"),
    "settings": N_("changed a setting"),
    "account": N_("changed an account"),
    "audit": N_("read this list"),
    "figures": N_("looked at the figures"),
}
