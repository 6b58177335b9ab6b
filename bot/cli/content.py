"""`enlace content …`: check, coverage, hash."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Check the published texts and the answers that stand on them.")

Department = Annotated[str | None, typer.Option(help="Only this department, by id.", metavar="ID")]
Root = Annotated[Path, typer.Option(help="The folder that holds languages.yml, topics.yml and faq/.", metavar="DIR")]
DATA = Path("data")


@app.command()
def check(department: Department = None, root: Root = DATA) -> None:
    """Print every error of every content file, with file and line; exit 1 if there is one.

    Example: enlace content check --department kent-wa
    """
    from bot.content.library import inspect

    _, problems = inspect(root, department)
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
    root: Root = DATA,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print what each department has in each language.

    Example: enlace content coverage --json
    """
    from rich.console import Console
    from rich.table import Table

    from bot.content.coverage import coverage as rows
    from bot.content.library import inspect

    library, _ = inspect(root, department)
    if as_json:
        for row in rows(library):
            typer.echo(json.dumps(asdict(row)))
        return
    table = Table("department", "language")
    for name in ("topics", "silent", "usable", "complete", "variants", "reviewed", "translated"):
        table.add_column(name, justify="right")
    for row in rows(library):
        counts = (row.topics, row.silent, row.usable, row.complete, row.variants, row.reviewed)
        table.add_row(row.department, row.language, *map(str, counts), f"{row.translated}/{row.sections}")
    Console().print(table)


@app.command("hash")
def hashes(department: Department = None, root: Root = DATA) -> None:
    """Print each section's hash, as the `hashes` of a translation want it.

    Example: enlace content hash --department roeland-park-ks
    """
    from bot.content.documents import load_document

    for path in sorted((root / "faq").glob(f"{department or '*'}/policies/*.md")):
        if "." not in path.stem:
            typer.echo(f"# {path}\nhashes:")
            for section in load_document(path).sections.values():
                typer.echo(f"  {section.anchor}: {section.hash}  # {len(section.sentences)} lines")
