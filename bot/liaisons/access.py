"""Who is signed in, and what their role may do. What of a conversation they may read: bot/handoffs/access.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.errors import Forbidden
from bot.liaisons.roles import Role

Permission = Literal["serve", "oversee", "administer"]
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "liaison": frozenset({"serve"}),
    "supervisor": frozenset({"serve", "oversee"}),
    "admin": frozenset({"serve", "oversee", "administer"}),
}
"""serve: the queue, conversations, callbacks, search, export. oversee: the audit, the figures, legal holds, canned
replies. administer: other people's accounts."""


@dataclass(frozen=True)
class Who:
    """Somebody who is signed in."""

    id: int
    name: str
    title: dict[str, str]
    sworn: bool
    role: Role
    departments: tuple[str, ...]
    languages: tuple[str, ...]
    on_duty: bool
    session: str
    """Hash of the session's token."""
    csrf: str
    language: str
    """Of the console's pages."""

    def may(self, permission: Permission) -> bool:
        """Whether their role has the permission."""
        return permission in PERMISSIONS[self.role]

    def require(self, permission: Permission) -> None:
        """Raises Forbidden."""
        if not self.may(permission):
            raise Forbidden
