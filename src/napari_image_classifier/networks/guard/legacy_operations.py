"""Operations of TensorFlow in networks of Keras 2, said as operations of Keras.

Nothing is checked here; `guard.configuration` looks through what comes out.
"""

from collections.abc import Callable, Mapping
from typing import Any

from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.configuration import Configuration
from napari_image_classifier.networks.guard.operations import (
    ELLIPSIS,
    MODULES_OF_OPERATIONS,
    SLICE,
)

# Layers that stand for such an operation; the last one for a node of a graph.
NODE = "TensorFlowOpLayer"
OF_TENSORFLOW = ("TFOpLambda", "SlicingOpLambda", NODE)

# Operations of two arrays, of one, and those that are set to something: by what TensorFlow calls
# them, what Keras does, and what the arguments are as its settings.
_TWO: Mapping[str, str] = {
    "__operators__.add": "Add", "math.add": "Add", "nn.bias_add": "Add", "math.divide": "Divide",
    "math.maximum": "Maximum", "math.minimum": "Minimum", "math.multiply": "Multiply",
    "math.pow": "Power", "math.subtract": "Subtract", "math.truediv": "TrueDivide",
}  # fmt: skip
_ONE: Mapping[str, str] = {
    "math.abs": "Absolute", "math.exp": "Exp", "math.log": "Log", "math.log1p": "Log1p",
    "math.negative": "Negative", "math.sigmoid": "Sigmoid", "math.softplus": "Softplus",
    "math.sqrt": "Sqrt", "math.square": "Square", "math.tanh": "Tanh", "nn.relu": "Relu",
    "nn.relu6": "Relu6", "nn.selu": "Selu", "nn.sigmoid": "Sigmoid", "nn.silu": "Silu",
    "nn.softplus": "Softplus", "nn.softsign": "Softsign", "nn.swish": "Silu", "nn.tanh": "Tanh",
    "image.rgb_to_grayscale": "RGBToGrayscale",
}  # fmt: skip


def _reduction(given: Mapping[str, Any]) -> Configuration:
    return {"axis": given["axis"], "keepdims": given.get("keepdims") or False}


_OF_RESIZING = ("antialias", "preserve_aspect_ratio")


def _resize(given: Mapping[str, Any]) -> Configuration:
    known = {"size": given["size"], "interpolation": given.get("method", "bilinear")}
    # What is switched on is refused.
    return {**known, **{name: given.get(name) or False for name in _OF_RESIZING}}


_SET: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], Configuration]]] = {
    "math.reduce_max": ("Max", _reduction),
    "math.reduce_mean": ("Mean", _reduction),
    "math.reduce_min": ("Min", _reduction),
    "math.reduce_std": ("Std", _reduction),
    "math.reduce_sum": ("Sum", _reduction),
    "math.reduce_variance": ("Var", _reduction),
    "cast": ("Cast", lambda given: {"dtype": given["dtype"]}),
    "clip_by_value": (
        "Clip",
        lambda given: {"x_min": given["clip_value_min"], "x_max": given["clip_value_max"]},
    ),
    "concat": ("Concatenate", lambda given: {"axis": given["axis"]}),
    "expand_dims": ("ExpandDims", lambda given: {"axis": given["axis"]}),
    "image.resize": ("Resize", _resize),
    "nn.elu": ("Elu", lambda given: {"alpha": 1.0}),
    "nn.gelu": ("Gelu", lambda given: {"approximate": bool(given.get("approximate"))}),
    "nn.leaky_relu": ("LeakyRelu", lambda given: {"negative_slope": given.get("alpha", 0.2)}),
    "nn.log_softmax": ("LogSoftmax", lambda given: {"axis": given.get("axis") or -1}),
    "nn.softmax": ("Softmax", lambda given: {"axis": given.get("axis") or -1}),
    "reshape": ("Reshape", lambda given: {"newshape": given["shape"]}),
    "reverse": ("Flip", lambda given: {"axis": alone(given["axis"])}),
    "squeeze": ("Squeeze", lambda given: {"axis": alone(given["axis"])}),
    "stack": ("Stack", lambda given: {"axis": given.get("axis") or 0}),
    "transpose": ("Transpose", lambda given: {"axes": given["perm"]}),
}


def alone(axes: Any) -> Any:
    """Return the one axis of a list of one."""
    return axes[0] if isinstance(axes, list) and len(axes) == 1 else axes


