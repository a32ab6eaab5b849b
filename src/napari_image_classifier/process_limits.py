"""Limits of memory and time for a process that opens what may come from anywhere."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Limits:
    """What a process may take: ``memory`` in bytes of its own, ``seconds`` from its start on."""

    memory: int
    seconds: float


def keep_within(
    pid: int, limits: Limits, end: Callable[[str], None], over: Callable[[], bool]
) -> None:
    """Call ``end`` with the reason, in words, as soon as the process ``pid`` takes more.

    It is looked at from a thread of this process, as one that calculates may not come to look at
    itself. The looking ends when ``over`` says so, or the process does.
    """

    def look() -> None:
        import psutil

        began = time.monotonic()
        try:
            process = psutil.Process(pid)
            while not over() and process.status() != psutil.STATUS_ZOMBIE:
                if process.memory_info().rss > limits.memory:
                    end(f"needed more than {limits.memory / 1e9:.0f} GB of memory")
                    return
                if time.monotonic() - began > limits.seconds:
                    end(f"needed more than {limits.seconds / 60:.0f} minutes")
                    return
                time.sleep(SECONDS_BETWEEN_LOOKS)
        except psutil.NoSuchProcess:
            return

    threading.Thread(target=look, daemon=True).start()
