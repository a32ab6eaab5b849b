"""The command `train`: what it says before anything runs."""

from pathlib import Path

from napari_image_classifier.cli.training import lines_on_pattern
from napari_image_classifier.images.names.patterns import NamePattern, group_files

NAMES = [
    f"A0{well}_{site}_{dye}.tif" for well in (1, 2) for site in (1, 2) for dye in ("DAPI", "GFP")
]


def lines(names, text=None):
    """Of files in one folder."""
    images, _ = group_files([Path(n) for n in names], NamePattern(text) if text else None, Path())
    return lines_on_pattern(images, text)


def test_what_a_pattern_makes_is_said_and_which_one_is_needed():
    """With the question what bare numbers are; nothing for images of one file."""
    sentence, plate = lines(NAMES, "{well}_{site}_{channel}.tif")
    assert sentence.startswith("4 images of 2 files each, with 2 channels (DAPI, GFP).")
    assert "A   2  2  ·" in plate
    hint, question = lines(NAMES)
    assert '--pattern "{well}_{number}_{channel}.tif" would join them' in hint
    assert "1, 2 are fields of view, planes or time points" in question
    assert lines([f"img{number:03}.tif" for number in range(20)]) == ()
