"""Masks of which the connected parts are the objects, whatever their numbers."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_image_classifier.images.checks import check_memory
from napari_image_classifier.images.opened_file import OpenedFile
from napari_image_classifier.typing import AnyArray, IntArray


def parts_numbered(path: Path, source: OpenedFile) -> OpenedFile:
    """Return a mask in which each connected part of one number has a number of its own.

    Pixels are connected over edges and corners, in depth too. In a mask without 0 the number of
    most pixels is the background.

    Parameters
    ----------
    path
        The file, for messages.
    source
        The open mask.

    Returns
    -------
    OpenedFile
        Of type int32; parts are counted from 1 in each time point, in the order of z, y, x.

    Raises
    ------
    ImageReadError
        From ``read``: the mask is damaged, or there is no memory for its planes.
    """
    lock = threading.Lock()
    known: dict[tuple[int, int], IntArray] = {}

    def read(time: int, channel: int, z: int) -> AnyArray:
        with lock:
            if (time, channel) not in known:
                known.clear()
                planes = _planes(path, source, time, channel)
                known[time, channel] = _numbered(planes)
            plane: IntArray = known[time, channel][z]
            return plane

    return replace(source, dtype=np.dtype(np.int32), read=read)


def _planes(path: Path, source: OpenedFile, time: int, channel: int) -> AnyArray:
    height, width = source.shape[-2:]
    n_z = source.length("Z")
    check_memory(path, n_z * height * width * np.dtype(np.int32).itemsize)
    return np.stack([source.read(time, channel, z) for z in range(n_z)])


def _numbered(planes: AnyArray) -> IntArray:
    from skimage.measure import label

    background = 0
    if planes.size and planes.all():
        values, counts = np.unique(planes, return_counts=True)
        background = values[counts.argmax()] if len(values) > 1 else 0
    # By rank, as numbers may be fractions, or too large for a label.
    values, ranks = np.unique(planes, return_inverse=True)
    ranks = ranks.reshape(planes.shape) + 1
    ranks[planes == background] = 0
    numbers = label(ranks, background=0, connectivity=planes.ndim)  # type: ignore[no-untyped-call]
    return np.asarray(numbers).astype(np.int32)
