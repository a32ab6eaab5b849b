"""Keras's own operations that a network may have, such as `x / 255`, and what is said of them.

A functional network holds them beside its layers. Here is what each of them may be set to, and what
most are in terms of layers, so that sizes and graphs know few kinds. Those of arithmetic
(`layer_settings.MERGES`) are layers already.
"""

from collections.abc import Mapping, Sequence
from types import EllipsisType
from typing import Any

from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.layer_settings import (
    LARGEST_SIDE,
    LARGEST_WINDOW,
    MERGES,
    MOST_AXES,
    Check,
    is_axis,
    is_either,
    is_flag,
    is_list,
    is_nothing_or,
    is_number,
    is_one_of,
    is_order,
    is_whole,
)

NUMPY, NN = "keras.src.ops.numpy", "keras.src.ops.nn"
ELLIPSIS, SLICE = "__ellipsis__", "__slice__"

# What a part of an array is picked by, axis by axis: an index, a range (start, stop, step) or a new
# axis; an ellipsis stands for all axes that are left.
Pick = int | tuple[int | None, int | None, int | None] | None
Picks = tuple[Pick | EllipsisType, ...]

_side = is_whole(1, LARGEST_SIDE)
_window = is_either(is_whole(1, LARGEST_WINDOW), is_list(is_whole(1, LARGEST_WINDOW), 2, 2))
_axes = is_either(is_axis, is_list(is_axis, 1, 4))
_pooling: Mapping[str, Check] = {
    "pool_size": _window,
    "strides": is_nothing_or(_window),
    "padding": is_one_of("valid", "same"),
    "data_format": is_nothing_or(is_one_of("channels_last")),
}
_one_axis: Mapping[str, Check] = {"axis": is_axis}
_reduction: Mapping[str, Check] = {"axis": _axes, "keepdims": is_flag}
_relu: Mapping[str, Check] = {
    "negative_slope": is_number,
    "max_value": is_nothing_or(is_number),
    "threshold": is_number,
}
_resize: Mapping[str, Check] = {
    "size": is_list(_side, 2, 2),
    "interpolation": is_one_of("nearest", "bilinear", "bicubic"),
    "crop_to_aspect_ratio": is_flag,
    "fill_mode": is_one_of("constant"),
    "fill_value": is_number,
    "data_format": is_nothing_or(is_one_of("channels_last")),
}


def _is_transposition(value: Any) -> bool:
    return isinstance(value, list) and value[:1] == [0] and is_order(value[1:])


def _is_shape_of_each(value: Any) -> bool:
    """Return whether it is a shape whose first axis still counts images."""
    return (
        isinstance(value, list)
        and value[:1] == [-1]
        and is_list(is_whole(1, 2**31), 1, MOST_AXES)(value[1:])
    )


_is_padding = is_list(is_list(is_whole(0, LARGEST_WINDOW), 2, 2), 2, MOST_AXES)
# Networks calculate in float32 here, whatever they were saved in.
_is_a_float = is_one_of("float", "float16", "float32", "float64", "bfloat16")

# Keras's name of each activation, by that of its operation.
_ACTIVATIONS: Mapping[str, str] = {
    "Exp": "exponential",
    "HardSigmoid": "hard_sigmoid",
    "HardSilu": "hard_silu",
    "Relu": "relu",
    "Relu6": "relu6",
    "Selu": "selu",
    "Sigmoid": "sigmoid",
    "Silu": "silu",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Tanh": "tanh",
}
_REDUCTIONS: Mapping[str, str] = {
    "Amax": "Max", "Amin": "Min", "Max": "Max", "Mean": "Mean", "Min": "Min", "Std": "Std",
    "Sum": "Sum", "Var": "Var",
}  # fmt: skip

_OF_NUMPY: Mapping[str, Mapping[str, Check]] = {
    **{kind: {} for kind in MERGES - {"Average"}},
    **{kind: {} for kind in ("Absolute", "Exp", "GetItem", "Log", "Log1p", "Negative", "Sqrt")},
    **{kind: {} for kind in ("Square", "Tanh")},
    **dict.fromkeys(_REDUCTIONS, _reduction),
    **dict.fromkeys(("Concatenate", "ExpandDims", "Flip", "Squeeze", "Stack"), _one_axis),
    "Clip": {"x_min": is_number, "x_max": is_number},
    "Pad": {"pad_width": _is_padding, "mode": is_one_of("constant")},
    "Reshape": {"newshape": _is_shape_of_each},
    "Transpose": {"axes": _is_transposition},
}
_OF_NN: Mapping[str, Mapping[str, Check]] = {
    **{kind: {} for kind in _ACTIVATIONS if kind not in _OF_NUMPY},
    **dict.fromkeys(("AveragePool", "MaxPool"), _pooling),
    "Elu": {"alpha": is_number},
    "Gelu": {"approximate": is_flag},
    "LeakyRelu": {"negative_slope": is_number},
    "LogSoftmax": {"axis": is_whole(-1, -1)},
    "Softmax": {"axis": is_axis},
}

