"""Takes a change of the content into the running app: a topic that is switched off is off within seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from bot.content.library import Library, content_files, load
from bot.content.yamlfile import ContentError

log = logging.getLogger(__name__)

PERIOD_S = 1.0


def _signature(root: Path) -> dict[Path, tuple[int, int]]:
    """Each file's time of change (ns) and size: what tells a change without reading."""
    found = {}
    for path in content_files(root):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        found[path] = (status.st_mtime_ns, status.st_size)
    return found


async def watch(root: Path, changed: Callable[[Library], bool]) -> None:
    """Call `changed` with the content below `root` each time that it changes and is sound; runs until cancelled.

    `changed` returns whether it is served now; where it isn't, `changed` has said why.
    Content with an error stays out: the last sound one is served on, and the log says what to mend.
    """
    seen = await asyncio.to_thread(_signature, root)
    failing = False
    while True:
        await asyncio.sleep(PERIOD_S)
        try:
            now = await asyncio.to_thread(_signature, root)
            if now == seen:
                failing = False
                continue
            library = await asyncio.to_thread(load, root)
        except ContentError as error:
            seen, failing = now, False
            log.error("the content has changed and has errors; the content from before is served on:\n%s", error)
            continue
        except OSError as error:  # a file that is being replaced, or that may not be read: looked at again
            if not failing:
                log.error(
                    "the content can't be read (%s: %s); the content from before is served on, and it is tried again "
                    "every second: see that the files are there and may be read",
                    type(error).__name__,
                    error.filename,
                )
            failing = True
            continue
        seen, failing = now, False
        for problem in library.stale:
            log.warning("%s", problem)
        if changed(library):
            log.info("the content has changed and is served; new question variants are learned at the next start")
