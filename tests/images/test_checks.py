"""Sizes that a small image file declares: told in a sentence, soon, and never much memory."""

import pytest

from helpers.fuzzing import bounded
from hostile.image_sizes import SIDE, SIZES
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.image import read_image
from napari_image_classifier.items.survey import SurveyRequest
from napari_image_classifier.jobs import survey


def test_there_are_many():
    """Each has a name of its own."""
    assert len({one.name for one in SIZES}) == len(SIZES) >= 130


@pytest.mark.parametrize("bad", SIZES, ids=lambda bad: bad.name)
def test_what_a_small_file_says_is_no_more_than_a_row(tmp_path, bad):
    """When the folder is listed, and when the image is opened and its planes are read."""
    path = bad.write(tmp_path)
    code = ""
    with bounded(seconds=2):
        find_images(tmp_path)
        try:
            with read_image(path) as image:
                image.plane()
                image.plane(time=image.n_times - 1, channel=image.n_channels - 1, z=image.n_z - 1)
                assert SIDE in image.shape[-2:]
        except ImageClassifierError as error:
            code = error.code
            assert ".ome" in str(error) or path.name in str(error)
            assert len(str(error)) < 500
    assert code == bad.code


@pytest.mark.parametrize("bad", SIZES[:: len(SIZES) // 12], ids=lambda bad: bad.name)
def test_a_dock_looks_at_them(tmp_path, bad):
    """And says what is wrong with them."""
    bad.write(tmp_path)
    with bounded(seconds=2):
        found = survey.run(SurveyRequest(tmp_path, thumbnails=1), lambda event: None, lambda: False)
    assert bool(found.problems) == bool(bad.code)
