"""What every table stands on. The tables: bot/conversations, bot/handoffs, bot/liaisons and bot/channels/whatsapp, each
in `tables.py`.

Every change there needs a migration (bot/migrations), and a test compares the two.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, DateTime, MetaData, TypeDecorator
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import DeclarativeBase

MAX_ID = 2**31 - 1
"""The largest integer of a column that every database takes; more, in an address, would be an error of the database."""

STORABLE = r"^[^\x00]*$"
"""Matches every text that every database takes: PostgreSQL refuses a NUL, also in what is only looked for."""


class UtcDateTime(TypeDecorator[dt.datetime]):
    """A moment in UTC; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        return value.replace(tzinfo=dt.UTC) if value is not None and value.tzinfo is None else value


def now() -> dt.datetime:
    """This moment, in UTC."""
    return dt.datetime.now(dt.UTC)


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can name them on both engines."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dt.datetime: UtcDateTime, dict[str, Any]: JSON, list[str]: JSON, dict[str, str]: JSON}


def insert_unless(connection: AsyncConnection, table: type[Base]) -> Any:
    """An insert that can say what comes of a row that is there already: `.on_conflict_do_nothing()` and the like, which
    both engines have, each under a name of its own.
    """
    return (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(table)
