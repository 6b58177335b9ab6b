"""The tables of the WhatsApp channel. Whoever reads them without the secret key learns nobody's number."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.database.tables import Base, now

WINDOW = dt.timedelta(hours=24)
"""After a resident's last message, for so long anything may be written to them."""
MARGIN = dt.timedelta(minutes=1)
"""By so much earlier the window counts as closed: what is sent now must arrive in it."""


class Contact(Base):
    """Somebody who writes to one of our numbers, and their conversation. It goes when the conversation goes.

    WhatsApp names a person by phone number, by an id of this business alone, or by both; either finds them.
    """

    __tablename__ = "whatsapp_contacts"
    __table_args__ = (
        UniqueConstraint("number_id", "phone_hash", name="uq_whatsapp_contacts_number_id_phone_hash"),
        UniqueConstraint("number_id", "user_hash", name="uq_whatsapp_contacts_number_id_user_hash"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number_id: Mapped[str] = mapped_column(String(32))
    """Meta's id of the number of ours that they write to."""
    phone_hash: Mapped[str | None] = mapped_column(String(64))
    """Keyed hash of their number."""
    user_hash: Mapped[str | None] = mapped_column(String(64))
    """Keyed hash of their business-scoped id."""
    phone: Mapped[str | None] = mapped_column(Text)
    """Their number, encrypted."""
    user: Mapped[str | None] = mapped_column(Text)
    """Their business-scoped id, encrypted."""
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), unique=True)
    wrote_at: Mapped[dt.datetime | None]
    """By Meta's clock, when they last wrote: for 24 hours after it anything may be sent. None: the window is closed."""
    last_id: Mapped[str | None] = mapped_column(Text)
    """Meta's id of what they wrote last, encrypted: it has their number in it."""
    stopped_at: Mapped[int | None]
    """Number of the message in which they wrote STOP: nothing is sent but what answers it, or one after it."""
    invited_at: Mapped[dt.datetime | None]
    """When Meta was known to have the template that asks them to open the window again; None once they wrote."""
    inviting_until: Mapped[dt.datetime | None]
    """Until then it is being sent, or its outcome may still be told, and nobody sends another."""
    invitations: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """Number of the last one, by which its statuses know it; one more once that has failed."""


class Event(Base):
    """A message that WhatsApp delivered: stored before it is acknowledged, and remembered so that a second one with
    its id is known. It has words only until they are in the conversation.
    """

    __tablename__ = "whatsapp_events"
    __table_args__ = (Index("ix_whatsapp_events_waiting", "state", "contact_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    id_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """Keyed hash of Meta's id."""
    contact_hash: Mapped[str] = mapped_column(String(64))
    """Keyed hash of who wrote to which of our numbers: those of one contact are taken up in order."""
    about_hash: Mapped[str | None] = mapped_column(String(64))
    """Keyed hash of the id of the message that it changes, if it does."""
    at: Mapped[dt.datetime]
    """By Meta's clock, in whole seconds."""
    payload: Mapped[str | None] = mapped_column(Text)
    """A `Received`, encrypted; None when it is done."""
    state: Mapped[str] = mapped_column(String(16), default="received")
    """received, then done; or unreadable, with another key than it was encrypted with, until the next start."""
    received_at: Mapped[dt.datetime] = mapped_column(default=now)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"), index=True)
    number: Mapped[int | None]
    """Number of the message that it became, if it became one."""


class Sent(Base):
    """One part of a message of ours that WhatsApp has taken, and how far it has come."""

    __tablename__ = "whatsapp_sent"
    __table_args__ = (UniqueConstraint("outbox_id", "part"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    id_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """Keyed hash of Meta's id."""
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id", ondelete="CASCADE"))
    part: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    """accepted, sent, delivered, read, or failed."""
    attempt: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    """1, and one more for each time that it was sent again because it had failed."""


class Count(Base):
    """How much came of what nothing is done with: other fields, kinds that are new to us."""

    __tablename__ = "whatsapp_counts"

    day: Mapped[dt.date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
