"""Guards that a field's edge is seen, on light and on dark paper (WCAG 1.4.11)."""

from __future__ import annotations

import re

import pytest

from bot.content.colors import DARK_PAPER, LIGHT_PAPER, contrast
from bot.widget.web import STATIC

SCHEMES = (STATIC / "colors.css").read_text(encoding="utf-8").split("@media")


@pytest.mark.parametrize(
    ("scheme", "papers"), list(zip(SCHEMES, (LIGHT_PAPER, DARK_PAPER), strict=True)), ids=["light", "dark"]
)
def test_a_field_s_edge_is_seen(scheme: str, papers: tuple[str, str]) -> None:
    edge = re.search(r"--edge: (#\w+)", scheme)
    assert edge
    assert min(contrast(edge.group(1), paper) for paper in papers) >= 3
