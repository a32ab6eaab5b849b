"""The end of a network: what tells classes apart becomes a softmax over them.

Imports Keras; never imported by anything the viewer imports.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.operations import said_as_layer

if TYPE_CHECKING:
    import keras

_OF_ANOTHER_SHAPE = ("Flatten", "GlobalAveragePooling2D", "Reshape")
# What they give is what they take in, in prediction.
_UNCHANGED = ("ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "Identity")


def ending_in_softmax(network: "keras.Model", n_classes: int) -> "keras.Model":
    """Return a network of the same probabilities that ends in a softmax over the classes.

    Parameters
    ----------
    network
        A network of one input and one output: probabilities; logits, the inputs of a softmax; or
        one number for two classes, which is the second class's probability, or its logit.
    n_classes
        How many classes there are.

    Returns
    -------
    keras.Model
        A network around the same layers; the network itself where it ends in a softmax already, or
        in something that tells no classes.

    Raises
    ------
    ClassifierFileError
        Several classes can hold at once.
    """
    import keras

    end = _end_of(network.outputs[0])
    if isinstance(end.layer, keras.Model):
        inner = ending_in_softmax(end.layer, n_classes)
        if inner is end.layer:
            return network
        return keras.Model(network.inputs[0], inner(end.taken))
    given = tuple(network.outputs[0].shape[1:])
    if end.activation == "sigmoid" and n_classes > 1 and given == (n_classes,):
        raise ClassifierFileError(
            "The network ends in a sigmoid for each class, so that several classes can hold at "
            "once; a softmax over the classes is needed, or one sigmoid for two classes."
        )
    if given == (1,) and n_classes == 2 and end.activation in ("linear", "sigmoid"):
        return keras.Model(network.inputs[0], _pair(end))
    if end.activation in ("linear", "log_softmax"):
        return keras.Model(network.inputs[0], keras.layers.Softmax()(network.outputs[0]))
    return network


@dataclass(frozen=True)
class _End:
    """What a network ends in: a layer, what that takes in, and the activation of what it gives."""

    layer: Any
    taken: Any
    activation: str


def _end_of(tensor: Any) -> _End:
    """Return the last layer that changes anything in prediction.

    An activation counts where nothing but a dense layer is before it; "" is one of another layer.
    """
    import keras

    layer, call, _ = tensor._keras_history
    taken = next(iter(layer._inbound_nodes[call].input_tensors), None)
    if isinstance(layer, keras.Model) or taken is None:
        return _End(layer, taken, "")
    kind, settings = said_as_layer(keras.saving.serialize_keras_object(layer))
    activation = _name_of(settings.get("activation"))
    if kind in _UNCHANGED or (kind == "Activation" and activation == "linear"):
        return _end_of(taken)
    if kind in ("Activation", "Dense"):
        return _End(layer, taken, activation)
    if kind in _OF_ANOTHER_SHAPE and _is_linear(taken):
        return _End(None, tensor, "linear")
    return _End(layer, taken, "")


def _is_linear(tensor: Any) -> bool:
    """Return whether a tensor is what a layer with weights gives, without any activation."""
    layer = tensor._keras_history[0]
    return hasattr(layer, "kernel") and _name_of(layer.get_config().get("activation")) == "linear"


def _name_of(activation: Any) -> str:
    name = activation.get("config") if isinstance(activation, dict) else activation
    return str(name or "linear")


def _pair(end: _End) -> Any:
    """Return a softmax of two where there was one number: 0, and what its sigmoid was taken of."""
    import keras

    is_dense = isinstance(end.layer, keras.layers.Dense)
    kernel, *bias = end.layer.get_weights() if is_dense else [np.ones((1, 1), np.float32)]
    second = bias[0] if bias else np.zeros(1, np.float32)
    pair = keras.layers.Dense(2, activation="softmax")
    output = pair(end.taken)
    pair.set_weights([np.hstack([np.zeros_like(kernel), kernel]), np.hstack([np.zeros(1), second])])
    return output
