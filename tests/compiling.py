"""Compiles catalogs, as `scripts/catalogs` does."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_catalog(path: Path) -> None:
    """Make the .mo file of a .po file."""
    with path.open("rb") as source, path.with_suffix(".mo").open("wb") as target:
        write_mo(target, read_po(source))
