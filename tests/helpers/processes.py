"""Which processes live, for tests that want none to be left."""

import psutil


def is_alive(process):
    """Whether a process runs; one whose end only waits to be noticed does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def living_children():
    """What this process has started, and what that has, as far as it lives.

    What the tests themselves fork from, and its forks, don't count (see `keras_forks`).
    """
    family = psutil.Process().children(recursive=True)
    return [one for one in family if is_alive(one) and "keras_forks.py" not in command_of(one)]


def command_of(process):
    """The command line of a process, "" when it has just gone."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""
