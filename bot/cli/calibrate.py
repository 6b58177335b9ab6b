"""`enlace calibrate`."""

from __future__ import annotations

import functools
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
    from bot import training
    from bot.content.library import load
    from bot.encoder import encoder_name, for_training
    from bot.retrieval import calibration

    settings = load_settings()
    library = load(settings.data_dir)
    cache = training.vector_cache(settings, lambda: for_training(settings.encoder_model))
    questions = training.calibration_questions(settings.data_dir)
    learned = functools.partial(training.search_examples, settings, library)
    examples: list[calibration.Example] = []
    for fold in range(calibration.FOLDS):
        say(f"an index without part {fold + 1} of {calibration.FOLDS} of the questions")
        examples += calibration.left_out(questions, fold, library, cache, learned)
    folder = settings.data_dir / "calibration"
    fitted = calibration.fit(examples)
    error = calibration.expected_calibration_error(fitted.held_out, [example.right for example in examples])
    say(f"{len(examples)} questions; expected calibration error, cross-validated: {error:.3f}")
    _print(examples, fitted.held_out)
    if write:
        calibration.write(folder / "decision.yml", fitted, encoder_name(settings.encoder_model))
        say(f"written: {folder / 'decision.yml'}")


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
