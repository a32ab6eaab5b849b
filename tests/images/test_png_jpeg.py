"""PNG and JPEG files: depth, colours and transparency."""

import imagecodecs
import numpy as np
import pytest

from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.read_errors import ImageReadError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_a_png_keeps_its_depth(tmp_path, bits, samples):
    """Grey, grey with alpha, colours, colours with alpha."""
    stored = RNG.integers(0, 2**bits, (6, 9, samples)).astype(f"uint{bits}")
    stored = stored[..., 0] if samples == 1 else stored
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(stored))
    with read_image(tmp_path / "a.png") as image:
        assert (image.dtype, image.is_rgb) == (stored.dtype, samples > 2)
        assert any("transparency" in each for each in image.assumptions) == (samples in (2, 4))
        colors = stored[..., :3].transpose(2, 0, 1) if samples > 2 else stored.reshape(6, 9, -1)
        np.testing.assert_array_equal(image.asarray(), colors if samples > 2 else colors[..., 0])


def test_a_deep_png_that_is_cut_short_or_changed_is_an_error(tmp_path):
    """Not half a picture."""
    data = imagecodecs.png_encode(RNG.integers(0, 2**16, (60, 90, 3)).astype(np.uint16))
    changed = bytearray(data)
    changed[len(data) // 2] ^= 255
    for content in (data[: len(data) // 2], bytes(changed)):
        (tmp_path / "a.png").write_bytes(content)
        with pytest.raises(ImageReadError, match="damaged or cut short"):
            read_image(tmp_path / "a.png")
