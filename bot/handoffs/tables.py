"""The tables around a handoff. The handoff itself changes with its conversation: bot/conversations/tables.py."""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.database.tables import Base, now


class Callback(Base):
    """A resident's wish to be called back, which they left in fields of its own."""

    __tablename__ = "callbacks"
    __table_args__ = (
        # Those to be made: looked for each second, among all that there ever were.
        Index(
            "ix_callbacks_open",
            "told_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    department: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    """In which they want to be spoken to."""
    contact: Mapped[str | None] = mapped_column(Text)
    """Phone number or email, encrypted; None once it was deleted."""
    time: Mapped[str | None] = mapped_column(Text)
    """When it suits them, in their words, encrypted; None once it was deleted."""
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    told_at: Mapped[dt.datetime | None]
    """When an alarm about it was raised."""
    done_at: Mapped[dt.datetime | None]
    done_by: Mapped[int | None] = mapped_column(ForeignKey("liaisons.id"))


class Note(Base):
    """What liaisons write for each other about a conversation; residents never see it."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    liaison_id: Mapped[int] = mapped_column(ForeignKey("liaisons.id"))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(default=now)


class Label(Base):
    """A word that liaisons put on a conversation."""

    __tablename__ = "labels"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    label: Mapped[str] = mapped_column(String(40), primary_key=True)


class CannedReply(Base):
    """A reply that liaisons write often, in each language: one is shown beside the other."""

    __tablename__ = "canned_replies"

    id: Mapped[int] = mapped_column(primary_key=True)
    department: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str] = mapped_column(String(80))
    texts: Mapped[dict[str, str]]


class AlarmDelivery(Base):
    """One alarm for one place. Sent or given up, it stays until its handoff is over or its callback was made.

    One that is still on its way goes as soon as somebody comes.
    """

    __tablename__ = "alarm_deliveries"
    __table_args__ = (Index("ix_alarm_deliveries_due", "state", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), default=lambda: secrets.token_hex(16))
    """What it is called outside, the same when it is tried again. SQLite gives the id of a deleted row out again, and a
    restored backup both."""
    handoff_id: Mapped[int | None] = mapped_column(ForeignKey("handoffs.id", ondelete="CASCADE"), index=True)
    callback_id: Mapped[int | None] = mapped_column(ForeignKey("callbacks.id", ondelete="CASCADE"), index=True)
    """One of the two is what it is about."""
    way: Mapped[str] = mapped_column(String(8))
    """email or webhook."""
    number: Mapped[int]
    """The how manieth alarm of its handoff this is; of a callback there is one."""
    state: Mapped[str] = mapped_column(String(8), default="pending")
    """pending, sent or failed."""
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[dt.datetime] = mapped_column(default=now)


class Erasure(Base):
    """How many conversations residents erased on a day: all that is left of them."""

    __tablename__ = "erasures"

    day: Mapped[dt.date] = mapped_column(primary_key=True)
    department: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class ToForget(Base):
    """A deleted conversation whose dialogue Rasa still has to forget."""

    __tablename__ = "to_forget"

    conversation_id: Mapped[str] = mapped_column(String(32), primary_key=True)
