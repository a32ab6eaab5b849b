"""What a name pattern makes of files, as it is shown before anything runs."""

from pathlib import Path

from napari_image_classifier.images.names.composition import composition_of, question_on
from napari_image_classifier.images.names.folder_plates import with_plates_of_folders
from napari_image_classifier.images.names.patterns import ImageFiles, NamePattern, group_files

WELLS = ("A01", "A02", "B03")


def composition(names, text):
    """Of names in the folder “screen”."""
    pattern = NamePattern(text)
    images, _ = group_files([Path(name) for name in names], pattern, Path())
    return composition_of(with_plates_of_folders(images, "screen"), pattern)


def test_images_channels_and_the_plate_are_told():
    """With the number of images that each well has, in its place."""
    names = [f"P1_{w}_s{s}_z{z}_w{c}.tif" for w in WELLS for s in (1, 2) for z in range(3)
             for c in (1, 2)][:-6]  # fmt: skip
    found = composition(names, "{plate}_{well}_s{site}_z{z}_w{channel}.tif")
    assert found.sentence == (
        "5 images of 6 files each, with 2 channels (1, 2), 3 planes (0 to 2). "
        "The first: P1_A01_s1_z{z}_w{channel}.tif."
    )
    assert found.plates == (
        "Plate P1: 3 wells, and how many images each has\n    1  2  3\nA   2  2  ·\nB   ·  ·  1",
    )
    assert found.doubts == ()
    assert found.lines == (found.sentence, *found.plates)


def test_what_does_not_fit_is_told():
    """Channels that no two images share, files that clash, files that lack."""
    unlike = composition([f"a{i}_{7 * i}.tif" for i in range(5)], "{name}_{channel}.tif")
    assert "No channel is in two images, the first are “0”, “7”" in unlike.doubts[0]
    assert "{*}" in unlike.doubts[0]
    clash = composition(["A01_x_w1.tif", "A01_y_w1.tif"], "{well}_{*}_w{channel}.tif")
    assert "1 image can't be used" in clash.doubts[0]
    assert "A01_x_w1.tif and A01_y_w1.tif" in clash.doubts[0]
    names = [f"A{i}_w{c}.tif" for i in (1, 2, 3) for c in (1, 2)][:-1]
    assert "lacks channel 2 (A3_w2.tif)" in composition(names, "{well}_w{channel}.tif").doubts[0]


def test_what_was_assumed_is_told():
    """Plates that folders are; rows that make no wells; a projection among planes."""
    plates = composition(["P1/A01.tif", "P2/A01.tif"], "{well}.tif")
    assert plates.doubts == (
        "The folders P1, P2 hold the same wells, so each was taken for a plate of its own.",
    )
    assert [text.split(":")[0] for text in plates.plates] == ["Plate P1", "Plate P2"]
    rows = composition(["r0c1_w1.tif", "r1c1_w1.tif"], "r{row}c{column}_w{channel}.tif")
    assert "made no wells" in rows.doubts[0]
    planes = composition(["ZStep_0/a.tif", "ZStep_1/a.tif"], "ZStep_{z}/{name}.tif")
    assert "projection" in planes.doubts[0]
    pattern = NamePattern("r{row}c{column}.tif")
    elsewhere = ImageFiles.single(Path("/elsewhere/a.tif"), Path("/here"))
    assert composition_of([elsewhere], pattern).doubts == ()
    odd = composition(["w1_c1.tif", "w2_c1.tif"], "w{well}_c{channel}.tif")
    assert "in no places" in odd.plates[0]


def test_numbers_that_nobody_explained_are_asked():
    """Without a pattern, and with one that calls them numbers; a person's {site} is an answer."""
    names = [f"{w}_{s}_{c}.tif" for w in WELLS for s in (1, 2) for c in ("DAPI", "GFP")]
    assert "whether 1, 2 are fields of view, planes or time points" in question_on(names)
    assert composition(names, "{well}_{number}_{channel}.tif").doubts == (question_on(names),)
    assert composition(names, "{well}_{site}_{channel}.tif").doubts == ()
    assert question_on(["a.tif", "b.tif"]) == ""
