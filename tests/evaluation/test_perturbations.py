"""changed_images: what is taken away, and what stays."""

import numpy as np

from napari_image_classifier.evaluation.perturbations import changed

PIXELS = np.random.default_rng(1).normal(size=(3, 24, 24, 2)).astype(np.float32)


def test_shuffled_images_keep_their_values_and_their_channels_together():
    """Every pixel is somewhere else, both channels of it; the same seed, the same order."""
    found = changed(PIXELS, "shuffled", seed=5)
    for before, after in zip(PIXELS, found, strict=True):
        assert not np.array_equal(before, after)
        pairs = [sorted(map(tuple, one.reshape(-1, 2))) for one in (before, after)]
        assert pairs[0] == pairs[1]
    np.testing.assert_array_equal(found, changed(PIXELS, "shuffled", seed=5))
    assert not np.array_equal(found, changed(PIXELS, "shuffled", seed=6))


def test_blurred_images_keep_what_is_large():
    """Fine noise is gone, the mean stays, channels don't mix."""
    pixels = PIXELS.copy()
    pixels[..., 1] += 10
    found = changed(pixels, "blurred")
    assert found.dtype == np.float32
    assert found[..., 0].std() < 0.25 * pixels[..., 0].std()
    np.testing.assert_allclose(found[..., 1].mean(), pixels[..., 1].mean(), rtol=0.01)
    assert abs(found[..., 0].mean()) < 0.2
