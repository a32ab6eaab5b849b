"""The ONNX graph of a Keras network, which predicts without Keras.

The graph is written layer by layer from the network's own configuration and weights, so it is the
same on every Keras backend and needs no converter. It takes float32 of shape (n, y, x, channel)
and gives the logits, shape (n, n_classes), and the features they come from, (n, n_features).

Never imported by anything the viewer imports.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import onnx
from onnx import TensorProto, helper

from napari_image_classifier.networks.export.graph import (
    OPSET,
    GraphError,
    GraphWriter,
    Value,
)
from napari_image_classifier.networks.export.layers import add_layer
from napari_image_classifier.networks.export.operations import Given
from napari_image_classifier.networks.guard.configuration import NETWORKS
from napari_image_classifier.networks.layer_calls import (
    Tensor,
    calls_in_order,
    output_of,
)

if TYPE_CHECKING:
    import keras

# The newest runtime for Intel Macs is older than the newest format.
IR_VERSION = 9


def export_graph(network: "keras.Model") -> bytes:
    """Return the network as an ONNX graph.

    ``network`` takes one input (n, y, x, channel) and ends in a softmax over the classes. What
    its last dense layer takes in are the features; without one they are the logits themselves.

    Raises
    ------
    GraphError
        The network holds a layer that is not known here, or does not end in a softmax.
    """
    (tensor,) = network.inputs
    shape = [
        free if length is None else length
        for length, free in zip(tensor.shape, ("n", "y", "x", "channel"), strict=True)
    ]
    writer = GraphWriter(shape)
    images = writer.channels_first(Value("images", 4))
    logits, features = _before_softmax(writer, _add_network(writer, network, images))
    outputs = []
    for name, source in (("logits", logits), ("features", features)):
        writer.nodes.append(helper.make_node("Identity", [source], [name]))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", f"n_{name}"]))
    graph = helper.make_graph(
        writer.nodes,
        "network",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        outputs,
        writer.constants,
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="napari-image-classifier",
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _before_softmax(writer: GraphWriter, output: Value) -> tuple[str, str]:
    makers = {node.output[0]: node for node in writer.nodes}
    last = makers.get(output.name)
    if last is None or last.op_type != "Softmax" or output.rank != 2:
        raise GraphError("The network does not end in a softmax over its classes.")
    writer.nodes.remove(last)
    logits = last.input[0]
    maker = makers[logits]
    return logits, maker.input[0] if maker.op_type == "Gemm" else logits


def _add_network(writer: GraphWriter, network: "keras.Model", entry: Value) -> Value:
    """Add every layer of a functional or sequential network; nested ones come back here."""
    config = network.get_config()
    layers = {layer.name: layer for layer in network.layers}

    def add(layer_config: Mapping[str, Any], inputs: Sequence[Given]) -> Value:
        kind, settings = layer_config["class_name"], layer_config["config"]
        if kind == "InputLayer":
            return entry
        # Operations such as x + y stand in the configuration and are no layers.
        layer = layers.get(layer_config.get("name") or settings["name"])
        if kind in NETWORKS and isinstance(inputs[0], Value):
            return _add_network(writer, layer, inputs[0])
        weights = [] if layer is None else layer.get_weights()
        return add_layer(writer, layer_config, weights, inputs)

    if "output_layers" not in config:
        value = entry
        for layer_config in config["layers"]:
            value = add(layer_config, [value])
        return value
    values: dict[Tensor, Value] = {}
    for layer_config, index, inputs in calls_in_order(config["layers"]):
        for tensor in inputs:
            if isinstance(tensor, tuple) and tensor[2] != 0:
                raise GraphError(f"The layer “{tensor[0]}” of the network has several outputs.")
        known = [values[tensor] if isinstance(tensor, tuple) else tensor for tensor in inputs]
        values[layer_config["name"], index, 0] = add(layer_config, known)
    return values[output_of(config)]
