"""The Keras layers that a network may have, and what each of their settings may be.

Keras opens whatever a file names; here only what stands in `LAYERS` passes, with numbers of a size
that somebody may have meant. Another layer is one more entry here, in `graph_layers`, which writes
it as a graph, and in `layer_shapes`.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]

LONGEST_NAME = 200
MOST_FILTERS = 65_536
LARGEST_WINDOW = 1024
LARGEST_NUMBER = 1e6

ACTIVATIONS = frozenset(
    {"elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_swish", "leaky_relu"}
    | {"linear", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus"}
    | {"softsign", "swish", "tanh"}
)


def is_name(value: Any) -> bool:
    """Return whether it can be the name of a layer."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME


def is_flag(value: Any) -> bool:
    """Return whether it is true or false."""
    return isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Return whether it is a number of a sane size."""
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return plain and math.isfinite(value) and abs(value) <= LARGEST_NUMBER


def is_whole(low: int, high: int) -> Check:
    """Return what tells whole numbers from ``low`` to ``high``."""
    return lambda value: type(value) is int and low <= value <= high


def _is_one_of(*choices: str) -> Check:
    return lambda value: isinstance(value, str) and value in choices


def is_list(of: Check, shortest: int, longest: int) -> Check:
    """Return what tells lists of so many of the same."""
    return lambda value: (
        isinstance(value, list) and shortest <= len(value) <= longest and all(map(of, value))
    )


def _or_nothing(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _is_either(*checks: Check) -> Check:
    return lambda value: any(check(value) for check in checks)


_length = _or_nothing(is_whole(1, 100_000))
is_shape = is_list(_length, 1, 6)
_pair = is_list(is_whole(1, LARGEST_WINDOW), 2, 2)
_margins = is_list(is_list(is_whole(0, LARGEST_WINDOW), 2, 2), 2, 2)
_axis = _is_either(is_whole(-4, 4), is_list(is_whole(-4, 4), 1, 1))
_numbers = _is_either(is_number, is_list(is_number, 1, MOST_FILTERS))
_nested_numbers = _is_either(
    _numbers, *(lambda value, d=d: _is_nested(value, d) for d in range(1, 5))
)
_factor = _or_nothing(_is_either(is_number, is_list(is_number, 2, 2)))
_seed = _or_nothing(is_whole(-(2**63), 2**63))
_padding = _is_one_of("valid", "same")
_fill = _is_one_of("constant", "reflect", "wrap", "nearest")
_interpolation = _is_one_of("nearest", "bilinear")
_activation = _or_nothing(_is_one_of(*ACTIVATIONS))


def _is_nested(value: Any, depth: int) -> bool:
    if depth == 0:
        return _numbers(value)
    return isinstance(value, list) and len(value) == 1 and _is_nested(value[0], depth - 1)


_FORMAT: Mapping[str, Check] = {"data_format": _or_nothing(_is_one_of("channels_last"))}
_WINDOW: Mapping[str, Check] = {
    **_FORMAT,
    "kernel_size": _pair,
    "strides": _pair,
    "padding": _padding,
    "dilation_rate": _pair,
    "activation": _activation,
    "use_bias": is_flag,
}
_POOLING: Mapping[str, Check] = {
    **_FORMAT,
    "pool_size": _pair,
    "strides": _or_nothing(_pair),
    "padding": _padding,
}
_GLOBAL: Mapping[str, Check] = {**_FORMAT, "keepdims": is_flag}
_DROPOUT: Mapping[str, Check] = {
    "rate": is_number,
    "seed": _seed,
    "noise_shape": _or_nothing(is_shape),
}
_MOVED: Mapping[str, Check] = {
    **_FORMAT,
    "seed": _seed,
    "fill_mode": _fill,
    "fill_value": is_number,
    "interpolation": _interpolation,
}

MERGES = frozenset(
    {"Add", "Average", "Divide", "Maximum", "Minimum", "Multiply", "Subtract", "TrueDivide"}
)

LAYERS: Mapping[str, Mapping[str, Check]] = {
    **{kind: {} for kind in MERGES},
    "Activation": {"activation": _activation},
    "ActivityRegularization": {"l1": is_number, "l2": is_number},
    "AlphaDropout": _DROPOUT,
    "AveragePooling2D": _POOLING,
    "BatchNormalization": {
        "axis": _axis,
        "momentum": is_number,
        "epsilon": is_number,
        "center": is_flag,
        "scale": is_flag,
    },
    "Concatenate": {"axis": is_whole(-4, 4)},
    "Conv2D": {
        **_WINDOW,
        "filters": is_whole(1, MOST_FILTERS),
        "groups": is_whole(1, MOST_FILTERS),
    },
    "Cropping2D": {**_FORMAT, "cropping": _margins},
    "Dense": {
        "units": is_whole(1, MOST_FILTERS),
        "activation": _activation,
        "use_bias": is_flag,
    },
    "DepthwiseConv2D": {**_WINDOW, "depth_multiplier": is_whole(1, LARGEST_WINDOW)},
    "Dropout": _DROPOUT,
    "ELU": {"alpha": is_number},
    "Flatten": _FORMAT,
    "GaussianDropout": {"rate": is_number, "seed": _seed},
    "GaussianNoise": {"stddev": is_number, "seed": _seed},
    "GlobalAveragePooling2D": _GLOBAL,
    "GlobalMaxPooling2D": _GLOBAL,
    "Identity": {},
    "InputLayer": {"batch_shape": is_shape},
    "LayerNormalization": {
        "axis": _axis,
        "epsilon": is_number,
        "center": is_flag,
        "scale": is_flag,
        "rms_scaling": is_flag,
    },
    "LayerScale": {"init_values": is_number, "projection_dim": is_whole(1, MOST_FILTERS)},
    "LeakyReLU": {"negative_slope": is_number},
    "MaxPooling2D": _POOLING,
    "Normalization": {
        "axis": _axis,
        "invert": is_flag,
        "mean": _or_nothing(_nested_numbers),
        "variance": _or_nothing(_nested_numbers),
    },
    "RandomBrightness": {"factor": _factor, "value_range": _factor, "seed": _seed},
    "RandomContrast": {**_FORMAT, "factor": _factor, "value_range": _factor, "seed": _seed},
    "RandomFlip": {
        **_FORMAT,
        "seed": _seed,
        "mode": _is_one_of("horizontal", "vertical", "horizontal_and_vertical"),
    },
    "RandomRotation": {**_MOVED, "factor": _factor},
    "RandomTranslation": {**_MOVED, "height_factor": _factor, "width_factor": _factor},
    "RandomZoom": {**_MOVED, "height_factor": _factor, "width_factor": _factor},
    "ReLU": {
        "max_value": _or_nothing(is_number),
        "negative_slope": is_number,
        "threshold": is_number,
    },
    "Rescaling": {"scale": _numbers, "offset": _numbers},
    "Reshape": {"target_shape": is_list(is_whole(-1, 2**31), 1, 5)},
    "SeparableConv2D": {
        **_WINDOW,
        "filters": is_whole(1, MOST_FILTERS),
        "depth_multiplier": is_whole(1, LARGEST_WINDOW),
    },
    "Softmax": {"axis": is_whole(-4, 4)},
    "SpatialDropout2D": {**_FORMAT, "rate": is_number, "seed": _seed},
    "ZeroPadding2D": {**_FORMAT, "padding": _margins},
}

# Where Keras says that they come from.
MODULES: Mapping[str, frozenset[str]] = {
    **{kind: frozenset({"keras.layers"}) for kind in LAYERS},
    **{kind: frozenset({"keras.layers", "keras.src.ops.numpy"}) for kind in MERGES},
    "LayerScale": frozenset({"keras.src.applications.convnext"}),
}

# They say how weights begin and are held in check while a network learns; it has its weights.
_FOR_TRAINING = ("initializer", "regularizer", "constraint")
_PASSED_OVER = frozenset(
    {"dtype", "sparse", "ragged", "optional", "synchronized", "renorm_clipping"}
    | {"renorm_momentum", "name", "trainable", "seed_generator", "data_format"}
)


def is_passed_over(setting: str, value: Any) -> bool:
    """Return whether a setting that a layer may not have says nothing of what it calculates."""
    if setting.rpartition("_")[2] in _FOR_TRAINING:
        return True
    # What newer versions of Keras add says nothing as long as it is switched off.
    return value is None or value is False or setting in _PASSED_OVER
