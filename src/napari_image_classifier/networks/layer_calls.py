"""The calls of a network's layers, read from its configuration as Keras writes it."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.operations import picks_of, said_as_layer
from napari_image_classifier.typing import FloatArray

# A tensor of a functional network: its layer, the call of that layer, the output of that call.
Tensor = tuple[str, int, int]
# What a layer takes in: a tensor, or numbers that stand in the configuration.
Taken = Tensor | float | FloatArray
_TENSOR = "__keras_tensor__"
_ARRAYS = ("__numpy__", "__tensor__")
# Layers may be called several times, and networks of networks as well.
MOST_CALLS = 10_000
# A layer that is used again waits for all that lies between both uses.
WAITS_PER_CALL = 100


def calls_in_order(
    layers: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], int, list[Taken]]]:
    """Yield the calls of a functional network's layers, each after those that it takes in.

    A call is the layer's part of the configuration, the number of the call and its inputs. A layer
    used twice stands once in the list, perhaps before what its second use takes in. An operation is
    said as a layer (see `said_as_layer`); what `GetItem` picks is its setting "picks".

    Raises
    ------
    ClassifierFileError
        The layers wait for each other.
    """
    waiting = deque(
        (*_called(layer, call), index)
        for layer in layers
        for index, call in enumerate(layer["inbound_nodes"] or [{"args": []}])
    )
    called: set[tuple[str, int]] = set()
    if len(waiting) > MOST_CALLS:
        raise ClassifierFileError(f"The layers of the network are called {len(waiting):,} times.")
    waited = waited_in_all = 0
    most_waits = WAITS_PER_CALL * len(waiting)
    while waiting:
        layer, inputs, index = waiting.popleft()
        if all(taken[:2] in called for taken in inputs if isinstance(taken, tuple)):
            yield layer, index, inputs
            called.add((layer["name"], index))
            waited = 0
        else:
            waiting.append((layer, inputs, index))
            waited, waited_in_all = waited + 1, waited_in_all + 1
            # Ten thousand calls in the other order would wait for minutes.
            if waited > len(waiting) or waited_in_all > most_waits:
                raise ClassifierFileError("The layers of the network wait for each other.")


def _called(
    layer: Mapping[str, Any], call: Mapping[str, Any]
) -> tuple[Mapping[str, Any], list[Taken]]:
    kind, settings = said_as_layer(layer)
    arguments = [call["args"], call.get("kwargs", {})]
    if kind == "GetItem":
        array, picks = call["args"]
        settings, arguments = {**settings, "picks": picks_of(picks)}, [array]
    return {**layer, "class_name": kind, "config": settings}, list(_inputs(arguments))


def _inputs(stored: Any) -> Iterator[Taken]:
    """Yield the tensors and numbers among the arguments of a call, however deep in lists."""
    if isinstance(stored, Mapping):
        config = stored.get("config")
        if stored.get("class_name") == _TENSOR:
            name, call, output = stored["config"]["keras_history"]
            yield name, call, output
            return
        if stored.get("class_name") in _ARRAYS and config is not None:
            yield np.asarray(config["value"], np.float32)
            return
        stored = list(stored.values())
    if isinstance(stored, (list, tuple)):
        for part in stored:
            yield from _inputs(part)
    elif isinstance(stored, (int, float)) and not isinstance(stored, bool):
        yield float(stored)


def output_of(config: Mapping[str, Any]) -> Tensor:
    """Return the tensor that a functional network gives, of several the first.

    Keras counts the calls of a functional network from 1 where such a network is the last layer.
    """
    stored = config["output_layers"]
    while isinstance(stored[0], (list, tuple)):
        stored = stored[0]
    name, call, output = stored
    last = next((layer for layer in config["layers"] if layer["name"] == name), None)
    if last is not None and last["class_name"] in ("Functional", "Model"):
        call = max(call - 1, 0)
    return name, call, output
