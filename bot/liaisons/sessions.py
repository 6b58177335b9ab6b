"""Signing in, in two steps, and who is signed in."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from typing import Any

import pyotp
from sqlalchemy import Text, cast, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.database.tables import now
from bot.errors import SignInFailed, TooLate, TooSoon
from bot.liaisons.access import Who
from bot.liaisons.accounts import verify
from bot.liaisons.audit import record
from bot.liaisons.tables import Liaison, LiaisonSession
from bot.secrets import Secrets, hash_token

ABSOLUTE = dt.timedelta(hours=12)
IDLE = dt.timedelta(minutes=60)
PRESENT = dt.timedelta(minutes=2)
"""Whose console was heard from within that is there."""
SECOND_FACTOR_WITHIN = dt.timedelta(minutes=10)
_FREE_TRIES = 4
"""The two steps are a try each: a wrong code and the way back to it cost no wait."""
_LONGEST_DELAY_S = 42.0
_SEEN_EVERY = dt.timedelta(seconds=20)
_TOTP_STEP_S = 30
_MAX_COUNTED = 10_000


def delay_s(failures: int) -> float:
    """Seconds until the next try after so many failures in a row: none, then 1, doubling, 42 at most."""
    return 0.0 if failures < _FREE_TRIES else float(min(2.0 ** min(failures - _FREE_TRIES, 10), _LONGEST_DELAY_S))


async def check_key(engine: AsyncEngine, secrets: Secrets) -> None:
    """Raises WrongKeyError if an account was made with another key."""
    async with engine.connect() as connection:
        for kept in await connection.scalars(select(Liaison.totp)):
            secrets.decrypt(kept)


class Sessions:
    """Who is signed in. A session is known by the hash of its token alone."""

    def __init__(self, engine: AsyncEngine, secrets: Secrets) -> None:
        """`secrets`: those that the accounts were made with."""
        self._engine = engine
        self._secrets = secrets
        self._strangers: dict[str, tuple[int, dt.datetime]] = {}
        """Failures with emails that have no account: they are delayed alike, so that nobody learns which have one."""
        self._browsers: dict[str, tuple[int, dt.datetime]] = {}
        """Failures of browsers that have signed in to the account before."""

    def browser(self, liaison_id: int) -> str:
        """What a browser keeps that has signed in to the account: wrong passwords from elsewhere don't hold it up.

        What it keeps opens nothing; its own wrong passwords are counted and delayed as everybody's.
        """
        name = f"{liaison_id}.{secrets.token_urlsafe(16)}"
        return f"{name}.{self._secrets.digest(f'browser {name}')}"

    async def sign_in(self, email: str, password: str, language: str, browser: str = "") -> str:
        """The first step: returns a token that is good for the second alone; raises SignInFailed, TooSoon.

        `browser`: what it keeps since it signed in before.
        """
        email = email.strip().lower()
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(Liaison).where(Liaison.email == email))).one_or_none()
        if row is None:
            _count_in(self._strangers, email)
        else:
            await self._count(row, browser)
        right = await verify(row.password if row is not None else None, password)
        if row is None or not right or not row.active:
            await self._failed(row)
            raise SignInFailed
        return await self._begin(row.id, language, complete=False)

    async def second_factor(self, token: str, code: str, browser: str = "") -> str:
        """The second step: a code of the app, or a recovery code; returns a new token, of a session in full.

        Raises TooLate, SignInFailed, TooSoon. Neither kind of code is taken twice.
        """
        row = await self._session(token)
        if row is None or row.complete or row.began < now() - SECOND_FACTOR_WITHIN:
            raise TooLate
        await self._count(row, browser)
        code = "".join(code.split()).lower()
        if not (await self._take_totp(row, code) or await self._take_recovery(row, code)):
            await self._failed(row)
            raise SignInFailed
        async with self._engine.begin() as connection:
            # The account first, as whatever changes it does: two who lock in another order wait for each other.
            await connection.execute(
                update(Liaison).where(Liaison.id == row.id).values(failures=0, not_before=None, seen_at=now())
            )
            await connection.execute(delete(LiaisonSession).where(LiaisonSession.token_hash == row.token_hash))
            await record(connection, "sign_in", row.id)
        self._browsers.pop(self._known(browser, row.id), None)
        return await self._begin(row.id, row.language, complete=True)

    async def who(self, token: str, acts: bool = True) -> Who | None:
        """Who the token belongs to, or None if it is over. `acts`: False for what a page does by itself."""
        row = await self._session(token)
        moment = now()
        if row is None or not row.complete or not row.active:
            return None
        if row.began < moment - ABSOLUTE or row.seen < moment - IDLE:
            return None
        if acts and row.seen < moment - _SEEN_EVERY:
            async with self._engine.begin() as connection:
                session = LiaisonSession.token_hash == row.token_hash
                await connection.execute(update(LiaisonSession).where(session).values(seen_at=moment))
        return Who(
            id=row.id,
            name=row.name,
            title=row.title,
            sworn=row.sworn,
            role=row.role,
            departments=tuple(row.departments),
            languages=tuple(row.languages),
            on_duty=row.on_duty,
            session=row.token_hash,
            csrf=row.csrf,
            language=row.language,
        )

    async def present(self, liaison_id: int) -> None:
        """Their console was heard from."""
        async with self._engine.begin() as connection:
            await connection.execute(update(Liaison).where(Liaison.id == liaison_id).values(seen_at=now()))

    async def speak(self, session: str, language: str) -> None:
        """The language of the session's pages."""
        async with self._engine.begin() as connection:
            await connection.execute(
                update(LiaisonSession).where(LiaisonSession.token_hash == session).values(language=language)
            )

    async def sign_out(self, who: Who, everywhere: bool = False) -> None:
        """End the session, or all of theirs; with the last one their duty ends."""
        which = LiaisonSession.liaison_id == who.id if everywhere else LiaisonSession.token_hash == who.session
        async with self._engine.begin() as connection:
            # The account first, as every other change of it does: two who lock in another order wait for each other.
            theirs = update(Liaison).where(Liaison.id == who.id)
            await connection.execute(theirs.values(on_duty=Liaison.on_duty))
            await connection.execute(delete(LiaisonSession).where(which))
            moment = now()
            left = select(LiaisonSession.token_hash).where(
                LiaisonSession.liaison_id == who.id,
                LiaisonSession.complete,
                LiaisonSession.created_at >= moment - ABSOLUTE,
                LiaisonSession.seen_at >= moment - IDLE,
            )
            if (await connection.execute(left)).first() is None:
                await connection.execute(theirs.values(on_duty=False))
            await record(connection, "sign_out", who, everywhere=everywhere)

    async def _begin(self, liaison_id: int, language: str, complete: bool) -> str:
        token = secrets.token_urlsafe(32)
        async with self._engine.begin() as connection:
            over = or_(LiaisonSession.created_at < now() - ABSOLUTE, LiaisonSession.seen_at < now() - IDLE)
            await connection.execute(delete(LiaisonSession).where(over))
            await connection.execute(
                insert(LiaisonSession).values(
                    token_hash=hash_token(token),
                    liaison_id=liaison_id,
                    complete=complete,
                    csrf=secrets.token_urlsafe(32),
                    language=language,
                )
            )
        return token

    async def _session(self, token: str) -> Any:
        session = LiaisonSession
        query = (
            select(
                Liaison,
                session.token_hash,
                session.complete,
                session.csrf,
                session.language,
                session.created_at.label("began"),
                session.seen_at.label("seen"),
            )
            .join(Liaison, Liaison.id == session.liaison_id)
            .where(session.token_hash == hash_token(token))
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).one_or_none()

    def _known(self, browser: str, liaison_id: int) -> str:
        """The name of a browser that has signed in to the account; empty if it hasn't."""
        name, _, digest = browser.rpartition(".")
        ours = secrets.compare_digest(digest.encode(), self._secrets.digest(f"browser {name}").encode())
        return name if ours and name.startswith(f"{liaison_id}.") else ""

    async def _count(self, row: Any, browser: str) -> None:
        """Count a try before it is made, so that a hundred at once are not one; raises TooSoon."""
        if name := self._known(browser, row.id):
            _count_in(self._browsers, name)
            return
        moment = now()
        if row.not_before is not None and row.not_before > moment:
            raise TooSoon(seconds=_left(row.not_before, moment))
        failures = row.failures + 1
        async with self._engine.begin() as connection:
            counted = await connection.execute(
                update(Liaison)
                .where(Liaison.id == row.id, Liaison.failures == row.failures)
                .values(failures=failures, not_before=moment + dt.timedelta(seconds=delay_s(failures)))
                .returning(Liaison.id)
            )
            if counted.first() is None:  # another try was counted since
                raise TooSoon(seconds=1)

    async def _failed(self, row: Any) -> None:
        async with self._engine.begin() as connection:
            await record(connection, "sign_in_failed", row.id if row is not None else None)

    async def _take_totp(self, row: Any, code: str) -> bool:
        totp = pyotp.TOTP(self._secrets.decrypt(row.totp))
        step = int(now().timestamp()) // _TOTP_STEP_S
        for candidate in (step - 1, step, step + 1):
            if secrets.compare_digest(totp.at(candidate * _TOTP_STEP_S).encode(), code.encode()):
                where = (Liaison.id == row.id, Liaison.totp_step < candidate)
                return await self._take(update(Liaison).where(*where).values(totp_step=candidate))
        return False

    async def _take_recovery(self, row: Any, code: str) -> bool:
        digest = self._secrets.digest(code)
        if digest not in row.recovery:
            return False
        # Only while the list is as it was read: of two who bring the same code at once, one is taken.
        as_read = cast(Liaison.recovery, Text) == json.dumps(row.recovery)
        left = [other for other in row.recovery if other != digest]
        return await self._take(update(Liaison).where(Liaison.id == row.id, as_read).values(recovery=left))

    async def _take(self, statement: Any) -> bool:
        async with self._engine.begin() as connection:
            return (await connection.execute(statement.returning(Liaison.id))).first() is not None


