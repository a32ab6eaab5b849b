"""Compressed segments that declare far more pixels than the image: refused, not decoded."""

import io

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.read_errors import ImageReadError
from napari_image_classifier.images.tiff.segments import (
    jpeg2000_pixels,
    jpeg_pixels,
    jpegxl_pixels,
    jpegxr_pixels,
    lerc_pixels,
    png_pixels,
    webp_pixels,
)

COLOURS = np.random.default_rng(0).integers(0, 255, (24, 32, 3)).astype(np.uint8)


def drawn(kind, **options):
    file = io.BytesIO()
    Picture.fromarray(COLOURS).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"comment": b"\xff\xc0" * 9}])
def test_the_size_of_a_jpeg_is_found(options):
    """Whatever stands before it."""
    assert jpeg_pixels(drawn("JPEG", **options)) == 24 * 32


def test_the_sizes_of_others_are_found():
    """JPEG 2000 with and without its box, and PNG."""
    assert png_pixels(drawn("PNG")) == 24 * 32
    for codecformat in ("jp2", "j2k"):
        content = imagecodecs.jpeg2k_encode(COLOURS, codecformat=codecformat)
        assert jpeg2000_pixels(content) == 24 * 32


@pytest.mark.parametrize("shape", [(24, 32), (300, 500), (16, 16), (9, 7), (400, 700)])
def test_the_sizes_of_newer_ones_are_found(shape):
    """WebP of three kinds, JPEG XL bare and in its box, JPEG XR, and LERC."""
    grey, colours = np.zeros(shape, np.uint8), np.zeros((*shape, 3), np.uint8)
    n_pixels = grey.size
    for content in (
        imagecodecs.webp_encode(colours, lossless=True),
        imagecodecs.webp_encode(colours, level=50, lossless=False),
        imagecodecs.webp_encode(np.zeros((*shape, 4), np.uint8)),
    ):
        assert webp_pixels(bytes(content)) == n_pixels
    assert lerc_pixels(bytes(imagecodecs.lerc_encode(grey))) == n_pixels
    assert jpegxr_pixels(bytes(imagecodecs.jpegxr_encode(grey))) == n_pixels
    for boxed in (False, True):
        content = imagecodecs.jpegxl_encode(grey, usecontainer=boxed)
        assert jpegxl_pixels(bytes(content)) == n_pixels


@pytest.mark.parametrize("compression", ["webp", "jpegxl", "jpegxr", "lerc"])
def test_a_small_packed_segment_of_many_pixels_is_refused(tmp_path, compression):
    """Black takes no place: 2,100 × 2,000 pixels in a picture of 32 × 24."""
    path = tmp_path / "a.tif"
    large = np.zeros((2000, 2100, 3), np.uint8)
    options = {"compressionargs": {"effort": 1}} if compression == "jpegxl" else {}
    tifffile.imwrite(path, large, photometric="rgb", compression=compression,
                     rowsperstrip=2000, metadata=None, **options)  # fmt: skip
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tiff.pages.first.tags["ImageWidth"].overwrite(32)
        tiff.pages.first.tags["ImageLength"].overwrite(24)
    with read_image(path) as image, pytest.raises(ImageReadError, match="far more") as refusal:
        image.asarray()
    assert refusal.value.code == Fault.OUT_OF_PROPORTION


def test_what_says_nothing_has_no_size():
    """Cut off, empty, or of another kind."""
    for content in (b"", b"\xff", b"\xff\xd8", drawn("JPEG")[:30], b"\xff" * 20, bytes(40)):
        assert jpeg_pixels(content) == jpeg2000_pixels(content) == png_pixels(content) == 0
        assert webp_pixels(content) == lerc_pixels(content) == jpegxr_pixels(content) == 0
        assert jpegxl_pixels(content) == 0


@pytest.mark.parametrize(
    ("compression", "sign", "at"),
    [("jpeg", b"\xff\xc0\x00\x11\x08", 5), ("jpeg2000", b"\xff\x4f\xff\x51", 8)],
)
def test_what_says_that_it_is_far_larger_is_refused(tmp_path, compression, sign, at):
    """The TIFF around it says nothing of that; a file as it should be is read."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, COLOURS, photometric="rgb", compression=compression)
    with read_image(path) as image:
        assert image.asarray().shape == (3, 24, 32)
    content = bytearray(path.read_bytes())
    place = content.index(sign) + at
    content[place : place + 4] = b"\x7f\x7f\x7f\x7f"
    path.write_bytes(content)
    with read_image(path) as image, pytest.raises(ImageReadError, match="far more") as refusal:
        image.asarray()
    assert refusal.value.code == Fault.OUT_OF_PROPORTION
