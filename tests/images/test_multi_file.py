"""Images in several files: names of their channels, colour pictures that are one channel."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.images.multi_file import ONE_COLOUR
from napari_image_classifier.images.names.patterns import FilePart, ImageFiles, NamePattern
from napari_image_classifier.images.read_errors import ImageReadError
from napari_image_classifier.images.tiff.writer import write_image

PIXELS = np.arange(64, dtype=np.uint8).reshape(8, 8)


def write_picture(path, *, lit, dtype=np.uint8):
    """A colour picture with the pixels in the colours that are lit."""
    colours = np.zeros((8, 8, 3), dtype)
    colours[..., list(lit)] = PIXELS[..., None]
    tifffile.imwrite(path, colours, photometric="rgb")


def found(folder, text):
    """The images that a pattern makes."""
    return find_images(folder, NamePattern(text))[0]


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (("1CSU_405", "2CSU_488"), ("CSU_405", "CSU_488")),
        (("1DAPI", "2GFP", "3BF"), ("DAPI", "GFP", "BF")),
        (("0_DAPI", "1_GFP"), ("DAPI", "GFP")),
        (("1405", "2488"), ("405", "488")),
        (("405", "488"), ("405", "488")),
        (("2D", "3D"), ("2D", "3D")),
        (("488nm", "561nm"), ("488nm", "561nm")),
        (("1DAPI", "2DAPI"), ("1DAPI", "2DAPI")),
    ],
)
def test_channels_have_their_names_without_the_numbers_that_count_them(tmp_path, texts, names):
    """As MetaMorph writes them; what only looks so stays."""
    parts = []
    for text in texts:
        parts.append(FilePart(tmp_path / f"{text}.tif", text))
        write_image(parts[-1].path, Image.from_array(PIXELS, "YX"))
    with read_image(ImageFiles("A1", tuple(parts))) as image:
        assert image.channel_names == names


def test_a_colour_picture_is_the_channel_that_is_lit(tmp_path):
    """Keyence saves each channel in its colour; what is grey, or black, is one channel, too."""
    for site, colours in (("01", ((2,), (1,), (0, 1, 2))), ("02", ((2,), (), (0, 2)))):
        for channel, lit in enumerate(colours, start=1):
            write_picture(tmp_path / f"Image_XY{site}_CH{channel}.tif", lit=lit)
    images = found(tmp_path, "Image_{name}_CH{channel}.tif")
    assert len(images) == 2
    with read_image(images[0]) as image:
        assert (image.axes, image.shape, image.is_rgb) == ("CYX", (3, 8, 8), False)
        assert image.channel_names == ("1", "2", "3")
        assert image.assumptions == (ONE_COLOUR,)
        np.testing.assert_array_equal(image.asarray(), [PIXELS] * 3)
    with read_image(images[1]) as image:
        np.testing.assert_array_equal(image.asarray(), [PIXELS, np.zeros_like(PIXELS), PIXELS])


def test_grey_files_and_coloured_ones_are_one_image(tmp_path):
    """A bright field beside stains."""
    write_picture(tmp_path / "a_CH1.tif", lit=(0,))
    tifffile.imwrite(tmp_path / "a_CH2.tif", PIXELS, photometric="minisblack")
    with read_image(found(tmp_path, "{name}_CH{channel}.tif")[0]) as image:
        np.testing.assert_array_equal(image.asarray(), [PIXELS] * 2)


def test_an_overlay_is_no_channel(tmp_path):
    """Several colours, of which none may be lost."""
    write_picture(tmp_path / "a_CH1.tif", lit=(0,))
    colours = np.zeros((8, 8, 3), np.uint8)
    colours[..., 0], colours[..., 1] = PIXELS, PIXELS[::-1]
    tifffile.imwrite(tmp_path / "a_CH2.tif", colours, photometric="rgb")
    said = pytest.raises(ImageReadError, match=r"a_CH2\.tif is a colour picture with several")
    with read_image(found(tmp_path, "{name}_CH{channel}.tif")[0]) as image, said:
        image.asarray()


def test_without_a_pattern_a_colour_picture_keeps_its_colours(tmp_path):
    """Red, green and blue."""
    write_picture(tmp_path / "a.tif", lit=(1,))
    with read_image(tmp_path / "a.tif") as image:
        assert image.is_rgb
        assert image.shape == (3, 8, 8)


def test_files_that_clash_are_refused():
    """With both names."""
    parts = (FilePart(Path("x.tif"), "1"), FilePart(Path("y.tif"), "1"))
    files = ImageFiles("A1_w{channel}{*}", parts, clashing=("x.tif and y.tif",))
    with pytest.raises(ImageReadError, match=r"x\.tif and y\.tif would be the same part") as error:
        read_image(files)
    assert error.value.code is Fault.PARTS_UNFIT
