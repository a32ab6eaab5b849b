"""Configurations of Keras 2, as Keras 3 would write them."""

import json

import numpy as np
import pytest

from helpers.paths import KERAS_FILES
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.configuration import checked_configuration
from napari_image_classifier.networks.guard.keras_file import stored_network, weights_of_layers
from napari_image_classifier.networks.guard.legacy_configuration import modernised
from napari_image_classifier.networks.guard.legacy_weights import weights_by_name
from napari_image_classifier.networks.guard.size import network_size


def layer(kind, name, *inputs, **config):
    """A layer of a functional network, as Keras 2 writes it."""
    calls = [[[one, 0, 0, {}] for one in inputs]] if inputs else []
    stored = {"name": name, "trainable": True, "dtype": "float32", **config}
    return {"class_name": kind, "name": name, "config": stored, "inbound_nodes": calls}


def functional(*layers):
    """A network of these layers; the first takes images, the last gives what it says."""
    ends = [[[layers[0]["name"], 0, 0]], [[layers[-1]["name"], 0, 0]]]
    config = {"name": "model", "layers": list(layers), "input_layers": ends[0]}
    return {"class_name": "Model", "config": {**config, "output_layers": ends[1]}}


def understood(stored):
    """What the guard makes of it, and its size."""
    configuration = checked_configuration(modernised(stored).configuration)
    return configuration, network_size(configuration)


IMAGES = layer("InputLayer", "images", batch_input_shape=[None, 8, 8, 3])
HARD = "hard_sigmoid"
CONV = {"filters": 4, "kernel_size": [3, 3], "strides": [1, 1], "padding": "same"}
DEPTHWISE = {"kernel_size": [3, 3], "strides": [1, 1], "padding": "same", "groups": 1}


def test_what_older_versions_did_not_write_is_what_was_usual():
    """Groups and dilations of convolutions, the slope of a LeakyReLU under its old name."""
    configuration, size = understood(
        functional(
            IMAGES,
            layer("Conv2D", "conv", "images", activation="relu", **CONV),
            layer("DepthwiseConv2D", "depth", "conv", activation="linear", **DEPTHWISE),
            layer("LeakyReLU", "leaky", "depth", alpha=0.3),
            layer("BatchNormalization", "bn", "leaky", axis=[3], epsilon=0.001, momentum=0.9),
            layer("GlobalAveragePooling2D", "mean", "bn", data_format="channels_last"),
            layer("Dense", "out", "mean", units=2, activation="softmax"),
        )
    )
    settings = {one["name"]: one["config"] for one in configuration["config"]["layers"]}
    assert settings["conv"]["groups"] == 1
    assert settings["leaky"]["negative_slope"] == 0.3
    assert settings["bn"]["axis"] == 3
    assert size.of_layers[("depth",)] == [(3, 3, 4, 1), (4,)]
    assert size.given[("out",)] == (2,)


def test_names_with_slashes_get_others():
    """Keras 3 has none; two that would be the same stay two."""
    stored = functional(
        IMAGES,
        layer("Conv2D", "a/b", "images", activation="relu", **CONV),
        layer("ReLU", "a_b", "a/b", max_value=None, negative_slope=0.0, threshold=0.0),
    )
    legacy = modernised(stored)
    names = [one["name"] for one in legacy.configuration["config"]["layers"]]
    assert names == ["images", "a_b", "a_b_"]
    assert legacy.old_names == {("model", "a_b"): "a/b", ("model", "a_b_"): "a_b"}
    understood(stored)


def test_a_sequential_network_of_the_first_versions():
    """A list of layers, of which the first says what it takes."""
    first = layer("Conv2D", "conv", activation="relu", batch_input_shape=[None, 8, 8, 1], **CONV)
    last = layer("Flatten", "flat")
    configuration, size = understood({"class_name": "Sequential", "config": [first, last]})
    assert configuration["config"]["build_input_shape"] == [None, 8, 8, 1]
    assert size.given[("flat",)] == (8 * 8 * 4,)


def test_operations_of_tensorflow_become_those_of_keras():
    """A division, and 1 less what was divided."""

    def operation(function, name, node):
        return {**layer("TFOpLambda", name, function=function), "inbound_nodes": [node]}

    given = ["_CONSTANT_VALUE", -1, 1.0, {"y": ["divided", 0, 0], "name": None}]
    configuration, size = understood(
        functional(
            IMAGES,
            operation("math.truediv", "divided", ["images", 0, 0, {"y": 255.0, "name": None}]),
            operation("math.subtract", "turned", given),
        )
    )
    _, divided, turned = configuration["config"]["layers"]
    assert (divided["class_name"], divided["module"]) == ("TrueDivide", "keras.src.ops.numpy")
    assert divided["inbound_nodes"][0]["args"][1] == 255.0
    assert turned["inbound_nodes"][0]["args"][0] == 1.0
    assert size.given[("turned",)] == (8, 8, 3)


