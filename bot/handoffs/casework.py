"""What liaisons keep about a conversation: notes, labels, canned replies, callbacks; and how they find one again.

Who may see what is decided before these are called (bot/handoffs/access.py); what is done is audited here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversations.tables import Conversation, Handoff, Message, Outbox
from bot.database.tables import insert_unless, now
from bot.errors import Conflict, NotFound
from bot.handoffs.access import shown
from bot.handoffs.tables import Callback, CannedReply, Label, Note
from bot.liaisons.access import Who
from bot.liaisons.audit import has_found, record
from bot.liaisons.tables import Liaison
from bot.text import shortened

HITS = 50
_BEFORE, _AFTER = 80, 160
"""Characters that are shown around what a search found."""
# Capitals, too: where a PostgreSQL's collation is C, its lower() knows English letters alone.
_PLAIN = dict(zip("áéíóúüñÁÉÍÓÚÜÑ", "aeiouunaeiouun", strict=True))


async def messages(connection: AsyncConnection, row: Any, after: int = 0) -> Sequence[Any]:
    """The messages that the resident agreed to share, numbered above `after`, each with the `name` of its liaison, and
    the `state`, `reason` and `status` of its delivery.
    """
    query = (
        select(Message, Liaison.name.label("name"), Outbox.state.label("state"), Outbox.reason, Outbox.status)
        .outerjoin(Liaison, Liaison.id == Message.liaison_id)
        .outerjoin(Outbox, Outbox.message_id == Message.id)
        .where(
            Message.conversation_id == row.id,
            shown(),
            Message.number > after,
        )
        .order_by(Message.number)
    )
    return (await connection.execute(query)).all()


async def messages_with(connection: AsyncConnection, row: Any, texts: Sequence[str]) -> Sequence[Any]:
    """The `number`, `text` and `language` of the resident's messages that are one of `texts`, if they agreed to share
    them.
    """
    query = select(Message.number, Message.text, Message.language).where(
        Message.conversation_id == row.id,
        shown(),
        Message.author == "resident",
        Message.text.in_(texts),
    )
    return (await connection.execute(query)).all()


async def handoffs(connection: AsyncConnection, conversation_id: str) -> Sequence[Any]:
    """Each time the conversation was handed to a person, and not taken back, the newest first."""
    of_it = (Handoff.conversation_id == conversation_id, Handoff.shown_from.is_not(None))
    query = select(Handoff).where(*of_it).order_by(Handoff.id.desc())
    return (await connection.execute(query)).all()


async def flag(connection: AsyncConnection, conversation_id: str) -> str | None:
    """What the safety layer found in what liaisons have of the conversation: its last handoff's."""
    of_it = (Handoff.conversation_id == conversation_id, Handoff.shown_from.is_not(None))
    query = select(Handoff.flag).where(*of_it).order_by(Handoff.id.desc()).limit(1)
    found: str | None = await connection.scalar(query)
    return found


async def notes(connection: AsyncConnection, conversation_id: str) -> Sequence[Any]:
    """The private notes, oldest first, each with its author's `name`."""
    query = (
        select(Note, Liaison.name)
        .join(Liaison, Liaison.id == Note.liaison_id)
        .where(Note.conversation_id == conversation_id)
        .order_by(Note.id)
    )
    return (await connection.execute(query)).all()


async def add_note(connection: AsyncConnection, who: Who, row: Any, text: str) -> None:
    """A private note."""
    await connection.execute(insert(Note).values(conversation_id=row.id, liaison_id=who.id, text=text))
    await record(connection, "note", who, row.department, row.id)


async def labels(connection: AsyncConnection, conversation_id: str) -> list[str]:
    """Its labels, in order."""
    query = select(Label.label).where(Label.conversation_id == conversation_id).order_by(Label.label)
    return list(await connection.scalars(query))


async def set_label(connection: AsyncConnection, who: Who, row: Any, label: str, on: bool) -> None:
    """Put a label on, or take it off; either again changes nothing."""
    put = insert_unless(connection, Label).values(conversation_id=row.id, label=label).on_conflict_do_nothing()
    take = delete(Label).where(Label.conversation_id == row.id, Label.label == label)
    changed = await connection.execute((put if on else take).returning(Label.label))
    if changed.first() is not None:
        await record(connection, "label", who, row.department, row.id, on=on)


async def canned_replies(connection: AsyncConnection, departments: Sequence[str]) -> Sequence[Any]:
    """The canned replies of the departments, by title."""
    query = select(CannedReply).where(CannedReply.department.in_(departments)).order_by(CannedReply.title)
    return (await connection.execute(query)).all()


async def add_canned_reply(
    connection: AsyncConnection, who: Who, department: str, title: str, texts: dict[str, str]
) -> None:
    """A reply in each language; `texts` by language."""
    if department not in who.departments:
        raise NotFound
    await connection.execute(insert(CannedReply).values(department=department, title=title, texts=texts))
    await record(connection, "settings", who, department, did="add_canned_reply")


async def delete_canned_reply(connection: AsyncConnection, who: Who, canned_id: int) -> None:
    """Raises NotFound where it isn't there, or another department's."""
    gone = await connection.execute(
        delete(CannedReply)
        .where(CannedReply.id == canned_id, CannedReply.department.in_(who.departments))
        .returning(CannedReply.department)
    )
    department = gone.scalar_one_or_none()
    if department is None:
        raise NotFound
    await record(connection, "settings", who, department, did="delete_canned_reply")


