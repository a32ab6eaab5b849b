"""preparation: from an image to the network's input."""

import json

import numpy as np
import pytest

from napari_image_classifier.images.image import Image
from napari_image_classifier.items.preparation import (
    Preparation,
    PreparationError,
    measure_ranges,
    measured_pixels,
    prepare,
)
from napari_image_classifier.system.records import as_json, from_json

RANDOM = np.random.default_rng(1)


def preparation_of(**changes):
    """A preparation of two channels at 8 × 8 pixels."""
    stated = {
        "channel_names": ("GFP", "DNA"),
        "ranges": ((0.0, 100.0), (50.0, 150.0)),
        "size": (8, 8),
    }
    return Preparation(**{**stated, **changes})


def image_of(shape=(2, 3, 8, 8), axes="CZYX", names=("GFP", "DNA")):
    """A random image of 8 bits."""
    pixels = RANDOM.integers(0, 256, shape).astype(np.uint8)
    return Image.from_array(pixels, axes, channel_names=names)


def test_a_stored_preparation_is_the_same_one():
    """Through JSON and back nothing changes."""
    preparation = preparation_of(percentiles=(1.0, 99.0), projection="sharpest", each="plane")
    assert from_json(Preparation, json.loads(json.dumps(as_json(preparation)))) == preparation


@pytest.mark.parametrize(
    "wrong",
    [{"projection": "min"}, {"intensity": "auto"}, {"size": (0, 8)}, {"ranges": ((0.0, 1.0),)}],
)
def test_a_preparation_that_makes_no_sense_is_refused(wrong):
    """Unknown words, no size, ranges for other channels."""
    with pytest.raises(PreparationError):
        preparation_of(**wrong)


def test_fixed_ranges_become_zero_and_one():
    """Each channel is scaled by its own range, nothing is cut off, Z is projected."""
    image = image_of()
    prepared = prepare(image, preparation_of())
    highest = image.asarray().max(axis=1).astype(float)
    assert prepared.shape == (8, 8, 2)
    assert prepared.dtype == np.float32
    np.testing.assert_allclose(prepared[..., 0], highest[0] / 100, rtol=1e-5)
    np.testing.assert_allclose(prepared[..., 1], (highest[1] - 50) / 100, rtol=1e-4, atol=1e-6)


def test_channels_are_found_by_name_in_any_order():
    """The same channels stored the other way round give the same input."""
    image = image_of()
    swapped = Image.from_array(image.asarray()[::-1], "CZYX", channel_names=("DNA", "GFP"))
    np.testing.assert_array_equal(
        prepare(image, preparation_of()), prepare(swapped, preparation_of())
    )


def test_channels_chosen_by_hand_are_taken():
    """The caller's indices count, not the names."""
    image = image_of()
    chosen = prepare(image, preparation_of(intensity="none"), channels=(1, 0))
    plain = prepare(image, preparation_of(intensity="none"), channels=(0, 1))
    np.testing.assert_array_equal(chosen, plain[..., ::-1])


def test_a_selected_plane_is_that_plane():
    """No projection where a plane was asked for."""
    image = image_of()
    prepared = prepare(image, preparation_of(intensity="none"), selection="z=2")
    np.testing.assert_array_equal(prepared[..., 1], image.asarray()[1, 2])


def test_several_time_points_are_not_guessed_between():
    """An image with time needs to be told which one."""
    image = image_of((2, 2, 8, 8), "TCYX")
    with pytest.raises(PreparationError, match="2 time points"):
        prepare(image, preparation_of())
    assert prepare(image, preparation_of(), selection="t=1").shape == (8, 8, 2)


def test_the_aspect_is_kept_and_the_rest_filled_with_zero():
    """A wide image lies in the middle, at the right scale."""
    image = image_of((2, 8, 16), "CYX")
    prepared = prepare(image, preparation_of(intensity="none"))
    assert not prepared[:2].any()
    assert not prepared[6:].any()
    assert prepared[2:6].all()


def test_an_image_is_stretched_where_the_aspect_does_not_count():
    """The whole input is covered."""
    image = Image.from_array(np.full((2, 8, 16), 9, np.uint8), "CYX", channel_names=("GFP", "DNA"))
    prepared = prepare(image, preparation_of(intensity="none", keep_aspect=False))
    np.testing.assert_array_equal(prepared, np.full((8, 8, 2), 9, np.float32))


def test_a_reduction_averages():
    """A checkerboard reduced to a fraction is grey, not aliased."""
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 200).astype(np.uint8)
    image = Image.from_array(np.stack([board, board]), "CYX", channel_names=("GFP", "DNA"))
    prepared = prepare(image, preparation_of(intensity="none"))
    np.testing.assert_allclose(prepared, 100, atol=8)


def test_percentiles_make_images_of_any_brightness_alike():
    """An image and a ten times brighter one with an offset give the same input."""
    pixels = RANDOM.normal(100, 10, (2, 8, 8)).astype(np.float32)
    preparation = preparation_of(intensity="percentiles")
    dark, bright = (
        prepare(Image.from_array(p, "CYX", channel_names=("GFP", "DNA")), preparation)
        for p in (pixels, 10 * pixels + 500)
    )
    np.testing.assert_allclose(dark, bright, atol=1e-3)


def test_ranges_are_those_of_the_images_given():
    """Nearly all pixels come to lie between 0 and 1; a constant channel stays finite."""
    pixels = RANDOM.normal(1000, 50, (2, 8, 8)).astype(np.float32)
    pixels[1] = 7
    image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
    ranges = measure_ranges([measured_pixels(image, preparation_of())])
    prepared = prepare(image, preparation_of(ranges=ranges))
    assert ((prepared[..., 0] > -0.1) & (prepared[..., 0] < 1.1)).all()
    assert np.isfinite(prepared).all()
