"""How large a network is, from its configuration alone: what Keras would allocate, and use."""

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from napari_image_classifier.classifiers.description import ClassifierFileError
from napari_image_classifier.networks.guard.configuration import NETWORKS
from napari_image_classifier.networks.guard.size import (
    Settings,
    Shape,
    shape_given,
    weights_of_layer,
)

# The largest networks of keras.applications have 350 million; VGG16 makes 15 million numbers of an
# image of 224 × 224 pixels, in 1.5e10 multiplications.
MOST_PARAMETERS = 500_000_000
MOST_NUMBERS = 1_000_000_000
MOST_MULTIPLICATIONS = 1e12
# Where a network takes images of any size.
USUAL_SIZE = 256


@dataclass
class NetworkSize:
    """What a network has and makes of one image.

    ``weights`` has the shape of every array that is learnt or measured; ``numbers`` counts what
    its layers give, ``multiplications`` what that takes.
    """

    weights: list[Shape] = field(default_factory=list)
    numbers: int = 0
    multiplications: int = 0

    @property
    def parameters(self) -> int:
        """The number of numbers in all weights."""
        return sum(map(math.prod, self.weights))

    def check(self) -> None:
        """Raise ClassifierFileError where nobody's computer could use the network."""
        for count, most, what in (
            (self.parameters, MOST_PARAMETERS, "parameters"),
            (self.numbers, MOST_NUMBERS, "numbers for one image"),
            (self.multiplications, MOST_MULTIPLICATIONS, "multiplications for one image"),
        ):
            if count > most:
                raise ClassifierFileError(
                    f"The network is too large: it has {count:.2g} {what}, and {most:.2g} is the "
                    "limit here."
                )


def network_size(configuration: Settings) -> NetworkSize:
    """Return how large a network is, given what `checked_configuration` made of it.

    Raises
    ------
    ClassifierFileError
        Its layers don't fit each other, or it is too large.
    """
    size = NetworkSize()
    try:
        _through_network(configuration, None, size)
    except (LookupError, TypeError, ValueError) as error:
        raise ClassifierFileError("The layers of the network don't fit each other.") from error
    size.check()
    return size


def _through_network(network: Settings, entry: Shape | None, size: NetworkSize) -> Shape:
    config = network["config"]
    if network["class_name"] == "Sequential":
        shape = entry or _without_first(config["build_input_shape"])
        for layer in config["layers"]:
            shape = _through_layer(layer, [shape] if shape else [], entry, size)
        assert shape is not None
        return shape
    given: dict[tuple[str, int], Shape] = {}
    waiting = deque(_calls(config["layers"]))
    waited = 0
    while waiting:
        layer, index, sources = waiting.popleft()
        if all(source in given for source in sources):
            # Weights are there once, however often a layer is called.
            counted = size if index == 0 else NetworkSize()
            inputs = [given[source] for source in sources]
            given[layer["name"], index] = _through_layer(layer, inputs, entry, counted)
            waited = 0
        else:
            waiting.append((layer, index, sources))
            waited += 1
            if waited > len(waiting):
                raise ClassifierFileError("The layers of the network wait for each other.")
    name, index, _ = _first(config["output_layers"])
    return given[name, index]


def _calls(layers: Sequence[Settings]) -> Iterator[tuple[Settings, int, list[tuple[str, int]]]]:
    for layer in layers:
        for index, call in enumerate(layer["inbound_nodes"] or [{"args": []}]):
            yield layer, index, list(_sources([call["args"], call.get("kwargs", {})]))


def _sources(stored: Any) -> Iterator[tuple[str, int]]:
    if isinstance(stored, Mapping):
        if "class_name" in stored:
            name, index, _ = stored["config"]["keras_history"]
            yield name, index
            return
        stored = list(stored.values())
    if isinstance(stored, list):
        for one in stored:
            yield from _sources(one)


def _first(ends: Any) -> Any:
    return ends[0] if isinstance(ends[0], list) else ends


def _without_first(shape: Sequence[int | None] | None) -> Shape | None:
    return tuple(length or USUAL_SIZE for length in shape[1:]) if shape else None


def _through_layer(
    layer: Settings, inputs: Sequence[Shape], entry: Shape | None, size: NetworkSize
) -> Shape:
    """Return the shape that a layer gives, having added its weights and work to ``size``."""
    kind, settings = layer["class_name"], layer["config"]
    if kind in NETWORKS.values():
        return _through_network(layer, inputs[0], size)
    if kind == "InputLayer":
        shape = entry or _without_first(settings["batch_shape"])
        assert shape is not None
        return shape
    shape = shape_given(kind, settings, inputs)
    weights = weights_of_layer(kind, settings, inputs[0])
    size.weights += weights
    size.numbers += math.prod(shape)
    size.multiplications += _places(kind, shape) * sum(map(math.prod, weights))
    size.multiplications += math.prod(shape) * math.prod(settings.get("pool_size", (1,)))
    # At every step, so that what grows from layer to layer does not grow for long.
    size.check()
    return shape


def _places(kind: str, shape: Shape) -> int:
    return math.prod(shape[:-1]) if "Conv" in kind or kind == "Dense" else 1