async def callbacks(connection: AsyncConnection, who: Who) -> Sequence[Any]:
    """Those that nobody has made yet, the oldest first, then the last ones made.

    Each with its conversation's `shown_from`: where that is None, liaisons may not read the conversation.
    """
    query = (
        select(Callback, Liaison.name, Conversation.shown_from)
        .join(Conversation, Conversation.id == Callback.conversation_id)
        .outerjoin(Liaison, Liaison.id == Callback.done_by)
        .where(Callback.department.in_(who.departments))
        .order_by(Callback.done_at.is_not(None), Callback.done_at.desc(), Callback.created_at, Callback.id)
        .limit(200)
    )
    return (await connection.execute(query)).all()


async def open_callbacks(connection: AsyncConnection, who: Who) -> int:
    """How many nobody has made yet."""
    query = (
        select(func.count())
        .select_from(Callback)
        .where(Callback.department.in_(who.departments), Callback.done_at.is_(None))
    )
    return int(await connection.scalar(query) or 0)


async def contact(connection: AsyncConnection, who: Who, callback_id: int) -> Any:
    """One callback, its contact and time still encrypted; that somebody looked is audited. Raises NotFound."""
    query = select(Callback).where(Callback.id == callback_id, Callback.department.in_(who.departments))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    await record(connection, "contact", who, row.department, row.conversation_id, callback=callback_id)
    return row


async def callback_done(connection: AsyncConnection, who: Who, callback_id: int, since: dt.datetime) -> None:
    """The resident was called back; from now on its contact is kept for the days of the setting.

    `since`: when they asked, as whoever called had read; raises NotFound, and Conflict if they have asked anew since.
    """
    theirs = (Callback.id == callback_id, Callback.department.in_(who.departments))
    if await connection.scalar(select(Callback.id).where(*theirs)) is None:
        raise NotFound
    done = await connection.execute(
        update(Callback)
        .where(*theirs, Callback.done_at.is_(None), Callback.created_at == since)
        .values(done_at=now(), done_by=who.id)
        .returning(Callback.department, Callback.conversation_id)
    )
    row = done.one_or_none()
    if row is None:
        raise Conflict
    await record(connection, "callback_done", who, row.department, row.conversation_id, callback=callback_id)


async def search(connection: AsyncConnection, who: Who, text: str, renew: bool = False) -> Sequence[Any]:
    """Messages that have `text`, whatever its case and accents, in what residents agreed to share; the newest first.

    A plain search through the rows: there is no index that would have to forget what is erased. That somebody searches
    is audited; of a page that is open and loads itself again (`renew`) only the conversations that are new to them.
    """
    escaped = _folded(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    folded: ColumnElement[str] = func.lower(Message.text)
    for accented, letter in _PLAIN.items():
        folded = func.replace(folded, accented, letter)
    query = (
        select(
            Message.text,
            Message.author,
            Liaison.name,
            Message.language,
            Message.number,
            Message.created_at,
            Conversation.id.label("conversation_id"),
            Conversation.department,
            Conversation.owner,
        )
        .join(Conversation, Conversation.id == Message.conversation_id)
        .outerjoin(Liaison, Liaison.id == Message.liaison_id)
        .where(
            Conversation.department.in_(who.departments),
            Conversation.shown_from.is_not(None),
            shown(),
            folded.like(f"%{escaped}%", escape="\\"),
        )
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(HITS)
    )
    found = (await connection.execute(query)).all()
    known = await has_found(connection, who) if renew else set()
    news = [row for row in found if row.conversation_id not in known]
    for department in sorted({row.department for row in news}) or ([] if renew else [None]):
        theirs = [row.conversation_id for row in news if row.department == department]
        detail: dict[str, Any] = {"chars": len(text), "hits": len(theirs)}
        if theirs:
            detail["conversations"] = list(dict.fromkeys(theirs))
        await record(connection, "search", who, department, **detail)
    return found


def excerpt(text: str, words: str) -> tuple[str, str, str]:
    """What `search` found `words` in: some characters before the first place, the words as they stand there, and some
    after it, cut at words.
    """
    at = _folded(text).find(_folded(words))
    if at < 0:  # the database folds some letter otherwise
        return "", "", shortened(text, _BEFORE + _AFTER)
    end = at + len(words)
    # The end of a word may be the first place: the beginning of a text is shortened as its end is, backwards.
    return shortened(text[:at][::-1], _BEFORE)[::-1], text[at:end], shortened(text[end:], _AFTER)


def _folded(text: str) -> str:
    """As the search compares, letter for letter."""
    return "".join(_PLAIN.get(char, char.lower() if len(char.lower()) == 1 else char) for char in text)


async def recent(connection: AsyncConnection, who: Who) -> Sequence[Any]:
    """The conversations that were with a person and are over or with the assistant again, the newest first.

    Each as its last handoff left it (`last_at`: when): what its resident did since is theirs alone.
    """
    of_it = (Handoff.conversation_id == Conversation.id, Handoff.shown_from.is_not(None))
    last = select(func.max(Handoff.id)).where(*of_it).correlate(Conversation).scalar_subquery()
    query = (
        select(
            Conversation.id,
            Conversation.department,
            Conversation.owner,
            Handoff.language,
            Handoff.topic,
            Handoff.flag,
            Handoff.ended_at.label("last_at"),
        )
        .join(Handoff, Handoff.id == last)
        .where(
            Conversation.department.in_(who.departments),
            Conversation.shown_from.is_not(None),
            Conversation.owner.in_(("bot", "closed")),
        )
        .order_by(Handoff.ended_at.desc())
        .limit(HITS)
    )
    return (await connection.execute(query)).all()
