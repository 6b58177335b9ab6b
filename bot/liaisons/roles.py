"""What somebody who picks up handoffs can be."""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["liaison", "supervisor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
