"""Classifiers and networks of some kilobytes that state sizes beyond all reason, or a little off.

Each is made of a good file by changing one thing, as those of `hostile_files`. `classifiers` and
`textures` say that they are classifiers of ours, `foreign` and `hdf5` are networks to be imported.
"""

import hashlib
import io
import json
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hostile.classifiers import (
    CONFIGURATION,
    DESCRIPTION,
    GRAPH,
    WEIGHTS,
    Parts,
    parts_of,
    zipped,
)

Change = Callable[[Any], Any]
# A JSON text of which each quote is escaped: whoever looks for its end again and again is slow.
_NO_END = b'"' + b'\\"' * 2_000_000


def classifiers(good: bytes) -> Iterator[tuple[str, bytes]]:
    """Made of a classifier with a novelty detection, each with its name."""
    parts = parts_of(good)
    for name, change in IN_DESCRIPTIONS.items():
        stored = json.loads(parts[DESCRIPTION])
        change(stored)
        yield name, zipped({**parts, DESCRIPTION: json.dumps(stored).encode()})
    described = parts[DESCRIPTION]
    for name, content in _descriptions(described):
        yield name, zipped({**parts, DESCRIPTION: content})
    for name, change in IN_GRAPHS.items():
        model = onnx.load_model_from_string(parts[GRAPH])
        change(model)
        yield name, _with_graph(parts, model.SerializeToString())
    # A field of a message of no bytes takes two; the object made of it a hundred.
    for name, field in {"nodes": b"\x0a", "constants": b"\x2a", "names": b"\x62"}.items():
        inner = (field + b"\x00") * 1_000_000
        yield f"a graph of 1,000,000 empty {name}", _with_graph(parts, _field(b"\x3a", inner))
    yield "21 networks", _with_members(parts, 21)
    yield from _archives(good, parts)


def textures(good: bytes) -> Iterator[tuple[str, bytes]]:
    """Made of a classifier by texture, each with its name."""
    parts = parts_of(good)
    name = next(each for each in parts if each.endswith("texture.json"))
    for said, change in IN_TEXTURES.items():
        model = json.loads(parts[name])
        changed = change(model)
        content = changed if isinstance(changed, bytes) else json.dumps(model).encode()
        stored = json.loads(parts[DESCRIPTION])
        digest = hashlib.sha256(content).hexdigest()
        stored["members"][0].update(weights_sha256=digest, graph_sha256=digest)
        yield said, zipped({**parts, name: content, DESCRIPTION: json.dumps(stored).encode()})
    for said, changes in IN_PREPARATIONS_OF_TEXTURES.items():
        stored = json.loads(parts[DESCRIPTION])
        stored["preparation"].update(changes)
        yield said, zipped({**parts, DESCRIPTION: json.dumps(stored).encode()})


def foreign(good: bytes) -> Iterator[tuple[str, bytes]]:
    """Made of a network of Keras 3, each with its name."""
    parts = parts_of(good)
    for name, change in IN_NETWORKS.items():
        stored = json.loads(parts[CONFIGURATION])
        stored = change(stored) or stored
        yield name, zipped({**parts, CONFIGURATION: json.dumps(stored).encode()})
    yield "a text without an end", zipped({**parts, CONFIGURATION: _NO_END})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.h5"
        for name, change in IN_WEIGHTS.items():
            path.write_bytes(parts[WEIGHTS])
            with h5py.File(path, "r+", libver="latest") as file:
                change(file)
            yield name, zipped({**parts, WEIGHTS: path.read_bytes()})


