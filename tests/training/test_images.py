"""The images to learn from: which of their channels are read, and what these are called."""

import numpy as np
import pytest

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.images import read_training_images

WAVELENGTHS = ("405", "488")


def save(path, channel_names, pixels=None):
    """Write an image of two channels, the first filled with 1 and the second with 2."""
    stored = np.ones((2, 16, 16), np.uint16) * np.array([1, 2], np.uint16)[:, None, None]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, Image.from_array(stored, "CYX", channel_names=channel_names))


def read(folder, *channels):
    """Read the images below a folder as a training does."""
    config = TrainingConfig(size=16, channels=channels)
    return read_training_images(
        read_items(folder).items, config,
        on_progress=lambda *progress: None, should_stop=lambda: False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """Two images whose channels are called by wavelengths."""
    for name in ("a", "b"):
        save(tmp_path / name / "0.tif", WAVELENGTHS)
    return tmp_path


def values(images):
    """Return the values of the channels of each image."""
    return [pixels[0, 0].tolist() for pixels in images.pixels]


def test_wavelengths_are_names(folder):
    """Images that have them in another order are read in the same one."""
    save(folder / "b" / "1.tif", WAVELENGTHS[::-1])
    images = read(folder)
    assert images.preparation.channel_names == WAVELENGTHS
    assert images.preparation.channels_named
    assert values(images) == [[1, 2], [1, 2], [2, 1]]


def test_channels_are_learnt_from_by_another_name(folder):
    """DNA=405, in the order that is asked for."""
    images = read(folder, "GFP=488", "DNA=405")
    assert images.preparation.channel_names == ("GFP", "DNA")
    assert images.preparation.channels_named
    assert values(images) == [[2, 1], [2, 1]]


def test_nameless_channels_can_be_named(tmp_path):
    """By their number."""
    for name in ("a", "b"):
        save(tmp_path / name / "0.tif", None)
    images = read(tmp_path, "DNA=Channel 1")
    assert (images.preparation.channel_names, values(images)) == (("DNA",), [[1], [1]])
    assert images.preparation.channels_named


def test_a_name_may_have_an_equals_sign(tmp_path):
    """Where the images themselves have such a channel."""
    for name in ("a", "b"):
        save(tmp_path / name / "0.tif", ("pH=7", "pH=5"))
    images = read(tmp_path, "pH=5")
    assert (images.preparation.channel_names, values(images)) == (("pH=5",), [[2], [2]])


def test_a_channel_that_no_image_has_is_refused(folder):
    """Whatever it was to be called."""
    with pytest.raises(TrainingRefused, match=r"no channel “DNA” or “407”"):
        read(folder, "DNA=407")
