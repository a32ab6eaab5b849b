"""A network's `config.json`, looked through before Keras sees it: known layers, sane numbers.

What Keras is given is not what stood in the file but what was understood of it, written anew.
"""

from collections.abc import Mapping
from typing import Any

from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.layer_settings import (
    LAYERS,
    LEFT_OUT,
    LONGEST_NAME,
    MODULES,
    MOST_AXES,
    Check,
    is_flag,
    is_list,
    is_name,
    is_number,
    is_passed_over,
    is_shape,
    is_whole,
)
from napari_image_classifier.networks.guard.operations import (
    OPERATIONS,
    picks_of,
    stored_picks,
)

NETWORKS: Mapping[str, str] = {"Functional": "Model", "Model": "Model", "Sequential": "Sequential"}
# The largest network of keras.applications has 1,041 layers.
MOST_LAYERS = 2000
MOST_INPUTS = 200
DEEPEST_NETWORK = 5
# Of an array that is part of the configuration, such as the mean colour of photographs.
MOST_NUMBERS = 10_000
_TENSOR, _ARRAY = "__keras_tensor__", "__numpy__"
_ARRAYS = (_ARRAY, "__tensor__")
_ARE_INDICES = is_list(is_whole(0, MOST_INPUTS), 2, 2)
_ARGUMENTS = frozenset({"constant_values", "mask", "training", "inputs", "x", "x1", "x2", "xs"})

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
    usable = (
        "Ordinary convolution, pooling, normalisation, activation, merging and dense layers can."
    )
    if kind == "Lambda":
        usable = (
            "It is Python code, and no code of a file is run here: in Keras, put layers or "
            "operations of its own in its place, such as Rescaling, and save the network again."
        )
    return ClassifierFileError(
        f"The network has a layer of a kind that can't be used here: {_shown(kind)} "
        f"(“{_shown(stored['config'].get('name', kind))}”). {usable}"
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
    if len({layer["config"]["name"] for layer in made["layers"]}) < len(made["layers"]):
        raise ClassifierFileError("Two layers of the network have the same name.")
    return _written(NETWORKS[kind], "keras", made)


def _written(kind: str, module: str, config: Configuration) -> Configuration:
    registered = None if module in ("keras", "keras.layers") else kind
    return {"module": module, "class_name": kind, "config": config, "registered_name": registered}


def _called(stored: Any, names: set[str]) -> Configuration:
    """Return a layer of a functional network, and what each of its calls takes in."""
    made = _layer(stored)
    calls = stored.get("inbound_nodes")
    named = is_name(stored.get("name")) and stored["name"] == made["config"]["name"]
    if not named or not isinstance(calls, list) or len(calls) > MOST_INPUTS:
        raise ClassifierFileError(f"It isn't said how {_shown(made['config']['name'])} is called.")
    picks = made["class_name"] == "GetItem"
    called = [_pick(call, names) if picks else _call(call, names) for call in calls]
    return {**made, "name": stored["name"], "inbound_nodes": called}


def _layer(stored: Any) -> Configuration:
    _check_parts(stored)
    kind, config = stored["class_name"], stored["config"]
    if kind in NETWORKS:
        return _network(stored)
    made: Configuration = {"name": _name(config)}
    if kind in LEFT_OUT and stored["module"] == "keras.layers":
        return _written("Identity", stored["module"], made)
    checks = _checks(stored)
    if is_flag(config.get("trainable")):
        made["trainable"] = config["trainable"]
    for setting, value in config.items():
        plain = _plain(value) if setting == "activation" else value
        check = checks.get(setting)
        if check is not None and check(plain):
            made[setting] = plain
        elif check is not None or not is_passed_over(setting, plain):
            raise ClassifierFileError(
                f"The layer “{_shown(made['name'])}” ({kind}) of the network has a setting that "
                f"can't be used here: {_shown(setting)} = {_shown(value)}."
            )
    return _written(kind, stored["module"], made)


def _checks(stored: Mapping[str, Any]) -> Mapping[str, Check]:
    """Return what each setting of a layer or operation may be."""
    kind, module = stored["class_name"], stored["module"]
    if (module, kind) in OPERATIONS:
        return OPERATIONS[module, kind]
    if kind not in LAYERS:
        raise _unknown(stored)
    if module not in MODULES[kind]:
        raise _not_keras(stored)
    return LAYERS[kind]


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


def _pick(stored: Any, names: set[str]) -> Configuration:
    """Return a call of `GetItem`, which takes in an array and says what of it is picked."""
    match stored:
        case {"args": [array, picks], "kwargs": {}}:
            return {
                "args": [_argument(array, names), stored_picks(picks_of(picks))],
                "kwargs": {},
            }
    raise ClassifierFileError("How the network's layers are called is not as Keras writes it.")


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
    if isinstance(config, Mapping) and stored.get("class_name") in _ARRAYS:
        return {"class_name": _ARRAY, "config": {"value": _numbers(config), "dtype": "float32"}}
    raise ClassifierFileError(
        "A layer of the network is called with something that is neither a number nor what "
        "another layer gives."
    )


def _numbers(config: Mapping[str, Any]) -> Any:
    """Return an array of the configuration as it is stored: lists of lists of numbers."""
    value = config.get("value")
    lengths: list[int] = []
    numbers: list[Any] = [value]
    while isinstance(numbers[0], list):
        same = {len(part) if isinstance(part, list) else -1 for part in numbers}
        numbers = [one for part in numbers for one in part] if len(same) == 1 else []
        lengths.append(same.pop())
        if not 0 < len(numbers) <= MOST_NUMBERS or len(lengths) > MOST_AXES:
            raise ClassifierFileError("The network holds an array that no network needs.")
    if not all(map(is_number, numbers)):
        raise ClassifierFileError("The network holds an array of something else than numbers.")
    return value


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