OPERATIONS: Mapping[tuple[str, str], Mapping[str, Check]] = {
    **{(NUMPY, kind): settings for kind, settings in _OF_NUMPY.items()},
    **{(NN, kind): settings for kind, settings in _OF_NN.items()},
    ("keras.src.ops.core", "Cast"): {"dtype": _is_a_float},
    ("keras.src.ops.image", "RGBToGrayscale"): {},
    ("keras.src.ops.image", "Resize"): _resize,
    ("keras.src.activations.activations", "ReLU"): _relu,
}
# Where an operation comes from whose file does not say so.
MODULES_OF_OPERATIONS: Mapping[str, str] = {kind: module for module, kind in OPERATIONS}


def said_as_layer(layer: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return what a layer or operation is and is set to, an operation as the layer of its kind.

    ``layer`` is a part of a checked configuration, or of what Keras makes of one. What no layer
    does keeps its own name, besides "Reduction", which is any kind of mean, sum or extreme.
    """
    kind, settings = layer["class_name"], layer["config"]
    if (layer.get("module"), kind) not in OPERATIONS:
        return kind, settings
    if kind in _ACTIVATIONS:
        return "Activation", {"activation": _ACTIVATIONS[kind]}
    if kind in _REDUCTIONS:
        return "Reduction", {**settings, "how": _REDUCTIONS[kind]}
    return _SAID[kind](settings) if kind in _SAID else (kind, settings)


def _pooled(kind: str, settings: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    window = _pair(settings["pool_size"])
    strides = _pair(settings.get("strides") or window)
    return kind, {"pool_size": window, "strides": strides, "padding": settings["padding"]}


def _pair(number: int | Sequence[int]) -> list[int]:
    return [number, number] if isinstance(number, int) else list(number)


_SAID: Mapping[str, Any] = {
    "AveragePool": lambda settings: _pooled("AveragePooling2D", settings),
    "Cast": lambda settings: ("Identity", {}),
    "Elu": lambda settings: ("ELU", settings),
    "LeakyRelu": lambda settings: ("LeakyReLU", settings),
    "LogSoftmax": lambda settings: ("Activation", {"activation": "log_softmax"}),
    "MaxPool": lambda settings: _pooled("MaxPooling2D", settings),
    "Reshape": lambda settings: ("Reshape", {"target_shape": list(settings["newshape"][1:])}),
    "Resize": lambda settings: (
        "Resizing",
        {**settings, "height": settings["size"][0], "width": settings["size"][1]},
    ),
    "Transpose": lambda settings: ("Permute", {"dims": list(settings["axes"][1:])}),
}


def picks_of(stored: Any) -> Picks:
    """Return what the second argument of a call of `GetItem` picks, as Keras writes it.

    Raises
    ------
    ClassifierFileError
        It is written in another way.
    """
    each = stored if isinstance(stored, (list, tuple)) else [stored]
    if not 1 <= len(each) <= MOST_AXES + 1:
        raise _no_pick()
    return tuple(map(_pick, each))


def _pick(stored: Any) -> Pick | EllipsisType:
    if stored is None or _is_index(stored):
        return stored  # type: ignore[no-any-return]
    if isinstance(stored, Mapping) and stored.get("class_name") == ELLIPSIS:
        return ...
    config = stored.get("config") if isinstance(stored, Mapping) else None
    if isinstance(config, Mapping) and stored.get("class_name") == SLICE:
        start, stop, step = (config.get(end) for end in ("start", "stop", "step"))
        if all(end is None or _is_index(end) for end in (start, stop, step)) and step != 0:
            return start, stop, step
    raise _no_pick()


_is_index = is_whole(-100_000, 100_000)


def _no_pick() -> ClassifierFileError:
    return ClassifierFileError("The network picks parts of an array in a way not known here.")


def stored_picks(picks: Picks) -> list[Any]:
    """Return picks as Keras writes them."""
    return [_stored_pick(pick) for pick in picks]


def _stored_pick(pick: Pick | EllipsisType) -> Any:
    if pick is ...:
        return {"class_name": ELLIPSIS, "config": {}}
    if isinstance(pick, tuple):
        return {
            "class_name": SLICE,
            "config": dict(zip(("start", "stop", "step"), pick, strict=True)),
        }
    return pick


def picks_by_axis(picks: Picks, n_axes: int) -> tuple[Pick, ...]:
    """Return a pick for every axis of an array, the first of which, that of images, stays whole.

    Raises
    ------
    ClassifierFileError
        The array has fewer axes, or some images are left out.
    """
    n_named = sum(pick is not None and pick is not ... for pick in picks)
    place = picks.index(...) if ... in picks else len(picks)
    rest = ((None, None, None),) * (n_axes - n_named)
    each = [pick for pick in (*picks[:place], *rest, *picks[place + 1 :]) if pick is not ...]
    if n_named > n_axes or each[0] != (None, None, None) or picks.count(...) > 1:
        raise _no_pick()
    return tuple(each)
