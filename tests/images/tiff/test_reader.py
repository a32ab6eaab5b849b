"""TIFF files whose first page is a smaller copy of the image."""

import numpy as np
import pytest
import tifffile

from napari_image_classifier.images.image import read_image

REDUCED_BEFORE_1995 = (255, 3, 1, 2, True)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("a.tif", {"subfiletype": 1}),
        ("a.tif", {"extratags": [REDUCED_BEFORE_1995]}),
        ("a.tif", {"subfiletype": 1, "subifds": 1}),
        ("a.ome.tif", {"subfiletype": 1}),
    ],
    ids=["marked", "marked as of old", "the image within", "OME"],
)
def test_a_reduced_first_page_is_skipped(tmp_path, name, first):
    """And nothing is said of it: nobody misses a thumbnail."""
    stored = np.arange(64 * 80, dtype=np.uint16).reshape(64, 80)
    metadata = {} if name.endswith("ome.tif") else {"metadata": None}
    with tifffile.TiffWriter(tmp_path / name) as writer:
        writer.write(stored[::4, ::4], **first, **metadata)
        writer.write(stored, **metadata)
    with read_image(tmp_path / name) as image:
        np.testing.assert_array_equal(image.asarray(), stored)
        assert image.assumptions == ()


def test_reduced_pages_alone_are_read(tmp_path):
    """They are all there is."""
    stored = np.ones((16, 20), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", stored, subfiletype=1, metadata=None)
    with read_image(tmp_path / "a.tif") as image:
        np.testing.assert_array_equal(image.asarray(), stored)
