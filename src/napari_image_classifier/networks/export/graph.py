"""Keras's activations, by name and as layers, as nodes of an ONNX graph."""

from collections.abc import Mapping
from typing import Any

from napari_image_classifier.networks.export.graph_writer import GraphError, GraphWriter, Value

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
