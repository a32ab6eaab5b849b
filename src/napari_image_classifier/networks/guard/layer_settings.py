"""The Keras layers that a network may have, and what each of their settings may be.

Keras opens whatever a file names; here only what stands in `LAYERS` passes, with numbers of a size
that somebody may have meant. Another layer is one more entry here, in `export.layers`, which writes
it as a graph, and in `guard.size`.
"""

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]

LONGEST_NAME = 200
MOST_FILTERS = 65_536
LARGEST_WINDOW = 1024
LARGEST_SIDE = 8192
MOST_AXES = 5
LARGEST_NUMBER = 1e6

ACTIVATIONS = frozenset(
    {"elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_swish", "leaky_relu"}
    | {
        "linear",
        "log_softmax",
        "mish",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "softmax",
        "softplus",
    }
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
    # Neither what is no number nor a whole one beyond all fractions can be held against more.
    return plain and abs(value) <= LARGEST_NUMBER


def is_whole(low: int, high: int) -> Check:
    """Return what tells whole numbers from ``low`` to ``high``."""
    return lambda value: type(value) is int and low <= value <= high


def is_one_of(*choices: str) -> Check:
    """Return what tells these texts from all else."""
    return lambda value: isinstance(value, str) and value in choices


def is_list(of: Check, shortest: int, longest: int) -> Check:
    """Return what tells lists of so many of the same."""
    return lambda value: (
        isinstance(value, list) and shortest <= len(value) <= longest and all(map(of, value))
    )


def is_order(value: Any) -> bool:
    """Return whether it is the numbers from 1 on, each once, in any order."""
    numbers = is_list(is_whole(1, MOST_AXES), 1, MOST_AXES)(value)
    return numbers and sorted(value) == list(range(1, len(value) + 1))


def _is_switched_off(value: Any) -> bool:
    return value is False


def is_nothing_or(check: Check) -> Check:
    """Return what passes None as well."""
    return lambda value: value is None or check(value)


def is_either(*checks: Check) -> Check:
    """Return what passes whatever one of these does."""
    return lambda value: any(check(value) for check in checks)


def _is_nested_numbers(value: Any, deepest: int = 4) -> bool:
    """Return whether it is numbers, in some lists of one element each."""
    if _numbers(value):
        return True
    alone = isinstance(value, list) and len(value) == 1
    return deepest > 0 and alone and _is_nested_numbers(value[0], deepest - 1)


is_shape = is_list(is_nothing_or(is_whole(1, 100_000)), 1, 6)
is_axis = is_whole(-4, 4)
_pair = is_list(is_whole(1, LARGEST_WINDOW), 2, 2)
_margins = is_list(is_list(is_whole(0, LARGEST_WINDOW), 2, 2), 2, 2)
_numbers = is_either(is_number, is_list(is_number, 1, MOST_FILTERS))
_factor = is_nothing_or(is_either(is_number, is_list(is_number, 2, 2)))
_filters = is_whole(1, MOST_FILTERS)

# Nearly every setting means the same in all layers that have it.
_CHECKS: Mapping[str, Check] = {
    **dict.fromkeys(("alpha", "epsilon", "fill_value", "init_values", "l1", "l2"), is_number),
    **dict.fromkeys(("momentum", "negative_slope", "rate", "stddev", "threshold"), is_number),
    **dict.fromkeys(("center", "invert", "keepdims", "rms_scaling", "scale", "use_bias"), is_flag),
    **dict.fromkeys(("antialias", "pad_to_aspect_ratio"), _is_switched_off),
    **dict.fromkeys(("factor", "height_factor", "width_factor", "value_range"), _factor),
    **dict.fromkeys(("filters", "groups", "projection_dim", "units"), _filters),
    **dict.fromkeys(("dilation_rate", "kernel_size", "pool_size", "strides"), _pair),
    **dict.fromkeys(("height", "width"), is_whole(1, LARGEST_SIDE)),
    **dict.fromkeys(("mean", "variance"), is_nothing_or(_is_nested_numbers)),
    "activation": is_nothing_or(is_one_of(*ACTIVATIONS)),
    "axis": is_either(is_axis, is_list(is_axis, 1, 1)),
    "batch_shape": is_shape,
    "crop_to_aspect_ratio": is_flag,
    "cropping": _margins,
    "data_format": is_nothing_or(is_one_of("channels_last")),
    "depth_multiplier": is_whole(1, LARGEST_WINDOW),
    "dims": is_order,
    "fill_mode": is_one_of("constant", "reflect", "wrap", "nearest"),
    "interpolation": is_one_of("nearest", "bilinear"),
    "max_value": is_nothing_or(is_number),
    "mode": is_one_of("horizontal", "vertical", "horizontal_and_vertical"),
    "noise_shape": is_nothing_or(is_shape),
    "padding": is_one_of("valid", "same"),
    "seed": is_nothing_or(is_whole(-(2**63), 2**63)),
    "shared_axes": is_nothing_or(is_list(is_whole(1, 4), 0, 4)),
    "target_shape": is_list(is_whole(-1, 2**31), 1, 5),
}


def settings_for(names: str, **own: Check) -> Mapping[str, Check]:
    """Return the checks of these settings, and of those that mean something of their ``own``."""
    return {**{name: _CHECKS[name] for name in names.split()}, **own}


_WINDOW = "data_format kernel_size strides padding dilation_rate activation use_bias"
_RANDOM_MOVE = "data_format seed fill_mode fill_value interpolation"
_POOLING = settings_for("data_format pool_size padding", strides=is_nothing_or(_pair))
_GLOBAL_POOLING = settings_for("data_format keepdims")
_DROPOUT = settings_for("rate seed noise_shape")

_MERGING_LAYERS = frozenset({"Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"})
MERGES = _MERGING_LAYERS | {"Divide", "Power", "TrueDivide"}

LAYERS: Mapping[str, Mapping[str, Check]] = {
    **{kind: {} for kind in MERGES},
    "Activation": settings_for("activation"),
    "ActivityRegularization": settings_for("l1 l2"),
    "AlphaDropout": _DROPOUT,
    "AveragePooling2D": _POOLING,
    "BatchNormalization": settings_for("axis momentum epsilon center scale"),
    "CenterCrop": settings_for("data_format height width"),
    "Concatenate": settings_for("", axis=is_axis),
    "Conv2D": settings_for(f"{_WINDOW} filters groups"),
    "Cropping2D": settings_for("data_format cropping"),
    "Dense": settings_for("units activation use_bias"),
    "DepthwiseConv2D": settings_for(f"{_WINDOW} depth_multiplier"),
    "Dropout": _DROPOUT,
    "ELU": settings_for("alpha"),
    "Flatten": settings_for("data_format"),
    "GaussianDropout": settings_for("rate seed"),
    "GaussianNoise": settings_for("stddev seed"),
    "GlobalAveragePooling2D": _GLOBAL_POOLING,
    "GlobalMaxPooling2D": _GLOBAL_POOLING,
    "GroupNormalization": settings_for(
        "epsilon center scale",
        axis=is_either(is_whole(-1, -1), is_whole(1, 4)),
        groups=is_either(is_whole(-1, -1), is_whole(1, MOST_FILTERS)),
    ),
    "Identity": {},
    "InputLayer": settings_for("batch_shape"),
    "LayerNormalization": settings_for("axis epsilon center scale rms_scaling"),
    "LayerScale": settings_for("init_values projection_dim"),
    "LeakyReLU": settings_for("negative_slope"),
    "MaxPooling2D": _POOLING,
    "Normalization": settings_for("invert mean variance", axis=is_nothing_or(_CHECKS["axis"])),
    "PReLU": settings_for("shared_axes"),
    "Permute": settings_for("dims"),
    "RandomBrightness": settings_for("factor value_range seed"),
    "RandomContrast": settings_for("data_format factor value_range seed"),
    "RandomFlip": settings_for("data_format seed mode"),
    "RandomRotation": settings_for(f"{_RANDOM_MOVE} factor"),
    "RandomTranslation": settings_for(f"{_RANDOM_MOVE} height_factor width_factor"),
    "RandomZoom": settings_for(f"{_RANDOM_MOVE} height_factor width_factor"),
    "ReLU": settings_for("max_value negative_slope threshold"),
    "Rescaling": {"scale": _numbers, "offset": _numbers},
    "Reshape": settings_for("target_shape"),
    "Resizing": settings_for(
        "data_format height width antialias crop_to_aspect_ratio fill_value pad_to_aspect_ratio",
        interpolation=is_one_of("nearest", "bilinear", "bicubic"),
        fill_mode=is_one_of("constant"),
    ),
    "SeparableConv2D": settings_for(f"{_WINDOW} filters depth_multiplier"),
    "Softmax": settings_for("", axis=is_axis),
    "SpatialDropout2D": settings_for("data_format rate seed"),
    "ZeroPadding2D": settings_for("data_format", padding=_margins),
}

# Where Keras says that they come from.
MODULES: Mapping[str, frozenset[str]] = {
    **{kind: frozenset({"keras.layers"}) for kind in LAYERS},
    **{kind: frozenset({"keras.src.ops.numpy"}) for kind in MERGES},
    **{kind: frozenset({"keras.layers", "keras.src.ops.numpy"}) for kind in _MERGING_LAYERS},
    "LayerScale": frozenset({"keras.src.applications.convnext"}),
}

# They change an image in training only. Keras is given an `Identity` in their place, so nothing of
# what they are set to matters.
LEFT_OUT = frozenset(
    {"AugMix", "RandAugment", "RandomColorDegeneration", "RandomColorJitter", "RandomGrayscale"}
    | {"RandomElasticTransform", "RandomErasing", "RandomGaussianBlur", "RandomHeight", "RandomHue"}
    | {"RandomInvert", "RandomPerspective", "RandomPosterization", "RandomSaturation"}
    | {"RandomSharpness", "RandomShear", "RandomWidth"}
)

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
