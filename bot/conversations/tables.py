"""The tables. Every change here needs a migration (migrations/versions), and a test compares the two."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Index, MetaData, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


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
    type_annotation_map = {dt.datetime: UtcDateTime, dict[str, Any]: JSON}


class Conversation(Base):
    """One resident's conversation with one department on one channel."""

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64))
    department: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    language_chosen: Mapped[bool]
    """True when the resident chose it: no detector moves it then."""
    owner: Mapped[str] = mapped_column(String(16), default="bot")
    """bot, or waiting: the resident asked for a person."""
    topic: Mapped[str | None] = mapped_column(String(64))
    """Topic of the last answer, for messages that are about it; None where the last question had none."""
    asked: Mapped[int | None]
    """Number of the message that it answered."""
    last_number: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    last_at: Mapped[dt.datetime] = mapped_column(default=now, index=True)


class Message(Base):
    """One message of a conversation, in its order. A resident's text is stored masked."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("conversation_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    number: Mapped[int]
    """1, 2, 3 … in the order of the conversation; what live updates resume from."""
    author: Mapped[str] = mapped_column(String(16))
    """resident or bot."""
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    reply: Mapped[dict[str, Any] | None]
    """The whole reply, for a message of the bot."""
    in_reply_to: Mapped[int | None]
    """Number of the resident's message that this answers."""
    created_at: Mapped[dt.datetime] = mapped_column(default=now)


class Inbox(Base):
    """A message that a channel delivered: stored before it is acknowledged, answered once."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "provider_id"),
        Index("ix_inbox_pending", "conversation_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    provider_id: Mapped[str] = mapped_column(String(160))
    """The channel's own id of the message; a second one with the same id is the same message."""
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    number: Mapped[int]
    """Number of the message that it became."""
    choice: Mapped[str | None] = mapped_column(Text)
    """What a button sends."""
    state: Mapped[str] = mapped_column(String(16), default="received")
    """received, then done."""
    received_at: Mapped[dt.datetime] = mapped_column(default=now)
    done_at: Mapped[dt.datetime | None]


class Outbox(Base):
    """A message on its way to a channel, written in the transaction that closes the turn."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_pending", "state", "due_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), unique=True)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    """pending, then sent."""
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[dt.datetime] = mapped_column(default=now)
    """Not before this; a failed attempt moves it."""
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    sent_at: Mapped[dt.datetime | None]
