"""Accounts of liaisons: made at the command line, never deleted, so that what they did keeps its name."""

from __future__ import annotations

import asyncio
import functools
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import Conflict, NotFound, WeakPassword, WrongPassword
from bot.liaisons.audit import record
from bot.liaisons.roles import Role
from bot.liaisons.tables import Liaison, LiaisonSession
from bot.secrets import Secrets

MIN_PASSWORD_CHARS = 12
RECOVERY_CODES = 10
_ISSUER = "Enlace"
_SAID = {"name", "title", "sworn", "role", "departments", "languages"}
"""Columns of a profile whose old and new values the audit has."""
_HASHING = ThreadPoolExecutor(1, "passwords")
_hasher = PasswordHasher()  # RFC 9106's second recommendation: 64 MiB, three passes


@functools.cache
def _nobody() -> str:
    """The hash that is checked where there is no such account, so that the answer takes as long."""
    return _hasher.hash(secrets.token_urlsafe(16))


@dataclass(frozen=True)
class Profile:
    """What an account says about its person."""

    email: str
    name: str
    title: dict[str, str]
    sworn: bool
    role: Role
    departments: list[str]
    languages: list[str]


@dataclass(frozen=True)
class Credentials:
    """Shown once, to whoever makes the account; only hashes of them, and the encrypted secret, are kept."""

    password: str
    uri: str
    """For an authenticator app (otpauth://)."""
    recovery: list[str]
    """Each stands in for the second factor, once."""


class Accounts:
    """The accounts in a database."""

    def __init__(self, engine: AsyncEngine, secrets: Secrets) -> None:
        """`secrets` encrypts what the second factor is made from."""
        self._engine = engine
        self._secrets = secrets

    async def add(self, profile: Profile) -> Credentials:
        """A new account; raises Conflict where the email has one."""
        email = profile.email.strip().lower()
        credentials, stored = await self._new(email)
        values = {**vars(profile), "email": email, **stored}
        try:
            async with self._engine.begin() as connection:
                made = await connection.execute(insert(Liaison).values(values).returning(Liaison.id))
                added = {column: [None, value] for column, value in vars(profile).items() if column in _SAID}
                detail: dict[str, Any] = {"did": "add", "account": made.scalar_one(), "changed": added}
                await record(connection, "account", None, departments=profile.departments, **detail)
        except IntegrityError:
            raise Conflict from None
        return credentials

    async def reset(self, email: str) -> Credentials:
        """A new password, second factor and recovery codes, and the end of every session; raises NotFound."""
        credentials, stored = await self._new(email.strip().lower())
        await self._change(email, "reset", **stored, failures=0, not_before=None)
        return credentials

    async def change(self, email: str, values: dict[str, Any]) -> None:
        """Other columns of a profile, which ends the sessions; of `title` the languages given. Raises NotFound."""
        await self._change(email, "change", **values)

    async def set_active(self, email: str, active: bool, by: int | None = None) -> None:
        """Switch an account off, which ends its sessions, or on again; raises NotFound.

        Its conversations stay its own until somebody takes them over.
        """
        await self._change(email, "enable" if active else "disable", by, active=active)

    async def everybody(self) -> Sequence[Any]:
        """Every account, by name."""
        async with self._engine.connect() as connection:
            return (await connection.execute(select(Liaison).order_by(Liaison.name, Liaison.id))).all()

    async def change_password(self, liaison_id: int, old: str, new: str, session: str) -> None:
        """Their own password, which ends their other sessions; raises WrongPassword, WeakPassword."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(Liaison).where(Liaison.id == liaison_id))).one()
        if not await verify(row.password, old):
            raise WrongPassword
        if len(new) < MIN_PASSWORD_CHARS or len(set(new)) < 6 or row.email in new.lower():
            raise WeakPassword(chars=MIN_PASSWORD_CHARS)
        hashed = await asyncio.to_thread(_hasher.hash, new)
        async with self._engine.begin() as connection:
            await connection.execute(update(Liaison).where(Liaison.id == liaison_id).values(password=hashed))
            await connection.execute(
                delete(LiaisonSession).where(
                    LiaisonSession.liaison_id == liaison_id, LiaisonSession.token_hash != session
                )
            )
            await record(connection, "settings", liaison_id, did="password")

    async def set_on_duty(self, liaison_id: int, on_duty: bool) -> None:
        """Whether they take conversations now."""
        async with self._engine.begin() as connection:
            await connection.execute(update(Liaison).where(Liaison.id == liaison_id).values(on_duty=on_duty))
            await record(connection, "settings", liaison_id, did="on_duty" if on_duty else "off_duty")

    async def _new(self, email: str) -> tuple[Credentials, dict[str, Any]]:
        password = secrets.token_urlsafe(15)
        totp = pyotp.random_base32()
        recovery = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES)]
        stored = {
            "password": await asyncio.to_thread(_hasher.hash, password),
            "totp": self._secrets.encrypt(totp),
            "totp_step": 0,
            "recovery": [self._secrets.digest(code) for code in recovery],
        }
        return Credentials(
            password, pyotp.TOTP(totp).provisioning_uri(name=email, issuer_name=_ISSUER), recovery
        ), stored

    async def _change(self, email: str, did: str, by: int | None = None, **values: Any) -> None:
        async with self._engine.begin() as connection:
            # A write that changes nothing, since it locks the row on both engines: what is written down was so.
            found = await connection.execute(
                update(Liaison)
                .where(Liaison.email == email.strip().lower())
                .values(active=Liaison.active)
                .returning(*Liaison.__table__.c)
            )
            before = found.one_or_none()
            if before is None:
                raise NotFound
            if "title" in values:
                values["title"] = before.title | values["title"]
            await connection.execute(update(Liaison).where(Liaison.id == before.id).values(values))
            await connection.execute(delete(LiaisonSession).where(LiaisonSession.liaison_id == before.id))
            changed = {
                column: [getattr(before, column), value]
                for column, value in values.items()
                if column in _SAID and value != getattr(before, column)
            }
            # Those that the account was taken from read it as well.
            departments = list(dict.fromkeys([*before.departments, *values.get("departments", ())]))
            detail = {"did": did, "account": before.id} | ({"changed": changed} if did == "change" else {})
            await record(connection, "account", by, departments=departments, **detail)


async def verify(hashed: str | None, password: str) -> bool:
    """Whether `password` is the one that was hashed. Takes as long without a hash, and never holds up the loop.

    One at a time: a hash takes a core and 64 MB, and residents' turns need theirs.
    """

    def check() -> bool:
        nobody = _nobody()  # made by whoever is first, with an account or without
        try:
            return _hasher.verify(hashed or nobody, password) and hashed is not None
        except VerificationError:
            return False

    return await asyncio.get_running_loop().run_in_executor(_HASHING, check)
