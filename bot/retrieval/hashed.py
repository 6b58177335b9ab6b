"""Arrays in a file that begins with the SHA-256 of the rest, so that a damaged one is noticed, not trusted."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import io
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)


def read(path: Path, then: str = "building it anew") -> dict[str, NDArray[Any]] | None:
    """The arrays in `path`; None if there is none or it is damaged, which is logged with what is done `then`."""
    try:
        data = path.read_bytes()
        if hashlib.sha256(data[32:]).digest() != data[:32]:
            raise ValueError("the hash does not match")
        with np.load(io.BytesIO(data[32:]), allow_pickle=False) as file:
            return dict(file)
    except FileNotFoundError:
        return None
    except Exception as error:
        log.warning("%s is damaged (%s); %s", path.name, error, then)
        return None


def write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write `arrays` to `path`, whole or not at all: a crash leaves the old file or the new one."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # numpy's stub takes every keyword for its option
    data = buffer.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(hashlib.sha256(data).digest() + data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def source(*modules: str) -> str:
    """A hash of the source of these modules: what they make is made anew when they change."""
    digest = hashlib.sha256()
    for name in modules:
        spec = importlib.util.find_spec(name)  # which doesn't load what isn't loaded yet
        digest.update(Path(str(spec and spec.origin)).read_bytes() + b"\0")
    return digest.hexdigest()


def kept(
    folder: Path, suffix: str, made_from: Iterable[str], make: Callable[[], Mapping[str, NDArray[Any]]]
) -> Mapping[str, NDArray[Any]]:
    """What `make` makes of exactly these strings: read from `folder`, or made and written there in the old one's place.

    One file of each `suffix` is kept; its name is a hash of `made_from`. Of several processes that want the same one
    makes it, and the others wait.
    """
    digest = hashlib.sha256("\0".join(made_from).encode())
    path = folder / f"{digest.hexdigest()[:16]}.{suffix}"
    stored = read(path)
    if stored is not None:
        return stored
    with alone(folder / f"{suffix}.lock", f"another process makes the {suffix}; waiting for its end"):
        stored = read(path)
        if stored is not None:
            return stored
        for old in (*folder.glob(f"*.{suffix}"), *folder.glob(f"*.{suffix}.*.tmp")):
            old.unlink(missing_ok=True)
        made = make()
        write(path, made)
        return made


@contextlib.contextmanager
def alone(lock: Path, waiting: str) -> Iterator[None]:
    """One process at a time; who has to wait logs `waiting`. It is over with the process, however that ends."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.warning("%s", waiting)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
