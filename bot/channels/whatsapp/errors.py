"""What to do about an error that WhatsApp reports, by its code, and how it is told to a liaison.

The codes are those of Meta's reference, sorted as `pywa` sorts them into classes; the texts beside them change, so
nothing here reads one.
"""

from __future__ import annotations

from typing import Literal

from pywa import errors

from bot.i18n import N_

Action = Literal["wait", "template", "give_up", "alarm"]
"""wait: try again later. template: the 24 hours are over. alarm: somebody has to put it right; try again meanwhile."""

_CLOSED = 131047
_HELD_BACK = 131049
_COUNTRY = 130497
"""The account may write to nobody in this country, and to others all the same."""
_WAIT = (errors.ThrottlingError, errors.GenericError, errors.UnknownError)
_WAIT_CODES = {1, 2, 17, 32, 341, 613, 131000, 131016, _HELD_BACK, 131057, 133004}
"""Of Meta's own trouble, and of its limits; those of two and three digits are the Graph API's."""
_ALARM = (errors.AuthorizationError, errors.IntegrityError)
_ALARM_CODES = {
    33,  # the number was deleted
    102,  # the session of the token has ended
    2500,  # the path has a version that there isn't
    2635,  # the version is out of service
    131005,  # access denied
    131030,  # a test number, which writes to those on its list alone
    131037,  # the number's name isn't approved
    131042,  # payment
    131045,  # the number's certificate
    131048,  # too many have blocked or reported the number
    131064,  # too many templates were found to be of another category
    132000,  # the template isn't the one that we know: this one, and 132005, 132012, 132018
    132001,  # the template isn't there in this language
    132005,
    132007,
    132012,
    132015,  # paused
    132016,  # switched off
    132018,
    133010,  # the number isn't registered
    141006,
}
_OF_ONE = {1, _HELD_BACK, 131000, 131056, 135000}
"""What may be tried again, and can be a matter of one resident or of one message alone."""
_NO_NUMBER = (100, 33)
"""Code and subcode: the number isn't there, or the token doesn't reach it. Any other 100 is about one message."""
ALARM_WAIT_S = 300.0
"""How long to wait before the next try, where somebody has to put something right first."""

OURS = {
    "window": N_("more than 24 hours have passed, so they were asked to write first"),
    "stopped": N_("this person asked for no more messages"),
    "gone": N_("this person is not reachable on WhatsApp any more"),
    "not_rendered": N_("no WhatsApp message could be made of it: tell whoever runs Enlace"),
    "no_number": N_(
        "WhatsApp does not find the department’s number, or the access token is not for it: tell whoever runs Enlace"
    ),
}
"""Reasons that WhatsApp has no code of its own for."""
_RESTRICTED = N_("WhatsApp restricts the department’s number: tell whoever runs Enlace")
WORDS = {
    131026: N_("WhatsApp could not reach this phone: no WhatsApp, an old version, or its terms not accepted"),
    131047: N_("more than 24 hours have passed since they wrote"),
    131050: N_("this person has blocked such messages"),
    131049: N_("WhatsApp limits how much one person is sent: wait a day before you send it again"),
    131056: N_("too many messages to this person in a short time"),
    130429: N_("too many messages in a short time"),
    130497: N_("WhatsApp does not let the department write to this person’s country"),
    190: N_("WhatsApp’s access token has expired: tell whoever runs Enlace"),
    131031: N_("WhatsApp has locked the department’s account: tell whoever runs Enlace"),
    368: N_("WhatsApp has blocked the department’s number for a time: tell whoever runs Enlace"),
    131048: _RESTRICTED,
    131064: _RESTRICTED,
    131042: N_("WhatsApp’s bill is not settled: tell whoever runs Enlace"),
    132001: N_("the message that asks them to write first is not approved yet: tell whoever runs Enlace"),
}
LOST = N_("the connection to WhatsApp was lost")
"""Where the reason is what a library calls that."""
OTHER = N_("WhatsApp refused it (code %(code)s)")


def action(code: int | None, subcode: int | None = None, invitation: bool = False) -> Action:
    """What to do about an error with this code, if Meta names one; only the Graph API's answers have a subcode.

    `invitation`: of the template, which Meta holds back only where it takes it for marketing.
    """
    if code is None or code == _COUNTRY:
        return "give_up"
    if code == _CLOSED:
        return "template"
    if code == _HELD_BACK and invitation:
        return "alarm"
    kind = type(errors.WhatsAppError.from_dict({"code": code, "message": ""}))
    if code in _ALARM_CODES or (code, subcode) == _NO_NUMBER or issubclass(kind, _ALARM):
        return "alarm"
    if code in _WAIT_CODES or issubclass(kind, _WAIT):
        return "wait"
    return "give_up"


def reason(code: int, subcode: int | None = None) -> str:
    """The same error as it is stored, told to operators, and looked up in OURS or WORDS."""
    return "no_number" if (code, subcode) == _NO_NUMBER else str(code)


def in_words(stored: str) -> str | None:
    """The sentence of the catalogs that says a `reason` (%(code)s in it stands for the code); None for any other."""
    if stored.isdecimal():
        return WORDS.get(int(stored), OTHER)
    return OURS.get(stored)


def may_pass(stored: str) -> bool:
    """Whether a `reason`, or the name of a lost connection, may be over without anything that the resident does.

    Of what Meta holds back for one person it says that another try within a day makes it worse.
    """
    if not stored.isdecimal():
        return stored != "stopped"
    return int(stored) != _HELD_BACK and action(int(stored)) in {"wait", "alarm"}


def is_of_one(stored: str) -> bool:
    """Whether a `reason` may be one resident's alone, so that others can be written to all the same."""
    return stored == "window" or (stored.isdecimal() and int(stored) in _OF_ONE)
