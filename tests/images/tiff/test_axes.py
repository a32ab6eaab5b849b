"""Axes of TIFF files: those of length 1, and those that are positions."""

import numpy as np
import pytest
import tifffile

from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.read_errors import AxesUnknownError, ImageReadError


def write(path, shape, **options):
    """Write an array whose last axes are no rows and columns by themselves."""
    stored = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
    tifffile.imwrite(path, stored, photometric="minisblack", **options)
    return stored


@pytest.mark.parametrize("options", [{}, {"metadata": None}], ids=["shape noted", "nothing noted"])
@pytest.mark.parametrize("shape", [(32, 40, 1), (32, 1, 40), (1, 32, 40, 1), (1, 1, 32, 40)])
def test_axes_of_length_1_are_dropped(tmp_path, shape, options):
    """Two axes are left, so that there is nothing to ask."""
    stored = write(tmp_path / "a.tif", shape, **options)
    with read_image(tmp_path / "a.tif") as image:
        assert (image.axes, image.shape) == ("YX", (32, 40))
        np.testing.assert_array_equal(image.asarray(), stored.squeeze())


def test_what_is_left_is_asked_about(tmp_path):
    """With the axes of length 1 out of the question; an answer for all axes does, too."""
    stored = write(tmp_path / "a.tif", (5, 32, 40, 1))
    with pytest.raises(AxesUnknownError, match="5 × 32 × 40 pixels") as question:
        read_image(tmp_path / "a.tif")
    assert question.value.choices == ("ZYX", "TYX", "CYX")
    with read_image(tmp_path / "a.tif", axes="ZYX") as image:
        assert image.axes == "ZYX"
        np.testing.assert_array_equal(image.asarray(), stored.squeeze())
    with read_image(tmp_path / "a.tif", axes="ZYXC") as image:
        assert (image.axes, image.shape) == ("CZYX", (1, 5, 32, 40))


@pytest.mark.parametrize("axes", ["RYX", "PYX", "TRYX", "RCYX"])
def test_positions_are_never_another_axis(tmp_path, axes):
    """Each of them is an image."""
    write(tmp_path / "a.tif", (3,) * (len(axes) - 2) + (8, 9), metadata={"axes": axes})
    with pytest.raises(ImageReadError, match="holds 3 positions") as refusal:
        read_image(tmp_path / "a.tif")
    assert not isinstance(refusal.value, AxesUnknownError)
    write(tmp_path / "b.tif", (1, 3, 8, 9), metadata={"axes": "RZYX"})
    with read_image(tmp_path / "b.tif") as image:
        assert image.axes == "ZYX"
