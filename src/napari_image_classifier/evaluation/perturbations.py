"""Perturbations: images from which something is taken away, to see what a network goes by."""

from typing import Literal, get_args

import numpy as np
from scipy import ndimage

from napari_image_classifier.typing import FloatArray

Change = Literal["shuffled", "blurred"]
CHANGES: tuple[Change, ...] = get_args(Change)

# The deviation of the blur, as part of the image's side.
BLUR = 1 / 12


def changed(pixels: FloatArray, change: Change, seed: int = 0) -> FloatArray:
    """Return changed images of the shape (image, y, x, channel).

    "shuffled" puts the pixels of every image into another order, all channels alike, which leaves
    brightness and takes every shape; "blurred" leaves only what is large.
    """
    if change == "blurred":
        deviation = BLUR * max(pixels.shape[1:3])
        blurred = ndimage.gaussian_filter(pixels, (0, deviation, deviation, 0))
        return np.asarray(blurred, pixels.dtype)
    random = np.random.default_rng(seed)
    flat = pixels.reshape(len(pixels), -1, pixels.shape[-1])
    return np.stack([random.permutation(one) for one in flat]).reshape(pixels.shape)
