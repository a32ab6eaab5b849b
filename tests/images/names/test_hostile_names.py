"""Names and patterns of strangers: read, or passed over, soon and in little memory."""

from pathlib import Path

import pytest

from helpers.fuzzing import bounded
from hostile.image_sizes import SIZES
from hostile.names import LETTERS, PATTERNS, REFUSED, SPANNING
from napari_image_classifier.images.names.composition import composition_of, question_on
from napari_image_classifier.images.names.folder_plates import with_plates_of_folders
from napari_image_classifier.images.names.patterns import (
    MISSING_NAMED,
    NamePattern,
    NamePatternError,
    group_files,
)
from napari_image_classifier.images.names.presets import NAME_PRESETS
from napari_image_classifier.images.names.proposals import nearest_preset, propose_patterns


def test_there_are_many():
    """Names and images together."""
    names = len(LETTERS) + len(PATTERNS) + len(REFUSED) + len(SPANNING)
    assert names >= 50
    assert len(SIZES) + names >= 180


@pytest.mark.parametrize("letters", LETTERS)
def test_a_name_is_soon_compared_with_every_preset(letters):
    """As it is, and as a stack of names."""
    name = LETTERS[letters]
    names = [f"{name}_{number}.tif" for number in range(40)]
    with bounded(seconds=2):
        for preset in NAME_PRESETS:
            NamePattern(preset.pattern).matched(f"{name}.tif")
        assert propose_patterns(names[:12]) == []
        nearest_preset(names)
        question_on(names)


@pytest.mark.parametrize("text", PATTERNS, ids=lambda text: text[:40])
def test_a_pattern_is_soon_compared_with_every_name(text):
    """What fits in too many ways is not described by it."""
    with bounded(seconds=2):
        pattern = NamePattern(text)
        for name in LETTERS.values():
            pattern.matched(f"{name}.tif")


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_a_pattern_without_end_is_refused(text):
    """In a short sentence."""
    with bounded(seconds=2), pytest.raises(NamePatternError):
        NamePattern(text)


@pytest.mark.parametrize("kind", SPANNING)
def test_names_that_span_far_more_than_there_is_make_no_more(kind):
    """The missing files are counted, and a few of them are named."""
    text, names = SPANNING[kind]
    pattern = NamePattern(text)
    with bounded(seconds=2):
        images, unmatched = group_files([Path(name) for name in names], pattern, Path())
        if images:
            composition_of(with_plates_of_folders(images, "x"), pattern)
    assert sum(len(image.parts) for image in images) + len(unmatched) == len(names)
    assert all(len(image.missing) <= MISSING_NAMED + 1 for image in images)


@pytest.mark.parametrize(
    ("text", "name", "fields"),
    [
        ("{a}{b}.tif", "plate_1_well_B03_site_2_channel_DAPI_time_003_z_12_of_24_copy.tif", 2),
        ("{a}_{b}_{c}_{d}_{e}_{f}_{g}.tif", "2026-11-30_exp 12_B03_s2_DAPI_t003_z12_a_b_c.tif", 7),
        ("{name}{number}{name2}{number2}.tif", "experiment12control34.tif", 4),
        ("{a} {b} {c} {d}.tif", "a photo of the cells of a dish on a table.tif", 4),
    ],
)
def test_long_honest_names_are_described(text, name, fields):
    """As ever."""
    assert len(NamePattern(text).match(name) or ()) == fields
