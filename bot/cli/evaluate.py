"""`enlace evaluate`."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.ask import client, one, wrong
from bot.cli.terminal import fail, load_settings, say
from bot.evaluation.peer_names import PEERS
from bot.settings import ROOT, Settings

if TYPE_CHECKING:
    from bot.content.library import Library
    from bot.evaluation.figures import Pair, Share
    from bot.evaluation.peers import First
    from bot.evaluation.results import Results
    from bot.questions import Question

_AGAINST = "Compare with other systems, names with commas: " + ", ".join(PEERS) + "."


def evaluate(
    files: Annotated[list[Path] | None, typer.Argument(help="Question files or folders; tests/questions.")] = None,
    against: Annotated[str, typer.Option(metavar="NAME,…", help=_AGAINST)] = "",
    print_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    report: Annotated[Path | None, typer.Option(metavar="DIR", help="Write DIR/index.html, with pictures.")] = None,
    misses: Annotated[bool, typer.Option(help="List every question that missed.")] = True,
) -> None:
    """Ask every question, each through the whole turn, and print how many were answered right.

    Example: enlace evaluate tests/questions/es/kent-wa.jsonl --against bm25,dense --report report
    """
    from bot.content.library import load
    from bot.content.yamlfile import ContentError
    from bot.evaluation.peers import PeerError, find_peers
    from bot.evaluation.results import as_json
    from bot.questions import QuestionError, read_questions

    settings = load_settings()
    logging.basicConfig(level="ERROR", stream=sys.stderr)
    try:
        questions = read_questions(files or [ROOT / "tests/questions"])
        library = load(settings.data_dir)
        peers = find_peers(against)
        if report:  # before the minutes that the questions take
            report.mkdir(parents=True, exist_ok=True)
    except (QuestionError, ContentError, PeerError, OSError) as error:
        fail(str(error))
    if not questions:
        fail("there is no question in these files")
    for question in questions:
        if question.department not in library.departments:
            fail(f"{question.text!r}: there is no department {question.department!r}")
    found = _evaluate(settings, library, questions, peers)
    if report:
        from bot.evaluation.report import write_report

        say(f"written: {write_report(report, found)}")
    if print_json:
        typer.echo(json.dumps(as_json(found), ensure_ascii=False))
        return
    _print(found)
    if misses:
        for question, reply in found.misses:
            expected = question.expect.topic or question.expect.kind
            confidence = "" if reply.confidence is None else f"{reply.confidence:.2f}"
            got = " ".join(filter(None, (reply.kind, reply.topic, confidence)))
            typer.echo(f"{question.department} {question.language}: {question.text!r}: {expected}, got {got}")


def _evaluate(settings: Settings, library: Library, questions: Sequence[Question], peers: Sequence[str]) -> Results:
    from bot.encoder import encoder_name
    from bot.evaluation.peers import PeerError, compared, load_peer
    from bot.evaluation.results import results

    pairs = asyncio.run(_ask_all(settings, questions))
    asked = [question for question in questions if compared(question)]
    firsts: dict[str, Sequence[First]] = {}
    for name in peers if asked else ():
        say(f"asking {name}: {PEERS[name]}")
        try:
            firsts[name] = load_peer(name)(library, settings, asked)
        except PeerError as error:
            fail(str(error), code=1)
    return results(pairs, library, encoder_name(settings.encoder_model), firsts)


async def _ask_all(settings: Settings, questions: Sequence[Question]) -> list[Pair]:
    from rich.progress import track

    from bot.replies import Reply

    pairs: list[Pair] = []
    async with client(settings) as http:
        for question in track(questions, "asking", disable=not sys.stderr.isatty()):
            row = {"department": question.department, "text": question.text, "before": question.before}
            answer = await one(http, row)
            if failure := wrong(answer):
                fail(f"{question.text!r}: {failure}", code=1)
            pairs.append((question, Reply.model_validate(answer)))
    return pairs


def _print(found: Results) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=200 if not sys.stdout.isatty() else None)
    view = Table("figure", *found.figures)
    # A small group may lack questions of a sort.
    for name, share in found.figures["all"].items():
        if share.total:
            view.add_row(name, *(_cell(shares.get(name)) for shares in found.figures.values()))
    console.print(view)
    if found.reliability:
        error, total = found.reliability.error, found.reliability.total
        console.print(f"expected calibration error: {error:.3f}, of {total} replies that reached the decision")
    if found.systems:
        view = Table("right citation first", *found.figures)
        for name, shares in found.systems.items():
            view.add_row(name, *(_cell(share) for share in shares.values()))
        console.print(view)


def _cell(share: Share | None) -> str:
    if share is None or not share.total:
        return ""
    low, high = share.interval
    return f"{share.value:.1%} of {share.total}\n{low:.1%} to {high:.1%}"
