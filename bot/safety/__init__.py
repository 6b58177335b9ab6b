"""Fixed rules for danger, in every language, on every turn, and a net under them (net.py)."""

from bot.safety.rules import Flag, SafetyRules, pieces

__all__ = ["Flag", "SafetyRules", "pieces"]
