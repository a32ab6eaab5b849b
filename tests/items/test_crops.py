"""Boxes around objects: what is in them, and that nothing outside them matters.

OBJECT_EXAMPLES says on how many images the properties are tried; `make fuzz` tries 1,000.
"""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.objects import SIDE, disk, mask_of, masked, noise
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.pixel_size import PixelSize
from napari_image_classifier.items import crops as object_boxes
from napari_image_classifier.items.crops import (
    BoxError,
    ObjectBox,
    cut_objects,
    side_for,
    why_too_large,
)
from napari_image_classifier.items.objects import objects_of

settings.register_profile(
    "objects",
    max_examples=int(os.environ.get("OBJECT_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
OBJECTS = settings.get_profile("objects")


def cut(image, box=None, size=None, projection="max", each="image", channels=(0, 1)):
    """The boxes of all objects by selection, float32 (y, x, channel)."""
    box = box or ObjectBox(16)
    objects = objects_of(image, each)
    names = objects.selections(image)
    found = {}
    for chosen, pixels in cut_objects(
        image, objects, box, channels, projection, size or box.pixels(image)
    ):
        found |= {names[index]: one for index, one in zip(chosen, pixels, strict=True)}
    return found


@st.composite
def fields(draw):
    """Pixels of shape (2, y, x), and disks that may touch, overlap or cross the border."""
    places = st.tuples(
        st.integers(0, SIDE - 1), st.integers(0, SIDE - 1), st.sampled_from([2, 4, 7])
    )
    disks = draw(st.lists(places, min_size=1, max_size=8, unique=True))
    labels = draw(
        st.lists(st.integers(1, 60_000), min_size=len(disks), max_size=len(disks), unique=True)
    )
    return noise(seed=draw(st.integers(0, 1000))), dict(zip(labels, disks, strict=True))


BOXES = st.sampled_from(
    [ObjectBox(8), ObjectBox(15), ObjectBox(16, neighbours="masked"), ObjectBox(90)]
)


def test_a_box_is_the_pixels_around_the_centre():
    """An object in the middle of a box of its pixels, to the pixel."""
    pixels = noise()
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[20:24, 30:36] = 1
    box = cut(masked(pixels, "CYX", mask), ObjectBox(10))["label=1"]
    assert np.array_equal(box, pixels[:, 17:27, 28:38].transpose(1, 2, 0))
    mask[20:25, 30:37] = 1
    box = cut(masked(pixels, "CYX", mask), ObjectBox(11))["label=1"]
    assert np.array_equal(box, pixels[:, 17:28, 28:39].transpose(1, 2, 0))


def test_the_border_is_repeated_beyond_the_image():
    """An object in the corner is cut like any other."""
    pixels = noise()
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[:3, :3] = 1
    box = cut(masked(pixels, "CYX", mask), ObjectBox(9))["label=1"]
    assert np.array_equal(box[3:, 3:], pixels[:, :6, :6].transpose(1, 2, 0))
    assert (box[:3, 3:] == box[3, 3:]).all()


def test_neighbours_are_masked_by_the_background():
    """By the median of what belongs to no object; the object and the background stay."""
    pixels = noise()
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[26:34, 26:34], mask[26:34, 34:50] = 1, 2
    kept = cut(masked(pixels, "CYX", mask))["label=1"]
    blanked = cut(masked(pixels, "CYX", mask), ObjectBox(16, neighbours="masked"))["label=1"]
    window = mask[22:38, 22:38]
    assert np.array_equal(blanked[window != 2], kept[window != 2])
    for channel in range(2):
        expected = np.median(kept[..., channel][window == 0].astype(np.uint16)).astype(np.uint16)
        assert (blanked[window == 2, channel] == expected).all()


def test_without_background_neighbours_have_the_darkest_of_the_object():
    """A box that is full of cells has no other value to take."""
    pixels = noise((SIDE, SIDE))
    mask = np.where(np.arange(SIDE) < 32, 1, 2)[np.newaxis].repeat(SIDE, 0).astype(np.uint8)
    image = masked(pixels, "YX", mask)
    box = cut(image, ObjectBox(40, neighbours="masked"), channels=[0])["label=1"][..., 0]
    plain = cut(image, ObjectBox(40), channels=[0])["label=1"][..., 0]
    assert (box != plain).any()
    assert (box[box != plain] == box.min()).all()


def test_a_body_is_projected_over_its_own_planes():
    """What lies above or below it does not shine through."""
    pixels = np.zeros((1, 4, SIDE, SIDE), np.uint16)
    pixels[0, 1], pixels[0, 2], pixels[0, 3] = 10, 20, 99
    mask = np.zeros((4, SIDE, SIDE), np.uint8)
    mask[1:3, 20:25, 20:25] = 1
    mask[3, 40:45, 40:45] = 2
    image = masked(pixels, "CZYX", mask, "ZYX", names=None)
    assert cut(image, channels=[0])["label=1"].max() == 20
    assert cut(image, channels=[0])["label=2"].min() == 99
    assert cut(image, channels=[0], projection="mean")["label=1"].max() == 15
    assert cut(image, channels=[0], projection="middle")["label=1"].max() == 20


def test_in_planes_each_is_cut_from_its_own():
    """With labels that go on from plane to plane, or not."""
    pixels = np.arange(3, dtype=np.uint16)[:, np.newaxis, np.newaxis] * np.ones(
        (3, SIDE, SIDE), np.uint16
    )
    mask = np.zeros((3, SIDE, SIDE), np.uint8)
    mask[0:2, 20:25, 20:25] = 1
    found = cut(masked(pixels, "ZYX", mask, "ZYX"), each="plane", channels=[0])
    assert {name: int(box.max()) for name, box in found.items()} == {
        "z=0,label=1": 0, "z=1,label=1": 1,
    }  # fmt: skip


def test_time_points_are_cut_from_their_own():
    """Frame by frame."""
    pixels = np.arange(3, dtype=np.uint16)[:, np.newaxis, np.newaxis] * np.ones(
        (3, SIDE, SIDE), np.uint16
    )
    mask = np.zeros((3, SIDE, SIDE), np.uint8)
    mask[:, 20:25, 20:25] = 1
    found = cut(masked(pixels, "TYX", mask, "TYX"), channels=[0])
    assert [int(box.max()) for box in found.values()] == [0, 1, 2]


@pytest.mark.parametrize("projection", ["max", "mean", "sum", "middle", "sharpest"])
def test_a_flat_mask_sees_what_the_projected_box_shows(projection):
    """Projecting first and cutting then is the same, wherever whole planes are projected."""
    from napari_image_classifier.images.transforms import project

    pixels = noise((3, SIDE, SIDE))
    mask = mask_of({1: (30, 30, 5), 2: (10, 50, 5)})
    found = cut(masked(pixels, "ZYX", mask), projection=projection, channels=[0])
    boxes = [cut(masked(plane, "YX", mask), channels=[0]) for plane in pixels]
    for name, box in found.items():
        expected = project((one[name][..., 0].astype(np.uint16) for one in boxes), projection)
        np.testing.assert_array_equal(box[..., 0], expected.astype(np.float32))


def test_a_box_may_be_in_micrometres():
    """The same piece of a cell whatever the magnification; no pixel size is an error."""
    box = ObjectBox.parse("8 um")
    assert box == ObjectBox(8, "µm")
    image = masked(noise(), "CYX", mask_of({1: (30, 30, 5)}), pixel_size=PixelSize(0.25, 0.5))
    assert box.pixels(image) == (16, 32)
    assert cut(image, box, size=(24, 24))["label=1"].shape == (24, 24, 2)
    with pytest.raises(BoxError, match="does not say how many µm"):
        box.pixels(Image.from_array(noise(), "CYX", name="cells.tif"))


@pytest.mark.parametrize("text", ["", "0", "-3", "wide", "3 mm"])
def test_a_box_that_makes_no_sense_is_refused(text):
    """With an example of one that does."""
    with pytest.raises(BoxError, match=r"12\.5 µm"):
        ObjectBox.parse(text)


def test_objects_without_outlines_have_no_neighbours_to_mask():
    """As from a Points layer."""
    from dataclasses import replace

    image = masked(noise(), "CYX", mask_of({1: (30, 30, 5)}))
    objects = replace(objects_of(image), mask=None)
    with pytest.raises(BoxError, match="no outlines"):
        list(cut_objects(image, objects, ObjectBox(16, neighbours="masked"), [0], "max", (16, 16)))


def test_a_box_is_chosen_that_holds_nearly_all():
    """A multiple of 8, with something around the objects."""
    assert side_for([20] * 99 + [500]) == 32
    assert side_for([30]) == 40
    assert side_for([2]) == 16


def test_too_large_an_object_is_told():
    """What is much larger than its box is not seen."""
    assert why_too_large(32, 32, (16, 16)) == ""
    assert "33 × 10 pixels" in why_too_large(33, 10, (16, 16))


@OBJECTS
@given(fields(), BOXES, st.randoms(use_true_random=False))
def test_other_numbers_change_nothing(field, box, random):
    """Relabelled, every object is cut to the same pixels."""
    pixels, disks = field
    mask = mask_of(disks)
    labels = [label for label in disks if (mask == label).any()]
    others = random.sample(range(1, 65_000), len(labels))
    again = np.zeros_like(mask)
    for label, other in zip(labels, others, strict=True):
        again[mask == label] = other
    first, second = cut(masked(pixels, "CYX", mask), box), cut(masked(pixels, "CYX", again), box)
    for label, other in zip(labels, others, strict=True):
        np.testing.assert_array_equal(first[f"label={label}"], second[f"label={other}"])


@OBJECTS
@given(fields(), BOXES, st.integers(1, 5))
def test_portions_change_nothing(field, box, at_once):
    """Cut one by one, or many at a time: the same pixels."""
    pixels, disks = field
    image = masked(pixels, "CYX", mask_of(disks))
    whole = cut(image, box)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(object_boxes, "BOXES_AT_ONCE", at_once)
        patch.setattr(object_boxes, "BYTES", 1)
        parted = cut(image, box)
    assert list(whole) == list(parted)
    for name, box_of_it in whole.items():
        np.testing.assert_array_equal(box_of_it, parted[name])


@OBJECTS
@given(fields(), BOXES, st.integers(0, 1000))
def test_nothing_outside_the_box_matters(field, box, seed):
    """Pixels and objects elsewhere may be whatever they are."""
    pixels, disks = field
    mask = mask_of(disks)
    label = int(mask[mask > 0][0])
    before = cut(masked(pixels, "CYX", mask), box)[f"label={label}"]
    y, x = (places.mean() for places in np.nonzero(mask == label))
    reach = box.side / 2 + 1
    rows, columns = np.mgrid[:SIDE, :SIDE]
    far = (abs(rows - y) > reach) | (abs(columns - x) > reach)
    far &= mask != label
    changed, other_mask = pixels.copy(), mask.copy()
    changed[:, far] = noise(seed=seed + 5000)[:, far]
    other_mask[far] = 0
    after = cut(masked(changed, "CYX", other_mask), box)[f"label={label}"]
    np.testing.assert_array_equal(before, after)


@OBJECTS
@given(fields(), BOXES, st.integers(0, 20), st.integers(0, 20))
def test_moved_with_its_surroundings_it_is_cut_alike(field, box, down, right):
    """The place in the image changes nothing, as long as the box lies within it."""
    pixels, disks = field
    mask = mask_of(disks)
    canvas = noise((2, SIDE + 20, SIDE + 20), seed=77)
    moved_mask = np.zeros((SIDE + 20, SIDE + 20), np.uint16)
    canvas[:, down : down + SIDE, right : right + SIDE] = pixels
    moved_mask[down : down + SIDE, right : right + SIDE] = mask
    first = cut(masked(pixels, "CYX", mask), box)
    second = cut(masked(canvas, "CYX", moved_mask), box)
    reach = box.side / 2 + 1
    for label in np.unique(mask[mask > 0]):
        y, x = (places.mean() for places in np.nonzero(mask == label))
        if reach < min(y, x) and max(y, x) < SIDE - 1 - reach:
            name = f"label={label}"
            np.testing.assert_array_equal(first[name], second[name])


def test_objects_under_others_are_what_is_left_of_them():
    """A disk below another is the part of it that shows."""
    mask = mask_of({1: (30, 30, 6), 2: (30, 34, 6)})
    objects = objects_of(masked(noise(), "CYX", mask))
    assert objects.area[0] == (disk(mask.shape, 30, 30, 6) & (mask == 1)).sum()
