"""Contrast of colors, as WCAG 2.2 defines it (relative luminance and contrast ratio, success criterion 1.4.3)."""

from __future__ import annotations

LIGHT_PAPER, DARK_PAPER = ("#fbfaf7", "#ffffff"), ("#151816", "#1f2421")
"""What text stands on in either scheme: the page and its cards, as in bot/widget/static/colors.css."""
_WHITE, _BLACK = "#ffffff", "#0c1a11"
ENOUGH = 4.5


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colors "#rrggbb", from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(color: str) -> str:
    """White or black, whichever reads better on `color`."""
    return max((_WHITE, _BLACK), key=lambda ink: contrast(ink, color))


def _luminance(color: str) -> float:
    channels = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
