"""The eight ways to lay an image on the table: four quarter turns, each also mirrored."""

from collections.abc import Iterator

import numpy as np

from napari_image_classifier.typing import FloatArray

EVERY = 8
CHOICES = (1, EVERY)


def orientations_of(batch: FloatArray, number: int) -> Iterator[FloatArray]:
    """Yield ``batch``, of shape (n, y, x, channel), as it is and turned: 1 or 8 in all.

    A quarter turn of images that are not square exchanges y and x.
    """
    for turned in range(number):
        quarters, mirrored = divmod(turned, 2)
        images = np.rot90(batch, quarters, axes=(1, 2))
        yield images[:, :, ::-1] if mirrored else images
