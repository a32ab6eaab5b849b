"""background and controls: what an image tells without its cells, and whether that is batch."""

import numpy as np
import pytest
from scipy import ndimage

from napari_image_classifier.evaluation.controls import (
    acquisition_control,
    background_control,
    background_features,
    background_of,
    cramers_v,
    lighting_features,
)

RANDOM = np.random.default_rng(3)


def field(cells=4, offset=0.0, vignetting=0.0, side=64, size=3.0):
    """A field of round cells on noise, its background shifted or darker towards the corners."""
    cell = np.zeros((side, side))
    for y, x in RANDOM.integers(8, side - 8, (cells, 2)):
        cell[y, x] += 1.0
    pixels = 300 * ndimage.gaussian_filter(cell, size) * size**2 * 6.3
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    lit = 1 - vignetting * (x**2 + y**2) / 2
    return (RANDOM.poisson((pixels + 100) * lit) + offset)[..., np.newaxis].astype(np.float32)


def features_of(fields):
    """Everything that is measured of images, as the job measures it."""
    return [background_features(one) for one in fields]


def test_the_background_lies_away_from_the_cells():
    """No pixel of it is much brighter than the background is."""
    pixels = field()
    dark = background_of(pixels)
    assert 0.1 < dark.mean() < 0.95
    assert pixels[..., 0][dark].max() < 160


def test_there_may_be_no_background():
    """A crop that a cell fills but for its edge."""
    crop = np.full((64, 64, 1), 10.0)
    crop[1:, 1:] += 900
    assert background_of(crop) is None
    assert background_features(crop) is None


def test_the_surface_has_offset_slope_and_vignetting():
    """The numbers that made an image come back."""
    y, x = np.mgrid[-1:1:40j, -1:1:50j]
    pixels = (500 + 30 * x - 20 * y - 60 * x * x + 7 * y * y + 3 * x * y)[..., np.newaxis]
    np.testing.assert_allclose(lighting_features(pixels), [500, 30, -20, -60, 7, 3], atol=1e-6)


def test_cramers_v_counts_groups():
    """Many images of one well are one; 1 where each plate has a class, 0 where both are on each."""
    units = np.repeat(np.arange(12), 5)
    classes = (np.arange(12) % 2)[units]
    assert cramers_v(classes, classes, units) == pytest.approx(1)
    crossed = (np.arange(12) // 2 % 2)[units]
    assert cramers_v(classes, crossed, units) == 0
    assert cramers_v(classes, np.zeros_like(units), units) == 0


def plates(effect, *, tied, wells=5, images=2):
    """Two classes on four plates, with an effect of the plate on every image of it."""
    fields, classes, units, taken = [], [], [], []
    for plate in range(4):
        for well in range(wells * 2):
            label = plate % 2 if tied else well % 2
            for _ in range(images):
                fields.append(field(**effect(plate)))
                classes.append(label)
                units.append(plate * 100 + well)
                taken.append(plate)
    lighting = np.array([lighting_features(one) for one in fields])
    return fields, lighting, *map(np.array, (classes, units, taken))


@pytest.mark.parametrize(
    "effect",
    [lambda plate: {"offset": 25.0 * plate}, lambda plate: {"vignetting": 0.12 * plate}],
    ids=["offset", "vignetting"],
)
def test_plates_that_differ_and_have_one_class_each_are_flagged(effect):
    """By the background, and by the plates that are recognised within a class."""
    fields, lighting, classes, units, taken = plates(effect, tied=True)
    background = background_control(features_of(fields), classes, units)
    assert background.chance.p <= 0.025
    assert background.balanced_accuracy > 0.7
    control = acquisition_control(lighting, classes, units, taken)
    assert control.cramers_v > 0.95
    assert control.recognised.chance.p <= 0.025
    assert control.explains


def test_plates_that_differ_and_have_both_classes_are_not():
    """The plate can be recognised and says nothing of the class."""
    fields, lighting, classes, units, taken = plates(lambda p: {"offset": 25.0 * p}, tied=False)
    control = acquisition_control(lighting, classes, units, taken)
    assert control.recognised.chance.p <= 0.025
    assert control.cramers_v < 0.3
    assert not control.explains
    background = background_control(features_of(fields), classes, units, taken)
    assert background.chance.p > 0.025


def test_plates_that_are_alike_are_not_flagged_though_tied():
    """Nothing tells them apart."""
    _, lighting, classes, units, taken = plates(lambda plate: {}, tied=True)
    control = acquisition_control(lighting, classes, units, taken)
    assert control.cramers_v > 0.95
    assert not control.explains


def test_one_plate_a_class_can_not_be_tested():
    """Then nothing can tell plate from class."""
    units = np.arange(8)
    control = acquisition_control(RANDOM.normal(size=(8, 2)), units % 2, units, units % 2)
    assert control.recognised is None
    assert control.explains


def test_images_without_background_leave_the_question_open():
    """A few may lack it."""
    fields, _, classes, units, _ = plates(lambda plate: {}, tied=True)
    found = features_of(fields)
    assert background_control(found, classes, units) is not None
    some = [None if i % 5 == 0 else one for i, one in enumerate(found)]
    assert background_control(some, classes, units) is None
