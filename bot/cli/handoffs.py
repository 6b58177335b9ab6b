"""`enlace handoffs`: who waits for a person."""

from __future__ import annotations

import asyncio

import typer

from bot.cli.terminal import load_settings, show


def handoffs() -> None:
    """List the conversations whose residents asked for a person, the longest waiting first.

    Example: enlace handoffs
    """
    from rich.table import Column, Table

    from bot.conversations.store import Store
    from bot.database.engine import migrate, open_engine

    async def waiting() -> Table:
        engine = open_engine(load_settings().database)
        try:
            await migrate(engine)
            # In 80 columns the others are folded: the id is what somebody copies.
            whole = Column("conversation", no_wrap=True)
            names = ("department", "language", "asked (UTC)", "messages")
            department, language, asked, messages = (Column(name, overflow="fold") for name in names)
            table = Table(department, language, whole, asked, messages)
            for row in await Store(engine).waiting():
                moment = row.requested_at.strftime("%Y-%m-%d %H:%M")
                table.add_row(row.department, row.language, row.id, moment, str(row.last_number))
            return table
        finally:
            await engine.dispose()

    table = asyncio.run(waiting())
    if table.row_count:
        show(table)
    else:
        typer.echo("nobody is waiting for a person")
