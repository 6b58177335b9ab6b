"""Starts Rasa, and sees to it that it doesn't outlive the app.

Run as `python -m bot.nlu.serve run …` in Rasa's environment; the arguments are Rasa's own.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel stop this process when its parent dies, however it dies; does nothing outside Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:  # the parent was gone before the kernel was told
            sys.exit(1)


if __name__ == "__main__":
    end_with_parent()
    from rasa.__main__ import main

    main()
