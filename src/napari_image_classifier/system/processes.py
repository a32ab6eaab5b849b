"""Processes and those that they start: ended together, before the viewer, and kept in limits."""

import math
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
# The highest there is.
_FIRST_TO_GO = "1000"
SECONDS_BETWEEN_LOOKS = 0.1
# Of what it has and what is free: the rest is for the viewer, and for the system to breathe.
SHARE_OF_MEMORY = 0.9
ADVICE = "Take fewer images, a smaller size or a smaller batch size, or close other programs."


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
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()


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


@dataclass(frozen=True)
class Limits:
    """What a process may take.

    Attributes
    ----------
    memory
        Bytes of its own. Without a number it is its share of the computer's memory: as soon as the
        process and those that it has started hold nine times as much as is left, it is too much.
        That is seen before the computer begins to swap, or ends another program for want of memory.
    seconds
        From its start on.
    """

    memory: int | None = None
    seconds: float = math.inf


def keep_within(
    pid: int, limits: Limits, end: Callable[[str], None], over: Callable[[], bool]
) -> None:
    """Call ``end`` with the reason, in words, as soon as the process ``pid`` takes more.

    It is looked at from a thread of this process, as one that calculates may not come to look at
    itself. The looking ends when ``over`` says so, or the process does.

    Parameters
    ----------
    pid
        The number of the process.
    limits
        What it may take.
    end
        Takes the reason; called once, on that thread.
    over
        Whether nobody needs to look any more.
    """

    def look() -> None:
        import psutil

        began = time.monotonic()
        try:
            process = psutil.Process(pid)
            while not over() and process.status() != psutil.STATUS_ZOMBIE:
                if why := _too_much_memory(process, limits.memory):
                    end(why)
                    return
                if time.monotonic() - began > limits.seconds:
                    end(f"needed more than {limits.seconds / 60:.0f} minutes")
                    return
                time.sleep(SECONDS_BETWEEN_LOOKS)
        except psutil.NoSuchProcess:
            return

    threading.Thread(target=look, name="limits", daemon=True).start()


def _too_much_memory(process: Any, most: int | None) -> str:
    """Return what a process takes too much, in words, or ""."""
    import psutil

    if most is not None:
        too_much = process.memory_info().rss > most
        return f"needed more than {most / 1e9:.1f} GB of memory" if too_much else ""
    machine = psutil.virtual_memory()
    # To look at a whole family takes long: not while there is so much left that it can't matter.
    if machine.available > (1 - SHARE_OF_MEMORY) * machine.total:
        return ""
    used = _memory_of_family(process)
    if used <= SHARE_OF_MEMORY * (used + machine.available):
        return ""
    return (
        f"needed {used / 1e9:.1f} GB of memory and left the computer "
        f"{machine.available / 1e9:.1f} GB"
    )


def _memory_of_family(process: Any) -> int:
    import psutil

    used = 0
    for member in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            used += member.memory_info().rss
    return used
