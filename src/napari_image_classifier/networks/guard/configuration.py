"""A network's `config.json`, looked through before Keras sees it: known layers, sane numbers.

What Keras is given is not what stood in the file but what was understood of it, written anew.
"""

from collections.abc import Mapping
from typing import Any

from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.layer_settings import (
    LAYERS,
    LONGEST_NAME,
    MODULES,
    is_flag,
    is_list,
    is_name,
    is_number,
    is_passed_over,
    is_shape,
    is_whole,
)

NETWORKS: Mapping[str, str] = {"Functional": "Model", "Model": "Model", "Sequential": "Sequential"}
# The largest network of keras.applications has 1,041 layers.
MOST_LAYERS = 2000
MOST_INPUTS = 200
DEEPEST_NETWORK = 5
_TENSOR = "__keras_tensor__"
_ARE_INDICES = is_list(is_whole(0, MOST_INPUTS), 2, 2)
_ARGUMENTS = frozenset({"mask", "training", "inputs", "x", "x1", "x2"})

Configuration = dict[str, Any]


def checked_configuration(stored: Any) -> Configuration:
    """Return the configuration of a network as Keras may be given it.

    ``stored`` is what the file says: a Functional or Sequential network. Initial values,
    regularisers and how it was compiled are left out, and it calculates in float32.

    Raises
    ------
    ClassifierFileError
        A sentence that names the layer.
    """
    _check_parts(stored)
    if stored["class_name"] not in NETWORKS:
        raise _unknown(stored)
    if _counted_layers(stored, DEEPEST_NETWORK) > MOST_LAYERS:
        raise ClassifierFileError(f"The network has more than {MOST_LAYERS} layers.")
    return _network(stored)


def _counted_layers(stored: Any, deepest: int) -> int:
    config = stored.get("config") if isinstance(stored, Mapping) else None
    layers = config.get("layers") if isinstance(config, Mapping) else None
    if not isinstance(layers, list):
        return 1
    if deepest == 0:
        raise ClassifierFileError("The network has networks in networks in networks.")
    return sum(_counted_layers(layer, deepest - 1) for layer in layers)


def _check_parts(stored: Any) -> None:
    """Refuse what is not written as Keras writes a layer or a network."""
    if not isinstance(stored, Mapping) or not isinstance(stored.get("class_name"), str):
        raise ClassifierFileError("The network's description is not one that Keras writes.")
    config, module = stored.get("config"), stored.get("module")
    is_keras = isinstance(module, str) and module.split(".")[0] == "keras"
    if not isinstance(config, Mapping) or not is_keras:
        raise _not_keras(stored)
    if config.get("data_format") == "channels_first":
        raise ClassifierFileError(
            "The network takes the channels before y and x; only networks with the channels last "
            "(n, y, x, channel) can be used."
        )


def _not_keras(stored: Mapping[str, Any]) -> ClassifierFileError:
    return ClassifierFileError(
        f"The network holds a part that is not Keras's own, {_shown(stored['class_name'])}, and "
        "needs its author's code, which is never run here."
    )


def _unknown(stored: Mapping[str, Any]) -> ClassifierFileError:
    kind = stored["class_name"]
    return ClassifierFileError(
        f"The network has a layer of a kind that can't be used here: {_shown(kind)} "
        f"(“{_shown(stored['config'].get('name', kind))}”). Ordinary convolution, pooling, "
        "normalisation, activation, merging and dense layers can."
    )


def _shown(text: Any) -> str:
    return str(text)[:60]


def _network(stored: Mapping[str, Any]) -> Configuration:
    kind, config = stored["class_name"], stored["config"]
    layers = config.get("layers")
    if not isinstance(layers, list) or not layers:
        raise ClassifierFileError("The network has no layers.")
    made: Configuration = {
        "name": _name(config),
        "trainable": config.get("trainable", True) is True,
    }
    if kind == "Sequential":
        made["layers"] = [_layer(layer) for layer in layers]
        made["build_input_shape"] = _shape(config.get("build_input_shape"), made["name"])
        if not made["build_input_shape"] and made["layers"][0]["class_name"] != "InputLayer":
            raise ClassifierFileError(
                "The network does not say which images it takes; call it once in Keras, save it "
                "again."
            )
    else:
        names = {str(layer.get("name")) for layer in layers if isinstance(layer, Mapping)}
        made["layers"] = [_called(layer, names) for layer in layers]
        made["input_layers"] = _ends(config.get("input_layers"), names)
        made["output_layers"] = _ends(config.get("output_layers"), names)
    return _written(NETWORKS[kind], "keras", made)


