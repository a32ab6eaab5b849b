"""The guard of graphs: known operators, known sizes, before the runtime sees one.

ONNX Runtime works out what is constant when it opens a graph: 152 bytes made it take 2 GB. Here
nothing of a graph is carried out; what it would take is worked out from its shapes.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto

from napari_image_classifier.classifiers.limits import refused_in_a_sentence
from napari_image_classifier.classifiers.protocol_buffers import check_fields
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.system.declared_sizes import (
    SizeRefused,
    checked_memory,
    checked_number,
    checked_product,
)

# All that `networks.export` writes. Of what makes much of little, such as Resize, the shapes tell.
OPERATORS = frozenset(
    {"Abs", "Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Conv", "Div", "Elu"}
    | {
        "Exp",
        "Flatten",
        "Gather",
        "Gelu",
        "Gemm",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "HardSigmoid",
    }
    | {
        "HardSwish",
        "Identity",
        "LayerNormalization",
        "LeakyRelu",
        "Log",
        "LogSoftmax",
        "MatMul",
        "Max",
    }
    | {"MaxPool", "Mean", "Min", "Mish", "Mul", "Neg", "PRelu", "Pad", "Pow", "ReduceMax"}
    | {"ReduceMean", "ReduceMin", "ReduceSum", "Relu", "Reshape", "Resize", "Selu", "Sigmoid"}
    | {
        "Shape",
        "Slice",
        "Softmax",
        "Softplus",
        "Softsign",
        "Sqrt",
        "Squeeze",
        "Sub",
        "Tanh",
        "Transpose",
    }
    | {"Unsqueeze"}
)
OPSETS = frozenset(range(18, 24))

MOST_NODES = 10_000
MOST_INPUTS = 200
LONGEST_LIST = 32
LONGEST_NAME = 1000
MOST_AXES = 8
# Of margins, windows and steps in pixels.
LARGEST_SETTING = 100_000
# Of one call of the runtime (`onnx_runtime.PIXELS_AT_ONCE`): the largest array, all arrays that are
# read or made, and multiplications; VGG16 takes 0.3 GB, 7 GB and 3e11.
LARGEST_ARRAY = 1024**3
LARGEST_SUM = 64 * 1024**3
MOST_MULTIPLICATIONS = 1e13

_ATTRIBUTES = frozenset(
    {AttributeProto.INT, AttributeProto.INTS, AttributeProto.FLOAT, AttributeProto.STRING}
)
_NUMBERS: Mapping[int, np.dtype[Any]] = {
    TensorProto.FLOAT: np.dtype("<f4"),
    TensorProto.INT64: np.dtype("<i8"),
}

Shape = tuple[int, ...]


def check_graph(content: bytes, images: Shape, n_classes: int) -> int:
    """Refuse a graph that `export_graph` would not write; return the number of its features.

    ``images`` is the shape (n, y, x, channel) of what one call is given, and ``n_classes`` the
    number of logits for each.

    Raises
    ------
    ClassifierFileError
        The sentence says what is wrong with it.
    """
    model = _parsed(content)
    graph = model.graph
    _check_parts(model)
    _check_names(graph)
    for node in graph.node:
        _check_node(node)
    for constant in graph.initializer:
        _check_constant(constant)
    _check_ends(graph, images)
    _check_axes(graph)
    shapes = _shapes(model, images)
    features = shapes.get("features", ())
    if shapes.get("logits") != (images[0], n_classes) or features[:-1] != images[:1]:
        raise ClassifierFileError("its network does not tell its classes apart")
    with refused_in_a_sentence("its network would take too much of a computer"):
        _check_effort(graph, shapes)
    return features[-1]


def _parsed(content: bytes) -> onnx.ModelProto:
    with refused_in_a_sentence("its network has parts that no classifier has"):
        check_fields(content)
    try:
        return onnx.load_model_from_string(content)
    except Exception as error:
        # Protocol Buffers has an exception of its own, in a place that changes.
        raise ClassifierFileError("its network is damaged") from error


def _check_parts(model: onnx.ModelProto) -> None:
    graph = model.graph
    known = [one.domain == "" and one.version in OPSETS for one in model.opset_import]
    more = (model.functions, model.training_info, graph.sparse_initializer)
    if known != [True] or any(map(len, more)) or len(graph.quantization_annotation):
        raise ClassifierFileError("its network has parts that no classifier has")
    if max(len(graph.node), len(graph.initializer)) > MOST_NODES:
        raise ClassifierFileError(f"its network has more than {MOST_NODES} parts")


def _check_names(graph: onnx.GraphProto) -> None:
    values = (*graph.input, *graph.output, *graph.initializer)
    used = (name for node in graph.node for name in (*node.input, *node.output))
    for name in chain((one.name for one in values), used):
        # Protocol Buffers gives bytes where a text is none.
        if not isinstance(name, str) or len(name) > LONGEST_NAME:
            raise ClassifierFileError("its network has names that are no text, or a very long one")


def _check_node(node: onnx.NodeProto) -> None:
    if node.domain or node.op_type not in OPERATORS:
        raise ClassifierFileError(
            f"its network has an operation that no classifier has: {node.op_type[:50]}"
        )
    if len(node.input) > MOST_INPUTS or len(node.output) != 1:
        raise ClassifierFileError(f"its network has an operation {node.op_type} of another kind")
    for attribute in node.attribute:
        long = max(len(attribute.ints), len(attribute.s)) > LONGEST_LIST
        large = any(abs(n) > LARGEST_SETTING for n in (attribute.i, *attribute.ints))
        if attribute.type not in _ATTRIBUTES or attribute.ref_attr_name or long or large:
            raise ClassifierFileError(
                f"its network has an operation {node.op_type} with a setting of another kind"
            )


def _check_constant(constant: TensorProto) -> None:
    dtype = _NUMBERS.get(constant.data_type)
    if dtype is None or len(constant.external_data) or constant.data_location:
        raise ClassifierFileError("its network has numbers that lie elsewhere or are of no use")
    try:
        checked_number(len(constant.dims), "axes", MOST_AXES)
        numbers = checked_product(constant.dims, "numbers", len(constant.raw_data), least=1)
    except SizeRefused as error:
        raise ClassifierFileError(f"its network has numbers of an impossible shape: {error}") from (
            error
        )
    if len(constant.raw_data) != numbers * dtype.itemsize:
        raise ClassifierFileError("its network has other numbers than it declares")
    if not np.isfinite(np.frombuffer(constant.raw_data, dtype)).all():
        raise ClassifierFileError("its network holds numbers without a value (NaN or infinite)")
    if dtype.kind == "f":
        # Shapes do not depend on them, and they would be copied.
        constant.ClearField("raw_data")


def _check_ends(graph: onnx.GraphProto, images: Shape) -> None:
    names = [one.name for one in graph.input], sorted(one.name for one in graph.output)
    if names != (["images"], ["features", "logits"]):
        raise ClassifierFileError("its network takes or gives something else than a classifier")
    taken = graph.input[0].type.tensor_type
    declared = [axis.dim_value for axis in taken.shape.dim]
    fits = all(
        length in (0, there) for length, there in zip(declared[1:], images[1:], strict=False)
    )
    if taken.elem_type != TensorProto.FLOAT or len(declared) != 4 or not fits:
        raise ClassifierFileError("its network takes images of another shape")


# They take what they change first, and then lists that say how.
_TOLD_HOW = frozenset(
    {"Clip", "Pad", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "Resize", "Slice"}
    | {"Squeeze"}
)


def _check_axes(graph: onnx.GraphProto) -> None:
    """Refuse arrays of many axes, and long lists that say how arrays are changed.

    ONNX's inference of shapes follows both number by number: lists that double forty times, or
    thousands of axes, would take all memory there.
    """
    axes = {each.name: len(each.dims) for each in graph.initializer} | {"images": 4}
    # Of whole numbers that are known beforehand, so many at most; of all else nothing is.
    lists = {
        each.name: math.prod(each.dims)
        for each in graph.initializer
        if each.data_type == TensorProto.INT64
    }
    with refused_in_a_sentence("its network has arrays that no classifier has"):
        for node in graph.node:
            taken = [(axes.get(name, 0), lists.get(name, 0)) for name in node.input]
            # Where places are picked from an array, there may be many of them.
            for _, length in taken[:1] if node.op_type == "Gather" else taken:
                checked_number(length, "numbers in a list", LONGEST_LIST)
            n_axes, length = _axes_and_length(node, taken)
            axes[node.output[0]] = checked_number(n_axes, "axes", MOST_AXES)
            lists[node.output[0]] = length


def _axes_and_length(node: onnx.NodeProto, taken: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return how many axes a node makes at most, and numbers that are known beforehand."""
    first, second, *_ = (*taken, (0, 0), (0, 0))
    most_axes = max(n_axes for n_axes, _ in taken or [first])
    match node.op_type:
        case "Shape":
            return 1, first[0]
        case "Concat":
            return most_axes, sum(length for _, length in taken)
        case "Gather":
            return max(0, first[0] + second[0] - 1), first[1]
        case "Reshape" | "Unsqueeze" as kind:
            return second[1] + (first[0] if kind == "Unsqueeze" else 0), first[1]
        case kind if kind in _TOLD_HOW:
            return first
    return most_axes, max(length for _, length in taken or [first])


