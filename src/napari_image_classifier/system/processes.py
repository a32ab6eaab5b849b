"""Processes and those that they start: ended together, and before the viewer."""

import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
# The highest there is.
_FIRST_TO_GO = "1000"


def end_tree(pid: int) -> None:
    """End a process, and all that it has started, at once.

    Nobody waits: a process that hangs in a read from a drive that is gone ends when that does.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for one in family:
        with suppress(psutil.NoSuchProcess):
            one.kill()


def end_with_parent() -> None:
    """Have this process ended when the one that started it ends, however that happens.

    A process learns of it from its pipe, too, but not while it hangs. Linux alone has this; it
    counts the thread that started the process for its parent.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)


def be_ended_first() -> None:
    """Have this process ended, not the viewer, when the computer runs out of memory (Linux)."""
    if sys.platform == "linux":
        # Where it is forbidden, the kernel chooses as it always does.
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")
