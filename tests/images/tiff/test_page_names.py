"""Names of channels that stand in the pages of TIFF files, as instruments write them."""

import numpy as np
import pytest
import tifffile

from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.read_errors import AxesUnknownError

PIXELS = np.arange(4 * 64, dtype=np.uint16).reshape(4, 8, 8)
PAGE_NAME, MICROMANAGER = 285, 51123
METASERIES = """<MetaData>
<prop id="ApplicationName" type="string" value="MetaMorph"/>
<PlaneInfo>
<prop id="spatial-calibration-state" type="bool" value="{calibrated}"/>
<prop id="spatial-calibration-x" type="float" value="0.65"/>
<prop id="spatial-calibration-y" type="float" value="0.65"/>
<prop id="spatial-calibration-units" type="string" value="um"/>
<prop id="image-name" type="string" value="Copy of FITC"/>
<custom-prop id="_IllumSetting_" type="string" value="FITC &#38; more"/>
</PlaneInfo>
</MetaData>"""


def write_pages(path, names=(), descriptions=(), **options):
    """Write a page of each channel, with PageName and ImageDescription where they are given."""
    with tifffile.TiffWriter(path) as writer:
        for index in range(max(len(names), len(descriptions))):
            name = names[index] if names else ""
            tags = [(PAGE_NAME, "s", len(name) + 1, name, True)] if name else []
            writer.write(
                PIXELS[index], photometric="minisblack", metadata=None, extratags=tags,
                description=descriptions[index] if descriptions else None, **options,
            )  # fmt: skip
    return path


def test_page_names_say_that_pages_are_channels(tmp_path):
    """As mass cytometry has them; it is said that this was taken from the names."""
    names = ("DAPI", "CD45 (89)", "Em 525/50", "Yb172")
    with read_image(write_pages(tmp_path / "imc.tif", names)) as image:
        assert (image.axes, image.shape) == ("CYX", (4, 8, 8))
        assert (image.channel_names, image.channels_named) == (names, True)
        assert "DAPI, CD45 (89), Em 525/50 and 1 more" in image.assumptions[0]
        np.testing.assert_array_equal(image.asarray(), PIXELS)


@pytest.mark.parametrize("names", [("Page 1", "Page 2"), ("DAPI", ""), ("a.tif", "b.tif")])
def test_page_names_that_are_none_leave_the_question(tmp_path, names):
    """Pages may as well be planes or time points."""
    path = write_pages(tmp_path / "pages.tif", names)
    with pytest.raises(AxesUnknownError):
        read_image(path)
    with read_image(path, axes="CYX") as image:
        assert image.channels_named == ("DAPI" in names)
    with read_image(path, axes="ZYX") as image:
        assert not image.channels_named


def test_some_pages_may_have_names(tmp_path):
    """The others are called by their number."""
    path = write_pages(tmp_path / "pages.tif", ("DAPI", "", "GFP"))
    with read_image(path, axes="CYX") as image:
        assert image.channel_names == ("DAPI", "Channel 2", "GFP")


def test_the_name_of_the_only_page_is_not_that_of_a_channel(tmp_path):
    """Programs write the name of the file or of the sample there."""
    with read_image(write_pages(tmp_path / "cell.tif", ("sample 12",))) as image:
        assert not image.channels_named


def test_component_data_of_perkin_elmer_names_its_channels(tmp_path):
    """Each page has a description; a picture of another size lies behind them."""
    names = ("DAPI", "Opal 520", "Opal 570 &amp; 620", "Autofluorescence")
    descriptions = [
        '<?xml version="1.0" encoding="utf-16"?><PerkinElmer-QPI-ImageDescription>'
        f"<ImageType>FullResolution</ImageType><Name>{name}</Name><Color>0,0,255</Color>"
        "<ScanProfile><Filter><Name>other</Name></Filter></ScanProfile>"
        "</PerkinElmer-QPI-ImageDescription>"
        for name in names
    ]
    path = write_pages(
        tmp_path / "core.qptiff", descriptions=descriptions, software="PerkinElmer-QPI 1.0"
    )
    with read_image(path) as image:
        assert image.axes == "CYX"
        assert image.channel_names == (*names[:2], "Opal 570 & 620", names[3])


@pytest.mark.parametrize("calibrated", ["on", "off"])
def test_metaxpress_says_illumination_and_pixel_size(tmp_path, calibrated):
    """It writes a file for each channel."""
    text = METASERIES.format(calibrated=calibrated)
    path = write_pages(tmp_path / "A01_s1_w1.tif", descriptions=[text], software="MetaSeries")
    with read_image(path) as image:
        assert (image.channel_names, image.channels_named) == (("FITC & more",), True)
        size = image.pixel_size
        assert (size and (size.x, size.y, size.unit)) == (
            (0.65, 0.65, "µm") if calibrated == "on" else None
        )


def test_a_single_image_of_micromanager_names_its_channel(tmp_path):
    """In a tag of its own."""
    stored = b'{"Channel": "Cy5", "Frame": 0}\0'
    tag = (MICROMANAGER, "s", len(stored), stored, True)
    tifffile.imwrite(
        tmp_path / "img_000.tif", PIXELS[0], photometric="minisblack", metadata=None,
        extratags=[tag],
    )  # fmt: skip
    with read_image(tmp_path / "img_000.tif") as image:
        assert image.channel_names == ("Cy5",)
