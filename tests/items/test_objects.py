"""What the mask of an image says of its objects."""

import numpy as np
import pytest

from helpers.objects import mask_of, masked, noise
from napari_image_classifier.images.image import Image
from napari_image_classifier.items.objects import MaskError, objects_of
from napari_image_classifier.items.selection import SelectionError


def of(mask, mask_axes="YX", axes="CYX", shape=None, each="image"):
    """The objects of an image of noise with that mask, and the image."""
    image = masked(noise(shape or (2, *mask.shape[-2:])), axes, mask, mask_axes)
    return objects_of(image, each), image


def test_an_object_has_its_place_and_size():
    """The centre is the mean of its pixels; objects come by label, whatever their numbers."""
    mask = np.zeros((20, 30), np.int32)
    mask[2:6, 10:20] = 70_000
    mask[10, 3] = 4
    objects, image = of(mask)
    assert objects.selections(image) == ["label=4", "label=70000"]
    assert objects.place(1) == (3.5, 14.5, 40)
    assert objects.place(0) == (10, 3, 1)
    assert (objects.height.tolist(), objects.width.tolist()) == ([1, 4], [1, 10])


def test_touching_objects_are_two():
    """Numbers tell them apart, not gaps."""
    mask = np.zeros((10, 10), np.uint8)
    mask[2:8, 2:5], mask[2:8, 5:8] = 1, 2
    objects, _ = of(mask)
    assert objects.area.tolist() == [18, 18]


def test_a_mask_without_objects_has_none():
    """It is no error: an empty well is a result."""
    objects, image = of(np.zeros((10, 10), np.uint8))
    assert len(objects) == 0
    assert objects.selections(image) == []


def test_numbers_below_zero_are_background():
    """Some programs mark what lies outside with -1."""
    mask = np.full((10, 10), -1, np.int16)
    mask[2:4, 2:4] = 3
    objects, image = of(mask)
    assert objects.selections(image) == ["label=3"]


def test_time_points_have_their_own_objects():
    """The same label at two times is two items."""
    mask = np.zeros((3, 20, 20), np.uint16)
    mask[0, 2:5, 2:5] = mask[2, 8:12, 8:12] = 5
    objects, image = of(mask, "TYX", "TCYX", (3, 2, 20, 20))
    assert objects.selections(image) == ["t=0,label=5", "t=2,label=5"]
    assert objects.area.tolist() == [9, 16]


def test_a_body_goes_through_planes():
    """A label in several planes is one object, of all its pixels."""
    mask = np.zeros((4, 20, 20), np.uint16)
    mask[1, 5:9, 5:9] = mask[2, 5:9, 9:13] = 3
    objects, image = of(mask, "ZYX", "CZYX", (2, 4, 20, 20))
    assert objects.selections(image) == ["label=3"]
    assert (objects.first_z[0], objects.end_z[0]) == (1, 3)
    assert objects.place(0) == (6.5, 8.5, 32)
    assert objects.width[0] == 8


def test_each_plane_may_have_its_own():
    """Then the label in each plane is an item."""
    mask = np.zeros((4, 20, 20), np.uint16)
    mask[1, 5:9, 5:9] = mask[2, 5:9, 9:13] = 3
    objects, image = of(mask, "ZYX", "CZYX", (2, 4, 20, 20), each="plane")
    assert objects.selections(image) == ["z=1,label=3", "z=2,label=3"]


def test_a_flat_mask_goes_for_a_stack():
    """As people segment a projection."""
    mask = mask_of({1: (30, 30, 5)})
    objects, image = of(mask, "YX", "CZYX", (2, 3, 64, 64))
    assert objects.selections(image) == ["label=1"]
    assert (objects.first_z[0], objects.end_z[0]) == (0, 3)
    objects, image = of(mask, "YX", "CZYX", (2, 3, 64, 64), each="plane")
    assert objects.selections(image) == ["z=0,label=1", "z=1,label=1", "z=2,label=1"]


def test_objects_are_found_by_name():
    """In the order of all; one that is not there is an error."""
    objects, image = of(mask_of({1: (10, 10, 4), 2: (30, 30, 4), 9: (50, 50, 4)}))
    assert objects.named(["label=9", "label=1"], image).label.tolist() == [1, 9]
    with pytest.raises(SelectionError, match="no object “label=3”"):
        objects.named(["label=3"], image)


@pytest.mark.parametrize(
    ("mask", "axes", "said"),
    [
        (np.ones((20, 31), np.uint8), "YX", "31 pixels wide and cells.tif has 30"),
        (np.ones((2, 20, 30), np.uint8), "TYX", "2 time points"),
        (np.ones((3, 20, 30), np.uint8), "CYX", "3 channels or colours"),
        (np.full((20, 30), 0.5, np.float32), "YX", "no whole numbers"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(mask, axes, said):
    """With both sizes, so that the wrong file is found."""
    image = masked(noise((2, 20, 30)), "CYX", mask, axes)
    with pytest.raises(MaskError, match=said):
        objects_of(image)


def test_a_black_and_white_mask_is_refused():
    """Its objects would all be one; a single object is no doubt about it."""
    mask = np.zeros((20, 30), np.uint8)
    mask[2:5, 2:5] = mask[10:15, 10:15] = 255
    with pytest.raises(MaskError, match="2 separate objects have the same number"):
        of(mask)
    mask[2:5, 2:5] = 0
    assert len(of(mask)[0]) == 1


def test_an_image_without_a_mask_is_refused():
    """There is nothing to guess from."""
    with pytest.raises(MaskError, match="has no mask"):
        objects_of(Image.from_array(noise(), "CYX", name="cells.tif"))


def test_fractions_that_are_whole_numbers_are_labels():
    """ImageJ stores label images of more than 65,535 objects so."""
    mask = np.zeros((20, 30), np.float32)
    mask[2:5, 2:5] = 7
    assert of(mask)[0].label.tolist() == [7]
