"""How most labs classify a folder with Keras: the tutorial's loop, and the same in batches.

Written out in full, so that anybody can argue with it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import skimage.io
import skimage.transform

BATCH = 32


def read_and_resize(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Return one image as the tutorial feeds it, shape (y, x, channel), from 0 to 1."""
    pixels = skimage.io.imread(path)
    if pixels.ndim == 4:  # (z, channel, y, x)
        pixels = pixels.max(axis=0)
    pixels = np.moveaxis(pixels, 0, -1) / 65535
    return skimage.transform.resize(pixels, size, anti_aliasing=True)


def classify_one_by_one(network: Any, paths: Sequence[Path], size: tuple[int, int]) -> list[int]:
    """Read, resize and predict, image after image."""
    classes = []
    for path in paths:
        x = read_and_resize(path, size)
        probabilities = network.predict(x[None], verbose=0)
        classes.append(int(probabilities.argmax()))
    return classes


def classify_in_batches(network: Any, paths: Sequence[Path], size: tuple[int, int]) -> list[int]:
    """The same, 32 images at a time."""
    classes = []
    for start in range(0, len(paths), BATCH):
        batch = np.stack([read_and_resize(path, size) for path in paths[start : start + BATCH]])
        classes += network.predict(batch, verbose=0).argmax(axis=1).tolist()
    return classes
