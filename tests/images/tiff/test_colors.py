"""Stored numbers that are no intensities: colours of all kinds, white as 0, booleans."""

import struct

import imagecodecs
import numpy as np
import PIL.Image
import pytest
import tifffile
from PIL import ImageCms

from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.read_errors import ImageReadError

RNG = np.random.default_rng(0)
COLORS = RNG.integers(40, 220, (16, 24, 3)).astype(np.uint8)


def read(path):
    """Return red, green and blue of a file, shape (y, x, 3), which must be such a picture."""
    with read_image(path) as image:
        assert (image.axes, image.is_rgb) == ("CYX", True)
        assert image.channel_names == ("red", "green", "blue")
        return image.asarray().transpose(1, 2, 0), image.assumptions


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("bits", [8, 16])
def test_cmyk_becomes_red_green_and_blue(tmp_path, bits, planar):
    """As Pillow has it, and with all of 16 bits."""
    inks = RNG.integers(0, 256, (16, 24, 4)).astype(np.uint8)
    expected = np.array(PIL.Image.frombytes("CMYK", (24, 16), inks.tobytes()).convert("RGB"))
    stored = inks if bits == 8 else inks.astype(np.uint16) * 257
    stored = stored if planar == "contig" else stored.transpose(2, 0, 1)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="separated", planarconfig=planar)
    pixels, assumptions = read(tmp_path / "a.tif")
    assert pixels.dtype == stored.dtype
    np.testing.assert_allclose(pixels.astype(float) / (1 if bits == 8 else 257), expected, atol=0.6)
    assert "CMYK" in assumptions[0]


def test_other_inks_are_refused(tmp_path):
    """Nobody knows their colours."""
    tifffile.imwrite(
        tmp_path / "a.tif", RNG.integers(0, 256, (16, 24, 4)).astype(np.uint8),
        photometric="separated", extratags=[(332, 3, 1, 2, True)],
    )  # fmt: skip
    with pytest.raises(ImageReadError, match="save it as RGB"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_ycbcr_becomes_red_green_and_blue(tmp_path, compression):
    """Where a colour is stored for every pixel."""
    stored = np.array(PIL.Image.fromarray(COLORS).convert("YCbCr"))
    tifffile.imwrite(
        tmp_path / "a.tif", stored, photometric="ycbcr", compression=compression,
        extratags=[(530, 3, 2, (1, 1), True)],
    )  # fmt: skip
    pixels, assumptions = read(tmp_path / "a.tif")
    np.testing.assert_allclose(pixels.astype(int), COLORS, atol=3)
    assert "YCbCr" in assumptions[0]


def write_subsampled(path, colors, compression):
    """Write YCbCr with one Cb and Cr for every 2 x 2 pixels, which tifffile does not."""
    ycbcr = np.array(PIL.Image.fromarray(colors).convert("YCbCr"))
    blocks = ycbcr.reshape(8, 2, 12, 2, 3).transpose(0, 2, 1, 3, 4)
    data = np.concatenate([blocks[..., 0].reshape(8, 12, 4), blocks[:, :, 0, 0, 1:]], axis=2)
    data = data.tobytes() if compression == 1 else imagecodecs.zlib_encode(data.tobytes())
    tags = {
        256: 24, 257: 16, 258: 8, 259: compression, 262: 6, 273: 8 + 2 + 11 * 12 + 4, 277: 3,
        278: 16, 279: len(data), 284: 1, 530: 2 | 2 << 16,
    }  # fmt: skip
    entries = b"".join(
        struct.pack("<HHII", code, 3, 2 if code == 530 else 1, value)
        for code, value in tags.items()
    )
    head = struct.pack("<4sIH", b"II*\0", 8, len(tags))
    path.write_bytes(head + entries + struct.pack("<I", 0) + data)


def test_ycbcr_of_fewer_places_than_pixels_is_read_by_libtiff(tmp_path):
    """Or refused by what it is, where it can't be."""
    colors = np.kron(COLORS[:8, :12], np.ones((2, 2, 1), np.uint8))
    write_subsampled(tmp_path / "a.tif", colors, 8)
    pixels, _ = read(tmp_path / "a.tif")
    np.testing.assert_allclose(pixels.astype(int), colors, atol=3)
    write_subsampled(tmp_path / "b.tif", colors, 1)
    with pytest.raises(ImageReadError, match="save it as RGB"):
        read_image(tmp_path / "b.tif")


def test_ycbcr_of_jpeg_stays_as_its_decoder_has_it(tmp_path):
    """Decoders of JPEG give red, green and blue."""
    smooth = np.linspace(0, 255, 16 * 24 * 3).reshape(16, 24, 3).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", smooth, photometric="rgb", compression="jpeg")
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert tiff.pages.first.photometric.name == "YCBCR"
    pixels, assumptions = read(tmp_path / "a.tif")
    np.testing.assert_allclose(pixels.astype(int), smooth, atol=30)
    assert assumptions == ()


def test_lab_becomes_red_green_and_blue(tmp_path):
    """Of 8 bits; more are refused."""
    profiles = (ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"))
    picture = PIL.Image.fromarray(COLORS)
    ImageCms.profileToProfile(picture, *profiles, outputMode="LAB").save(tmp_path / "a.tif")
    pixels, assumptions = read(tmp_path / "a.tif")
    assert np.abs(pixels.astype(int) - COLORS).mean() < 2
    assert "L*a*b*" in assumptions[0]
    tifffile.imwrite(tmp_path / "b.tif", COLORS.astype(np.uint16), photometric="cielab")
    with pytest.raises(ImageReadError, match=r"colours \(L\*a\*b\*\).*save it as RGB"):
        read_image(tmp_path / "b.tif")


@pytest.mark.parametrize(
    "options",
    [{}, {"compression": "zlib"}, {"metadata": None}, {"software": "none"}, {"ome": True}],
    ids=["plain", "compressed", "no shape", "other software", "OME"],
)
def test_booleans_of_tifffile_stay_as_they_are(tmp_path, options):
    """It calls True black, and napari saves with it: True is what is in a mask."""
    stored = np.zeros((16, 24), bool)
    stored[3:6, 4:9] = True
    tifffile.imwrite(tmp_path / "a.tif", stored, **options)
    with read_image(tmp_path / "a.tif") as image:
        assert image.dtype == bool
        np.testing.assert_array_equal(image.asarray(), stored)


def test_black_and_white_of_others_is_by_what_the_file_says(tmp_path):
    """White is bright, whichever of 0 and 1 stands for it."""
    stored = np.zeros((16, 24), bool)
    stored[3:6, 4:9] = True
    for photometric, expected in (("miniswhite", ~stored), ("minisblack", stored)):
        tifffile.imwrite(
            tmp_path / "a.tif", stored, photometric=photometric, metadata=None, software="scanner"
        )
        with read_image(tmp_path / "a.tif") as image:
            np.testing.assert_array_equal(image.asarray(), expected)
    PIL.Image.fromarray(stored).save(tmp_path / "b.tif")
    with read_image(tmp_path / "b.tif") as image:
        np.testing.assert_array_equal(image.asarray(), stored)


def test_white_as_0_of_few_bits_has_its_own_black(tmp_path):
    """4 bits count to 15, not to 255."""
    stored = RNG.integers(0, 16, (16, 24)).astype(np.uint8)
    tifffile.imwrite(
        tmp_path / "a.tif", stored, photometric="miniswhite", bitspersample=4, metadata=None
    )
    with read_image(tmp_path / "a.tif") as image:
        np.testing.assert_array_equal(image.asarray(), 15 - stored)