def hdf5(good: bytes) -> Iterator[tuple[str, bytes]]:
    """Made of a network in Keras's old format, each with its name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.h5"
        for name, change in IN_WEIGHTS.items():
            path.write_bytes(good)
            with h5py.File(path, "r+", libver="latest") as file:
                change(file)
            yield name, path.read_bytes()


def _with_graph(parts: Parts, graph: bytes) -> bytes:
    """A classifier that says itself that this graph is its own."""
    stored = json.loads(parts[DESCRIPTION])
    stored["members"][0]["graph_sha256"] = hashlib.sha256(graph).hexdigest()
    return zipped({**parts, GRAPH: graph, DESCRIPTION: json.dumps(stored).encode()})


def _field(key: bytes, content: bytes) -> bytes:
    """A field of a Protocol Buffer, with its length before it."""
    length, digits = len(content), bytearray()
    while length > 127:
        digits.append(length & 127 | 128)
        length >>= 7
    return key + bytes([*digits, length]) + content


def _with_members(parts: Parts, n_members: int) -> bytes:
    stored, more = json.loads(parts[DESCRIPTION]), {}
    (first,), (distance,) = stored["members"], stored["gate"]["distances"]
    for index in range(1, n_members):
        names = f"members/{index}/{WEIGHTS}", f"members/{index}/{GRAPH}"
        more |= {names[0]: parts[WEIGHTS], names[1]: parts[GRAPH]}
        stored["members"].append({**first, "weights": names[0], "graph": names[1]})
        stored["gate"]["distances"].append(distance)
    return zipped({**parts, **more, DESCRIPTION: json.dumps(stored).encode()})


def _set(place: str, value: Any) -> Change:
    """What puts a value at a place such as "gate.kinds.bits"; what is called before, is made."""

    def change(stored: Any) -> None:
        *above, last = place.split(".")
        for key in above:
            stored = stored[int(key)] if isinstance(stored, list) else stored[key]
        stored[int(last) if isinstance(stored, list) else last] = value

    return change


def _floats(*numbers: float) -> str:
    import base64

    return base64.b64encode(np.array(numbers, "<f4").tobytes()).decode()


def _distance(**changes: Any) -> Change:
    def change(stored: Any) -> None:
        stored["gate"]["distances"][0].update(changes)

    return change


def _preparation(**changes: Any) -> Change:
    def change(stored: Any) -> None:
        stored["preparation"].update(changes)

    return change


def _many_channels(stored: Any) -> None:
    """As many as are told apart by number, and all else fits."""
    stored["preparation"].update(channel_names=["DNA"] * 1000, ranges=[[0.0, 1.0]] * 1000)


def _large_and_many(stored: Any) -> None:
    names = [f"channel {number}" for number in range(20)]
    ranges = [[0.0, 1.0]] * 20
    stored["preparation"].update(channel_names=names, ranges=ranges, size=[8192, 8192])


def _architecture(**arguments: Any) -> Change:
    def change(stored: Any) -> None:
        given = {"channels": 2, "classes": 2, "stem_stride": 1, "filters": [4], **arguments}
        stored["architecture"] = {"name": "residual", "arguments": given}

    return change


def _one_text_and_many(stored: Any) -> None:
    """NumPy would make an array whose elements all have room for the longest text."""
    stored["gate"]["brightness"]["middle"] = ["x" * 1_000_000, *(["a"] * 100_000)]


IN_DESCRIPTIONS: Mapping[str, Change] = {
    "50,000 classes": _set("class_names", [f"class {number}" for number in range(50_000)]),
    "1,001 classes": _set("class_names", [f"class {number}" for number in range(1001)]),
    "a class of 5 MB": _set("class_names", ["coarse", "f" * 5_000_000]),
    "a class of 501 letters": _set("class_names", ["coarse", "f" * 501]),
    "1,000 classes of 500 letters": _set(
        "class_names", [f"{number:04}" + "f" * 496 for number in range(1000)]
    ),
    "one network 2,000 times": lambda stored: stored.update(members=stored["members"] * 2000),
    "one network twice": lambda stored: (
        stored.update(members=stored["members"] * 2),
        stored["gate"].update(distances=stored["gate"]["distances"] * 2),
    ),
    "20 channels of 8192 × 8192": _large_and_many,
    "a channel 1,000 times": _many_channels,
    "a channel of 5 MB": _preparation(channel_names=["DNA", "G" * 5_000_000]),
    "a size beyond numbers": _preparation(size=[10**400, 16]),
    "a size below nothing": _preparation(size=[-8192, -8192]),
    "50,000 ranges": _preparation(intensity="none", ranges=[[0.0, 1.0]] * 50_000),
    "percentiles beyond all": _preparation(intensity="percentiles", percentiles=[-5, 1e9]),
    "percentiles of a number beyond": _preparation(percentiles=[0, 10**400]),
    "a box beyond numbers": _preparation(objects={"side": 1e300, "unit": "px"}),
    "a box of a kilometre": _preparation(objects={"side": 1e9, "unit": "µm"}),
    "a box below nothing": _preparation(objects={"side": -48, "unit": "px"}),
    "60,000 epochs": _set("training.history", [{"epoch": 1, "loss": 0.5}] * 60_000),
    "250,000 left out": _set("training.left_out", ["image.tif"] * 250_000),
    "a message of 10 MB": _set("training.messages", ["m" * 10_000_000]),
    "a confusion of 900 classes": _set("training.confusion", [[0] * 900] * 900),
    "250,000 nothings": _set("training.more", [{}] * 250_000),
    "50,000 channels in its settings": _set("training.config", {"channels": ["a=b"] * 50_000}),
    "10^7 epochs in its settings": _set("training.config", {"epochs": 10**4000}),
    "100,000 classes counted": _set(
        "training.items_per_class", {f"class {number}": 1 for number in range(100_000)}
    ),
    "orientations beyond reason": _set("orientations", 10**9),
    "a threshold beyond numbers": _set("thresholds", {"confidence": 10**400}),
    "a threshold of a hundred": _set("thresholds", {"confidence": 100}),
    "a threshold below nothing": _set("thresholds", {"confidence": -1}),
    "a threshold that is no number": _set("thresholds", {"confidence": float("nan")}),
    "100,000 thresholds": _set("thresholds", {f"t{number}": 0.5 for number in range(100_000)}),
    "a probe of a million": _set("members.0.probe", [0.5] * 1_000_000),
    "a hash of 5 MB": _set("members.0.weights_sha256", "0" * 5_000_000),
    "the graph as weights": _set("members.0.weights", "graph.onnx"),
    "metadata as weights": _set("members.0.weights", "metadata.json"),
    "a million depths": _set("gate.kinds.bits", [16] * 1_000_000),
    "a depth beyond numbers": _set("gate.kinds.bits", [10**4000]),
    "pixels beyond numbers": _set("gate.kinds.pixel_size", [1e400, -1.0]),
    "a text among texts": _one_text_and_many,
    "one middle too many": _set("gate.brightness.middle", [[0.5] * 4] * 3),
    "a width of nothing": _set("gate.brightness.below", [[0.0] * 4] * 2),
    "a limit that is no number": _set("gate.brightness.limit", float("nan")),
    "features of another network": _distance(
        means=_floats(*range(10)), directions=_floats(*range(20)), n_directions=4
    ),
    "one feature for all": _distance(
        means=_floats(1, 2), directions=_floats(1), variances=_floats(1), n_directions=1
    ),
    "a distance of many classes": _distance(n_classes=10**12),
    "a distance of fewer classes than none": _distance(n_classes=-1),
    "a distance in many directions": _distance(n_directions=10**18),
    "a variance of nothing": _distance(variances=_floats(0, 0, 0, 0)),
    "a variance that is no number": _distance(variances=_floats(1, 1, 1, float("nan"))),
    "a rest of nothing": _distance(rest=0.0),
    "a distance that is no number": _distance(limit=float("nan")),
    "an architecture of 10,000 classes": _architecture(classes=10_000),
    "an architecture of 1,000 channels": _architecture(channels=1000),
    "an architecture of many settings": lambda stored: stored.update(
        architecture={"name": "residual", "arguments": {f"a{n}": n for n in range(100_000)}}
    ),
    "an architecture of 5 MB": lambda stored: stored.update(
        architecture={"name": "r" * 5_000_000, "arguments": {}}
    ),
    "a version beyond numbers": _set("schema_version", 10**4000),
    "a version of nothing": _set("schema_version", -(10**4000)),
    "a description that is text": lambda stored: (stored.clear(), stored.update(text="x")),
}


def _descriptions(good: bytes) -> Iterator[tuple[str, bytes]]:
    yield "a description without an end", _NO_END
    yield "a description of 2,000,000 nothings", b"[" + b"{}," * 2_000_000 + b"{}]"
    temperature = good.index(b'"temperature": ') + len(b'"temperature": ')
    end = good.index(b",", temperature)
    for name, number in {
        "a whole number of a million digits": b"1" * 1_000_000,
        "a fraction of a million digits": b"0." + b"1" * 1_000_000 + b"e9999999",
    }.items():
        yield name, good[:temperature] + number + good[end:]
    yield "a description of blanks", good + b" " * 35_000_000
    yield "a description in two", good + good
    yield "a key of 5 MB", good.replace(b'"temperature"', b'"' + b"t" * 5_000_000 + b'"', 1)


def _first(model: Any) -> str:
    """The name of an array that the graph makes of the images, (n, channel, y, x)."""
    return str(model.graph.node[1].output[0])


def _add(model: Any, kind: str, inputs: list[str], output: str, **settings: Any) -> str:
    model.graph.node.append(helper.make_node(kind, inputs, [output], **settings))
    return output


def _whole(model: Any, name: str, numbers: Any) -> str:
    model.graph.initializer.append(numpy_helper.from_array(np.array(numbers, np.int64), name))
    return name


def _doubled_lists(model: Any) -> None:
    """Lists of whole numbers, which the inference of shapes follows number by number."""
    name = _whole(model, "list_0", [1, 2, 3, 4])
    for number in range(40):
        name = _add(model, "Concat", [name, name], f"list_{number + 1}", axis=0)


def _ever_more_axes(model: Any) -> None:
    name, axis = _first(model), _whole(model, "axis", [0])
    for number in range(9000):
        name = _add(model, "Unsqueeze", [name, axis], f"deeper_{number}")


def _many_axes(model: Any) -> None:
    axes = _whole(model, "axes", [-1] + [1] * 100_000)
    name = _add(model, "Reshape", [_first(model), axes], "of_many_axes")
    for number in range(2000):
        name = _add(model, "Identity", [name], f"same_{number}")


def _gathered_axes(model: Any) -> None:
    """Each time the indices have two axes, the array has one more."""
    where = _whole(model, "where", [[0]])
    name = _first(model)
    for number in range(3000):
        name = _add(model, "Gather", [name, where], f"gathered_{number}", axis=0)


def _read_again_and_again(model: Any) -> None:
    """What is made is small, what it is made of is not."""
    pads = _whole(model, "pads", [0, 0, 250, 250, 0, 0, 250, 250])
    large = _add(model, "Pad", [_first(model), pads], "large")
    for number in range(9000):
        _add(model, "GlobalAveragePool", [large], f"mean_{number}")


def _joined_again_and_again(model: Any) -> None:
    pads = _whole(model, "pads", [0, 0, 100, 100, 0, 0, 100, 100])
    large = _add(model, "Pad", [_first(model), pads], "large")
    for number in range(400):
        _add(model, "Mean", [large] * 200, f"mean_{number}")


def _convolved(**settings: Any) -> Change:
    def change(model: Any) -> None:
        kernel = next(node for node in model.graph.node if node.op_type == "Conv").input[1]
        channels = next(one.dims[1] for one in model.graph.initializer if one.name == kernel)
        shape = np.zeros((1, channels, 3, 3), np.float32)
        model.graph.initializer.append(numpy_helper.from_array(shape, "window"))
        images = _add(model, "Transpose", ["images"], "turned", perm=[0, 3, 1, 2])
        _add(model, "Conv", [images, "window"], "convolved", **settings)

    return change


def _pooled(**settings: Any) -> Change:
    return lambda model: _add(model, "AveragePool", [_first(model)], "pooled", **settings)


def _resized(model: Any) -> None:
    sizes = _whole(model, "sizes", [1, 2, 100_000, 100_000])
    _add(model, "Resize", [_first(model), "", "", sizes], "resized", mode="nearest")


def _reshaped(*shape: int) -> Change:
    def change(model: Any) -> None:
        _add(model, "Reshape", [_first(model), _whole(model, "shape", shape)], "reshaped")

    return change


def _sliced(model: Any) -> None:
    ends = [_whole(model, name, [value] * 100_000) for name, value in (("a", 0), ("b", 1))]
    axes = _whole(model, "c", list(range(100_000)))
    _add(model, "Slice", [_first(model), *ends, axes], "sliced")


def _gathered(model: Any) -> None:
    where = _whole(model, "where", [0] * 2_000_000)
    name = _first(model)
    for axis in (2, 3):
        name = _add(model, "Gather", [name, where], f"gathered_{axis}", axis=axis)


def _outer_product(model: Any) -> None:
    row = numpy_helper.from_array(np.zeros((1, 60_000), np.float32), "row")
    column = numpy_helper.from_array(np.zeros((60_000, 1), np.float32), "column")
    model.graph.initializer.extend([row, column])
    _add(model, "MatMul", ["column", "row"], "product")


def _made_of_nothing(kind: str, *numbers: Any, **settings: Any) -> Change:
    def change(model: Any) -> None:
        names = [_whole(model, f"given_{i}", one) for i, one in enumerate(numbers)]
        takes_images = kind in ("Expand", "Tile")
        _add(model, kind, [_first(model), *names] if takes_images else names, "made", **settings)

    return change


def _empty_constant(*dims: int) -> Change:
    def change(model: Any) -> None:
        constant = TensorProto(name="empty", data_type=TensorProto.FLOAT)
        constant.dims[:] = dims
        model.graph.initializer.append(constant)
        _add(model, "Identity", ["empty"], "much")

    return change


def _below_nothing(model: Any) -> None:
    """Of negative lengths the product may be small, and the sum below nothing."""
    window = numpy_helper.from_array(np.zeros((1, 2, 1, 1), np.float32), "window")
    model.graph.initializer.append(window)
    images = _add(model, "Transpose", ["images"], "turned", perm=[0, 3, 1, 2])
    for number in range(4):
        pads = {"pads": [-(10**9), 0, 0, 0]}
        _add(model, "Conv", [images, "window"], f"less_{number}", kernel_shape=[1, 1], **pads)


def _long_name(model: Any) -> None:
    name = _first(model)
    for number in range(5):
        name = _add(model, "Identity", [name], f"{number}" + "n" * 1_000_000)


IN_GRAPHS: Mapping[str, Change] = {
    "lists that double": _doubled_lists,
    "9,000 axes, one by one": _ever_more_axes,
    "100,000 axes at once": _many_axes,
    "3,000 axes of indices": _gathered_axes,
    "a large array read 9,000 times": _read_again_and_again,
    "a large array 80,000 times": _joined_again_and_again,
    "a convolution with margins": _convolved(pads=[10**6] * 4),
    "a convolution far apart": _convolved(
        kernel_shape=[3, 3], dilations=[10**6] * 2, auto_pad="SAME_UPPER"
    ),
    "a convolution of margins beyond numbers": _convolved(pads=[2**62] * 4),
    "a convolution far apart and wide": _convolved(dilations=[10**6] * 2, pads=[10**6] * 4),
    "a pooling of a million": _pooled(kernel_shape=[10**6] * 2, pads=[10**6 - 1] * 4),
    "a pooling with margins": _pooled(kernel_shape=[2, 2], pads=[1, 1, 10**6, 10**6]),
    "a pooling to the same": _pooled(kernel_shape=[2**20] * 2, auto_pad="SAME_UPPER"),
    "a resizing beyond reason": _resized,
    "a shape beyond numbers": _reshaped(2**40, 2**40),
    "a shape of other numbers": _reshaped(1, 1, 10**6, 10**6),
    "a part by 100,000 axes": _sliced,
    "a pixel two million times": _gathered,
    "a product of a row and a column": _outer_product,
    "a constant of a shape": _made_of_nothing("ConstantOfShape", [100_000, 100_000]),
    "a range": _made_of_nothing("Range", 0, 10**10, 1),
    "an expansion": _made_of_nothing("Expand", [1, 1, 10**6, 10**6]),
    "a tiling": _made_of_nothing("Tile", [1, 1, 10**5, 10**5]),
    "a one among many": _made_of_nothing("EyeLike", [[1]]),
    "random numbers": _made_of_nothing("RandomNormal", shape=[10**5, 10**5]),
    "an empty constant of great length": _empty_constant(2**40, 0),
    "a constant of many axes": _empty_constant(*[1] * 31, 0),
    "less than nothing": _below_nothing,
    "names of a million letters": _long_name,
}


def _texture(**changes: Any) -> Change:
    return lambda model: model.update(changes)


def _more_features(model: Any) -> None:
    for name in ("middle", "scale"):
        model[name] = [*model[name], 1.0]
    model["weights"] = [[*row, 0.0] for row in model["weights"]]


def _fewer_features(model: Any) -> None:
    for name in ("middle", "scale"):
        model[name] = model[name][:7]
    model["weights"] = [row[:7] for row in model["weights"]]


def _more_classes(model: Any) -> None:
    model["weights"], model["offsets"] = model["weights"] * 500, model["offsets"] * 500


IN_TEXTURES: Mapping[str, Change] = {
    "a feature too many": _more_features,
    "seven features": _fewer_features,
    "1,000 classes of two": _more_classes,
    "a text among numbers": _texture(middle=["x" * 500_000, *([0.5] * 100_000)]),
    "a million numbers": _texture(middle=[0.5] * 1_000_000),
    "a number of lists of lists": _texture(offsets=[[[[[[[0.5]]]]]], [[[[[[0.5]]]]]]]),
    "a number beyond numbers": _texture(offsets=[10**400, 0]),
    "lists of several lengths": _texture(weights=[[0.5] * 7, [0.5] * 3]),
    "no numbers": _texture(middle=[], scale=[], weights=[], offsets=[]),
    "yes and no": _texture(offsets=[True, False]),
    "a model of 40 MB": lambda model: json.dumps(model).encode() + b" " * 40_000_000,
    "a model without an end": lambda model: _NO_END,
    "a model of a million nothings": lambda model: b"[" + b"{}," * 1_500_000 + b"{}]",
}
IN_PREPARATIONS_OF_TEXTURES: Mapping[str, Mapping[str, Any]] = {
    "a texture of three channels": {
        "channel_names": ["DNA", "GFP", "RFP"],
        "ranges": [[0.0, 1.0]] * 3,
    },
    "a texture of 8192 × 8192": {"size": [8192, 8192]},
}


def _layers(stored: Any) -> list[Any]:
    layers: list[Any] = stored["config"]["layers"]
    return layers


def _layer(stored: Any, kind: str) -> Any:
    return next(layer for layer in _layers(stored) if layer["class_name"] == kind)


def _tensor(name: str, call: int = 0) -> Any:
    taken = {"shape": [None], "dtype": "float32", "keras_history": [name, call, 0]}
    return {"class_name": "__keras_tensor__", "config": taken}


def _made(
    kind: str, name: str, calls: list[Any], module: str = "keras.layers", **config: Any
) -> Any:
    """A layer, and what each of its calls takes in."""
    nodes = [{"args": [call], "kwargs": {}} for call in calls]
    config = {"name": name, **config}
    return {"module": module, "class_name": kind, "config": config, "name": name,
            "registered_name": None, "inbound_nodes": nodes}  # fmt: skip


def _chain(kind: str, n_layers: int, module: str = "keras.layers", **config: Any) -> Change:
    """Layers of a kind one after the other, which nothing takes in."""

    def change(stored: Any) -> None:
        name = _layer(stored, "InputLayer")["name"]
        for number in range(n_layers):
            made = _made(kind, f"more_{number}", [_tensor(name)], module, **config)
            _layers(stored).append(made)
            name = made["name"]

    return change


def _network(inner: Any, name: str, n_calls: int) -> Any:
    """A network of two layers, the second of which is another one that is called many times."""
    shape = [None, 8, 8, 2]
    entry = _made("InputLayer", f"{name}_in", [], batch_shape=shape)
    entry["inbound_nodes"] = []
    inner["inbound_nodes"] = [
        {"args": [_tensor(f"{name}_in")], "kwargs": {}} for _ in range(n_calls)
    ]
    config = {"name": name, "layers": [entry, inner], "input_layers": [f"{name}_in", 0, 0],
              "output_layers": [inner["name"], 0, 0]}  # fmt: skip
    return {"module": "keras", "class_name": "Functional", "config": config, "name": name,
            "registered_name": None, "inbound_nodes": []}  # fmt: skip


def _networks_called_often(stored: Any) -> Any:
    """Four networks in each other, each of which calls the next one a hundred times."""
    made: Any = _made("ReLU", "relu", [], max_value=None, negative_slope=0.0, threshold=0.0)
    for depth in range(4):
        made = _network(made, f"network_{depth}", 100)
    return made


def _called_often(stored: Any) -> None:
    taken = _tensor(_layer(stored, "InputLayer")["name"])
    for number in range(300):
        made = _made("Identity", f"often_{number}", [taken] * 200)
        _layers(stored).append(made)


def _backwards(stored: Any) -> None:
    """Each layer stands before the one that it takes in."""
    calls = 60
    name, late = _layer(stored, "InputLayer")["name"], []
    for number in range(200):
        late.append(_made("Identity", f"late_{number}", [_tensor(name, 0)] * calls))
        name = f"late_{number}"
    stored["config"]["layers"] = [*reversed(late), *_layers(stored)]


def _reads_much(stored: Any) -> None:
    """Sums of two hundred times the same."""
    name = _layer(stored, "InputLayer")["name"]
    padded = _made("ZeroPadding2D", "padded", [_tensor(name)], padding=[[0, 1000], [0, 1000]])
    _layers(stored).append(padded)
    for number in range(60):
        _layers(stored).append(_made("Add", f"sum_{number}", [[_tensor("padded")] * 200]))


def _large_then_small(stored: Any) -> None:
    shape = [None, 100_000, 100_000, 2]
    entry = _made("InputLayer", "large", [], batch_shape=shape)
    entry["inbound_nodes"] = []
    cropped = _made("CenterCrop", "small", [_tensor("large")], height=8, width=8)
    _layers(stored).extend([entry, cropped])


def _stacked(stored: Any) -> None:
    name = _layer(stored, "InputLayer")["name"]
    for number in range(40):
        tensors = [_tensor(name)] * 2
        made = _made("Stack", f"stack_{number}", [tensors], "keras.src.ops.numpy", axis=1)
        _layers(stored).append(made)
        name = made["name"]


def _joined_inputs(stored: Any) -> None:
    name = _layer(stored, "InputLayer")["name"]
    for number in range(400):
        tensors = [_tensor(name)] * 200
        _layers(stored).append(_made("Concatenate", f"joined_{number}", [tensors], axis=-1))


def _setting(kind: str, setting: str, value: Any) -> Change:
    def change(stored: Any) -> None:
        _layer(stored, kind)["config"][setting] = value

    return change


def _grey(stored: Any, *more: Any) -> None:
    """Layers after one that makes a single channel, with which much can be multiplied."""
    name = _layer(stored, "InputLayer")["name"]
    one = _made("Mean", "one", [_tensor(name)], "keras.src.ops.numpy", axis=-1, keepdims=True)
    _layers(stored).extend([one, *more])


_WIDE = {"filters": 1, "strides": [1, 1], "groups": 1, "use_bias": False, "activation": "linear"}

IN_NETWORKS: Mapping[str, Change] = {
    "margins again and again": _chain("ZeroPadding2D", 60, padding=[[1024, 1024], [1024, 1024]]),
    "margins by an operation": _chain(
        "Pad",
        60,
        "keras.src.ops.numpy",
        pad_width=[[0, 0], [999, 999], [999, 999], [0, 0]],
        mode="constant",
    ),
    "a window far apart": _chain(
        "Conv2D", 1, kernel_size=[1024, 1024], dilation_rate=[1024, 1024], padding="same", **_WIDE
    ),
    "filters upon filters": _chain(
        "Conv2D",
        1,
        kernel_size=[1, 1],
        dilation_rate=[1, 1],
        padding="same",
        **{**_WIDE, "filters": 65_536},
    ),
    "channels times a thousand": _chain(
        "DepthwiseConv2D",
        3,
        kernel_size=[1, 1],
        strides=[1, 1],
        dilation_rate=[1, 1],
        padding="same",
        depth_multiplier=1024,
        use_bias=False,
        activation="linear",
    ),
    "a wide layer of every pixel": _chain(
        "Dense", 1, units=65_536, activation="linear", use_bias=False
    ),
    "an upsampling": _chain("UpSampling2D", 20, size=[100, 100], interpolation="nearest"),
    "a transposed convolution": _chain("Conv2DTranspose", 3, filters=2, kernel_size=[3, 3]),
    "a repetition": _chain("RepeatVector", 1, n=10**9),
    "a shape beyond numbers": _chain("Reshape", 1, target_shape=[2**31, 2**31]),
    "a shape of nothing": _chain("Reshape", 1, target_shape=[-1, -1, 2**31]),
    "a crop of more than all": _chain("Cropping2D", 1, cropping=[[1000, 1000], [1000, 1000]]),
    "a size again and again": _chain(
        "Resizing", 30, height=8192, width=8192, interpolation="bilinear"
    ),
    "factors of 65,536 channels": lambda stored: _grey(
        stored, _made("Rescaling", "scaled", [_tensor("one")], scale=[1.0] * 65_536, offset=0.0)
    ),
    "offsets of 65,536 channels": lambda stored: _grey(
        stored, _made("Rescaling", "scaled", [_tensor("one")], scale=1.0, offset=[1.0] * 65_536)
    ),
    "a scale of 65,536 channels": lambda stored: _grey(
        stored,
        _made(
            "LayerScale",
            "scaled",
            [_tensor("one")],
            "keras.src.applications.convnext",
            projection_dim=65_536,
            init_values=1.0,
        ),
    ),
    "means of 65,536 channels": lambda stored: _grey(
        stored,
        _made(
            "Normalization",
            "scaled",
            [_tensor("one")],
            axis=-1,
            invert=False,
            mean=[1.0] * 65_536,
            variance=[1.0] * 65_536,
        ),
    ),
    "ever more axes": _chain("ExpandDims", 1000, "keras.src.ops.numpy", axis=1),
    "what doubles on an axis of its own": _stacked,
    "networks called often": _networks_called_often,
    "layers called often": _called_often,
    "layers in the other order": _backwards,
    "sums of the same": _reads_much,
    "the same, joined": _joined_inputs,
    "large images cut to small ones": _large_then_small,
    "channels without end": _setting("InputLayer", "batch_shape", [None, None, None, 100_000]),
    "a million nothings in a setting": _setting("Conv2D", "kernel_initializer", [{}] * 700_000),
    "lists in lists in a setting": _setting(
        "Conv2D", "kernel_initializer", json.loads("[" * 60 + "]" * 60)
    ),
    "units beyond numbers": _setting("Dense", "units", 10**4000),
    "a seed beyond numbers": _setting("Dropout", "seed", 10**4000),
    "a rate beyond numbers": _setting("Dropout", "rate", 10**4000),
    "a noise of great shape": _setting("Dropout", "noise_shape", [10**9] * 6),
    "filters of yes": _setting("Conv2D", "filters", True),
    "a window of a text": _setting("Conv2D", "kernel_size", "9" * 1_000_000),
    "strides of a list of lists": _setting("Conv2D", "strides", [[1, 1], [1, 1]]),
}


def _kernel(file: Any) -> str:
    names: list[str] = []
    file.visititems(
        lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None
    )
    return next(name for name in names if len(file[name].shape) == 2)


def _instead(make: Callable[[Any, str], Any]) -> Change:
    """What puts something else in the place of a kernel."""

    def change(file: Any) -> None:
        name = _kernel(file)
        del file[name]
        make(file, name)

    return change


def _raw(file: Any, name: str, kind: Any, shape: tuple[int, ...]) -> None:
    space = h5py.h5s.create_simple(shape)
    h5py.h5d.create(file.id, name.encode(), kind, space)


def _large_chunk(file: Any, name: str) -> None:
    file.create_dataset(name, (2**40, 2**20), "f4", chunks=(2**15, 2**14))


def _enumeration(file: Any, name: str) -> None:
    kind = h5py.enum_dtype({f"n{number}": number for number in range(3000)}, basetype="i4")
    file.create_dataset(name, (4, 2), kind)


def _attributes(file: Any) -> None:
    for number in range(3000):
        file[_kernel(file)].parent.attrs[f"a{number}"] = number


def _of_any_length(file: Any) -> None:
    lists = np.empty(1, object)
    lists[0] = np.zeros(3_000_000)
    file[_kernel(file)].attrs.create("a", lists, dtype=h5py.vlen_dtype("f8"))


def _many_links(file: Any) -> None:
    group = file.create_group("more")
    for number in range(5_000):
        group.create_group(str(number))
    for number in range(16_000):
        group[f"l{number}"] = group


IN_WEIGHTS: Mapping[str, Change] = {
    "numbers in chunks beyond reason": _instead(_large_chunk),
    "numbers without an end": _instead(
        lambda file, name: file.create_dataset(name, (4, 2), "f4", maxshape=(None, None))
    ),
    "2^60 numbers": _instead(
        lambda file, name: _raw(file, name, h5py.h5t.IEEE_F32LE, (2**30, 2**30))
    ),
    "numbers of 32 axes": _instead(lambda file, name: file.create_dataset(name, (1,) * 32, "f4")),
    "numbers of which each is a list": _instead(
        lambda file, name: file.create_dataset(name, (4, 2), "(100000,)f4", chunks=(1, 1))
    ),
    "a text of 2 GB": _instead(
        lambda file, name: _raw(file, name, h5py.h5t.py_create(np.dtype("S2000000000")), (4,))
    ),
    "numbers of half a kilobyte": _instead(
        lambda file, name: _raw(file, name, h5py.h5t.py_create(np.dtype("V512")), (4, 2))
    ),
    "numbers with names": _instead(_enumeration),
    "numbers of two parts": _instead(
        lambda file, name: file.create_dataset(name, data=np.zeros((4, 2), "c8"))
    ),
    "numbers of nothing": _instead(lambda file, name: file.create_dataset(name, dtype="f4")),
    "numbers of no length": _instead(
        lambda file, name: _raw(file, name, h5py.h5t.IEEE_F32LE, (2**40, 0))
    ),
    "3,000 attributes": _attributes,
    "an attribute of 24 MB": lambda file: file.create_group("more").attrs.create(
        "a", np.zeros(3_000_000)
    ),
    "an attribute of any length": _of_any_length,
    "21,000 links": _many_links,
}


def _archives(good: bytes, parts: Parts) -> Iterator[tuple[str, bytes]]:
    more = {f"members/{number}/{GRAPH}": b"" for number in range(1, 190)}
    yield "195 parts", zipped({**parts, **more})
    yield "201 parts", zipped({**parts, **{f"members/{n}/{GRAPH}": b"" for n in range(1, 200)}})
    yield "a part of a long name", zipped({**parts, "m" * 60_000: b""})
    yield "a part in a far folder", zipped({**parts, f"members/{'9' * 500}/{GRAPH}": b""})
    yield "a part of another number", zipped({**parts, f"members/\u0661/{GRAPH}": parts[GRAPH]})
    yield "a part with a notice", _with_extras(parts)
    end = good.rindex(b"PK\x05\x06")
    counts = bytearray(good)
    counts[end + 8 : end + 12] = struct.pack("<HH", 60_000, 60_000)
    yield "60,000 parts stated", bytes(counts)
    lengths = bytearray(good)
    lengths[end + 12 : end + 16] = struct.pack("<L", 2**32 - 1)
    yield "a directory of 4 GB", bytes(lengths)
    places = bytearray(good)
    places[end + 16 : end + 20] = struct.pack("<L", 2**32 - 1)
    yield "a directory past the end", bytes(places)


def _with_extras(parts: Parts) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name)
            info.comment = b"x" * 65_000
            archive.writestr(info, content)
    return file.getvalue()
