"""From a Keras network to the ONNX graph that predicts without Keras.

The graph is written layer by layer from the network's own configuration and weights, so it is the
same on every Keras backend and needs no converter. It takes float32 of shape (n, y, x, channel)
and gives the logits, shape (n, n_classes), and the features they come from, (n, n_features).

Never imported by anything the viewer imports.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import onnx
from onnx import TensorProto, helper

from napari_image_classifier.networks.export.graph import GraphError, GraphWriter, Value
from napari_image_classifier.networks.export.layers import NETWORKS, add_layer

if TYPE_CHECKING:
    import keras

OPSET = 20
# The newest runtime for Intel Macs is older than the newest format.
IR_VERSION = 9

# A tensor of a functional network's configuration: layer, call of that layer, output of that call.
_Tensor = tuple[str, int, int]


def export_graph(network: "keras.Model") -> bytes:
    """Return the network as an ONNX graph.

    ``network`` takes one input (n, y, x, channel) and ends in a softmax over the classes. What
    its last dense layer takes in are the features; without one they are the logits themselves.

    Raises
    ------
    GraphError
        The network holds a layer that is not known here, or does not end in a softmax.
    """
    writer = GraphWriter()
    images = writer.channels_first(Value("images", 4))
    logits, features = _before_softmax(writer, _add_network(writer, network, images))
    for name, source in (("logits", logits), ("features", features)):
        writer.nodes.append(helper.make_node("Identity", [source], [name]))
    (tensor,) = network.inputs
    shape = [
        free if length is None else length
        for length, free in zip(tensor.shape, ("n", "y", "x", "channel"), strict=True)
    ]
    graph = helper.make_graph(
        writer.nodes,
        "network",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", f"n_{name}"])
            for name in ("logits", "features")
        ],
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

    def add(layer_config: Mapping[str, Any], inputs: Sequence[Value | float]) -> Value:
        kind, settings = layer_config["class_name"], layer_config["config"]
        if kind == "InputLayer":
            return entry
        # Operations such as x + y stand in the configuration and are no layers.
        layer = layers.get(settings.get("name"))
        if kind in NETWORKS and isinstance(inputs[0], Value):
            return _add_network(writer, layer, inputs[0])
        weights = [] if layer is None else layer.get_weights()
        return add_layer(writer, layer_config, weights, inputs)

    if "output_layers" not in config:
        value = entry
        for layer_config in config["layers"]:
            value = add(layer_config, [value])
        return value
    values: dict[_Tensor, Value] = {}
    # A layer used twice stands once in the list, perhaps before what its second use takes in.
    waiting = deque(_calls(config))
    while waiting:
        layer_config, index, inputs = waiting.popleft()
        if all(isinstance(one, float) or one in values for one in inputs):
            known = [one if isinstance(one, float) else values[one] for one in inputs]
            values[layer_config["name"], index, 0] = add(layer_config, known)
        else:
            waiting.append((layer_config, index, inputs))
    return values[_the_one_tensor(config["output_layers"])]


def _calls(
    config: Mapping[str, Any],
) -> Iterator[tuple[Mapping[str, Any], int, list[_Tensor | float]]]:
    for layer_config in config["layers"]:
        for index, call in enumerate(layer_config["inbound_nodes"] or [{"args": []}]):
            found = [call["args"], call.get("kwargs", {})]
            yield layer_config, index, list(_tensors_and_numbers(found))


def _tensors_and_numbers(stored: Any) -> Iterator[_Tensor | float]:
    if isinstance(stored, Mapping):
        if stored.get("class_name") == "__keras_tensor__":
            name, call, output = stored["config"]["keras_history"]
            if output != 0:
                raise GraphError(f"The layer “{name}” of the network has several outputs.")
            yield name, call, output
            return
        stored = list(stored.values())
    if isinstance(stored, (list, tuple)):
        for part in stored:
            yield from _tensors_and_numbers(part)
    elif isinstance(stored, (int, float)) and not isinstance(stored, bool):
        yield float(stored)


def _the_one_tensor(stored: Any) -> _Tensor:
    """Return the tensor of ["name", 0, 0], however deep in lists it stands."""
    while isinstance(stored[0], (list, tuple)):
        if len(stored) != 1:
            raise GraphError("The network has several outputs; a classifier has one.")
        stored = stored[0]
    name, call, output = stored
    return name, call, output
