"""Is it the file, or something that may be over when the file is read again?"""

import errno

# A damaged file sends its reader to places that are none.
_OF_THE_FILE = {None, errno.EINVAL}


def may_pass(error: BaseException) -> bool:
    """Return whether reading an unchanged file again may go well where it ended in ``error``.

    Memory that other programs had, a drive that did not answer, a file that somebody had locked or
    had no right to read: nothing of that changes the file when it is over.
    """
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, MemoryError | TimeoutError):
            return True
        # Readers raise it without a number, for what they find in a file.
        if isinstance(found, OSError) and found.errno not in _OF_THE_FILE:
            return True
        found = found.__cause__
    return False
