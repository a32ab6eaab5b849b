"""Number the nuclei of every image below a folder: masks to classify objects with.

    python segment_nuclei.py IMAGES MASKS CHANNEL

CHANNEL is the DNA stain's name, or its number counted from 1. Nuclei are what is brighter than
Otsu's threshold, parted where they touch. Where cells are crowded or dim, Cellpose and StarDist do
better; their masks serve just as well.
"""

import sys
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage import feature, filters, measure, segmentation

import napari_image_classifier as nic

SMALLEST_AREA = 80
APART = 7


def main(images: Path, masks: Path, channel: str) -> None:
    found = []
    for item in nic.read_items(images, annotated=False).items:
        with nic.read_image(item.image) as image:
            plane = image.plane(channel=index_of(image, channel))
        mask = nuclei(plane)
        path = (masks / item.file).with_suffix(".tif")
        path.parent.mkdir(parents=True, exist_ok=True)
        nic.write_image(path, nic.Image.from_array(mask, "YX"))
        found.append(int(mask.max()))
    print(f"{sum(found)} nuclei in {len(found)} images")


def index_of(image: nic.Image, channel: str) -> int:
    if channel in image.channel_names:
        return image.channel_names.index(channel)
    return int(channel) - 1


def nuclei(plane: np.ndarray) -> np.ndarray:
    """Return a mask of shape (y, x) in which each nucleus has its number, 0 between them."""
    smooth = filters.gaussian(plane.astype(np.float32), 1)
    bright = ndimage.binary_fill_holes(smooth > filters.threshold_otsu(smooth))
    depth = ndimage.distance_transform_edt(bright)
    middles = feature.peak_local_max(
        filters.gaussian(depth, 1.5), min_distance=APART, labels=measure.label(bright)
    )
    seeds = np.zeros(plane.shape, np.int32)
    seeds[tuple(middles.T)] = np.arange(1, len(middles) + 1)
    parted = segmentation.watershed(-depth, seeds, mask=bright)
    areas = np.bincount(parted.ravel())
    parted[areas[parted] < SMALLEST_AREA] = 0
    return segmentation.relabel_sequential(parted)[0].astype(np.uint16)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
