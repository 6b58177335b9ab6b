"""`enlace purge`: delete what is due."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from bot.cli.terminal import load_settings


def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Delete nothing; say what would be deleted.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="However young they are; after a restore.")] = False,
) -> None:
    """Delete conversations and contacts whose days are over. A running server does so by itself, every hour.

    What somebody waits for, works on or holds stays.

    Rasa forgets them when the server runs next, or at once where it runs now.

    Example: enlace purge --dry-run
    """
    from bot.channels.whatsapp.intake import forget_ids
    from bot.database.engine import migrate, open_engine
    from bot.handoffs.retention import Purged, Retention

    async def run() -> Purged:
        settings = load_settings()
        engine = open_engine(settings.database)
        try:
            await migrate(engine)
            days = (0, 0) if everything else (settings.retention_days, settings.contact_days)
            retention = Retention(engine, *days, forget_ids)
            if dry_run:
                return await retention.due()
            return await retention.purge()
        finally:
            await engine.dispose()

    purged = asyncio.run(run())
    verb = "would be deleted" if dry_run else "deleted"
    typer.echo(f"{verb}: {purged.conversations} conversations, the contacts of {purged.contacts} callbacks")
