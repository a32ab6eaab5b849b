"""What a network is that was saved elsewhere, without Keras."""

import pytest

from helpers.paths import KERAS_FILES
from napari_image_classifier.networks.foreign_network import in_short
from napari_image_classifier.networks.guard.keras_file import stored_network


def test_input_outputs_and_layers_are_told():
    """Of an archive and of HDF5; layers in a network have its name before theirs."""
    network = in_short(stored_network(KERAS_FILES / "keras-2.21-nested.h5"))
    assert (network.input, network.outputs) == ((16, 16, 3), 2)
    layers = {layer.name: layer for layer in network.layers}
    assert layers["base/separable_conv2d"].kind == "SeparableConv2D"
    assert layers["base/separable_conv2d"].shape == (12, 12, 5)
    assert layers["dense"].parameters == 5 * 2 + 2


@pytest.mark.parametrize(
    ("name", "scales"),
    [
        ("keras-2.21-nested.h5", True),
        ("keras-2.21-operations.h5", True),
        ("keras-2.12-sequential.keras", True),
        ("keras-3.15.1.keras", False),
    ],
)
def test_it_is_known_whether_a_network_scales_intensities(name, scales):
    """By layers, or by operations, before it looks for shapes."""
    assert in_short(stored_network(KERAS_FILES / name)).scales_intensities is scales
