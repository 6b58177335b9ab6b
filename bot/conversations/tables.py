"""The tables of a conversation: its messages, what came in, what goes out, and each time it is handed to a person."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.database.tables import Base, now
from bot.liaisons import tables as _liaisons  # noqa: F401 - its tables are referred to


class Conversation(Base):
    """One resident's conversation with one department on one channel."""

    __tablename__ = "conversations"
    __table_args__ = (
        CheckConstraint("owner IN ('bot', 'waiting', 'liaison', 'closed')", name="owner_known"),
        CheckConstraint("(owner = 'liaison') = (liaison_id IS NOT NULL)", name="one_owner"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64))
    department: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    language_chosen: Mapped[bool]
    """True when the resident chose it: no detector moves it then."""
    owner: Mapped[str] = mapped_column(String(16), default="bot")
    """bot, waiting (the resident asked for a person), liaison or closed: bot/conversations/ownership.py."""
    liaison_id: Mapped[int | None] = mapped_column(ForeignKey("liaisons.id"))
    """Who owns it, where a liaison does; no row of this table can have two."""
    shown_from: Mapped[int | None]
    """Number of the first message that liaisons may read; None while the resident has agreed to none. Which of those
    after it they may read each handoff says.
    """
    flag: Mapped[str | None] = mapped_column(String(32))
    """What the safety layer found last: the key of what it said (bot/messages.py, SAFETY); None again once a liaison
    had the conversation.
    """
    flagged_at: Mapped[dt.datetime | None]
    """When it was found."""
    resume_hash: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)
    """Keyed hash of the code with which the resident opens the conversation again elsewhere."""
    delivered: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """Number of the last message that the resident's page has taken."""
    legal_hold: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True: the schedule of deletion leaves it alone, until a supervisor lifts it."""
    topic: Mapped[str | None] = mapped_column(String(64))
    """Topic of the last answer, for messages that are about it; None where the last question had none."""
    asked: Mapped[int | None]
    """Number of the message that it answered."""
    last_number: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    last_at: Mapped[dt.datetime] = mapped_column(default=now, index=True)


class Leaving(Base):
    """A conversation that its resident has left, and that is still to be erased: nobody answers or reads it."""

    __tablename__ = "leaving"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)


class Message(Base):
    """One message of a conversation, in its order. A resident's text is stored masked."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("conversation_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    number: Mapped[int]
    """1, 2, 3 … in the order of the conversation; what live updates resume from."""
    author: Mapped[str] = mapped_column(String(16))
    """resident, bot, safety (the safety layer, while a person has the conversation), liaison, or notice."""
    liaison_id: Mapped[int | None] = mapped_column(ForeignKey("liaisons.id"))
    """Who wrote it, where a liaison did."""
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    reply: Mapped[dict[str, Any] | None]
    """The whole reply, for a message of the bot; the inserted answer, for one of a liaison."""
    in_reply_to: Mapped[int | None]
    """Number of the resident's message that this answers."""
    helpful: Mapped[bool | None]
    """Whether it helped, where it is an answer and the resident said so."""
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
    """received, then done. joined: a fragment, which has its turn with the next that is received."""
    received_at: Mapped[dt.datetime] = mapped_column(default=now)
    done_at: Mapped[dt.datetime | None]


class Outbox(Base):
    """A message on its way to a channel, written in the transaction that closes the turn."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_pending", "state", "due_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), unique=True)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    """pending; sent; failed: given up, until a liaison has it tried again; kept: until the resident writes, where a
    channel allows nothing before."""
    reason: Mapped[str | None] = mapped_column(String(64))
    """Why it failed or is kept, as the channel names it."""
    status: Mapped[str | None] = mapped_column(String(16))
    """How far it has come, where a channel says so: sent, delivered, read."""
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[dt.datetime] = mapped_column(default=now)
    """Not before this; a failed attempt moves it."""
    leased_until: Mapped[dt.datetime | None]
    """Until then one sender has it, and no other takes it."""
    created_at: Mapped[dt.datetime] = mapped_column(default=now)
    sent_at: Mapped[dt.datetime | None]


class Handoff(Base):
    """One request for a person, from beginning to end. It outlives a deleted conversation, without any words."""

    __tablename__ = "handoffs"
    __table_args__ = (
        Index("ix_handoffs_waiting", "department", "ended_at", "claimed_at"),
        # Those that run: looked for each second, among all that there ever were.
        Index(
            "ix_handoffs_running",
            "alarm_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"), index=True)
    department: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    topic: Mapped[str | None] = mapped_column(String(64))
    """What the resident agreed to pass on that it is about; None where their summary names no topic."""
    flag: Mapped[str | None] = mapped_column(String(32))
    """What the safety layer found in the conversation, last before the handoff ended."""
    summary: Mapped[str | None] = mapped_column(Text)
    """What the resident agreed to pass on, masked; None where they dropped it."""
    asked: Mapped[int | None]
    """Number of the message whose words the summary has; None where it has none's."""
    shown_from: Mapped[int | None]
    """Number of the first message that liaisons may read for it; None once the resident took the request back."""
    shown_until: Mapped[int | None]
    """Number of the last one; None while the handoff runs."""
    shown_before: Mapped[int | None]
    """`Conversation.shown_from` before the resident asked; they get that back who take the request back."""
    name: Mapped[str | None] = mapped_column(Text)
    """What the resident wants to be called, encrypted; None: they stay anonymous."""
    requested_at: Mapped[dt.datetime] = mapped_column(default=now)
    claimed_at: Mapped[dt.datetime | None]
    """When a liaison first took it."""
    replied_at: Mapped[dt.datetime | None]
    """A liaison's first message."""
    ended_at: Mapped[dt.datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(16))
    """handed_back, closed, withdrawn by the resident, or replaced: what they wanted passed on before they asked anew,
    kept for a legal hold.
    """
    liaison_id: Mapped[int | None] = mapped_column(ForeignKey("liaisons.id"))
    """Who has it, or had it last; None while nobody has, also after somebody put it back into the queue."""
    unanswered_since: Mapped[dt.datetime | None]
    """When a liaison took it, or the resident wrote to them, without a word of theirs since; else None."""
    told_at: Mapped[dt.datetime | None]
    """When the resident was told that nobody had come, and offered to be called back."""
    alarm_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    """When the next alarm is due; None where none is, or none yet since who has it took it or wrote."""
    alarms: Mapped[int] = mapped_column(default=0)
    helpful: Mapped[bool | None]
    """The resident's first tap afterwards."""
    helpful_why: Mapped[str | None] = mapped_column(String(16))
    """Their second: bot/handoffs/satisfaction.py."""
