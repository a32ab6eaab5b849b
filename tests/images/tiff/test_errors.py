"""images.tiff.errors: what tifffile only logs is an error, whatever others do to its log."""

import logging
import logging.config

import numpy as np
import pytest
import tifffile

from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.read_errors import ImageReadError


def switch_off():
    """As import-linter and others do without knowing."""
    logging.config.dictConfig({"version": 1})


def raise_level():
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)


@pytest.mark.parametrize("silence", [switch_off, raise_level])
def test_a_file_cut_short_is_told_though_the_log_is_silent(tmp_path, silence):
    path = tmp_path / "cut.ome.tif"
    pixels = np.arange(4 * 32 * 32, dtype=np.uint16).reshape(4, 32, 32)
    tifffile.imwrite(path, pixels, ome=True, metadata={"axes": "ZYX"}, photometric="minisblack")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    log = logging.getLogger("tifffile")
    level = log.level
    silence()
    try:
        with pytest.raises(ImageReadError, match=r"cut short|damaged"):
            read_image(path)
    finally:
        log.setLevel(level)
        log.disabled = False
