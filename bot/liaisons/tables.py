"""The tables of liaisons: accounts, sessions, and the audit."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bot.database.tables import Base, now


class Liaison(Base):
    """A person who may sign in to the console. Never deleted, so that what they did keeps its name: switched off."""

    __tablename__ = "liaisons"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    """In lower case: what they sign in with, and where alarms go."""
    name: Mapped[str] = mapped_column(String(80))
    """As residents see it."""
    title: Mapped[dict[str, str]]
    """Their work, by language, as residents see it: {"en": "community liaison", …}."""
    sworn: Mapped[bool]
    """Whether they are a sworn officer; residents are told."""
    role: Mapped[str] = mapped_column(String(16))
    """liaison, supervisor or admin: bot/liaisons/access.py."""
    departments: Mapped[list[str]]
    """Ids of the departments whose conversations they may see."""
    languages: Mapped[list[str]]
    """Codes of the languages in which they can help."""
    password: Mapped[str] = mapped_column(Text)
    """argon2's hash."""
    totp: Mapped[str] = mapped_column(Text)
    """The secret of the second factor, encrypted."""
    totp_step: Mapped[int] = mapped_column(default=0)
    """The last time step whose code was taken: no code is taken twice."""
    recovery: Mapped[list[str]]
    """Hashes of the recovery codes that are left."""
    failures: Mapped[int] = mapped_column(default=0)
    """Failed sign-ins in a row."""
    not_before: Mapped[dt.datetime | None]
    """No sign-in is tried before this: it grows with the failures."""
    on_duty: Mapped[bool] = mapped_column(default=False)
    """Whether they say that they take conversations now."""
    seen_at: Mapped[dt.datetime | None]
    """When the console last heard from them."""
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[dt.datetime] = mapped_column(default=now)


class LiaisonSession(Base):
    """Somebody who is signed in, or has given the password and not yet the second factor."""

    __tablename__ = "liaison_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    liaison_id: Mapped[int] = mapped_column(ForeignKey("liaisons.id", ondelete="CASCADE"), index=True)
    complete: Mapped[bool] = mapped_column(default=False)
    """True once the second factor was given."""
    csrf: Mapped[str] = mapped_column(String(64))
    """What every form of this session carries."""
    language: Mapped[str] = mapped_column(String(8))
    """Of the console's pages."""
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    seen_at: Mapped[dt.datetime] = mapped_column(default=now)


class AuditEntry(Base):
    """What somebody did. Rows are only ever added: triggers refuse any change (migration 0003)."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_department_id", "department", "id"),
        Index("ix_audit_action", "action", "liaison_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(default=now)
    liaison_id: Mapped[int | None]
    """None: the command line, or somebody who isn't signed in."""
    action: Mapped[str] = mapped_column(String(32))
    """One of bot/liaisons/audit.py."""
    department: Mapped[str | None] = mapped_column(String(64))
    departments: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """Of what is of no department: those that its person had then, or the account that it is about; None where it is
    about nobody, and of entries from before they were written down.
    """
    conversation_id: Mapped[str | None] = mapped_column(String(32), index=True)
    detail: Mapped[dict[str, Any] | None]
    """Never a resident's words."""
