"""The command line: `enlace`."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from bot.cli import content, language, liaison, whatsapp
from bot.cli.ask import ask
from bot.cli.backup import backup
from bot.cli.calibrate import calibrate
from bot.cli.evaluate import evaluate
from bot.cli.handoffs import handoffs
from bot.cli.purge import purge
from bot.cli.serve import serve, train
from bot.cli.tune import tune
from bot.problems import sentence

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(version("enlace"))
        raise typer.Exit


@app.callback()
def options(
    asked: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and end.")
    ] = False,
) -> None:
    """Enlace answers residents' questions out of their police department's own published words."""


app.command()(serve)
app.command()(train)
app.command()(ask)
app.command()(evaluate)
app.command()(calibrate)
app.command()(tune)
app.command()(handoffs)
app.command()(purge)
app.command()(backup)
app.add_typer(content.app, name="content")
app.add_typer(language.app, name="language")
app.add_typer(liaison.app, name="liaison")
app.add_typer(whatsapp.app, name="whatsapp")


def main() -> None:
    """Entry point of the console script. What somebody can put right is a sentence, not a traceback."""
    try:
        app()
    except Exception as error:
        if (said := sentence(error)) is None:
            raise
        typer.echo(f"enlace: {said}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
