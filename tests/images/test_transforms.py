"""Z-projection and resizing."""

import numpy as np
import pytest

from napari_image_classifier.images.transforms import project, resized

RANDOM = np.random.default_rng(1)
STACK = np.random.default_rng(0).integers(0, 60_000, (5, 6, 7)).astype(np.uint16)


@pytest.mark.parametrize(
    ("projection", "expected"),
    [
        ("max", STACK.max(axis=0)),
        ("mean", STACK.mean(axis=0)),
        ("sum", STACK.sum(axis=0, dtype=float)),
        ("middle", STACK[2]),
    ],
)
def test_planes_are_reduced_one_by_one_as_numpy_does_at_once(projection, expected):
    """An iterator of planes gives what the whole stack gives, without overflow."""
    reduced = project(iter(STACK), projection)
    assert reduced.dtype == (np.float32 if projection in ("mean", "sum") else np.uint16)
    np.testing.assert_allclose(reduced, expected, rtol=1e-6)


def test_the_sharpest_plane_is_the_one_in_focus():
    """A plane with detail wins over brighter planes without."""
    planes = np.full((3, 8, 8), 100, np.uint8)
    planes[1] = np.indices((8, 8)).sum(axis=0) % 2 * 50
    np.testing.assert_array_equal(project(iter(planes), "sharpest"), planes[1])


def test_the_input_is_left_alone():
    """The first plane is not written over."""
    stack = STACK.copy()
    project(iter(stack), "max")
    project(iter(stack), "mean")
    np.testing.assert_array_equal(stack, STACK)


def area_average(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The definition: each new pixel is the mean over its area, parts of pixels counted in part."""
    averaged = plane.astype(float)
    for axis, length in enumerate(size):
        averaged = np.moveaxis(averaged, axis, 0)
        edges = np.linspace(0, len(averaged), length + 1)
        total = np.concatenate([np.zeros((1, averaged.shape[1])), np.cumsum(averaged, axis=0)])
        below = np.floor(edges).astype(int)
        rest = np.append(averaged, np.zeros((1, averaged.shape[1])), axis=0)
        sums = total[below] + (edges - below)[:, None] * rest[below]
        averaged = np.moveaxis(np.diff(sums, axis=0) * length / len(averaged), 0, axis)
    return averaged


@pytest.mark.parametrize("size", [(32, 32), (16, 64), (64, 8), (23, 41), (63, 64), (1, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_a_reduction_is_the_average_over_areas(size, dtype):
    """Whatever the ratio and the type, whole blocks or not."""
    plane = RANDOM.integers(0, 200, (64, 64)).astype(dtype)
    reduced = resized(plane, size)
    assert (reduced.shape, reduced.dtype) == (size, np.float32)
    np.testing.assert_allclose(reduced, area_average(plane, size), rtol=1e-4, atol=1e-3)


def test_large_blocks_of_bright_pixels_do_not_overflow():
    """Sums are made in float32, not in the type of the pixels."""
    plane = np.full((1024, 1024), 65535, np.uint16)
    np.testing.assert_array_equal(resized(plane, (64, 64)), np.full((64, 64), 65535, np.float32))


def test_an_enlargement_is_linear():
    """No blocks, and nothing beyond the values there are."""
    enlarged = resized(np.array([[0, 100]], np.uint8), (1, 8))
    assert (np.diff(enlarged[0, 2:6]) > 0).all()
    assert enlarged.min() >= 0
    assert enlarged.max() <= 100


def test_the_plane_is_left_alone():
    """Planes may belong to a layer of the viewer."""
    plane = RANDOM.random((8, 8)).astype(np.float32)
    before = plane.copy()
    resized(plane, (4, 4))
    resized(plane, (8, 8))
    np.testing.assert_array_equal(plane, before)
