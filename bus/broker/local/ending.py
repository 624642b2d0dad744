"""How a child ends with its parent, also with one that was killed (Linux)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def dies_with_parent() -> Callable[[], None] | None:
    """Return what a forked child calls before it runs its program; None where there is no such.

    The system then kills the child when this process ends, however it ends.
    """
    if not sys.platform.startswith("linux"):
        return None
    # Loaded before the fork: afterwards only the call itself is safe.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            # The parent died before the call: nobody would tell us any more.
            os._exit(1)

    return prepare
