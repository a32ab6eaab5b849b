"""The calls of a network's layers, read from its configuration as Keras writes it."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from napari_image_classifier.errors import ClassifierFileError

# A tensor of a functional network: its layer, the call of that layer, the output of that call.
Tensor = tuple[str, int, int]
_TENSOR = "__keras_tensor__"


def calls_in_order(
    layers: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], int, list[Tensor | float]]]:
    """Yield the calls of a functional network's layers, each after those that it takes in.

    A call is the layer's part of the configuration, the number of the call and its inputs. A layer
    used twice stands once in the list, perhaps before what its second use takes in.

    Raises
    ------
    ClassifierFileError
        The layers wait for each other.
    """
    waiting = deque(
        (layer, index, list(_inputs([call["args"], call.get("kwargs", {})])))
        for layer in layers
        for index, call in enumerate(layer["inbound_nodes"] or [{"args": []}])
    )
    called: set[tuple[str, int]] = set()
    waited = 0
    while waiting:
        layer, index, inputs = waiting.popleft()
        if all(isinstance(taken, float) or taken[:2] in called for taken in inputs):
            yield layer, index, inputs
            called.add((layer["name"], index))
            waited = 0
        else:
            waiting.append((layer, index, inputs))
            waited += 1
            if waited > len(waiting):
                raise ClassifierFileError("The layers of the network wait for each other.")


def _inputs(stored: Any) -> Iterator[Tensor | float]:
    """Yield the tensors and numbers among the arguments of a call, however deep in lists."""
    if isinstance(stored, Mapping):
        if stored.get("class_name") == _TENSOR:
            name, call, output = stored["config"]["keras_history"]
            yield name, call, output
            return
        stored = list(stored.values())
    if isinstance(stored, (list, tuple)):
        for part in stored:
            yield from _inputs(part)
    elif isinstance(stored, (int, float)) and not isinstance(stored, bool):
        yield float(stored)
