"""The Keras layers that a network may have, and what each of their settings may be.

Keras opens whatever a file names; here only what stands in `LAYERS` passes, with numbers of a size
that somebody may have meant. Another layer is one more entry here, in `export.layers`, which writes
it as a graph, and in `guard.size`.
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


def _is_nested_numbers(value: Any, deepest: int = 4) -> bool:
    """Return whether it is numbers, in some lists of one element each."""
    if _numbers(value):
        return True
    alone = isinstance(value, list) and len(value) == 1
    return deepest > 0 and alone and _is_nested_numbers(value[0], deepest - 1)


is_shape = is_list(_or_nothing(is_whole(1, 100_000)), 1, 6)
_axis = is_whole(-4, 4)
_pair = is_list(is_whole(1, LARGEST_WINDOW), 2, 2)
_margins = is_list(is_list(is_whole(0, LARGEST_WINDOW), 2, 2), 2, 2)
_numbers = _is_either(is_number, is_list(is_number, 1, MOST_FILTERS))
_factor = _or_nothing(_is_either(is_number, is_list(is_number, 2, 2)))
_filters = is_whole(1, MOST_FILTERS)

# Nearly every setting means the same in all layers that have it.
_CHECKS: Mapping[str, Check] = {
    **dict.fromkeys(("alpha", "epsilon", "fill_value", "init_values", "l1", "l2"), is_number),
    **dict.fromkeys(("momentum", "negative_slope", "rate", "stddev", "threshold"), is_number),
    **dict.fromkeys(("center", "invert", "keepdims", "rms_scaling", "scale", "use_bias"), is_flag),
    **dict.fromkeys(("factor", "height_factor", "width_factor", "value_range"), _factor),
    **dict.fromkeys(("filters", "groups", "projection_dim", "units"), _filters),
    **dict.fromkeys(("dilation_rate", "kernel_size", "pool_size", "strides"), _pair),
    **dict.fromkeys(("mean", "variance"), _or_nothing(_is_nested_numbers)),
    "activation": _or_nothing(_is_one_of(*ACTIVATIONS)),
    "axis": _is_either(_axis, is_list(_axis, 1, 1)),
    "batch_shape": is_shape,
    "cropping": _margins,
    "data_format": _or_nothing(_is_one_of("channels_last")),
    "depth_multiplier": is_whole(1, LARGEST_WINDOW),
    "fill_mode": _is_one_of("constant", "reflect", "wrap", "nearest"),
    "interpolation": _is_one_of("nearest", "bilinear"),
    "max_value": _or_nothing(is_number),
    "mode": _is_one_of("horizontal", "vertical", "horizontal_and_vertical"),
    "noise_shape": _or_nothing(is_shape),
    "padding": _is_one_of("valid", "same"),
    "seed": _or_nothing(is_whole(-(2**63), 2**63)),
    "target_shape": is_list(is_whole(-1, 2**31), 1, 5),
}


def _settings(names: str, **own: Check) -> Mapping[str, Check]:
    """Return the checks of these settings, and of those that mean something of their ``own``."""
    return {**{name: _CHECKS[name] for name in names.split()}, **own}


_WINDOW = "data_format kernel_size strides padding dilation_rate activation use_bias"
_RANDOM_MOVE = "data_format seed fill_mode fill_value interpolation"
_POOLING = _settings("data_format pool_size padding", strides=_or_nothing(_pair))
_GLOBAL_POOLING = _settings("data_format keepdims")
_DROPOUT = _settings("rate seed noise_shape")

MERGES = frozenset(
    {"Add", "Average", "Divide", "Maximum", "Minimum", "Multiply", "Subtract", "TrueDivide"}
)

LAYERS: Mapping[str, Mapping[str, Check]] = {
    **{kind: {} for kind in MERGES},
    "Activation": _settings("activation"),
    "ActivityRegularization": _settings("l1 l2"),
    "AlphaDropout": _DROPOUT,
    "AveragePooling2D": _POOLING,
    "BatchNormalization": _settings("axis momentum epsilon center scale"),
    "Concatenate": _settings("", axis=_axis),
    "Conv2D": _settings(f"{_WINDOW} filters groups"),
    "Cropping2D": _settings("data_format cropping"),
    "Dense": _settings("units activation use_bias"),
    "DepthwiseConv2D": _settings(f"{_WINDOW} depth_multiplier"),
    "Dropout": _DROPOUT,
    "ELU": _settings("alpha"),
    "Flatten": _settings("data_format"),
    "GaussianDropout": _settings("rate seed"),
    "GaussianNoise": _settings("stddev seed"),
    "GlobalAveragePooling2D": _GLOBAL_POOLING,
    "GlobalMaxPooling2D": _GLOBAL_POOLING,
    "Identity": {},
    "InputLayer": _settings("batch_shape"),
    "LayerNormalization": _settings("axis epsilon center scale rms_scaling"),
    "LayerScale": _settings("init_values projection_dim"),
    "LeakyReLU": _settings("negative_slope"),
    "MaxPooling2D": _POOLING,
    "Normalization": _settings("axis invert mean variance"),
    "RandomBrightness": _settings("factor value_range seed"),
    "RandomContrast": _settings("data_format factor value_range seed"),
    "RandomFlip": _settings("data_format seed mode"),
    "RandomRotation": _settings(f"{_RANDOM_MOVE} factor"),
    "RandomTranslation": _settings(f"{_RANDOM_MOVE} height_factor width_factor"),
    "RandomZoom": _settings(f"{_RANDOM_MOVE} height_factor width_factor"),
    "ReLU": _settings("max_value negative_slope threshold"),
    "Rescaling": {"scale": _numbers, "offset": _numbers},
    "Reshape": _settings("target_shape"),
    "SeparableConv2D": _settings(f"{_WINDOW} filters depth_multiplier"),
    "Softmax": _settings("", axis=_axis),
    "SpatialDropout2D": _settings("data_format rate seed"),
    "ZeroPadding2D": _settings("data_format", padding=_margins),
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
