"""The configuration of a network of Keras 2, said as Keras 3 says it.

Nothing is checked here but what would otherwise be lost; `guard.configuration` looks through what
comes out. Files of Keras 2 are those of TensorFlow up to 2.15, and HDF5 files of any version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.configuration import (
    MOST_INPUTS,
    NETWORKS,
    Configuration,
)
from napari_image_classifier.networks.guard.layer_settings import LAYERS, LEFT_OUT, MODULES
from napari_image_classifier.networks.guard.legacy_operations import (
    NODE,
    OF_TENSORFLOW,
    alone,
    as_operation,
    as_operation_of_node,
)
from napari_image_classifier.networks.guard.operations import MODULES_OF_OPERATIONS, NUMPY

# The names of a layer and, before it, of the networks that it is in, from the outermost.
LayerPath = tuple[str, ...]

_PACKAGES = ("keras", "tf_keras")
_CONSTANT = "_CONSTANT_VALUE"
_TENSOR = "__keras_tensor__"
# What Keras 2 did not write in all of its versions.
_USUAL: Mapping[str, Mapping[str, Any]] = {
    "BatchNormalization": {"axis": -1, "center": True, "scale": True, "epsilon": 0.001},
    "Concatenate": {"axis": -1},
    "Conv2D": {"groups": 1, "dilation_rate": [1, 1], "use_bias": True, "strides": [1, 1]},
    "Dense": {"use_bias": True},
    "DepthwiseConv2D": {"depth_multiplier": 1, "dilation_rate": [1, 1], "use_bias": True},
    "GlobalAveragePooling2D": {"keepdims": False},
    "GlobalMaxPooling2D": {"keepdims": False},
    "LayerNormalization": {"axis": -1, "center": True, "scale": True},
    "Normalization": {"axis": -1},
    "PReLU": {"shared_axes": None},
    "SeparableConv2D": {"depth_multiplier": 1, "dilation_rate": [1, 1], "use_bias": True},
}
_RENAMED = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}
# They say how a layer is begun or carried out; what it takes in is said elsewhere.
_OF_NO_MATTER = frozenset(
    {"batch_input_shape", "dtype", "force_generator", "fused", "implementation", "rng_type"}
    | {"input_spec", "ragged", "sparse"}
)


@dataclass
class LegacyConfiguration:
    """What Keras 3 would write, and the old names of layers that have a new one there."""

    configuration: Configuration
    old_names: dict[LayerPath, str] = field(default_factory=dict)


def modernised(stored: Any) -> LegacyConfiguration:
    """Return the configuration of a network of Keras 2 as Keras 3 writes one; nothing is checked.

    Raises
    ------
    ClassifierFileError
        It is no such configuration.
    """
    old_names: dict[LayerPath, str] = {}
    try:
        made = _layer(stored, (), old_names)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ClassifierFileError(
            "The network's description is not one that Keras writes."
        ) from error
    return LegacyConfiguration(made, old_names)


def _layer(stored: Any, within: LayerPath, old_names: dict[LayerPath, str]) -> Configuration:
    kind, config = stored["class_name"], stored["config"]
    kind = _RENAMED.get(kind, kind)
    if _is_foreign(stored):
        return {**stored, "module": "", "config": config}
    if kind in NETWORKS:
        return _network(kind, config, within, old_names)
    if kind in LEFT_OUT or (kind.startswith("Random") and kind in LAYERS):
        return _written("Identity", "keras.layers", {"name": config["name"]})
    if kind in MODULES_OF_OPERATIONS and not {"dtype", "trainable"} & set(config):
        return _written(kind, MODULES_OF_OPERATIONS[kind], config)
    if kind in OF_TENSORFLOW:
        return {**stored, "module": "keras"}
    module = next(iter(MODULES.get(kind, frozenset()) - {NUMPY}), "keras")
    return _written(kind, module, _settings(kind, config))


def _is_foreign(stored: Mapping[str, Any]) -> bool:
    """Return whether a part is somebody's own, and not of Keras."""
    module, registered = stored.get("module"), stored.get("registered_name")
    return (
        ">" in stored["class_name"]
        or ">" in str(registered)
        or (module is not None and str(module).split(".")[0] not in _PACKAGES)
    )


