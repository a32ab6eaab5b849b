"""Running processes, for tests that none may outlive."""

import psutil


def is_alive(process):
    """Whether a process runs; one whose end only waits to be noticed does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def living_children():
    """The processes that run below this one, at any depth."""
    return [child for child in psutil.Process().children(recursive=True) if is_alive(child)]


def command_of(process):
    """The command line of a process, "" when it has just gone."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""