def _shapes(model: onnx.ModelProto, images: Shape) -> Mapping[str, Shape]:
    """Return the shape of every array that comes about when ``images`` go through the graph."""
    graph = model.graph
    for axis, length in zip(graph.input[0].type.tensor_type.shape.dim, images, strict=True):
        axis.dim_value = length
    graph.ClearField("value_info")
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    try:
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    except Exception as error:
        # Of a graph that makes no sense it raises errors of half a dozen types.
        raise ClassifierFileError("the parts of its network don't fit each other") from error
    shapes = {
        value.name: tuple(axis.dim_value for axis in value.type.tensor_type.shape.dim)
        for value in (*inferred.value_info, *inferred.input, *inferred.output)
    }
    shapes |= {constant.name: tuple(constant.dims) for constant in graph.initializer}
    made = (shapes.get(name, (0,)) for node in graph.node for name in node.output)
    if any(min(shape, default=1) < 1 for shape in made):
        raise ClassifierFileError("its network has parts of unknown size")
    return shapes


def _check_effort(graph: onnx.GraphProto, shapes: Mapping[str, Shape]) -> None:
    """Refuse what would be too large to be read or made, each for itself or all together."""
    sizes = {
        name: checked_memory(shape, "arrays", LARGEST_ARRAY, each=4)
        for name, shape in shapes.items()
    }
    total = multiplications = 0
    for node in graph.node:
        total += sum(sizes.get(name, 0) for name in (*node.input, *node.output))
        multiplications += _multiplications(node, shapes)
    checked_number(total, "bytes to be read and written for a few images", LARGEST_SUM)
    most = int(MOST_MULTIPLICATIONS)
    checked_number(multiplications, "multiplications for a few images", most)


def _multiplications(node: onnx.NodeProto, shapes: Mapping[str, Shape]) -> int:
    given: int = math.prod(shapes[node.output[0]])
    inputs: list[Shape] = [shapes.get(name, ()) for name in node.input]
    first, second, *_ = (*inputs, (), ())
    if node.op_type == "Conv":
        return int(given * math.prod(second[1:]))
    if node.op_type in ("Gemm", "MatMul"):
        return int(given * max(first, default=1))
    window = (each.ints for each in node.attribute if each.name == "kernel_shape")
    return int(given * math.prod(next(window, ())))
