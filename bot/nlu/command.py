"""Rasa's command line as Enlace runs it: without TensorFlow, and never longer than the app that started it.

Run as `python -m bot.nlu.command run …` in Rasa's environment; the arguments are Rasa's own.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from bot.nlu.variables import FIXED, PARENT, blas_core
from bot.nlu.without_tensorflow import leave_out_tensorflow

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel stop this process when the app dies, however it dies; where somebody else started it, nothing."""
    parent = os.environ.get(PARENT)
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it was gone before the kernel was told
        sys.exit(f"process {parent}, which {PARENT} names, didn't start this one or has ended: so this one ends, too")


if __name__ == "__main__":
    end_with_parent()
    os.environ.update({**blas_core(), **os.environ, **FIXED})
    leave_out_tensorflow()
    from rasa.__main__ import main

    main()