def test_nodes_of_tensorflow_become_operations_of_keras():
    """As TensorFlow 2.3 wrote them: colours in the other order, less what they are on average."""

    def node(op, name, taken, constants, **masks):
        attributes = {f"{mask}_mask": {"i": bits} for mask, bits in masks.items()}
        definition = {"name": name, "op": op, "attr": attributes}
        config = {"name": name, "node_def": definition, "constants": constants}
        calls = [[[taken, 0, 0, {}]]]
        stored = {"class_name": "TensorFlowOpLayer", "config": config, "inbound_nodes": calls}
        return {**stored, "name": f"tf_op_layer_{name}"}

    ends = {"1": [0, 0], "2": [0, 0], "3": [1, -1]}
    configuration, size = understood(
        functional(
            IMAGES,
            node("StridedSlice", "turned", "images", ends, begin="2", ellipsis="1", end="2"),
            node("BiasAdd", "centred", "tf_op_layer_turned", {"1": [-103.9, -116.8, -123.7]}),
            node("RealDiv", "scaled", "tf_op_layer_centred", {"0": 1.0}),
        )
    )
    _, turned, centred, scaled = configuration["config"]["layers"]
    picks = turned["inbound_nodes"][0]["args"][1]
    assert [pick["class_name"] for pick in picks] == ["__ellipsis__", "__slice__"]
    assert picks[1]["config"] == {"start": None, "stop": None, "step": -1}
    assert centred["inbound_nodes"][0]["args"][1]["config"]["value"] == [-103.9, -116.8, -123.7]
    assert scaled["inbound_nodes"][0]["args"][0] == 1.0
    assert size.given[("tf_op_layer_scaled",)] == (8, 8, 3)


def test_an_activation_that_means_something_else_now_is_refused():
    """Keras 3 has another hard sigmoid."""
    with pytest.raises(ClassifierFileError, match="hard_sigmoid of Keras 2"):
        understood(
            functional(IMAGES, layer("Activation", "a", "images", activation="hard_sigmoid"))
        )


@pytest.mark.parametrize(
    ("name", "words"),
    [("Mine", "can't be used here"), ("pkg>Mine", "not Keras's own")],
)
def test_what_is_not_known_is_named(name, words):
    """Layers that need somebody's code."""
    with pytest.raises(ClassifierFileError, match=words):
        understood(functional(IMAGES, layer(name, "x", "images")))


def in_network(name, *names):
    """A network in a network whose dense layers have these names, and ends with the last one."""
    entry = layer("InputLayer", f"{name}_in", batch_input_shape=[None, 4])
    taken = [f"{name}_in", *names]
    layers = [
        layer("Dense", one, before, units=4, activation="relu")
        for one, before in zip(names, taken, strict=False)
    ]
    inner = functional(entry, *layers)
    inner["config"]["name"] = name
    return inner


def weights_in(stored, names):
    """The first number of the kernel of each layer, where the arrays in the file have these names.

    Those of the array that comes first begin with 0, of the next with 1, and so on.
    """
    legacy = modernised(stored)
    configuration = checked_configuration(legacy.configuration)
    arrays = {f"/model_weights/{name}/bias:0": np.zeros(4) for name in names}
    for number, name in enumerate(names):
        arrays[f"/model_weights/{name}/kernel:0"] = np.full((4, 4), number)
    size = network_size(configuration)
    found = weights_by_name(configuration, legacy.old_names, size, arrays)
    return {path: int(kernel[0, 0]) for path, (kernel, _) in found.items()}


def test_layers_whose_names_end_alike_get_their_own_weights():
    """As in DenseNet, whose last one is called bn, and others conv1/bn."""
    inner = {**in_network("base", "conv1/bn", "bn"), "name": "base", "inbound_nodes": []}
    stored = {"class_name": "Sequential", "config": {"name": "whole", "layers": [inner]}}
    found = weights_in(stored, ["base/bn", "base/conv1/bn"])
    assert found == {("base", "conv1_bn"): 1, ("base", "bn"): 0}


def test_layers_of_the_same_name_get_the_weights_of_their_network():
    """Two networks in a network; the file says which of them each array is of."""
    one, two = in_network("one", "dense"), in_network("two", "dense")
    inner = {"class_name": "Sequential", "config": {"name": "inner", "layers": [one, two]}}
    stored = {"class_name": "Sequential", "config": {"name": "whole", "layers": [inner]}}
    found = weights_in(stored, ["inner/two/dense", "inner/one/dense"])
    assert found == {("inner", "one", "dense"): 1, ("inner", "two", "dense"): 0}


def test_weights_alone_say_so():
    """Nothing in the file says which layers they are of."""
    with pytest.raises(ClassifierFileError, match=r"holds weights alone.*Save the whole network"):
        stored_network(KERAS_FILES / "keras-2.21-weights.h5")


@pytest.mark.parametrize("name", sorted(json.loads((KERAS_FILES / "keras2.json").read_text())))
def test_every_layer_gets_its_weights(name):
    """By its name in HDF5, by its place in an archive; HDF5 may be named .keras."""
    path = KERAS_FILES / name
    network = stored_network(path)
    weights = weights_of_layers(path, network)
    shapes = {path: [array.shape for array in arrays] for path, arrays in weights.items()}
    assert network.is_legacy
    assert shapes == {path: each for path, each in network.size.of_layers.items() if each}
