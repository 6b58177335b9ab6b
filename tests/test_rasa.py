"""Guards the start of Rasa's process: nothing that the app does meanwhile holds it up, and its NumPy is fast."""

from __future__ import annotations

import _imp
import threading
from pathlib import Path

import pytest
import uvloop

from bot.rasa import RasaProcess, blas_core

SOON = 5
"""Seconds within which it has to have started."""


def test_it_starts_while_a_thread_imports(tmp_path: Path) -> None:
    program = tmp_path / "rasa"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    process = RasaProcess(program, Path("model"), 1, {}, tmp_path / "rasa.log")
    importing, started, over = threading.Event(), threading.Event(), threading.Event()

    def import_something() -> None:
        _imp.acquire_lock()
        importing.set()
        over.wait(4 * SOON)
        _imp.release_lock()

    async def start_and_stop() -> None:
        await process.start()
        started.set()
        over.wait(4 * SOON)
        await process.stop()

    threads = [threading.Thread(target=import_something), threading.Thread(target=lambda: uvloop.run(start_and_stop()))]
    threads[0].start()
    importing.wait()
    threads[1].start()
    in_time = started.wait(SOON)
    over.set()
    for thread in threads:
        thread.join()
    assert in_time


@pytest.mark.parametrize(
    ("flags", "core"),
    [
        ("fpu sse2 avx2 fma avx512f avx512cd avx512bw avx512dq avx512vl", "SkylakeX"),
        ("fpu sse2 avx2 fma avx512f", "Haswell"),
        ("fpu sse2", None),
    ],
)
def test_numpy_in_rasa_is_told_what_the_processor_can(tmp_path: Path, flags: str, core: str | None) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor: 0\nflags\t\t: {flags}\n\nprocessor: 1\n", encoding="ascii")
    assert blas_core(cpuinfo).get("OPENBLAS_CORETYPE") == core
    assert blas_core(tmp_path / "none") == {}
