"""Images of two classes in wells, and a classifier of half of them, for studies of raters."""

from dataclasses import replace

import numpy as np

import napari_image_classifier as nic
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.training.config import TrainingConfig

N_WELLS, PER_WELL = 16, 4
CLASSES = ("fine", "coarse")


def write_wells(folder):
    """Fine and coarse noise, in wells of each, below folders of their class."""
    random = np.random.default_rng(0)
    for well in range(N_WELLS):
        for site in range(PER_WELL):
            noise = random.integers(0, 1000, (64, 64))
            if well % 2:
                noise = np.kron(random.integers(0, 1000, (16, 16)), np.ones((4, 4), int))
            path = folder / CLASSES[well % 2] / f"W{well}" / f"{site}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, Image.from_array(noise.astype(np.uint16), "YX"))
    return folder


def train_on_half(images, path):
    """A classifier of texture features, trained on the first eight wells."""
    items = read_items(images, group="folder:2")
    chosen = tuple(item for item in items.items if int(item.group.split("/W")[1]) < N_WELLS // 2)
    config = TrainingConfig(network="texture")
    nic.train(replace(items, items=chosen), output=path, config=config, in_process=True)
    return path
