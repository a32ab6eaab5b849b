"""Keras's activations, by name and as layers, as nodes of an ONNX graph."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from napari_image_classifier.errors import ImageClassifierError


class GraphError(ImageClassifierError):
    """A network that can't be written as a graph."""


@dataclass(frozen=True)
class Value:
    """A tensor in the graph; of rank 4 it is (n, channel, y, x), whatever Keras has."""

    name: str
    rank: int


@dataclass
class GraphWriter:
    """Collects the nodes and constants of a graph."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def node(self, kind: str, *inputs: Value | str, rank: int = 0, **attributes: Any) -> Value:
        """Add a node of one output; its rank is that of the first input unless given."""
        names = [one.name if isinstance(one, Value) else one for one in inputs]
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        ranks = [one.rank for one in inputs if isinstance(one, Value)]
        return Value(output, rank or max(ranks))

    def constant(self, array: Any, dtype: npt.DTypeLike = np.float32) -> str:
        """Add a constant and return its name."""
        name = f"constant_{len(self.constants)}"
        # Unlike ascontiguousarray this leaves a number without axes as it is.
        stored = np.array(array, dtype, order="C")
        self.constants.append(numpy_helper.from_array(stored, name))
        return name

    def channels_last(self, value: Value) -> Value:
        """Return a value of rank 4 as Keras has it, (n, y, x, channel); others as they are."""
        return self.node("Transpose", value, perm=[0, 2, 3, 1]) if value.rank == 4 else value

    def channels_first(self, value: Value) -> Value:
        """Return a value of rank 4, (n, y, x, channel), as the graph has it."""
        return self.node("Transpose", value, perm=[0, 3, 1, 2]) if value.rank == 4 else value

    def per_channel(self, value: Value, numbers: Any) -> str:
        """Add a constant with one number per channel (or one for all) that broadcasts."""
        array = np.asarray(numbers, np.float32).reshape(-1)
        return self.constant(array.reshape(-1, 1, 1) if value.rank == 4 else array)


Settings = Mapping[str, Any]


def activated(writer: GraphWriter, value: Value, activation: Any) -> Value:
    """Add Keras's activation of that name."""
    name = activation["config"] if isinstance(activation, Mapping) else activation
    if name in (None, "linear"):
        return value
    if name == "softmax":
        return softmax(writer, value, {}, [])
    if name in ("silu", "swish"):
        return writer.node("Mul", value, writer.node("Sigmoid", value))
    if name == "relu6":
        return writer.node("Clip", value, writer.constant(0.0), writer.constant(6.0))
    if not isinstance(name, str) or name not in _ACTIVATIONS:
        raise GraphError(f"The network has an activation that can't be used here: {name}.")
    kind, attributes = _ACTIVATIONS[name]
    return writer.node(kind, value, **attributes)


# ONNX's kind of node and its attributes, for Keras's default arguments.
_ACTIVATIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "relu": ("Relu", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "elu": ("Elu", {}),
    "selu": ("Selu", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "exponential": ("Exp", {}),
    "gelu": ("Gelu", {}),
    "mish": ("Mish", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "hard_silu": ("HardSwish", {}),
    "hard_swish": ("HardSwish", {}),
}


def relu(writer: GraphWriter, value: Value, settings: Settings, weights: object) -> Value:
    """Add Keras's ReLU."""
    if settings["threshold"] or (settings["negative_slope"] and settings["max_value"]):
        raise GraphError("The network has a ReLU with a threshold, which can't be used here.")
    if settings["max_value"]:
        limits = writer.constant(0.0), writer.constant(settings["max_value"])
        return writer.node("Clip", value, *limits)
    return writer.node("LeakyRelu", value, alpha=float(settings["negative_slope"] or 0.0))


def leaky_relu(writer: GraphWriter, value: Value, settings: Settings, weights: object) -> Value:
    """Add Keras's LeakyReLU."""
    return writer.node("LeakyRelu", value, alpha=float(settings["negative_slope"]))


def elu(writer: GraphWriter, value: Value, settings: Settings, weights: object) -> Value:
    """Add Keras's ELU."""
    return writer.node("Elu", value, alpha=float(settings["alpha"]))


def softmax(writer: GraphWriter, value: Value, settings: Settings, weights: object) -> Value:
    """Add Keras's Softmax, which must be over the channels or classes."""
    if settings.get("axis", -1) not in (-1, value.rank - 1):
        raise GraphError("The network has a softmax over another axis than the last.")
    return writer.node("Softmax", value, axis=1)