def as_operation(
    layer: Configuration, function: Any, first: Any, given: Mapping[str, Any]
) -> Configuration:
    """Make a layer that stands for an operation of TensorFlow one of Keras; return its call.

    Raises
    ------
    ClassifierFileError
        Keras's operation of the kind is not known here.
    """
    settings: Configuration = {}
    arguments = [first]
    if function == "__operators__.getitem":
        kind = "GetItem"
        arguments.append([_pick(one) for one in given["slice_spec"]])
    elif function in _TWO:
        kind = _TWO[function]
        arguments.append(_numbers(given["bias" if function == "nn.bias_add" else "y"]))
        arguments[0] = _numbers(first)
    elif function in _ONE:
        kind = _ONE[function]
    elif function in _SET:
        kind, settings_of = _SET[function]
        settings = settings_of(given)
    else:
        raise _unknown(function)
    return _made(layer, kind, settings, arguments)


def _made(
    layer: Configuration, kind: str, settings: Configuration, arguments: list[Any]
) -> Configuration:
    layer.update(
        class_name=kind,
        module=MODULES_OF_OPERATIONS[kind],
        registered_name=kind,
        config={"name": layer["config"]["name"], **settings},
    )
    return {"args": arguments, "kwargs": {}}


# The same as nodes of a graph, as TensorFlow wrote them before 2.4.
_NODES: Mapping[str, str] = {
    "Add": "Add", "AddV2": "Add", "BiasAdd": "Add", "Maximum": "Maximum", "Minimum": "Minimum",
    "Mul": "Multiply", "Neg": "Negative", "Pow": "Power", "RealDiv": "TrueDivide", "Relu": "Relu",
    "Relu6": "Relu6", "Sigmoid": "Sigmoid", "Softmax": "Softmax", "Sub": "Subtract",
    "Tanh": "Tanh",
}  # fmt: skip


def as_operation_of_node(
    layer: Configuration, config: Mapping[str, Any], tensors: list[Any]
) -> Configuration:
    """Make a layer that stands for a node of TensorFlow an operation of Keras; return its call.

    Raises
    ------
    ClassifierFileError
        Keras's operation of the kind is not known here.
    """
    node, constants = config["node_def"], config.get("constants") or {}
    arguments = list(tensors)
    for place in sorted(constants, key=int):
        arguments.insert(int(place), constants[place])
    if node["op"] == "StridedSlice":
        array, *ends = arguments
        masks = {name.removesuffix("_mask"): _bits(node["attr"], name) for name in _MASKS}
        picks = [
            _pick_of(number, begin, end, step, masks)
            for number, (begin, end, step) in enumerate(zip(*ends, strict=True))
        ]
        return _made(layer, "GetItem", {}, [array, picks])
    if node["op"] not in _NODES:
        raise _unknown(node["op"])
    settings = {"axis": -1} if node["op"] == "Softmax" else {}
    return _made(layer, _NODES[node["op"]], settings, list(map(_numbers, arguments)))


_MASKS = ("begin_mask", "ellipsis_mask", "end_mask", "new_axis_mask", "shrink_axis_mask")


def _bits(attributes: Mapping[str, Any], name: str) -> int:
    return int(attributes.get(name, {}).get("i", 0))


def _pick_of(number: int, begin: Any, end: Any, step: Any, masks: Mapping[str, int]) -> Any:
    """Return what is picked of an axis, which bits of the masks say."""
    said = {name for name, bits in masks.items() if bits >> number & 1}
    if "ellipsis" in said:
        return {"class_name": ELLIPSIS, "config": {}}
    if said & {"new_axis", "shrink_axis"}:
        return None if "new_axis" in said else begin
    start, stop = (None if name in said else at for name, at in (("begin", begin), ("end", end)))
    return {"class_name": SLICE, "config": {"start": start, "stop": stop, "step": step}}


def _unknown(operation: Any) -> ClassifierFileError:
    return ClassifierFileError(
        f"The network has an operation of TensorFlow that can't be used here: "
        f"{str(operation)[:60]}."
    )


def _numbers(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return {"class_name": "__numpy__", "config": {"value": value}}


def _pick(stored: Any) -> Any:
    if isinstance(stored, Mapping) and stored.get("class_name") != ELLIPSIS:
        ends = {end: stored.get(end) for end in ("start", "stop", "step")}
        return {"class_name": SLICE, "config": ends}
    return stored
