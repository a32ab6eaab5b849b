"""A mounted drive that hangs, as a network drive may, and then vanishes."""

import ctypes
import os
import sys

import pytest

_LAZILY = 2


class HungDrive:
    """A mounted folder: whoever looks into it waits, until `vanish` makes every look an error.

    It is a file system in user space (FUSE) whose server never answers the kernel.
    """

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self._device},rootmode=40000,user_id=0,group_id=0".encode()
        if self._libc.mount(b"hung", os.fsencode(folder), b"fuse", 0, options):
            error = ctypes.get_errno()
            self.vanish()
            raise OSError(error, os.strerror(error))

    def vanish(self):
        """Give up: what waits has an error, and so has whoever comes later."""
        if self._device is not None:
            os.close(self._device)
            self._device = None

    def unmount(self):
        """Take it away."""
        self.vanish()
        self._libc.umount2(os.fsencode(self.folder), _LAZILY)


@pytest.fixture
def hung_drive(tmp_path):
    """A drive on which every look hangs."""
    if sys.platform != "linux":
        pytest.skip("only Linux has drives of this kind")
    try:
        drive = HungDrive(tmp_path / "drive")
    except OSError as error:
        pytest.skip(f"no drive can be mounted here: {error}")
    yield drive
    drive.unmount()
