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
DID = {
    "add": N_("made it"),
    "change": N_("changed what it says"),
    "reset": N_("gave it a new password and second factor"),
    "enable": N_("switched it on"),
    "disable": N_("switched it off"),
    "password": N_("the password"),
    "on_duty": N_("went on duty"),
    "off_duty": N_("went off duty"),
    "add_canned_reply": N_("added a canned reply"),
    "delete_canned_reply": N_("deleted a canned reply"),
}
"""What was done to an account, or which setting was changed: `did` in the detail of an audit entry."""
PUT = {True: N_("put on"), False: N_("taken off")}
"""A label, or a legal hold: `on` in the detail."""
DETAILS = {
    "account": N_("account"),
    "to": N_("to"),
    "name": N_("name"),
    "title": N_("title"),
    "role": N_("role"),
    "departments": N_("departments"),
    "languages": N_("languages"),
    "sworn": N_("police officer"),
    "changed": N_("changed"),
    "everywhere": N_("everywhere"),
    "callback": N_("callback"),
    "conversations": N_("conversations"),
    "contacts": N_("contacts"),
    "messages": N_("messages"),
    "chars": N_("characters"),
    "hits": N_("messages found"),
    "days": N_("days"),
}
"""The other keys of the detail."""
