"""Stores what a webhook carries, in one transaction, before Meta is told 200. The rest is done later, from what is
stored (bot/channels/whatsapp/receiver.py), so a crash loses nothing and Meta never waits for a turn.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.channels.whatsapp.inbound import Item, Other, Received, Status
from bot.channels.whatsapp.outbound import split
from bot.channels.whatsapp.statuses import apply, lock
from bot.channels.whatsapp.tables import Count, Event
from bot.database.tables import insert_unless, now
from bot.errors import EmptyMessage
from bot.secrets import Secrets
from bot.text import beside, clean

log = logging.getLogger(__name__)
_REMEMBERED = dt.timedelta(days=8)
"""Meta repeats what it thinks was not taken for seven days."""
LONGEST = 65_536
"""Characters of one message that WhatsApp lets somebody write."""


def piece_id(meta_id: str, piece: int) -> str:
    """The id of one of the pieces, counted from 0, in which a long message is stored: the first has the message's."""
    return f"{meta_id}:{piece}" if piece else meta_id


_MORE = {"kind": "text", "choice": None, "about": None, "goes_on": True}
"""What comes after the first piece is text, whatever the message was: an edit, what stands below a picture."""


@dataclass
class Taken:
    """What a webhook brought."""

    contacts: set[str] = field(default_factory=set)
    """Keyed hashes of those who wrote."""
    conversations: set[str] = field(default_factory=set)
    """Those with a message of ours that has come further, or failed."""
    alarms: list[str] = field(default_factory=list)
    """What an operator should look at, as Meta names it."""


async def forget_ids(connection: AsyncConnection) -> None:
    """Delete the ids of messages that Meta will not send again, what nobody could read for as long, and old counts."""
    old = now() - _REMEMBERED
    await connection.execute(delete(Event).where(Event.state.in_(("done", "unreadable")), Event.received_at < old))
    await connection.execute(delete(Count).where(Count.day < old.date() - dt.timedelta(days=90)))


def _cleaned(text: str) -> str:
    """A message's text, masked whole before it is written anywhere; "" where nothing of it can be seen."""
    try:
        return clean(text[:LONGEST], LONGEST)
    except EmptyMessage:
        return ""


class Intake:
    """The first transaction of a webhook."""

    def __init__(
        self, engine: AsyncEngine, secrets: Secrets, numbers: Collection[str], max_chars: int, deliver_for_s: float
    ) -> None:
        """`numbers`: Meta's ids of our numbers. `max_chars`: what is longer is several messages.

        `deliver_for_s`: seconds after which a message of ours that did not arrive is not tried again.
        """
        self._engine = engine
        self._secrets = secrets
        self._numbers = frozenset(numbers)
        self._max_chars = max_chars
        self._deliver_for = dt.timedelta(seconds=deliver_for_s)

    async def store(self, items: Sequence[Item]) -> Taken:
        """Store everything, whatever came before and however often; returns what there is to do."""
        taken, counts, events = Taken(), Counter[str](), []
        statuses = [(self._secrets.digest(item.id), item) for item in items if isinstance(item, Status)]
        for item in items:
            if isinstance(item, Received) and item.number_id in self._numbers:
                try:
                    text = await beside(_cleaned, item.text)
                    events += self._events(item, text)
                except Exception:  # it must not cost the others of the batch
                    counts["broken message"] += 1
            elif isinstance(item, Received):
                counts["unknown number"] += 1
            elif isinstance(item, Other):
                counts[item.kind] += 1
                taken.alarms += [f"{item.kind}: {item.alarming}"] if item.alarming else []
        async with self._engine.begin() as connection:
            if events:
                # The database decides what is a duplicate, also of two at the same moment.
                new = await connection.execute(
                    insert_unless(connection, Event)
                    .on_conflict_do_nothing(index_elements=["id_hash"])
                    .returning(Event.contact_hash),
                    events,
                )
                taken.contacts.update(new.scalars())
            await lock(connection, statuses)
            for id_hash, status in statuses:
                told = await apply(connection, id_hash, status, self._deliver_for)
                taken.conversations.update(told.conversations)
                counts.update(told.counted)
                taken.alarms += told.alarms
            await self._count(connection, counts)
        return taken

    async def waiting(self) -> list[str]:
        """Keyed hashes of the contacts with messages that are not in their conversation yet, at a start.

        What could not be read before is tried again: the key that it was encrypted with may be back.
        """
        async with self._engine.begin() as connection:
            unreadable = update(Event).where(Event.state == "unreadable")
            await connection.execute(unreadable.values(state="received"))
            return list(
                await connection.scalars(select(Event.contact_hash).where(Event.state == "received").distinct())
            )

    def _events(self, received: Received, text: str) -> list[dict[str, Any]]:
        """A message with its `text`, or its pieces: each is read, so that no word of danger is behind what is cut off.

        Written down without what else the message says about its sender.
        """
        first, *rest = split(text, self._max_chars) or [""]
        pieces = [received.model_copy(update={"text": first})]
        pieces += [received.model_copy(update={"text": each, **_MORE}) for each in rest]
        # All of what was changed goes where the message is changed again, or taken back.
        changes = self._secrets.digest(received.about) if received.kind == "edit" and received.about else None
        return [
            {
                "id_hash": self._secrets.digest(piece_id(received.id, number)),
                "contact_hash": self._secrets.digest(received.contact),
                "about_hash": changes,
                "at": received.at,
                "payload": self._secrets.encrypt(piece.model_dump_json()),
                "state": "received",
                "received_at": now(),
            }
            for number, piece in enumerate(pieces)
        ]

    async def _count(self, connection: AsyncConnection, counts: Counter[str]) -> None:
        for kind, count in sorted(counts.items()):  # in one order, too
            log.info("WhatsApp sent what nothing is done with: %s", kind)
            insert = insert_unless(connection, Count).values(day=now().date(), kind=kind, count=count)
            await connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["day", "kind"], set_={"count": Count.count + insert.excluded.count}
                )
            )