def _written(kind: str, module: str, config: Configuration) -> Configuration:
    registered = None if module in ("keras", "keras.layers") else kind
    return {"module": module, "class_name": kind, "config": config, "registered_name": registered}


def _called(stored: Any, names: set[str]) -> Configuration:
    """Return a layer of a functional network, and what each of its calls takes in."""
    made = _layer(stored)
    calls = stored.get("inbound_nodes")
    if not is_name(stored.get("name")) or not isinstance(calls, list) or len(calls) > MOST_INPUTS:
        raise ClassifierFileError(f"It isn't said how {_shown(made['config']['name'])} is called.")
    return {**made, "name": stored["name"], "inbound_nodes": [_call(call, names) for call in calls]}


def _layer(stored: Any) -> Configuration:
    _check_parts(stored)
    kind, config = stored["class_name"], stored["config"]
    if kind in NETWORKS:
        return _network(stored)
    if kind not in LAYERS:
        raise _unknown(stored)
    if stored["module"] not in MODULES[kind]:
        raise _not_keras(stored)
    made: Configuration = {"name": _name(config)}
    if is_flag(config.get("trainable")):
        made["trainable"] = config["trainable"]
    for setting, value in config.items():
        plain = _plain(value) if setting == "activation" else value
        check = LAYERS[kind].get(setting)
        if check is not None and check(plain):
            made[setting] = plain
        elif check is not None or not is_passed_over(setting, plain):
            raise ClassifierFileError(
                f"The layer “{_shown(made['name'])}” ({kind}) of the network has a setting that "
                f"can't be used here: {_shown(setting)} = {_shown(value)}."
            )
    return _written(kind, stored["module"], made)


def _plain(activation: Any) -> Any:
    """Return an activation by its name where it is given as Keras's own function or layer."""
    if isinstance(activation, Mapping) and activation.get("class_name") == "function":
        return activation.get("config")
    return activation


def _name(config: Mapping[str, Any]) -> str:
    name = config.get("name")
    if not isinstance(name, str) or not is_name(name):
        raise ClassifierFileError(f"A layer's name has more than {LONGEST_NAME} letters, or none.")
    return name


def _shape(stored: Any, name: str) -> Any:
    if stored is not None and not is_shape(stored):
        raise ClassifierFileError(f"The shape that “{_shown(name)}” takes makes no sense.")
    return stored


def _call(stored: Any, names: set[str]) -> Configuration:
    if not isinstance(stored, Mapping) or not isinstance(stored.get("args"), list):
        raise ClassifierFileError("How the network's layers are called is not as Keras writes it.")
    given = stored.get("kwargs") or {}
    if not isinstance(given, Mapping) or not set(given) <= _ARGUMENTS:
        raise ClassifierFileError("A layer of the network is called in a way not known here.")
    return {
        "args": [_argument(argument, names) for argument in stored["args"]],
        "kwargs": {key: _argument(argument, names) for key, argument in given.items()},
    }


def _argument(stored: Any, names: set[str]) -> Any:
    if stored is None or is_flag(stored) or is_number(stored):
        return stored
    if isinstance(stored, list) and len(stored) <= MOST_INPUTS:
        return [_argument(argument, names) for argument in stored]
    config = stored.get("config") if isinstance(stored, Mapping) else None
    if isinstance(config, Mapping) and stored.get("class_name") == _TENSOR:
        history = _history(config.get("keras_history"), names)
        shape = _shape(config.get("shape"), history[0])
        made = {"shape": shape, "dtype": "float32", "keras_history": history}
        return {"class_name": _TENSOR, "config": made}
    raise ClassifierFileError(
        "A layer of the network is called with something that is neither a number nor what "
        "another layer gives."
    )


def _history(stored: Any, names: set[str]) -> list[Any]:
    match stored:
        case [str(name), *numbers] if name in names and _ARE_INDICES(numbers):
            return [name, *numbers]
    raise ClassifierFileError("A layer of the network takes in what no layer gives.")


def _ends(stored: Any, names: set[str]) -> Any:
    """Return ["name", 0, 0], or a list of such."""
    if isinstance(stored, list) and stored and isinstance(stored[0], list):
        return [_history(end, names) for end in stored[:MOST_INPUTS]]
    return _history(stored, names)
