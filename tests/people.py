"""People for tests: accounts without a way to sign in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.liaisons.tables import Liaison


async def liaison(engine: AsyncEngine, name: str, **columns: Any) -> int:
    """The id of a new liaison of Kent who is called so, with other `columns` than these."""
    async with engine.begin() as connection:
        values = {
            "email": f"{name}@example.org",
            "name": name,
            "title": {"en": "liaison"},
            "sworn": False,
            "role": "liaison",
            "departments": ["kent-wa"],
            "languages": ["es"],
            "password": "x",
            "totp": "x",
            "recovery": [],
        } | columns
        return int((await connection.execute(insert(Liaison).values(values).returning(Liaison.id))).scalar_one())
