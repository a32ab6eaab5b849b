"""Running processes, for tests that none may outlive."""

import psutil


def is_alive(process):
    """Whether a process runs; one whose end only waits to be noticed does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def living_children():
    """The processes that run below this one, at any depth.

    What the tests themselves fork from, and its forks, don't count (see `keras_forks`).
    """
    family = psutil.Process().children(recursive=True)
    return [
        child for child in family if is_alive(child) and "keras_forks.py" not in command_of(child)
    ]


def command_of(process):
    """The command line of a process, "" when it has just gone."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""
