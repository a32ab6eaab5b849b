"""The writer of an ONNX graph, and Keras's activations as its nodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from napari_image_classifier.errors import ImageClassifierError

OPSET = 20


class GraphError(ImageClassifierError):
    """A network that can't be written as a graph."""


@dataclass(frozen=True)
class Value:
    """A tensor in the graph; of rank 4 it is (n, channel, y, x), whatever Keras has."""

    name: str
    rank: int


@dataclass
class GraphWriter:
    """Collects the nodes and constants of a graph.

    ``images`` is the shape (n, y, x, channel) of what the network takes; None or a name where it
    takes any length.
    """

    images: Sequence[int | str | None] = ()
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def node(
        self, kind: str, *inputs: Value | npt.ArrayLike, rank: int = 0, **attributes: Any
    ) -> Value:
        """Add a node of one output; its rank is that of its inputs unless given.

        Numbers among the inputs become constants of float32, or of int64 if they are an array of
        it.
        """
        names = [each.name if isinstance(each, Value) else self._constant(each) for each in inputs]
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        ranks = [each.rank for each in inputs if isinstance(each, Value)]
        return Value(output, rank or max(ranks))

    def lengths(self, value: Value) -> tuple[int, ...]:
        """Return the length of each axis of a value, 0 where it depends on the images."""
        taken = helper.make_tensor_value_info("images", TensorProto.FLOAT, self.images)
        given = helper.make_empty_tensor_value_info(value.name)
        graph = helper.make_graph(self.nodes, "part", [taken], [given], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph.output[0]
        return tuple(axis.dim_value for axis in inferred.type.tensor_type.shape.dim)

    def _constant(self, numbers: npt.ArrayLike) -> str:
        name = f"constant_{len(self.constants)}"
        is_whole = isinstance(numbers, np.ndarray) and numbers.dtype == np.int64
        # Unlike ascontiguousarray this leaves a number without axes as it is.
        stored = np.array(numbers, np.int64 if is_whole else np.float32, order="C")
        self.constants.append(numpy_helper.from_array(stored, name))
        return name

    def channels_last(self, value: Value) -> Value:
        """Return a value of rank 4 as Keras has it, (n, y, x, channel); others as they are."""
        return self.node("Transpose", value, perm=[0, 2, 3, 1]) if value.rank == 4 else value

    def channels_first(self, value: Value) -> Value:
        """Return a value of rank 4, (n, y, x, channel), as the graph has it."""
        return self.node("Transpose", value, perm=[0, 3, 1, 2]) if value.rank == 4 else value


@dataclass(frozen=True)
class Layer:
    """A layer to be added: the value that it takes in, its settings and weights as in Keras."""

    writer: GraphWriter
    value: Value
    settings: Mapping[str, Any] = field(default_factory=dict)
    weights: Sequence[npt.NDArray[Any]] = ()

    def node(self, kind: str, *more: Value | npt.ArrayLike, **attributes: Any) -> Value:
        """Add a node that takes in the layer's value and ``more``."""
        return self.writer.node(kind, self.value, *more, **attributes)

    def per_channel(self, numbers: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return one number per channel (or one for all), shaped so as to broadcast."""
        array = np.asarray(numbers, np.float32).reshape(-1)
        return array.reshape(-1, 1, 1) if self.value.rank == 4 else array


def activated(writer: GraphWriter, value: Value, activation: Any) -> Value:
    """Add Keras's activation of that name."""
    name = activation["config"] if isinstance(activation, Mapping) else activation
    if name in (None, "linear"):
        return value
    if name == "softmax":
        return softmax(Layer(writer, value))
    if name == "log_softmax":
        return writer.node("LogSoftmax", value, axis=_last_axis(value))
    if name in ("silu", "swish"):
        return writer.node("Mul", value, writer.node("Sigmoid", value))
    if name == "relu6":
        return writer.node("Clip", value, 0.0, 6.0)
    if not isinstance(name, str) or name not in _ACTIVATIONS:
        raise GraphError(f"The network has an activation that can't be used here: {name}.")
    kind, attributes = _ACTIVATIONS[name]
    return writer.node(kind, value, **attributes)


_NAMED_ALIKE = ["elu", "gelu", "mish", "relu", "selu", "sigmoid", "softplus", "softsign", "tanh"]
# ONNX's kind of node and its attributes, for Keras's default arguments.
_ACTIVATIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    **{name: (name.capitalize(), {}) for name in _NAMED_ALIKE},
    "exponential": ("Exp", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "hard_silu": ("HardSwish", {}),
    "hard_swish": ("HardSwish", {}),
}


def relu(layer: Layer) -> Value:
    """Add Keras's ReLU."""
    settings = layer.settings
    if settings["threshold"] or (settings["negative_slope"] and settings["max_value"]):
        raise GraphError("The network has a ReLU with a threshold, which can't be used here.")
    if settings["max_value"]:
        return layer.node("Clip", 0.0, settings["max_value"])
    return layer.node("LeakyRelu", alpha=float(settings["negative_slope"] or 0.0))


def softmax(layer: Layer) -> Value:
    """Add Keras's Softmax, which must be over the channels or classes."""
    if layer.settings.get("axis", -1) not in (-1, layer.value.rank - 1):
        raise GraphError("The network has a softmax over another axis than the last.")
    return layer.node("Softmax", axis=_last_axis(layer.value))


def _last_axis(value: Value) -> int:
    """Return where the graph has what is Keras's last axis."""
    return 1 if value.rank == 4 else value.rank - 1
