"""`enlace backup`: a copy of the database."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from bot.cli.terminal import fail, load_settings


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; a file that isn't there yet.", metavar="FILE")],
) -> None:
    """Copy the SQLite database into a file of its own, for its owner alone, also while it is served.

    Back the secret key up too, apart from it. A PostgreSQL database is backed up with pg_dump (docs/operations.md).

    Example: enlace backup /backups/enlace-monday.db
    """
    from sqlalchemy.engine import make_url

    from bot.problems import reason

    url = make_url(load_settings().database)
    if url.get_backend_name() != "sqlite":
        fail(f"the database is PostgreSQL's: umask 077; pg_dump --format=custom --file={file} {url.database}")
    database = Path(url.database or "")
    if not database.is_file():
        fail(f"there is no database at {database} (ENLACE_VAR_DIR, ENLACE_DATABASE_URL)", code=1)
    there = f"{file} is there already: name a file that isn't, or move it away"
    if file.exists():
        fail(there, code=1)
    # What is ended on its way never has the backup's name.
    part = file.with_name(f"{file.name}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        fail(f"{part} is there already: a backup that was broken off, if none is running; then delete it", code=1)
    with contextlib.ExitStack() as undo:
        undo.callback(part.unlink)
        try:
            # mode=rw: what isn't there is not made.
            with (
                contextlib.closing(
                    sqlite3.connect(f"file:{quote(str(database))}?mode=rw", uri=True, timeout=15)
                ) as source,
                contextlib.closing(sqlite3.connect(part)) as copy,
            ):
                source.backup(copy)
        except sqlite3.Error as error:
            fail(
                f"{database} can't be copied ({reason(error)}): look whether it is a database, and for a full disk",
                code=1,
            )
        try:
            os.link(part, file)
        except FileExistsError:
            fail(there, code=1)
        except OSError:  # a file system without hard links
            part.rename(file)
            undo.pop_all()
    typer.echo(f"{file}: {file.stat().st_size} bytes")