def _written(kind: str, module: str, config: Mapping[str, Any]) -> Configuration:
    return {"module": module, "class_name": kind, "config": dict(config), "registered_name": None}


def _settings(kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    stored = {key: _plain(value) for key, value in config.items() if key not in _OF_NO_MATTER}
    settings = {**_USUAL.get(kind, {}), **stored}
    if kind == "InputLayer":
        shape = config.get("batch_shape") or config["batch_input_shape"]
        return {"batch_shape": shape, "name": config["name"]}
    if kind == "LeakyReLU" and "alpha" in settings:
        settings["negative_slope"] = settings.pop("alpha")
    if kind in ("DepthwiseConv2D", "SeparableConv2D") and settings.get("groups") == 1:
        del settings["groups"]
    activation = settings.get("activation")
    if isinstance(activation, Mapping):
        activation = activation.get("config")
    if activation == "hard_sigmoid":
        raise ClassifierFileError(
            "The network has the activation hard_sigmoid of Keras 2, which is another one in "
            "Keras 3; it can't be used here."
        )
    if kind == "BatchNormalization":
        settings["axis"] = alone(settings["axis"])
    return settings


def _plain(value: Any) -> Any:
    """Return the number of an array that stands where a number does."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__numpy__":
            return value["config"]["value"]
        if value.get("type") == "ndarray":
            return value["value"]
    return value


def _network(
    kind: str, config: Any, within: LayerPath, old_names: dict[LayerPath, str]
) -> Configuration:
    if isinstance(config, list):
        config = {"name": "sequential", "layers": config}
    path = (*within, _new_name(config["name"]))
    new_names = _new_names(config["layers"])
    layers = []
    for layer in config["layers"]:
        made = _layer(layer, path, old_names)
        old = _name_of(layer)
        if new_names[old] != old:
            old_names[*path, new_names[old]] = old
        layers.append({**made, "config": {**made["config"], "name": new_names[old]}})
    made_of: Configuration = {
        "name": _new_name(config["name"]),
        "trainable": config.get("trainable", True),
        "layers": layers,
    }
    if NETWORKS[kind] == "Sequential":
        made_of["build_input_shape"] = config.get("build_input_shape") or _taken(config["layers"])
    else:
        _say_calls(made_of, config, new_names)
    return _written(kind, "keras", made_of)


def _new_name(name: str) -> str:
    return name.replace("/", "_")


def _new_names(layers: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return names of which none holds a slash, which Keras 3 has not."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for old in map(_name_of, layers):
        new = _new_name(old)
        names[old] = f"{new}_" if new in taken else new
        taken.add(names[old])
    return names


def _name_of(layer: Mapping[str, Any]) -> str:
    config = layer["config"]
    name = layer.get("name")
    if name is None:
        name = "sequential" if isinstance(config, list) else config["name"]
    if not isinstance(name, str):
        raise TypeError
    return name


def _taken(layers: Sequence[Mapping[str, Any]]) -> Any:
    """Return the shape that the first of these layers takes, None where it does not say so."""
    config = layers[0]["config"]
    if isinstance(config, list):
        return _taken(config)
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    return _taken(config["layers"]) if shape is None and "layers" in config else shape


def _say_calls(
    made: Configuration, config: Mapping[str, Any], new_names: Mapping[str, str]
) -> None:
    """Add what each layer of a functional network takes in, and its own inputs and outputs."""
    calls = _Calls(config["layers"], new_names)
    for layer, stored in zip(made["layers"], config["layers"], strict=True):
        layer["name"] = layer["config"]["name"]
        layer["inbound_nodes"] = [
            calls.call(layer, node, stored) for node in stored["inbound_nodes"]
        ]
    made["input_layers"] = calls.ends(config["input_layers"], made["layers"])
    made["output_layers"] = calls.ends(config["output_layers"], made["layers"])


class _Calls:
    """The calls of the layers of a network, as Keras 3 writes them.

    Keras 2 counts the calls of a network in the network from 1, as the first one made it.
    """

    def __init__(self, layers: Sequence[Mapping[str, Any]], new_names: Mapping[str, str]) -> None:
        self._new_names = new_names
        self._is_old = any(
            isinstance(node, list) for one in layers for node in one["inbound_nodes"]
        )
        self._first = {
            _name_of(layer): int(self._is_old and _made_the_first_call(layer)) for layer in layers
        }

    def call(self, layer: Configuration, node: Any, old: Mapping[str, Any]) -> Configuration:
        """Return a call; an operation of TensorFlow becomes one of Keras."""
        if isinstance(node, Mapping):
            return {"args": self._renamed(node["args"]), "kwargs": node.get("kwargs") or {}}
        single = isinstance(node[0], (str, int)) or node[0] is None
        taken = [node] if single else node
        tensors = [self._taken(one) for one in taken]
        stored = dict(taken[0][3]) if len(taken[0]) > 3 else {}
        if old["class_name"] == NODE:
            return as_operation_of_node(layer, old["config"], tensors)
        if old["class_name"] in OF_TENSORFLOW:
            given = {key: self._value(value) for key, value in stored.items() if key != "name"}
            return as_operation(
                layer, old["config"]["function"], tensors[0] if single else tensors, given
            )
        kept = {key: value for key, value in stored.items() if key in ("training", "mask")}
        return {"args": [tensors if len(tensors) > 1 else tensors[0]], "kwargs": kept}

    def ends(self, stored: Any, layers: Sequence[Configuration]) -> Any:
        """Return ["name", 0, 0], or a list of such."""
        if stored and isinstance(stored[0], list):
            each = [self.ends(end, layers) for end in stored[:MOST_INPUTS]]
            return each[0] if len(each) == 1 else each
        name, number, output = stored
        if not self._is_old:
            return [self._new_names.get(name, name), number, output]
        new = self._new_names[name]
        kind = next(layer["class_name"] for layer in layers if layer["name"] == new)
        return [new, number - self._first[name] + (kind in ("Functional", "Model")), output]

    def _taken(self, stored: Sequence[Any]) -> Any:
        name, number, output = stored[:3]
        return output if name == _CONSTANT else self._tensor(name, number, output)

    def _tensor(self, name: str, number: int, output: int) -> Configuration:
        history = [self._new_names[name], number - self._first[name], output]
        return {"class_name": _TENSOR, "config": {"shape": [None], "keras_history": history}}

    def _value(self, value: Any) -> Any:
        """Return an argument: what a layer gives, or what stands there."""
        if isinstance(value, list) and len(value) == 3 and value[0] in self._new_names:
            return self._tensor(*value)
        return value

    def _renamed(self, stored: Any) -> Any:
        if isinstance(stored, Mapping) and stored.get("class_name") == _TENSOR:
            name, *numbers = stored["config"]["keras_history"]
            history = [self._new_names[name], *numbers]
            return {**stored, "config": {**stored["config"], "keras_history": history}}
        return [self._renamed(one) for one in stored] if isinstance(stored, list) else stored


def _made_the_first_call(layer: Mapping[str, Any]) -> bool:
    """Return whether a layer is a network whose own input was the first that it was called with."""
    if layer["class_name"] not in NETWORKS:
        return False
    config = layer["config"]
    layers = config if isinstance(config, list) else config["layers"]
    return bool(layers[0]["class_name"] == "InputLayer" or _taken(layers))
