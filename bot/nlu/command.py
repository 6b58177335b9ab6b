"""Rasa's command line as Enlace runs it: without TensorFlow, and never longer than the process that started it.

Run as `python -m bot.nlu.command run …` in Rasa's environment; the arguments are Rasa's own.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from bot.nlu.without_tensorflow import leave_out_tensorflow

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel stop this process when its parent dies, however it dies; does nothing outside Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:  # the parent was gone before the kernel was told
            sys.exit(1)


if __name__ == "__main__":
    end_with_parent()
    leave_out_tensorflow()
    from rasa.__main__ import main

    main()
