"""What the mask of an image says of its objects."""

import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from helpers.objects import mask_of, masked, noise
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.items.objects import MaskError, objects_of
from napari_image_classifier.items.reading import read_items
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


def discs(n, values, size=12, per_row=20):
    """Discs in rows, each with the next of ``values``."""
    rows = -(-n // per_row)
    mask = np.zeros((rows * size, per_row * size), np.int64)
    y, x = np.ogrid[:size, :size]
    disc = (y - size / 2) ** 2 + (x - size / 2) ** 2 < 16
    for number in range(n):
        top, left = number // per_row * size, number % per_row * size
        mask[top : top + size, left : left + size][disc] = values[number]
    return mask


def numbers_of(mask):
    """The objects of a mask, by their numbers."""
    return of(mask)[0].label


@pytest.mark.parametrize("n", [257, 258, 300, 511, 700])
def test_numbers_that_begin_again_after_255_are_found(n):
    """A picture of 8 bits has no more; half of the objects would be another one's."""
    mask = discs(n, range(1, n + 1))
    assert len(numbers_of(mask.astype(np.uint16))) == n
    with pytest.raises(MaskError, match=r"begin again after 255|stand for several objects"):
        numbers_of((mask % 256).astype(np.uint8))


@pytest.mark.parametrize("background", [0, 1])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes_of_pixels_are_no_numbers(n_classes, background):
    """As ilastik's simple segmentation stores them, with a number for the background or none."""
    mask = discs(30, [1 + number % n_classes for number in range(30)]) + background
    with pytest.raises(MaskError, match="numbers no objects"):
        numbers_of(mask.astype(np.uint8))


def test_masks_that_number_objects_are_fine():
    """Exactly 255 of them, one, one in two pieces, a small fragment, and cells without a gap."""
    assert len(numbers_of(discs(255, range(1, 256)).astype(np.uint8))) == 255
    assert len(numbers_of(discs(1, [7]))) == 1
    mask = discs(30, range(1, 31))
    mask[5:7] = 0
    assert len(numbers_of(mask)) == 30
    mask = discs(30, range(1, 31))
    mask[0, 239] = 1
    assert len(numbers_of(mask)) == 30
    tiles = np.kron(np.arange(1, 10).reshape(3, 3), np.ones((8, 8), int))
    assert len(numbers_of(tiles)) == 9


@pytest.mark.parametrize("value", [2**63, 2**64 - 1])
def test_numbers_beyond_what_can_be_told_are_refused(value):
    """In a sentence, whether whole or a fraction."""
    mask = np.zeros((20, 30), np.uint64)
    mask[2:5, 2:5] = value
    for stored in (mask, mask.astype(np.float64)):
        with pytest.raises(MaskError, match="no whole numbers below"):
            numbers_of(stored)


def masks_in_files(folder, mask, name="a.tif"):
    """An image and its mask as files."""
    for place in ("images", "masks"):
        (folder / place).mkdir()
    tifffile.imwrite(folder / "images" / "a.tif", np.zeros(mask.shape, np.uint8))
    path = folder / "masks" / name
    if path.suffix == ".png":
        picture = Picture.fromarray(mask.astype(np.uint8), "L")
        picture.putpalette([number * 7 % 256 for number in range(768)])
        picture.save(path)
    else:
        tifffile.imwrite(path, mask)
    return read_items(folder / "images", masks=folder / "masks").items


def test_the_indices_of_a_palette_are_the_numbers(tmp_path):
    """Whatever colours show them."""
    items = masks_in_files(tmp_path, discs(16, range(1, 17)), "a.png")
    assert [item.selection for item in items] == [f"label={n}" for n in range(1, 17)]


def test_connected_parts_are_objects_when_asked(tmp_path):
    """With their number and area; the number of most pixels is the background where none is 0."""
    mask = discs(16, [2] * 16, per_row=4) + (discs(16, [2] * 16, per_row=4) == 0)
    with pytest.raises(MaskError, match="connected parts"):
        masks_in_files(tmp_path, mask.astype(np.uint8))
    table = read_items(tmp_path / "images", masks=tmp_path / "masks", split_masks=True)
    assert [item.selection for item in table.items] == [f"label={n}" for n in range(1, 17)]
    assert any(
        "connected parts of the masks: 16, of 45 pixels each." in a for a in table.assumptions
    )
    with read_image(table.items[0].image) as image:
        assert set(np.bincount(image.mask.plane().ravel())[1:]) == {45}
