"""Alembic's environment: migrates on the connection it is given (bot/database/engine.py)."""

from typing import Any, Literal

from alembic import context

from bot.channels.whatsapp import tables as _whatsapp  # noqa: F401 - the tables of each package
from bot.conversations import tables as _conversations  # noqa: F401
from bot.database.tables import Base, UtcDateTime
from bot.handoffs import tables as _handoffs  # noqa: F401
from bot.liaisons import tables as _liaisons  # noqa: F401


def render_item(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Migrations must not import the application: they outlive its names."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render_item,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
