"""copies: which images show the same thing, however it was turned, dimmed or cut out."""

import numpy as np
import pytest
from scipy import ndimage

from napari_image_classifier.images.image import read_image
from napari_image_classifier.items.duplicates import find_duplicates
from napari_image_classifier.items.reading import read_items

RANDOM = np.random.default_rng(11)
NUMBER = 40


def blobs(size=96, channels=1):
    """Blurred noise with some bright spots, as cells in a field."""
    field = ndimage.gaussian_filter(RANDOM.normal(size=(size, size, channels)), (2, 2, 0)) * 20
    field += RANDOM.normal(size=field.shape)
    return (100 + 10 * field).astype(np.float32)


def turned(image, way):
    """One of the eight orientations."""
    image = image[:, ::-1] if way & 1 else image
    image = image[::-1] if way & 2 else image
    return image.swapaxes(0, 1) if way & 4 else image


def in_8_bits(image):
    """As exported for a presentation: stretched to 256 grey levels."""
    low, high = image.min(), image.max()
    return np.round((image - low) / (high - low) * 255).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_copy_is_found_in_every_orientation(channels):
    """Eight copies of one image among others, and no others."""
    images = [blobs(channels=channels) for _ in range(10)]
    images += [turned(images[3], way) for way in range(8)]
    copies = [3, *range(10, 18)]
    expected = [(i, j) for i in copies for j in copies if i < j]
    assert find_duplicates(images) == expected


def test_8_bits_and_another_brightness_are_the_same_image():
    """Also when the copy is darker by half and offset."""
    images = [blobs() for _ in range(10)]
    images += [in_8_bits(images[0]), images[1] / 2 + 30]
    assert find_duplicates(images) == [(0, 10), (1, 11)]


def test_overlapping_fields_are_found():
    """Two fields cut from one, half of which they share, and their neighbours that touch."""
    large = [blobs(160) for _ in range(5)]
    left = [image[:96, :96] for image in large]
    right = [image[:96, 48:144] for image in large]
    assert find_duplicates(left + right) == [(i, i + 5) for i in range(5)]
    apart = [image[:64, :64] for image in large] + [image[:64, 80:144] for image in large]
    assert find_duplicates(apart) == []


def test_images_of_cells_that_look_alike_do_not_join():
    """A few round cells of one size, here and there, are in every image of a set."""
    images = []
    for _ in range(30):
        spots = np.zeros((48, 48))
        y, x = RANDOM.integers(6, 42, (2, 4))
        spots[y, x] = 2000
        shape = ndimage.gaussian_filter(spots, 2) * 4
        images.append(RANDOM.poisson(shape + 100).astype(np.float32)[..., np.newaxis])
    assert len(find_duplicates(images)) <= 2


SIDES = {
    "disc": lambda y, x: np.hypot(y, x) - 9,
    "square": lambda y, x: np.maximum(abs(y), abs(x)) - 8,
    "rod": lambda y, x: np.maximum(abs(y) - 3, abs(x) - 12),
    "ring": lambda y, x: abs(np.hypot(y, x) - 9) - 2,
}


def pictures_of(shape, noise, number=10, size=56, margin=16, each=1):
    """Pictures that have nothing in common but equal shapes, each at a place of its own."""
    pictures = []
    steps = np.arange(size)
    for _ in range(number):
        picture = np.full((size, size), 100.0)
        for y, x in RANDOM.permutation(size - 2 * margin)[: 2 * each].reshape(each, 2) + margin:
            inside = SIDES[shape](steps[:, np.newaxis] - y, steps - x) <= 0
            picture[inside] = 1000
        picture += RANDOM.normal(0, noise, picture.shape)
        pictures.append(np.round(picture).astype(np.float32)[..., np.newaxis])
    return pictures


@pytest.mark.parametrize("shape", SIDES)
@pytest.mark.parametrize("noise", [1, 5, 40])
def test_equal_shapes_are_merely_alike(shape, noise):
    """They share their outline, and neither their noise nor the places of several things."""
    assert find_duplicates(pictures_of(shape, noise)) == []
    assert find_duplicates([in_8_bits(picture) for picture in pictures_of(shape, noise)]) == []
    assert find_duplicates(pictures_of(shape, noise, size=80, each=3)) == []


