"""Plate, well, site and day from an OME description."""

import numpy as np
import pytest
import tifffile

from napari_image_classifier.images.ome import plate_fields
from napari_image_classifier.items.reading import read_items

PLATE = """<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">
  <Plate ID="Plate:0" Name="screen 7">
    <Well ID="Well:0" Row="1" Column="10">
      <WellSample ID="WellSample:0" Index="0"/>
      <WellSample ID="WellSample:1" Index="1"><ImageRef ID="Image:0"/></WellSample>
    </Well>
  </Plate>
  <Image ID="Image:0" Name="field">
    <AcquisitionDate>2026-03-09T14:30:00</AcquisitionDate>
    <Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="8" SizeY="8" SizeC="1"
            SizeZ="1" SizeT="1"><TiffData/></Pixels>
  </Image>
</OME>"""


@pytest.fixture
def image(tmp_path):
    """An OME-TIFF that says where on a plate it was taken."""
    path = tmp_path / "one.ome.tif"
    tifffile.imwrite(path, np.zeros((8, 8), np.uint8), description=PLATE, metadata=None)
    return path


def test_the_description_says_the_place(image):
    """As a name pattern would."""
    assert plate_fields(image) == {
        "plate": "screen 7", "well": "B11", "site": "2", "day": "2026-03-09",
    }  # fmt: skip


def test_items_carry_it(image):
    """So that a well can be a group, with a name pattern or without."""
    (item,) = read_items(image.parent, group="well").items
    assert (item.group, item.columns["plate"]) == ("B11", "screen 7")
    (item,) = read_items(image.parent, pattern="{name}.ome.tif").items
    assert (item.columns["name"], item.columns["well"]) == ("one", "B11")


def test_without_a_plate_nothing_is_said(tmp_path):
    """An ordinary OME-TIFF, and one that is damaged."""
    plain = tmp_path / "plain.ome.tif"
    tifffile.imwrite(plain, np.zeros((8, 8), np.uint8))
    assert plate_fields(plain) == {}
    (tmp_path / "bad.ome.tif").write_bytes(b"no image")
    assert len(read_items(tmp_path).items) == 2
