"""Images with masks of disks, for the tests of objects."""

import numpy as np

from napari_image_classifier.images.image import Image

SIDE = 64


def disk(shape, y, x, radius):
    """Where a disk is, as a boolean array of that shape."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def mask_of(disks, shape=(SIDE, SIDE)):
    """A mask of disks, given as {label: (y, x, radius)}; later ones lie above earlier ones."""
    mask = np.zeros(shape, np.uint16)
    for label, (y, x, radius) in disks.items():
        mask[disk(shape, y, x, radius)] = label
    return mask


def noise(shape=(2, SIDE, SIDE), seed=0):
    """Noise of 16 bits, the same for the same seed."""
    return np.random.default_rng(seed).integers(0, 1000, shape).astype(np.uint16)


def masked(pixels, axes, mask, mask_axes="YX", names=("GFP", "DNA"), **options):
    """An image with a mask."""
    return Image.from_array(
        pixels, axes, channel_names=names if "C" in axes else None, name="cells.tif",
        mask=Image.from_array(mask, mask_axes, name="cells mask.tif"), **options,
    )  # fmt: skip
