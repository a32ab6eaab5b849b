"""Images unlike those that a classifier learnt from are told, and why."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_image_classifier.classifiers.novelty import (
    FeatureDistance,
    ImageKind,
    KnownKinds,
    Novelty,
    brightness_of,
    detail_of,
    planes_of,
)
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.pixel_size import PixelSize
from napari_image_classifier.statistics.conformal_ranges import KnownRanges
from napari_image_classifier.system.records import as_json, from_json
from napari_image_classifier.training.novelty_fitting import ClassFeatures, fitted_distance

NAMES = ("GFP", "DNA")
INTENSITIES = ((100.0, 1000.0), (100.0, 1000.0))
KIND = ImageKind(16, False, 0.65)


def cells(random):
    """An image as a microscope makes them, float32 (y, x, channel)."""
    spots = gaussian_filter(random.random((64, 64, 2)) ** 8, (2, 2, 0))
    light = 120 + random.uniform(600, 800) * spots / spots.max(axis=(0, 1))
    return random.poisson(light).astype(np.float32)


@pytest.fixture(scope="module")
def gate():
    """The gate of 60 images of 20 wells, with features in which classes are clouds."""
    random = np.random.default_rng(0)
    images = [planes_of(cells(random)) for _ in range(60)]
    units = np.arange(60) // 3
    features = random.normal(size=(60, 8)).astype(np.float32)
    classes = np.arange(60) % 2
    features[:, 0] += 6 * classes
    distance = FeatureDistance.fitted(features, classes)
    limited = replace(distance, limit=5.0)
    return Novelty(
        KnownKinds.of([KIND]),
        INTENSITIES,
        KnownRanges.fitted(
            np.stack([brightness_of(one, INTENSITIES) for one in images]), units, 0.005
        ),
        KnownRanges.fitted(np.stack([detail_of(one) for one in images]), units, 0.005),
        (limited,),
    )


def test_images_of_the_same_kind_pass(gate):
    """Two hundred new ones; with 0.5 % a limit, hardly any may be told."""
    random = np.random.default_rng(1)
    told = [gate.why_unlike(KIND, cells(random), NAMES) for _ in range(200)]
    assert sum(map(bool, told)) <= 10


@pytest.mark.parametrize(
    ("accident", "why"),
    [
        (np.zeros_like, "is darker where it is brightest than"),
        (lambda one: np.full_like(one, 65535), "is brighter where it is brightest than"),
        (lambda one: gaussian_filter(one, (1, 1, 0)), "shows less fine detail than"),
        (lambda one: one[::-1] * [1, 6], "Channel DNA"),
    ],
    ids=["blank", "saturated", "out of focus", "one channel too bright"],
)
def test_accidents_are_told_with_the_channel(gate, accident, why):
    """Every one of twenty."""
    random = np.random.default_rng(2)
    for _ in range(20):
        pixels = accident(cells(random)).astype(np.float32)
        assert why in gate.why_unlike(KIND, pixels, NAMES)


def test_a_classifier_of_one_channel_needs_no_name_for_it(gate):
    """“It is brighter …” rather than “Channel Channel 1 …”."""
    one = Novelty(
        gate.kinds,
        INTENSITIES[:1],
        KnownRanges(
            gate.brightness.middle[:1], gate.brightness.below[:1], gate.brightness.above[:1], 1.0
        ),
        gate.detail,
        gate.distances,
    )
    said = one.why_unlike(KIND, np.zeros((64, 64, 1), np.float32), ("Channel 1",))
    assert said.startswith("It is darker")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (ImageKind(16, True, 0.65), "colour picture"),
        (ImageKind(8, False, 0.65), "8-bit image"),
        (ImageKind(16, False, 0.325), "another magnification"),
        (ImageKind(16, False, 0.70), ""),
        (ImageKind(16, False, None), ""),
        (ImageKind(None, False, 0.65), ""),
    ],
)
def test_files_of_another_kind_are_told(kind, why):
    """What a file does not say is not held against it."""
    said = KnownKinds.of([KIND, KIND]).why_other(kind)
    assert why in said
    assert bool(said) == bool(why)


def test_training_images_that_differ_make_it_open():
    """Of two depths and magnifications all that lies between is known; fractions know any depth."""
    known = KnownKinds.of([KIND, ImageKind(8, False, 1.3)])
    assert not known.why_other(ImageKind(8, False, 1.0))
    assert known.why_other(ImageKind(32, False, 1.0))
    assert not KnownKinds.of([ImageKind(None, False, None)]).why_other(ImageKind(8, False, 9.0))


def test_the_kind_of_an_image_is_what_its_file_says():
    """Bits of whole numbers, pixel size in µm, colours."""
    size = PixelSize(0.5, 0.5, None, "µm")
    pixels = np.zeros((8, 8), np.uint16)
    assert ImageKind.of(Image.from_array(pixels, "YX", pixel_size=size)) == ImageKind(
        16, False, 0.5
    )
    assert ImageKind.of(Image.from_array(pixels.astype(np.float32), "YX")) == ImageKind(
        None, False, None
    )


def test_far_from_every_class_is_far(gate):
    """A point between two clouds, and one at a class's own centre."""
    between = np.zeros((1, 8), np.float32)
    between[0, 3] = 40
    (far,) = gate.how_far([between])
    (near,) = gate.how_far([gate.distances[0].means[:1]])
    assert near == pytest.approx(0)
    assert far > 1


def test_the_distance_is_that_of_mahalanobis():
    """Where all directions are kept and images are many: scipy's, to the shrinkage."""
    from scipy.spatial.distance import mahalanobis

    random = np.random.default_rng(3)
    features = (random.normal(size=(20_000, 3)) @ random.normal(size=(3, 3))).astype(np.float32)
    classes = np.arange(20_000) % 2
    inverse = np.linalg.inv(np.cov(features.T))
    point = np.array([[1.0, -2.0, 0.5]], np.float32)
    expected = min(mahalanobis(point[0], features[classes == one].mean(0), inverse)
                   for one in (0, 1))  # fmt: skip
    found = FeatureDistance.fitted(features, classes).of(point)
    assert found[0] == pytest.approx(expected, rel=0.02)


def test_a_gate_survives_the_file(gate):
    """Through JSON, with the same word on every image."""
    again = from_json(Novelty, json.loads(json.dumps(as_json(gate))))
    random = np.random.default_rng(4)
    for pixels in (cells(random), np.zeros((64, 64, 2), np.float32)):
        assert again.why_unlike(KIND, pixels, NAMES) == gate.why_unlike(KIND, pixels, NAMES)
    features = random.normal(size=(5, 8)).astype(np.float32)
    np.testing.assert_array_equal(again.how_far([features]), gate.how_far([features]))
    assert again.fits(2, 2, 1)
    assert not again.fits(3, 2, 1)


def test_pixels_without_a_value_are_no_matter_of_the_gate(gate):
    """They are an error of their own."""
    pixels = cells(np.random.default_rng(5))
    pixels[3, 3, 0] = np.nan
    assert gate.why_unlike(KIND, pixels, NAMES) == ""


def test_one_image_of_each_class_sets_no_limit():
    """With nothing to say how images of a class differ, none is told for its look."""
    learnt = ClassFeatures(np.eye(2, 8, dtype=np.float32), np.array([0, 1]))
    finished = ClassFeatures(np.eye(4, 8, dtype=np.float32), np.array([0, 1, 0, 1]))
    distance = fitted_distance(learnt, np.ones((2, 8), np.float32), finished)
    assert (distance.of(np.full((1, 8), 99, np.float32)) / distance.limit).max() < 1
    assert np.isfinite(distance.limit)
