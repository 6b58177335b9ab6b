"""What a start, or a command, can fail with that somebody can put right, and the sentence that says how."""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


class StartError(Exception):
    """Enlace can't start, or a command can't do its work; the message says why, and what to do."""


def sentence(error: BaseException) -> str | None:
    """What to tell whoever started what ended with `error`; None where only a traceback helps."""
    from httpx import HTTPError, InvalidURL
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(error, StartError):
        return str(error)
    if isinstance(error, SQLAlchemyError):
        return f"the database failed: {reason(error)}"
    if isinstance(error, (HTTPError, InvalidURL)):
        return f"a server can't be asked ({reason(error)}): look at its address, and whether it runs"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        if error.errno in _FULL:
            return f"{where}the disk is full: make room, and start again"
        if error.errno in _REFUSED:
            return f"{where}{error.strerror}: give the user that Enlace runs as the right to write there"
        return f"{where}{error.strerror or error}"
    return None


def reason(error: BaseException) -> str:
    """The first line of an error's message, or its kind where it has none; of the database's, not the statement."""
    original = getattr(error, "orig", None) or error
    if isinstance(original, OSError) and original.errno is not None and original.errno in errno.errorcode:
        return os.strerror(original.errno)  # of one event loop and the other alike
    return str(original).partition("\n")[0] or type(original).__name__


def kind_and_place(error: BaseException) -> str:
    """What an error is and where it was raised, for the log: its message can hold a resident's words.

    Where a library raised it, also the last line of ours that led there.
    """
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if not places:
        return type(error).__name__
    own = [place for place in places if _is_ours(place[0])]
    said = dict.fromkeys([*own[-1:], places[-1]])
    return f"{type(error).__name__} at {' > '.join(f'{_short(name)}:{number}' for name, number in said)}"


def _is_ours(filename: str) -> bool:
    return any(Path(filename).is_relative_to(_ROOT / package) for package in ("actions", "bot"))


def _short(filename: str) -> str:
    """A file of ours from the project's folder, any other as it is imported."""
    if _is_ours(filename):
        return str(Path(filename).relative_to(_ROOT))
    return filename.rpartition("site-packages/")[2]
