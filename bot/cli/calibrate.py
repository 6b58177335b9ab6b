"""`enlace calibrate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.terminal import load_settings, say

if TYPE_CHECKING:
    from bot.retrieval import calibration


def calibrate(
    write: Annotated[bool, typer.Option(help="Write data/calibration/decision.yml.")] = True,
) -> None:
    """Fit the confidence to the questions of data/calibration, and print what each threshold would do.

    Example: enlace calibrate --no-write
    """
    from bot import examples, training
    from bot.content.library import load
    from bot.encoder import encoder_name, for_training
    from bot.retrieval import calibration
    from bot.retrieval.decision import FEATURES, TOGETHER
    from bot.retrieval.learning import Learned
    from bot.turns.follow_ups import FollowUps

    settings = load_settings()
    library = load(settings.data_dir)
    cache = training.vector_cache(settings, lambda: for_training(settings.encoder_model))
    questions = examples.calibration_questions(settings.data_dir, library)
    follow_ups = examples.follow_ups(settings.data_dir, library)
    say(f"learning from everything, {len(questions)} questions and {len(follow_ups)} follow-ups among it")
    learned = Learned(library, examples.search_examples(settings, library, [*questions, *follow_ups]), cache)
    may_go_on = FollowUps(library.languages).match
    alone: list[calibration.Example] = []
    together: list[calibration.Example] = []
    for number, (asked, after) in enumerate(
        zip(calibration.parts(questions), calibration.parts(follow_ups), strict=True), start=1
    ):
        say(f"an index that has not seen part {number} of {calibration.FOLDS} of them")
        # Beside the follow-ups stand questions that go on from nothing, half of them.
        some = [*after, *calibration.after_others(asked[::2], library)]
        some = [question for question in some if may_go_on(question.text)]
        unseen = [examples.learned_text(question) for question in (*asked, *after)]
        index = learned.index(unseen=[*unseen, *(question.before[-1] for question in some)])
        alone += calibration.judged(index, asked, library, cache)
        together += calibration.judged_together(index, some, library, cache)
    say(f"{len(alone)} questions by themselves:")
    by_themselves = _fit(alone, FEATURES)
    say(f"{len(together)} messages read together with the question before them:")
    both = _fit(together, TOGETHER)
    if write:
        path = settings.data_dir / "calibration" / "decision.yml"
        calibration.write(path, by_themselves, both, encoder_name(settings.encoder_model))
        say(f"written: {path}")


def _fit(examples: Sequence[calibration.Example], names: Sequence[str]) -> calibration.Fit:
    from bot.evaluation.reliability import expected_calibration_error
    from bot.retrieval import calibration

    fitted = calibration.fit(examples, names)
    error = expected_calibration_error(fitted.held_out, [example.right for example in examples])
    say(f"expected calibration error, cross-validated: {error:.3f}")
    _print(examples, fitted.held_out)
    return fitted


def _print(examples: Sequence[calibration.Example], probabilities: Sequence[float]) -> None:
    """What each threshold would do, on questions that were left out of the fit."""
    pairs = list(zip(examples, probabilities, strict=True))
    inside = [p for example, p in pairs if example.inside]
    outside = [p for example, p in pairs if not example.inside]
    say("from   inside below   outside below   right of those inside")
    for threshold in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6):
        good = sum(example.right and p >= threshold for example, p in pairs)
        shares = (
            sum(p < threshold for p in inside) / len(inside),
            sum(p < threshold for p in outside) / len(outside),
            good / len(inside),
        )
        say(f"{threshold:.2f}" + "".join(f"{share:16.1%}" for share in shares))