def test_equal_shapes_without_noise_are_duplicates_only_pixel_for_pixel():
    """On a flat background nothing else tells that two pictures are one."""
    pictures = pictures_of("disc", 0)
    same = [(i, j) for j in range(10) for i in range(j) if (pictures[i] == pictures[j]).all()]
    assert find_duplicates(pictures) == same
    assert find_duplicates([*pictures, pictures[3].copy()]) == sorted([*same, (3, 10)])


@pytest.mark.parametrize("shape", SIDES)
def test_duplicates_among_pictures_that_are_alike_are_found(shape):
    """By their noise: renamed, turned, in 8 bits, and cut out elsewhere."""
    pictures = pictures_of(shape, 5, size=64)
    duplicates = [turned(picture, way) for way, picture in enumerate(pictures[:8])]
    expected = [(i, 10 + i) for i in range(8)]
    assert find_duplicates(pictures + duplicates) == expected
    assert find_duplicates(pictures + [in_8_bits(one) for one in duplicates]) == expected
    parts = [one[:56, :56] for one in pictures] + [one[8:, 8:] for one in pictures]
    assert find_duplicates(parts) == [(i, 10 + i) for i in range(10)]


def cells(size, number):
    """Cells of several sizes, here and there."""
    picture = np.zeros((size, size))
    steps = np.arange(size)
    for (y, x), radius in zip(
        RANDOM.uniform(0, size, (number, 2)), RANDOM.uniform(4, 9, number), strict=True
    ):
        inside = np.hypot(steps[:, np.newaxis] - y, steps - x) < radius
        picture[inside] = RANDOM.uniform(300, 1000)
    return ndimage.gaussian_filter(picture, 1)[..., np.newaxis]


def test_fields_that_were_taken_twice_are_found():
    """Two thirds of the cells are in both pictures; the noise is another one."""
    fields = [cells(200, 35) for _ in range(4)]
    pictures = [field[:, :150] for field in fields] + [field[:, 50:] for field in fields]
    pictures = [(one + RANDOM.normal(100, 5, one.shape)).astype(np.float32) for one in pictures]
    assert find_duplicates(pictures) == [(i, i + 4) for i in range(4)]


def test_blank_images_do_not_join():
    """Empty ones, saturated ones and ones with nothing but an offset have nothing in common."""
    blank = [np.full((64, 64, 1), value, np.float32) for value in (0, 0, 7, 65535)]
    noise = [RANDOM.poisson(100, (64, 64, 1)).astype(np.float32) for _ in range(10)]
    assert find_duplicates(blank) == []
    assert find_duplicates(noise + blank) == []


def test_one_image_or_none_has_no_copies():
    """Nor does an image that is too small to have a spot."""
    assert find_duplicates([]) == []
    assert find_duplicates([blobs()]) == []
    assert find_duplicates([np.ones((8, 8, 1), np.float32) * RANDOM.random()] * 2) == []


def test_it_can_be_stopped():
    """What is raised on the way ends the search."""

    class StoppedError(Exception):
        pass

    def stop(number):
        if number == 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        find_duplicates([blobs(48) for _ in range(5)], stop)


def test_planted_copies_of_real_nuclei_are_found(shared_data):
    """Renamed, turned and 8-bit copies all; overlapping parts nearly all; hardly any other."""
    folder = shared_data / "mitocheck"
    items = read_items(folder, items_csv=folder / "labels.csv", group="plate").items[::6]
    nuclei = []
    for item in items:
        with read_image(item.image) as image:
            nuclei.append(np.asarray(image.plane(), np.float32)[..., np.newaxis])
    chosen = RANDOM.choice(len(nuclei), NUMBER, replace=False)
    planted = [nuclei[i] for i in chosen]
    planted += [in_8_bits(turned(nuclei[i], RANDOM.integers(1, 8))) for i in chosen]
    found = set(find_duplicates(nuclei + planted))
    n = len(nuclei)
    assert all((i, n + k) in found and (i, n + NUMBER + k) in found for k, i in enumerate(chosen))

    plates = [item.group for item in items]
    wrongly = {
        i for pair in found if pair[1] < n and len({plates[j] for j in pair}) > 1 for i in pair
    }
    assert len(wrongly) <= 0.01 * n

    parts = [nuclei[i][:52, :52] for i in chosen] + [nuclei[i][8:60, 8:60] for i in chosen]
    found = set(find_duplicates(parts))
    assert sum((k, NUMBER + k) in found for k in range(NUMBER)) >= 0.95 * NUMBER