def _count_in(tries: dict[str, tuple[int, dt.datetime]], name: str) -> None:
    """Count a try in memory; raises TooSoon."""
    moment = now()
    failures, not_before = tries.pop(name, (0, moment))
    if not_before > moment:
        tries[name] = (failures, not_before)
        raise TooSoon(seconds=_left(not_before, moment))
    tries[name] = (failures + 1, moment + dt.timedelta(seconds=delay_s(failures + 1)))
    if len(tries) > _MAX_COUNTED:
        del tries[next(iter(tries))]


def _left(until: dt.datetime, moment: dt.datetime) -> int:
    return int((until - moment).total_seconds()) + 1


async def present_liaisons(connection: AsyncConnection, department: str) -> list[Any]:
    """Those of the department who are on duty and whose console was heard from in the last two minutes."""
    query = select(Liaison).where(Liaison.active, Liaison.on_duty, Liaison.seen_at > now() - PRESENT)
    return [row for row in (await connection.execute(query)).all() if department in row.departments]


async def is_away(connection: AsyncConnection, liaison_id: int | None, department: str) -> bool:
    """Whether somebody's console wasn't heard from in the last two minutes, their account is off, or it may not see the
    department's conversations any more; False of None.
    """
    here = select(Liaison.departments).where(
        Liaison.id == liaison_id, Liaison.active, Liaison.seen_at > now() - PRESENT
    )
    return liaison_id is not None and department not in (await connection.scalar(here) or ())
