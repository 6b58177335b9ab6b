"""`enlace whatsapp`: whether WhatsApp is set up, and the templates that Meta has to approve."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.terminal import fail, load_settings

if TYPE_CHECKING:
    from bot.channels.whatsapp.check import Check, Finding
    from bot.channels.whatsapp.outbound import Outbound
    from bot.content.models import Language

app = typer.Typer(no_args_is_help=True, help="Set up WhatsApp.")
_SIGNS = {"good": "ok  ", "look": "look", "bad": "BAD "}


@app.callback()
def group() -> None:
    """Set up WhatsApp (docs/whatsapp.md)."""


@app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON, one a line.")] = False,
) -> None:
    """Test the token, the app secret, the numbers, the webhook and the templates; say what is missing and what to do.

    Sends no message. Ends with 1 if anything is wrong. Enlace has to run where the webhook points.

    Example: enlace whatsapp check
    """
    _show(lambda check: check.run(), as_json)


@app.command()
def submit(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Submit nothing; print what would be.")] = False,
) -> None:
    """Submit to Meta the templates that it does not have, one for each language. It reviews them within a day or so.

    Example: enlace whatsapp submit
    """
    if dry_run:
        outbound, languages = _outbound()
        for language in languages:
            typer.echo(json.dumps(outbound.template_definition(language), ensure_ascii=False, indent=2))
        return
    _show(lambda check: check.submit(), as_json=False)


def _outbound() -> tuple[Outbound, Mapping[str, Language]]:
    """What makes the templates, and the languages that are served."""
    from bot.channels.whatsapp.outbound import Outbound
    from bot.content.library import load
    from bot.i18n import Catalogs
    from bot.rendering.renderer import Renderer

    settings = load_settings()
    library = load(settings.data_dir)
    catalogs = Catalogs(settings.locales_dir, library.languages)
    return Outbound(Renderer(library, catalogs), catalogs), library.languages


def _show(ask: Callable[[Check], AsyncIterator[Finding]], as_json: bool) -> None:
    """Print each finding as it comes."""
    settings = load_settings()
    if not settings.whatsapp_numbers:
        fail("ENLACE_WHATSAPP_NUMBERS is not set: docs/whatsapp.md says how to get there")

    async def run() -> bool:
        from bot.channels.whatsapp.check import Check
        from bot.channels.whatsapp.cloud import Cloud

        outbound, languages = _outbound()
        cloud = Cloud(settings)
        wrong = False
        try:
            names = {code: entry.name for code, entry in languages.items()}
            async for finding in ask(Check(settings, cloud, outbound, names)):
                wrong |= finding.grade == "bad"
                if as_json:
                    typer.echo(json.dumps(vars(finding), ensure_ascii=False))
                else:
                    typer.echo(f"{_SIGNS[finding.grade]}  {finding.what}")
                    if finding.remedy:
                        typer.echo(f"      {finding.remedy}")
        finally:
            await cloud.close()
        return wrong

    if asyncio.run(run()):
        raise typer.Exit(1)
