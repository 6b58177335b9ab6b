"""PostgreSQL while it can't be reached: residents are told to try again, and the log says when that began and ended."""

from __future__ import annotations

import logging
import sys
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from bot.problems import reason

log = logging.getLogger(__name__)
_GOING = {"57P01", "57P02", "57P03"}
"""What PostgreSQL answers while it stops and starts (admin_shutdown, crash_shutdown, cannot_connect_now)."""


def is_away(error: BaseException | None) -> bool:
    """Whether something failed because the database can't be reached, or was lost while it was asked."""
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _GOING


class Outage(logging.Filter):
    """Logs once that the database is away and once that it is back, in place of every error that comes of it."""

    def __init__(self) -> None:
        super().__init__()
        self._away = False

    def filter(self, record: logging.LogRecord) -> bool:
        """logging's contract: False where `record` says no more than that the database is away."""
        error = sys.exc_info()[1]
        if record.name == __name__ or not is_away(error):
            return True
        if not self._away:
            self._away = True
            log.error(
                "PostgreSQL can't be used (%s): look whether it runs, and at ENLACE_DATABASE_URL; residents are told "
                "to try again until it is back",
                reason(error) if error else "",
            )
        return False

    def over(self) -> None:
        """It was reached."""
        if self._away:
            self._away = False
            log.warning("PostgreSQL can be used again")


outage = Outage()
"""Of this process; `enlace serve` has its log go through it."""


def tell_of_outages(engine: Engine) -> None:
    """Have it known of a PostgreSQL engine whether its database can be reached."""

    import asyncpg  # type: ignore[import-untyped]

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _: object, arguments: Any, named: Any) -> Any:
        try:
            connection = dialect.connect(*arguments, **named)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # asyncpg's own errors don't tell whose connection it was, and mail and webhooks fail with the same ones.
            raise OperationalError(None, None, error, hide_parameters=True, connection_invalidated=True) from error
        outage.over()
        return connection
