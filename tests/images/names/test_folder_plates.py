"""Plates that folders tell apart."""

from pathlib import Path

import pytest

from napari_image_classifier.images.names.folder_plates import with_plates_of_folders
from napari_image_classifier.images.names.patterns import NamePattern, group_files


def plates(*names, pattern="{well}.tif"):
    """The plate of each image, in the order of the names."""
    images, _ = group_files([Path(name) for name in names], NamePattern(pattern), Path())
    found = with_plates_of_folders(images, "screen")
    return {image.name: image.fields.get("plate") for image in found}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("P1/A01.tif", "P2/A01.tif"), ["P1", "P2"]),
        (("P1/A01.tif", "P2/A01.tif", "P2/B01.tif"), ["P1", "P2", "P2"]),
        (("x/P1/Images/A01.tif", "x/P2/Images/A01.tif"), ["P1", "P2"]),
        (("control/P1/A01.tif", "control/P2/A01.tif", "treated/P1/B01.tif"), ["P1", "P2", "P1"]),
        (("A01.tif", "P2/A01.tif"), ["screen", "P2"]),
        (("a/1/A01.tif", "a/2/A01.tif", "b/1/A01.tif"), ["a/1", "a/2", "b/1"]),
    ],
)
def test_folders_with_the_same_wells_are_plates(names, expected):
    """By the folder that tells them apart."""
    assert list(plates(*names).values()) == expected


@pytest.mark.parametrize(
    "names",
    [
        ("P1/A01.tif", "P2/B01.tif"), ("A01/A01.tif", "B01/B01.tif"),
        ("t01/A01.tif", "t02/A01.tif"), ("day 1/A01.tif", "day 2/A01.tif"),
        ("24h/A01.tif", "48h/A01.tif"), ("ZStep_1/A01.tif", "ZStep_2/A01.tif"),
    ],
)  # fmt: skip
def test_other_folders_are_no_plates(names):
    """Folders of a well, a time point or a plane, and folders that could all be of one plate."""
    assert set(plates(*names).values()) == {None}


def test_sites_of_one_well_in_class_folders_stay_one_well():
    """A person sorted the fields of a well by their looks: they are not independent."""
    names = ("mitotic/A01_s1.tif", "interphase/A01_s2.tif")
    assert set(plates(*names, pattern="{well}_s{site}.tif").values()) == {None}
