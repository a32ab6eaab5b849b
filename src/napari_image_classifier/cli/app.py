"""The program, from its first instruction to its exit status; the commands come when it stands.

The commands take half a second to load, in which a signal is heard, too, and streams are needed.
"""

import errno
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path

from napari_image_classifier.cli.interruption import (
    EndedBySignal,
    ended_by_signals,
    is_stop,
    leave_at_once,
)
from napari_image_classifier.cli.streams import standard_streams
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.system.shown_text import readable_lines

TOO_LITTLE_MEMORY = "The computer has too little memory for this, or lets this program have no more"
# With less, calculating libraries wait for memory for ever; what is reserved counts, too.
LEAST_MEMORY = 1_000_000_000
# As of an option that can't be understood.
UNUSABLE = 2
# What the loader of libraries says where memory is short.
_OF_MEMORY = ("failed to map segment", "cannot allocate memory", "cannot map")
_REFUSED_BY_SYSTEM = {
    errno.ENOMEM: f"{TOO_LITTLE_MEMORY}.",
    errno.EMFILE: "The system lets this program open no more files (ulimit -n); allow it more.",
    errno.EAGAIN: "The system lets this program start no more processes or threads (ulimit -u); "
    "allow it more, or end others.",
}  # fmt: skip


def main() -> None:
    """Run the command line; an error is one sentence on stderr (--debug: a traceback too)."""
    with standard_streams() as why_lost:
        try:
            with ended_by_signals():
                status = _status()
        except EndedBySignal as end:
            _say("Stopped; what was done is kept.")
            leave_at_once(end.status)
        if lost := why_lost():
            _say(lost)
            status = status or 1
    sys.exit(status)


def _status() -> int:
    """Run the command that the arguments name, and return the exit status."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    if refused := _empty_one(arguments) or _too_little_memory():
        _say(refused)
        return UNUSABLE
    try:
        # By name: what stands before it is there in a hundredth of the time.
        commands = import_module("napari_image_classifier.cli.commands")
        progress = import_module("napari_image_classifier.cli.progress")
        with progress.readable_streams():
            commands.app(arguments, prog_name="napari-image-classifier")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if is_stop(status):
            _say("Stopped; what was done is kept.")
        return status
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told in a sentence
        if debug:
            _say(traceback.format_exc())
        _say(_sentence_on(error))
    return 1


def _empty_one(arguments: Sequence[str]) -> str:
    """Return what is said of an argument that is empty, as of a variable of a script; "" of none.

    An empty path would be the folder one works in.
    """
    for before, argument in pairwise(["", *arguments]):
        option, is_given, value = argument.partition("=")
        if not argument.strip() or (is_given and option.startswith("--") and not value.strip()):
            named = option if is_given else before
            what = f"The value of {named}" if named.startswith("--") else "An argument"
            return f"{what} is empty; give one, or leave it out."
    return ""


def _too_little_memory() -> str:
    """Return what is said of a limit in which libraries hang or crash; "" where there is none."""
    if sys.platform == "win32":
        return ""
    from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit

    most, _ = getrlimit(RLIMIT_AS)
    if most == RLIM_INFINITY or most >= LEAST_MEMORY:
        return ""
    return (
        f"The system lets this program have {most / 1e9:.1f} GB of memory (ulimit -v); it needs "
        f"{LEAST_MEMORY / 1e9:.0f} GB, and a network 4 GB."
    )


def _say(sentence: str) -> None:
    sys.stderr.write(f"{readable_lines(sentence)}\n")
    sys.stderr.flush()


def _sentence_on(error: Exception) -> str:
    """Return what a person is told of an error that ended a command."""
    text = str(error)
    if isinstance(error, ImageClassifierError):
        return text
    if isinstance(error, MemoryError) or any(sign in text.lower() for sign in _OF_MEMORY):
        return f"{TOO_LITTLE_MEMORY}."
    if isinstance(error, RuntimeError) and text == "can't start new thread":
        return _REFUSED_BY_SYSTEM[errno.EAGAIN]
    if isinstance(error, OSError):
        return _sentence_on_system(error)
    return (
        f"Something went wrong that should not: {type(error).__name__}: {error}. Please report it "
        "with what --debug and napari-image-classifier info print."
    )


def _sentence_on_system(error: OSError) -> str:
    if error.errno in _REFUSED_BY_SYSTEM:
        return _REFUSED_BY_SYSTEM[error.errno]
    if error.filename is None and not _has_working_folder():
        return (
            "The folder in which this was started is not there any more; change into one that is, "
            "or give whole paths."
        )
    return f"{error.filename or 'A file'} can't be used: {error.strerror or error}."


def _has_working_folder() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
