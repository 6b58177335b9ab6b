"""Rasa's custom actions: thin, one capability a module. Each says *what to say*; bot/rendering/ says it."""

from collections.abc import Collection

from rasa_sdk import Action

from actions.answer import AboutPerson, Answer, ChooseTopic
from actions.handoff import Connect, OfferHandoff
from actions.language import ChangeLanguage
from actions.last_answer import LastAnswer, NextSteps
from actions.report import BeginGuide, DangerNow, GuideReport, ValidateReportForm
from actions.turns import TurnLookup


def all_actions(turns: TurnLookup, unserved: Collection[str] = ()) -> list[Action]:
    """An instance of every action; `turns` has what each needs to know of the turn it runs in.

    `unserved`: how languages that aren't served are called in themselves.
    """
    return [
        Answer(turns),
        AboutPerson(turns),
        ChooseTopic(turns),
        OfferHandoff(),
        Connect(),
        ChangeLanguage(turns, unserved),
        LastAnswer(turns),
        NextSteps(turns),
        BeginGuide(),
        DangerNow(turns),
        GuideReport(turns),
        ValidateReportForm(turns),
    ]


__all__ = ["TurnLookup", "all_actions"]
