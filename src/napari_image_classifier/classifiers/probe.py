"""A made-up image by which a classifier tells that it says here what it said where it was made."""

import numpy as np

from napari_image_classifier.typing import Float64Array, FloatArray

# Rounding differs from one processor to the next; another network or precision differs more.
LARGEST_DIFFERENCE = 1e-3


def probe_image(size: tuple[int, int], n_channels: int) -> FloatArray:
    """Return it, float32 of shape (1, y, x, channel), from 0 to 1; the same wherever it is made.

    ``size`` is (y, x). Nothing in it lies in lines, so that no part of a network stays at rest.
    """
    count = np.arange(size[0] * size[1] * n_channels, dtype=np.uint64)
    # Multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4).
    scattered = (count * np.uint64(2654435761)) % np.uint64(2**32)
    return (scattered / 2**32).astype(np.float32).reshape(1, *size, n_channels)


def says_otherwise(here: Float64Array, there: Float64Array) -> float:
    """Return how far two rows of probabilities of it are apart, 0 where rounding explains it."""
    difference = float(np.abs(here - there).max())
    return 0.0 if difference <= LARGEST_DIFFERENCE else difference
