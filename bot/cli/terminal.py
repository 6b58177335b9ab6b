"""What the commands share: settings, and plain words on the standard error."""

from __future__ import annotations

from typing import Any, NoReturn

import typer
from pydantic import ValidationError

from bot.settings import Settings


def say(message: str) -> None:
    """Tell the person at the terminal; standard output is for results."""
    typer.echo(message, err=True)


def fail(message: str, code: int = 2) -> NoReturn:
    """End with a sentence that says what to do."""
    typer.echo(f"enlace: {message}", err=True)
    raise typer.Exit(code)


def address(host: str, port: int) -> str:
    """The address of a server, as one opens it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def load_settings(**overrides: Any) -> Settings:
    """The settings in force; a wrong one ends the command with its name and what is wrong."""
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [
            f"ENLACE_{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}" if item["loc"] else item["msg"]
            for item in error.errors()
        ]
        fail("a setting is wrong\n" + "\n".join(lines))
