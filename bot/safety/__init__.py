"""Fixed rules for danger, in every language, before any model, on every turn."""

from bot.safety.rules import Flag, SafetyRules

__all__ = ["Flag", "SafetyRules"]
