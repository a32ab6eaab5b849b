"""projection: from a Z stack to one plane."""

import numpy as np
import pytest

from napari_image_classifier.images.transforms import project

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
