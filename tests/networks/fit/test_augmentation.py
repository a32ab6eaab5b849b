"""Changes that leave an image's class as it is."""

from dataclasses import replace

import numpy as np
import pytest

from napari_image_classifier.networks.fit.batches import Augmentation
from napari_image_classifier.training.config import TrainingConfig

NOTHING = TrainingConfig(flips=False, turns=False, shift=0, gain=0, noise=0)


@pytest.fixture
def batch():
    """Images whose every pixel differs, shape (6, 8, 8, 2)."""
    return np.random.default_rng(1).random((6, 8, 8, 2), np.float32)


def test_everything_off_changes_nothing(batch):
    """With every change left out, the batch comes back as it was."""
    np.testing.assert_array_equal(Augmentation(NOTHING)(batch, (0, 0, 0)), batch)


def test_repeats_for_the_same_seed_epoch_and_batch(batch):
    """The three numbers decide everything, so a run repeats."""
    augment = Augmentation(TrainingConfig())
    once, again = augment(batch, (3, 2, 1)), augment(batch, (3, 2, 1))
    np.testing.assert_array_equal(once, again)
    for other in [(4, 2, 1), (3, 1, 1), (3, 2, 0)]:
        assert not np.array_equal(once, augment(batch, other))


def test_leaves_the_given_batch_alone(batch):
    """The prepared images are kept for the next epoch."""
    before = batch.copy()
    changed = Augmentation(TrainingConfig())(batch, (0, 0, 0))
    np.testing.assert_array_equal(batch, before)
    assert changed.shape == batch.shape
    assert changed.dtype == np.float32


@pytest.mark.parametrize("switch", ["flips", "turns"])
def test_flips_and_turns_only_move_pixels(batch, switch):
    """Every image keeps its pixels, and over some batches more than one orientation comes up."""
    augment = Augmentation(replace(NOTHING, **{switch: True}))
    seen = set()
    for number in range(16):
        changed = augment(batch, (0, 0, number))
        for image, original in zip(changed, batch, strict=True):
            np.testing.assert_array_equal(np.sort(image, axis=None), np.sort(original, axis=None))
        seen.add(changed[0].tobytes())
    assert len(seen) == 4


def test_quarter_turns_are_left_out_where_images_are_not_square():
    """A turned oblong image would not fit its batch."""
    batch = np.random.default_rng(1).random((4, 6, 9, 1), np.float32)
    np.testing.assert_array_equal(
        Augmentation(replace(NOTHING, turns=True))(batch, (0, 0, 0)), batch
    )


def test_shift_mirrors_at_the_edges(batch):
    """No made-up black border comes in, so every value was in the image before."""
    changed = Augmentation(replace(NOTHING, shift=0.5))(batch, (0, 0, 0))
    assert not np.array_equal(changed, batch)
    for image, original in zip(changed, batch, strict=True):
        assert set(image.ravel()) <= set(original.ravel())


def test_gain_is_one_factor_per_image_and_channel(batch):
    """Brightness changes by channel, as stains do."""
    factors = Augmentation(replace(NOTHING, gain=0.2))(batch, (0, 0, 0)) / batch
    first = factors[:, :1, :1]
    np.testing.assert_allclose(factors, np.broadcast_to(first, factors.shape), rtol=1e-5)
    assert len(np.unique(first)) == first.size


def test_noise_follows_the_contrast_of_the_channel(batch):
    """Images that were not scaled to 0 to 1 get noise of their own size."""
    augment = Augmentation(replace(NOTHING, noise=0.1))
    small, large = (
        augment(batch, (0, 0, 0)) - batch,
        augment(batch * 1000, (0, 0, 0)) - batch * 1000,
    )
    assert 0 < small.std() < 0.1 * batch.std()
    np.testing.assert_allclose(large, small * 1000, rtol=1e-2, atol=0.2)
