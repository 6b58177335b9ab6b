"""What the commands share: settings, and plain words on the standard error."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table


def say(message: str) -> None:
    """Tell the person at the terminal; standard output is for results."""
    typer.echo(message, err=True)


def fail(message: str, code: int = 2) -> NoReturn:
    """End with a sentence that says what to do."""
    typer.echo(f"enlace: {message}", err=True)
    raise typer.Exit(code)


def show(table: Table) -> None:
    """Print a table, made to be read in 80 columns; what isn't printed at a terminal has room for every cell."""
    from rich.console import Console

    fitted = sys.stdout.isatty() or "COLUMNS" in os.environ
    Console(width=None if fitted else 200).print(table)


def from_here(path: Path) -> Path:
    """A path as short as it is typed: from the present folder, if it is below that."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def address(host: str, port: int) -> str:
    """The address of a server, as one opens it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def reachable(host: str) -> str:
    """Where this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def load_settings(**overrides: Any) -> Settings:
    """The settings in force; a wrong one ends the command with its name and what is wrong."""
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        fail("a setting is wrong\n" + "\n".join(map(_wrong, error.errors())))
    except UnicodeDecodeError as error:
        fail(f".env is not UTF-8 (byte {error.start}): save it as that")


def _wrong(item: ErrorDetails) -> str:
    name = "_".join(map(str, item["loc"])).upper()
    if item["type"] == "extra_forbidden":  # of the file, whose names come whole
        return f"{name}: no setting of Enlace (docs/settings.md); what is meant for others goes into the environment"
    return f"ENLACE_{name}: {item['msg']}" if name else item["msg"]
