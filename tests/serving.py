"""What the tests' servers allow beyond the defaults: a whole run comes from one address, faster than people write."""

from __future__ import annotations

PER_SECOND = 100
UNHURRIED = {
    "ENLACE_LIMIT_CONVERSATION": f"{PER_SECOND}/second; 5000/minute",
    "ENLACE_LIMIT_ADDRESS": "5000/second",
    "ENLACE_LIMIT_STARTS": "5000/second",
}
