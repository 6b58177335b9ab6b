"""`enlace content …`: check, coverage, accept, hash."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.terminal import fail, from_here, load_settings

if TYPE_CHECKING:
    from bot.content.library import Library
    from bot.content.yamlfile import Problem

app = typer.Typer(no_args_is_help=True, help="Check the published texts and the answers that stand on them.")

Department = Annotated[str | None, typer.Option(help="Only this department, by id.", metavar="ID")]
Root = Annotated[
    Path | None,
    typer.Option(help="The folder that holds languages.yml, topics.yml and faq/; ENLACE_DATA_DIR.", metavar="DIR"),
]


def _folder(root: Path | None) -> Path:
    return root or from_here(load_settings().data_dir)


def _require(department: str | None, root: Path) -> None:
    """Refuse a department that isn't there; that `root` has none at all is for `check` to say."""
    from bot.content.library import department_folders

    known = [folder.name for folder in department_folders(root)]
    if department is not None and department not in known:
        fail(f"there is no department {department!r}. There is: {', '.join(known) or 'none'}.")


def _beside(folder: Path, library: Library) -> Iterator[Problem]:
    """What is wrong with the files that the assistant reads at its start beside the departments' own."""
    from bot.channels.whatsapp.commands import Commands
    from bot.content.yamlfile import ContentError
    from bot.elsewhere import Elsewhere
    from bot.examples import nlu_examples
    from bot.limits import Limits
    from bot.questions import read_questions
    from bot.retrieval.decision import Decision
    from bot.safety.net import read_examples
    from bot.safety.rules import SafetyRules
    from bot.unserved import UnservedLanguages

    profiles = {name: department.profile for name, department in library.departments.items()}
    readers: list[Callable[[], object]] = [
        lambda: Limits(folder, profiles),
        lambda: Elsewhere(folder / "places.yml", profiles),
        lambda: UnservedLanguages(folder / "unserved.yml", library.languages),
        lambda: Commands(folder),
        lambda: nlu_examples(folder),
        lambda: read_examples(folder / "safety", []),
        lambda: read_questions([folder / "calibration"]),
        lambda: Decision.load(folder / "calibration" / "decision.yml"),
        SafetyRules,
    ]
    for read in readers:
        try:
            read()
        except ContentError as error:
            yield from error.problems


@app.command()
def check(department: Department = None, root: Root = None) -> None:
    """Print every error of every content file, with file and line; exit 1 if there is one.

    Example: enlace content check --department kent-wa
    """
    from bot.content.library import inspect

    folder = _folder(root)
    _require(department, folder)
    library, problems = inspect(folder, department)
    if library.languages:  # without them every file would seem wrong
        problems = sorted({*problems, *_beside(folder, library)})
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        files = len({problem.path for problem in problems})
        typer.echo(f"{len(problems)} problems in {files} files. docs/content.md says what each part must be.", err=True)
        raise typer.Exit(1)
    typer.echo("content: no problem found")


@app.command()
def coverage(
    department: Department = None,
    root: Root = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print what each department has in each language.

    Example: enlace content coverage --json
    """
    from rich import box
    from rich.console import Console
    from rich.table import Column, Table

    from bot.content.coverage import coverage as rows
    from bot.content.library import inspect

    folder = _folder(root)
    _require(department, folder)
    library, _ = inspect(folder, department)
    if as_json:
        for row in rows(library):
            typer.echo(json.dumps(asdict(row)))
        return
    # Made to fit 80 columns with the ids whole.
    columns = (
        Column("department", no_wrap=True, min_width=max(map(len, library.departments), default=0)),
        Column("lang", no_wrap=True),
    )
    table = Table(*columns, box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    for name in ("topics", "silent", "usable", "complete", "variants", "re-\nviewed", "trans-\nlated"):
        table.add_column(name, justify="right", overflow="fold")
    for row in rows(library):
        counts = (row.topics, row.silent, row.usable, row.complete, row.variants, row.reviewed)
        table.add_row(row.department, row.language, *map(str, counts), f"{row.translated}/{row.sections}")
    Console().print(table)


@app.command()
def accept(
    department: Annotated[str, typer.Argument(help="The department, by id.", metavar="ID")],
    topics: Annotated[list[str] | None, typer.Argument(help="Topics whose answers you looked at.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="You looked at every answer of the department.")] = False,
    root: Root = None,
) -> None:
    """Record that somebody looked at answers whose published text has changed; they are shown again.

    Example: enlace content accept kent-wa arrest-for-status
    """
    from bot.content import written_from
    from bot.content.documents import load_document
    from bot.content.yamlfile import ContentError

    data = _folder(root)
    _require(department, data)
    folder = data / "faq" / department
    known = {path.stem: path for path in sorted((folder / "answers").glob("*.yml"))}
    if everything == bool(topics):
        fail("name the topics whose answers you looked at, or say --all if you looked at all of them")
    if unknown := [topic for topic in topics or [] if topic not in known]:
        fail(f"{department} has no answer for {', '.join(unknown)}")
    try:
        documents = {
            path.stem: load_document(path) for path in (folder / "policies").glob("*.md") if "." not in path.stem
        }
        for topic in topics or known:
            if written_from.accept(known[topic], documents):
                typer.echo(f"{known[topic]}: accepted")
    except ContentError as error:
        fail(str(error))


@app.command("hash")
def hashes(department: Department = None, root: Root = None) -> None:
    """Print each section's hash, as the `hashes` of a translation want it.

    Example: enlace content hash --department roeland-park-ks
    """
    from bot.content.documents import load_document

    folder = _folder(root)
    _require(department, folder)
    for path in sorted((folder / "faq").glob(f"{department or '*'}/policies/*.md")):
        if "." not in path.stem:
            typer.echo(f"# {path}\nhashes:")
            for section in load_document(path).sections.values():
                typer.echo(f"  {section.anchor}: {section.hash}  # {len(section.sentences)} lines")
