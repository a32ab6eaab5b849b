"""Synthetic images of cells that are worth learning from."""

import numpy as np
import pytest

from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.sample_data import (
    CHANNEL_NAMES,
    CLASS_NAMES,
    PIXEL_SIZE,
    make_sample_image,
    write_sample_folder,
)
from napari_image_classifier.widgets.viewer.reader import sample_layers


def test_an_image_is_what_a_microscope_gives():
    """Two named channels of a Z stack, 16 bit, with a pixel size and a camera's offset."""
    image = make_sample_image("control", seed=3)
    assert (image.axes, image.n_channels, image.dtype) == ("CZYX", 2, np.uint16)
    assert (image.channel_names, image.pixel_size) == (CHANNEL_NAMES, PIXEL_SIZE)
    assert 90 < np.percentile(image.asarray(), 1) < 110


def test_the_same_seed_gives_the_same_image():
    """And another seed, or class, another one."""
    first, again = (make_sample_image("depleted", seed=5).asarray() for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, make_sample_image("depleted", seed=6).asarray())
    assert not np.array_equal(first[0], make_sample_image("control", seed=5).asarray()[0])


def test_the_mean_says_nothing_and_the_spots_do():
    """Protein is as much in both classes, and aggregated in depleted cells alone."""
    stacks = {
        name: [make_sample_image(name, seed).asarray()[1].astype(float) for seed in range(12)]
        for name in CLASS_NAMES
    }
    means = {name: [stack.mean() for stack in images] for name, images in stacks.items()}
    control, depleted = means.values()
    assert min(control) < max(depleted)
    assert min(depleted) < max(control)
    assert abs(np.mean(control) - np.mean(depleted)) < np.std([*control, *depleted])
    brightest = [[stack.max() for stack in images] for images in stacks.values()]
    assert np.median(brightest[1]) > 1.5 * np.median(brightest[0])


def test_an_unknown_class_is_refused():
    """The classes are named."""
    with pytest.raises(ValueError, match="control and depleted"):
        make_sample_image("treated", seed=0)


def test_a_folder_has_a_sub_folder_per_class(tmp_path):
    """Files read back as they were made."""
    write_sample_folder(tmp_path / "images", images_per_class=2, seed=7)
    for name in CLASS_NAMES:
        files = sorted((tmp_path / "images" / name).iterdir())
        assert [path.name for path in files] == [f"{name}_007.tif", f"{name}_008.tif"]
        with read_image(files[0]) as image:
            assert np.array_equal(image.asarray(), make_sample_image(name, 7).asarray())
            assert (image.channel_names, image.pixel_size) == (CHANNEL_NAMES, PIXEL_SIZE)


def test_layers_stand_side_by_side():
    """Four layers, a channel each, with scale and names as from a file."""
    layers = sample_layers()
    assert [placement["name"] for _, placement, _ in layers] == [
        f"{name}_001 [{channel}]" for name in CLASS_NAMES for channel in CHANNEL_NAMES
    ]
    assert all(placement["scale"] == (0.5, 0.2, 0.2) for _, placement, _ in layers)
    assert layers[0][1]["translate"] != layers[2][1]["translate"]
