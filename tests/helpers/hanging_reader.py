"""A TIFF reader that hangs on some files and crashes on others.

Drives that hang and decoders that crash can't be had at will: files of certain names stand for
them, here and in the helper processes.
"""

import os
import signal
import time
from pathlib import Path

import tifffile

HANGS, CRASHES = "hangs", "crashes"
_open = tifffile.TiffFile.__init__


def install(*, crashing):
    """Have `tifffile` hang on files called "hangs…" and crash on "crashes…", or hang there, too."""

    def opened(self, file, *arguments, **options):
        name = Path(file).name if isinstance(file, str | Path) else ""
        if name.startswith(CRASHES) and crashing:
            os.kill(os.getpid(), signal.SIGSEGV)
        if name.startswith((HANGS, CRASHES)):
            time.sleep(600)
        _open(self, file, *arguments, **options)

    tifffile.TiffFile.__init__ = opened


def uninstall():
    """Have it read as ever."""
    tifffile.TiffFile.__init__ = _open
