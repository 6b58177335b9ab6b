"""`enlace evaluate` and `enlace calibrate`."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.ask import client, one
from bot.cli.terminal import fail, load_settings, say
from bot.evaluation.figures import Pair, Share, figures
from bot.evaluation.questions import Question, QuestionError, has_words, read_questions, right_citation, right_decision
from bot.replies import Reply
from bot.settings import ROOT, Settings


def evaluate(
    files: Annotated[list[Path] | None, typer.Argument(help="Question files or folders; tests/questions.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    misses: Annotated[bool, typer.Option(help="List every question that missed.")] = True,
) -> None:
    """Ask every question, each through the whole turn, and print how many were answered right.

    Example: enlace evaluate tests/questions/es/kent-wa.jsonl
    """
    settings = load_settings()
    logging.basicConfig(level="ERROR", stream=sys.stderr)
    try:
        questions = read_questions(files or [ROOT / "tests/questions"])
    except (QuestionError, OSError) as error:
        fail(str(error))
    pairs = asyncio.run(_ask_all(settings, questions))
    groups: dict[str, list[Pair]] = {"all": pairs}
    for pair in pairs:
        groups.setdefault(pair[0].language, []).append(pair)
    for pair in pairs:
        groups.setdefault(pair[0].department, []).append(pair)
    table = {name: figures(group) for name, group in groups.items()}
    missed = [pair for pair in pairs if not _hit(pair)]
    if as_json:
        typer.echo(json.dumps(_as_json(table, missed), ensure_ascii=False))
        return
    _print(table)
    if misses:
        for question, reply in missed:
            expected = question.expect.topic or question.expect.kind
            got = f"{reply.kind} {reply.topic or ''} {reply.confidence or ''}"
            typer.echo(f"{question.department} {question.language}: {question.text!r}: {expected}, got {got}")


def _hit(pair: Pair) -> bool:
    question, reply = pair
    if not right_decision(question, reply):
        return False
    return question.expect.kind != "answer" or reply.kind == "emergency" or right_citation(question, reply)


async def _ask_all(settings: Settings, questions: Sequence[Question]) -> list[Pair]:
    from rich.progress import track

    pairs: list[Pair] = []
    async with client(settings) as http:
        for question in track(questions, "asking", disable=not sys.stderr.isatty()):
            answer = await one(http, {"department": question.department, "text": question.text})
            if "error" in answer:
                fail(f"{question.text!r}: {answer['error']['message']}", code=1)
            pairs.append((question, Reply.model_validate(answer)))
    return pairs


def _as_json(table: dict[str, dict[str, Share]], missed: Sequence[Pair]) -> dict[str, Any]:
    return {
        "figures": {
            group: {
                name: {"hits": share.hits, "total": share.total, "value": share.value, "interval": share.interval}
                for name, share in shares.items()
                if share.total
            }
            for group, shares in table.items()
        },
        "misses": [{"question": question.model_dump(), "reply": reply.model_dump()} for question, reply in missed],
    }


def _print(table: dict[str, dict[str, Share]]) -> None:
    from rich.console import Console
    from rich.table import Table

    view = Table("figure", *table)
    for name in table["all"]:
        cells = []
        for shares in table.values():
            share = shares[name]
            low, high = share.interval
            cells.append(f"{share.value:.1%} of {share.total}\n{low:.1%} to {high:.1%}" if share.total else "")
        view.add_row(name, *cells)
    Console(width=200 if not sys.stdout.isatty() else None).print(view)


def calibrate(
    write: Annotated[bool, typer.Option(help="Write data/calibration/decision.yml.")] = True,
) -> None:
    """Fit the confidence to the questions of data/calibration, and print what each threshold would do.

    Example: enlace calibrate --no-write
    """
    from bot.encoder import encoder_name
    from bot.retrieval import calibration

    settings = load_settings()
    logging.basicConfig(level="ERROR", stream=sys.stderr)
    folder = settings.data_dir / "calibration"
    questions = [question for question in read_questions([folder]) if question.expect.kind in {"answer", "no_answer"}]
    examples = asyncio.run(_examples(settings, questions))
    fitted = calibration.fit(examples)
    right = [example.right for example in examples]
    error = calibration.expected_calibration_error(fitted.held_out, right)
    say(f"{len(examples)} questions reached the decision; expected calibration error, cross-validated: {error:.3f}")
    inside = [p for p, example in zip(fitted.held_out, examples, strict=True) if example.inside]
    outside = [p for p, example in zip(fitted.held_out, examples, strict=True) if not example.inside]
    say("from   inside below   outside below   right of those above")
    for threshold in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7):
        above = [good for p, good in zip(fitted.held_out, right, strict=True) if p >= threshold]
        shares = (
            sum(p < threshold for p in inside) / len(inside),
            sum(p < threshold for p in outside) / len(outside),
            sum(above) / len(above),
        )
        say(f"{threshold:.2f}" + "".join(f"{share:16.1%}" for share in shares))
    if write:
        calibration.write(folder / "decision.yml", fitted, encoder_name(settings.encoder_model))
        say(f"written: {folder / 'decision.yml'}")


async def _examples(settings: Settings, questions: Sequence[Question]) -> list[Any]:
    """What search and NLU say to each question; those that NLU takes for small talk are left out."""
    from bot.retrieval.calibration import Example
    from bot.runtime import Runtime

    runtime = Runtime(settings, say)
    seen: list[Any] = []
    examples = []
    async with runtime.run():
        runtime.turns.on_decision = lambda values, topic: seen.append((values, topic))
        for question in questions:
            new = await runtime.store.create(question.department, "web", question.language, chosen=True)
            inbox_id = await runtime.store.accept(new.id, "web", new.id, question.text, question.language, None)
            await runtime.turns.settle(new.id, inbox_id)
            await runtime.turns.erase(new.id)
            if seen:
                values, topic = seen.pop()
                answer = runtime.library.departments[question.department].answers[topic]
                quoted = bool(answer.citations) and has_words(question, answer.citations[0].quote)
                right = topic in question.topics or quoted
                examples.append(Example(values, right, bool(question.topics)))
    return examples
