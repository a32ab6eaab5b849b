"""Hostile and broken Keras files and classifiers.

`foreign` are Keras networks, to be imported, `hdf5` those in Keras's old format; `classifiers` say
that they are classifiers of ours. All are made of a good one by changing one thing.
"""

import hashlib
import io
import json
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Parts = dict[str, bytes]

CONFIGURATION, WEIGHTS, GRAPH = "config.json", "model.weights.h5", "graph.onnx"
DESCRIPTION = "classifier.json"


def parts_of(content: bytes) -> Parts:
    """The parts of a .keras file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive of parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def foreign(good: bytes) -> Iterator[tuple[str, bytes]]:
    """Networks of which nothing may reach Keras, each with its name."""
    parts = parts_of(good)
    for name, change in {**IN_LAYERS, **IN_NETWORKS}.items():
        stored = json.loads(parts[CONFIGURATION])
        change(stored)
        yield name, zipped({**parts, CONFIGURATION: json.dumps(stored).encode()})
    for name, content in _json_bombs(parts[CONFIGURATION]):
        yield name, zipped({**parts, CONFIGURATION: content})
    of_keras_2 = {**parts, "metadata.json": b'{"keras_version": "2.15.0"}'}
    for name in ("a lambda", "a vocabulary in a file", "a layer of another package", "a dead node"):
        stored = json.loads(parts[CONFIGURATION])
        ({**IN_LAYERS, "a dead node": _dead_node})[name](stored)
        content = json.dumps(stored).encode()
        yield f"{name}, as of Keras 2", zipped({**of_keras_2, CONFIGURATION: content})
    for name, change_weights in IN_WEIGHTS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "weights.h5"
            path.write_bytes(parts[WEIGHTS])
            with h5py.File(path, "r+") as file:
                change_weights(file)
            yield name, zipped({**parts, WEIGHTS: path.read_bytes()})
    weights = parts[WEIGHTS]
    yield "weights cut short", zipped({**parts, WEIGHTS: weights[: len(weights) // 2]})
    yield "weights of noise", zipped({**parts, WEIGHTS: weights[:200] + b"\xff" * 3000})
    yield "no weights", zipped({**parts, WEIGHTS: b""})
    yield from _archives(good, parts)


def _layers(stored: Any) -> list[Any]:
    layers: list[Any] = stored["config"]["layers"]
    return layers


def _layer(stored: Any, kind: str) -> Any:
    return next(layer for layer in _layers(stored) if layer["class_name"] == kind)


def _instead(kind: str, module: str, config: Mapping[str, Any]) -> Callable[[Any], None]:
    """What makes the dropout layer one of another kind."""

    def change(stored: Any) -> None:
        layer = _layer(stored, "Dropout")
        layer.update(class_name=kind, module=module, registered_name=kind)
        layer["config"] = {"name": layer["config"]["name"], **config}

    return change


def _set(kind: str, setting: str, value: Any) -> Callable[[Any], None]:
    def change(stored: Any) -> None:
        _layer(stored, kind)["config"][setting] = value

    return change


def _dead_node(stored: Any) -> None:
    """A node that nothing uses and that Keras carries out when it opens the file."""
    layer = deepcopy(_layer(stored, "Dropout"))
    layer.update(class_name="function", module="keras.config", name="dead", registered_name=None)
    layer["config"] = "set_floatx"
    layer["inbound_nodes"] = [{"args": ["float16"], "kwargs": {}}]
    _layers(stored).append(layer)


def _called_with_a_function(stored: Any) -> None:
    call = _layer(stored, "Dropout")["inbound_nodes"][0]
    setter = {"module": "keras.config", "class_name": "function", "config": "set_epsilon"}
    call["kwargs"] = {"training": setter}


def _called_with_text(stored: Any) -> None:
    _layer(stored, "Dropout")["inbound_nodes"][0]["args"].append("float16")


def _takes_what_is_not_there(stored: Any) -> None:
    tensor = _layer(stored, "Dropout")["inbound_nodes"][0]["args"][0]
    tensor["config"]["keras_history"][0] = "nobody"


def _goes_in_circles(stored: Any) -> None:
    """Each of two layers takes in what the other gives."""
    pooling = _layer(stored, "MaxPooling2D")
    tensor = pooling["inbound_nodes"][0]["args"][0]
    tensor["config"]["keras_history"][0] = _layer(stored, "Dropout")["name"]


def _many_layers(stored: Any) -> None:
    dropout = _layer(stored, "Dropout")
    for number in range(3000):
        copy = deepcopy(dropout)
        copy["name"] = copy["config"]["name"] = f"more_{number}"
        _layers(stored).append(copy)


def _networks_in_networks(stored: Any) -> None:
    for _ in range(12):
        inner = deepcopy(stored)
        stored["config"]["layers"] = [{**inner, "name": "inner", "inbound_nodes": []}]


def _huge_images(stored: Any) -> None:
    _layer(stored, "InputLayer")["config"]["batch_shape"] = [None, 90_000, 90_000, 2]


def _other_class(stored: Any) -> None:
    stored.update(class_name="Model", module="their.module", registered_name="theirs>Model")


def _subclass(stored: Any) -> None:
    stored.update(class_name="FeatureExtractor", module="keras.applications")


def _grows(stored: Any) -> None:
    """Each of forty layers joins what it takes in with itself."""
    layers = _layers(stored)
    name = _layer(stored, "Dropout")["name"]
    for number in range(40):
        taken = {"shape": [None, 1, 1, 4], "dtype": "float32", "keras_history": [name, 0, 0]}
        tensor = {"class_name": "__keras_tensor__", "config": taken}
        name = f"twice_{number}"
        layers.append(
            {
                "module": "keras.layers",
                "class_name": "Concatenate",
                "config": {"name": name, "axis": -1},
                "registered_name": None,
                "name": name,
                "inbound_nodes": [{"args": [[tensor, tensor]], "kwargs": {}}],
            }
        )


def _operation(kind: str, more: Any = (), module: str = "numpy", **config: Any) -> Any:
    """What puts an operation of Keras in the place of the dropout layer."""

    def change(stored: Any) -> None:
        layer = _layer(stored, "Dropout")
        layer.update(class_name=kind, module=f"keras.src.ops.{module}", registered_name=kind)
        layer["config"] = {"name": layer["config"]["name"], **config}
        call = layer["inbound_nodes"][0]
        call["args"], call["kwargs"] = [*call["args"], *more], {}

    return change


def _array(value: Any) -> Any:
    return {"class_name": "__numpy__", "config": {"value": value, "dtype": "float32"}}


def _same_name(stored: Any) -> None:
    dropout = deepcopy(_layer(stored, "Dropout"))
    _layers(stored).append(dropout)


_LAMBDA = {
    "function": {"class_name": "__lambda__", "config": {"code": "4wEAAAAA", "closure": None}}
}
_FUNCTION = {"module": "builtins", "class_name": "function", "config": "exec"}
_INITIALIZER = {"module": "os", "class_name": "system", "config": {"command": "true"}}

IN_LAYERS: Mapping[str, Callable[[Any], None]] = {
    "a lambda": _instead("Lambda", "keras.layers", _LAMBDA),
    "a lambda with a named function": _instead(
        "Lambda", "keras.layers", {"function": {**_FUNCTION, "module": "os", "config": "system"}}
    ),
    "a lambda with a Keras function": _instead(
        "Lambda",
        "keras.layers",
        {"function": {"module": "keras.utils", "class_name": "function", "config": "get_file"}},
    ),
    "a saved model as a layer": _instead(
        "TFSMLayer", "keras.layers", {"filepath": "/tmp/evil", "call_endpoint": "serve"}
    ),
    "a TorchModuleWrapper": _instead(
        "TorchModuleWrapper", "keras.layers", {"module": "gASVAAAAAAAAAA=="}
    ),
    "a vocabulary in a file": _instead(
        "StringLookup", "keras.layers", {"vocabulary": "/etc/passwd"}
    ),
    "a vocabulary at an address": _instead(
        "TextVectorization", "keras.layers", {"vocabulary": "gs://bucket/words.txt"}
    ),
    "a FeatureSpace": _instead("FeatureSpace", "keras.utils", {"features": {}}),
    "a hashing layer": _instead("Hashing", "keras.layers", {"num_bins": 10**12}),
    "a wrapper around a layer": _instead(
        "TimeDistributed", "keras.layers", {"layer": {"class_name": "Lambda", "config": {}}}
    ),
    "a layer of another package": _instead("Layer", "os", {}),
    "a layer of Keras's inside": _instead("Dropout", "keras.src.utils.io_utils", {"rate": 0.1}),
    "a function in place of a layer": _instead("function", "keras.config", {"x": "set_floatx"}),
    "a Keras setter as a layer": _instead("set_image_data_format", "keras.config", {}),
    "a dead node that sets floatx": _dead_node,
    "a setter as an argument": _called_with_a_function,
    "text as an argument": _called_with_text,
    "an activation that is a function": _set("Conv2D", "activation", _FUNCTION),
    "an activation of another package": _set(
        "Conv2D", "activation", {"module": "os", "class_name": "function", "config": "system"}
    ),
    "a setting nobody knows": _set("Conv2D", "on_load", _INITIALIZER),
    "quantisation by a class": _set("Dense", "quantization_config", _INITIALIZER),
    "filters beyond reason": _set("Conv2D", "filters", 10**9),
    "filters below nothing": _set("Conv2D", "filters", -4),
    "units beyond reason": _set("Dense", "units", 2**40),
    "units of a float": _set("Dense", "units", 2.5),
    "a window beyond reason": _set("Conv2D", "kernel_size", [100_000, 100_000]),
    "no stride": _set("Conv2D", "strides", [0, 0]),
    "no groups": _set("Conv2D", "groups", 0),
    "an infinite rate": _set("Dropout", "rate", 1e300),
    "a name of a megabyte": _set("Dropout", "name", "x" * 1_000_000),
    "an operation that calls a function": _operation("VectorizedMap", module="core", f="exec"),
    "an operation that makes much of nothing": _operation("Tile", repeats=[1, 10_000, 10_000]),
    "an operation of a module of theirs": _operation("Add", [1.0], module="numpy.evil"),
    "a part that is no index": _operation("GetItem", [["a", 1]]),
    "a part picked by an array": _operation("GetItem", [[_array([1])]]),
    "a part of the images": _operation("GetItem", [[0]]),
    "a part that is not there": _operation("GetItem", [[{"class_name": "__ellipsis__"}, 10_000]]),
    "an array of text": _operation("Add", [_array(["evil"])]),
    "an array beyond reason": _operation("Add", [_array([[0.0] * 100] * 10_000)]),
    "an array with gaps": _operation("Add", [_array([[1.0], [1.0, 2.0]])]),
    "an array of lists and numbers": _operation("Add", [_array([[], 1.0])]),
    "an array of images": _operation("Add", [_array([[1.0]] * 50)]),
    "a sum of all images": _operation("Sum", axis=0, keepdims=True),
    "a padding beyond reason": _operation("Pad", pad_width=[[0, 0], [0, 10**9]], mode="constant"),
    "more images than given": _operation("Pad", pad_width=[[5, 5], [0, 0]], mode="constant"),
    "a shape of all images": _operation("Reshape", newshape=[1, -1]),
    "a resizing beyond reason": _instead(
        "Resizing", "keras.layers", {"height": 10**6, "width": 10**6, "interpolation": "bilinear"}
    ),
    "a crop beyond reason": _instead("CenterCrop", "keras.layers", {"height": 10**7, "width": 1}),
    "an interpolation of theirs": _instead(
        "Resizing", "keras.layers", {"height": 8, "width": 8, "interpolation": _FUNCTION}
    ),
    "slopes of other images": _instead("PReLU", "keras.layers", {"shared_axes": [1, "x"]}),
    "axes that are no axes": _instead("Permute", "keras.layers", {"dims": [1, 1]}),
    "no axes": _instead("Permute", "keras.layers", {"dims": [0]}),
    "two layers of a name": _same_name,
    "weights of other layers": _set("Dense", "units", 3),
    "a large layer without weights": _set("Dense", "units", 60_000),
}

IN_NETWORKS: Mapping[str, Callable[[Any], None]] = {
    "3,000 layers": _many_layers,
    "networks in networks": _networks_in_networks,
    "huge images": _huge_images,
    "a network of somebody's": _other_class,
    "a network of a class not known": _subclass,
    "what is not there": _takes_what_is_not_there,
    "in circles": _goes_in_circles,
    "what doubles forty times": _grows,
    "no layers": lambda stored: stored["config"].update(layers=[]),
    "layers that are text": lambda stored: stored["config"].update(layers=["Dense"]),
    "no outputs": lambda stored: stored["config"].pop("output_layers"),
    "an output that is no name": lambda stored: stored["config"].update(output_layers=[{}, 0, 0]),
    "no configuration": lambda stored: stored.update(config=None),
}


def _json_bombs(good: bytes) -> Iterator[tuple[str, bytes]]:
    yield "deep JSON", b"[" * 200_000 + b"]" * 200_000
    yield (
        "deep JSON in a setting",
        good.replace(b'"rate": 0.2', b'"rate": ' + b"[" * 5000 + b"]" * 5000, 1),
    )
    yield "much JSON", b"[" + b"[]," * 2_000_000 + b"[]]"
    yield "large JSON", good + b" " * 20_000_000
    yield "a number of a million digits", good.replace(b"0.2", b"1" * 1_000_000, 1)
    yield "NaN in JSON", good.replace(b'"rate": 0.2', b'"rate": NaN', 1)
    yield "a key twice", good.replace(b'"rate": 0.2', b'"rate": 0.2, "rate": 0.3', 1)
    yield "JSON that is a list", b"[1, 2, 3]"
    yield "no JSON", b"\x80\x04\x95pickled"
    yield "JSON that is no text", b'{"class_name": "\xff\xfe"}'


def _kernel(file: Any) -> str:
    names: list[str] = []
    file.visititems(
        lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None
    )
    return next(name for name in names if "/conv2d/vars/0" in name)


def _with_kernel(make: Callable[[Any, str, Any], Any]) -> Callable[[Any], None]:
    """What puts something else in the place of the first kernel."""

    def change(file: Any) -> None:
        name = _kernel(file)
        values = file[name][()]
        del file[name]
        make(file, name, values)

    return change


def _external(file: Any, name: str, values: Any) -> None:
    file.create_dataset(name, values.shape, "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def _virtual(file: Any, name: str, values: Any) -> None:
    layout = h5py.VirtualLayout(values.shape, "f4")
    layout[...] = h5py.VirtualSource("/etc/hostname", "data", values.shape)
    file.create_virtual_dataset(name, layout)


def _zip_bomb(file: Any, name: str, values: Any) -> None:
    """Some kilobytes that become forty gigabytes."""
    file.create_dataset(
        name, (10_000, 1_000_000), "f4", chunks=(10, 100_000), compression="gzip", fillvalue=1.0
    )


def _never_written(file: Any, name: str, values: Any) -> None:
    file.create_dataset(name, (100_000, 1_000_000), "f4")


def _nan(file: Any) -> None:
    file[_kernel(file)][0] = np.nan


def _group_in_itself(file: Any) -> None:
    file["layers/conv2d/again"] = file["layers"]


IN_WEIGHTS: Mapping[str, Callable[[Any], None]] = {
    "numbers in another file": _with_kernel(_external),
    "a virtual array": _with_kernel(_virtual),
    "a link to another file": _with_kernel(
        lambda file, name, values: file.update({name: h5py.ExternalLink("/etc/passwd", "/x")})
    ),
    "a link within the file": _with_kernel(
        lambda file, name, values: file.update({name: h5py.SoftLink("/layers")})
    ),
    "packed weights": _with_kernel(_zip_bomb),
    "weights that were never written": _with_kernel(_never_written),
    "weights of another shape": _with_kernel(
        lambda file, name, values: file.create_dataset(name, data=values[:1])
    ),
    "weights that are text": _with_kernel(
        lambda file, name, values: file.create_dataset(name, data=[b"text"] * 9)
    ),
    "weights that are references": _with_kernel(
        lambda file, name, values: file.create_dataset(name, data=file.ref, dtype=h5py.ref_dtype)
    ),
    "a type in place of weights": _with_kernel(
        lambda file, name, values: file.update({name: np.dtype("f4")})
    ),
    "weights of text of any length": _with_kernel(
        lambda file, name, values: file.create_dataset(
            name, data=["a", "b"], dtype=h5py.string_dtype()
        )
    ),
    "weights that are no numbers": _nan,
    "a group in itself": _group_in_itself,
    "20,000 groups": lambda file: [file.create_group(f"g/{'g/' * 40}{n}") for n in range(200)],
}


def _archives(good: bytes, parts: Parts) -> Iterator[tuple[str, bytes]]:
    yield "packed", zipped(parts, zipfile.ZIP_DEFLATED)
    yield "a zip bomb", zipped({**parts, CONFIGURATION: b" " * 300_000_000}, zipfile.ZIP_DEFLATED)
    for name in ("../../evil.py", "/etc/cron.d/evil", "..\\evil.py", "assets/evil.bin", "evil.pkl"):
        yield f"a part named {name}", zipped({**parts, name: b"print('evil')"})
    yield "5,000 parts", zipped({**parts, **{f"{n}.txt": b"" for n in range(5000)}})
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        for name in (*parts, CONFIGURATION):
            archive.filelist and archive.NameToInfo.pop(name, None)
            archive.writestr(name, parts[name])
    yield "a part twice", twice.getvalue()
    yield "cut short", good[: len(good) // 2]
    yield "cut short by a byte", good[:-1]
    yield "another program's name in front", b"#!/bin/sh\n" + good[:-6]
    yield "a comment behind", good[:-2] + struct.pack("<H", 5) + b"hello"
    yield "no configuration part", zipped({k: v for k, v in parts.items() if k != CONFIGURATION})
    yield "an old HDF5 file under a new name", parts[WEIGHTS]
    yield "a pickle", b"\x80\x04\x95\x1c\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system"
    yield "nothing", b""
    # The directory says that the first part is longer than the file.
    place = good.rindex(b"PK\x01\x02", 0, good.index(b"PK\x05\x06"))
    lengthened = bytearray(good)
    lengthened[place + 20 : place + 28] = struct.pack("<LL", 2**31, 2**31)
    yield "a part longer than the file", bytes(lengthened)


def hdf5(good: bytes) -> Iterator[tuple[str, bytes]]:
    """Networks in Keras's old format of which nothing may reach Keras, each with its name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.h5"
        for name, change in {**IN_HDF5, **_in_old_configurations()}.items():
            path.write_bytes(good)
            with h5py.File(path, "r+") as file:
                change(file)
            yield name, path.read_bytes()
    yield "cut short", good[: len(good) // 2]
    yield "noise behind the beginning", good[:200] + b"\xff" * 5000
    yield "nothing behind the beginning", good[:8]


def _in_old_configurations() -> dict[str, Callable[[Any], None]]:
    """What changes the configuration of a network of Keras 2."""
    changes = {**IN_OLD_LAYERS, "3,000 layers": _many_layers, "in networks": _networks_in_networks}
    return {name: _with_configuration(change) for name, change in changes.items()}


def _with_configuration(change: Callable[[Any], None]) -> Callable[[Any], None]:
    def changed(file: Any) -> None:
        stored = json.loads(file.attrs["model_config"])
        change(stored)
        file.attrs["model_config"] = json.dumps(stored)

    return changed


def _with_text(content: Any) -> Callable[[Any], None]:
    def changed(file: Any) -> None:
        del file.attrs["model_config"]
        file.attrs["model_config"] = content

    return changed


def _old_dense(make: Callable[[Any, str, Any], Any]) -> Callable[[Any], None]:
    """What puts something else in the place of the last kernel."""

    def change(file: Any) -> None:
        name = "model_weights/dense/dense/kernel:0"
        values = file[name][()]
        del file[name]
        make(file, name, values)

    return change


def _of_references(file: Any) -> None:
    del file.attrs["model_config"]
    file.attrs.create("model_config", file.ref, dtype=h5py.ref_dtype)


def _of_pickle(file: Any) -> None:
    del file.attrs["model_config"]
    file.attrs["model_config"] = np.void(b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93.")


def _of_a_table(file: Any) -> None:
    del file.attrs["model_config"]
    file.attrs["model_config"] = np.zeros(3, [("class_name", "S9"), ("config", "f8")])


def _of_any_length(file: Any) -> None:
    del file.attrs["model_config"]
    lists = np.empty(1, object)
    lists[0] = np.arange(5)
    file.attrs.create("model_config", lists, dtype=h5py.vlen_dtype("i8"))


def _by_a_plugin(file: Any, name: str, values: Any) -> None:
    """Numbers that a filter of somebody's would unpack."""
    how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    how.set_chunk(values.shape)
    how.set_filter(32_000, h5py.h5z.FLAG_OPTIONAL, ())
    space = h5py.h5s.create_simple(values.shape)
    h5py.h5d.create(file.id, name.encode(), h5py.h5t.IEEE_F32LE, space, how)


def _deep_groups(file: Any) -> None:
    file.create_group("model_weights/" + "g/" * 500)


def _old_circle(file: Any) -> None:
    file["model_weights/dense/again"] = file["model_weights"]


IN_HDF5: Mapping[str, Callable[[Any], None]] = {
    "a link to another file": _old_dense(
        lambda file, name, values: file.update({name: h5py.ExternalLink("/etc/passwd", "/x")})
    ),
    "a link within the file": _old_dense(
        lambda file, name, values: file.update({name: h5py.SoftLink("/model_weights/dropout")})
    ),
    "numbers in another file": _old_dense(_external),
    "a virtual array": _old_dense(_virtual),
    "a zip bomb": _old_dense(_zip_bomb),
    "numbers by a plugin": _old_dense(_by_a_plugin),
    "numbers that were never written": _old_dense(_never_written),
    "numbers of another shape": _old_dense(
        lambda file, name, values: file.create_dataset(name, data=values.T)
    ),
    "numbers that are text": _old_dense(
        lambda file, name, values: file.create_dataset(name, data=[b"text"] * 10)
    ),
    "references": _old_dense(
        lambda file, name, values: file.create_dataset(name, data=file.ref, dtype=h5py.ref_dtype)
    ),
    "a table of numbers": _old_dense(
        lambda file, name, values: file.create_dataset(name, data=np.zeros((5, 2), [("a", "f4")]))
    ),
    "no numbers": _old_dense(
        lambda file, name, values: file.create_dataset(name, data=values * np.nan)
    ),
    "no kernel": _old_dense(lambda file, name, values: None),
    "two kernels": lambda file: file.create_dataset(
        "model_weights/dense/more/kernel:0", data=np.zeros((5, 2), "f4")
    ),
    "a type in place of a kernel": _old_dense(
        lambda file, name, values: file.update({name: np.dtype("f4")})
    ),
    "500 groups in each other": _deep_groups,
    "a group in itself": _old_circle,
    "a configuration of references": _of_references,
    "a configuration that is pickled": _of_pickle,
    "a configuration that is a table": _of_a_table,
    "a configuration of lists": _of_any_length,
    "a configuration of many texts": _with_text(["{}"] * 1000),
    "a configuration of 20 MB": _with_text("[" + " " * 20_000_000 + "]"),
    "a deep configuration": _with_text("[" * 100_000),
    "a configuration of a list": _with_text("[1, 2, 3]"),
    "a configuration of nothing": _with_text(""),
}


def _old(kind: str, **config: Any) -> Callable[[Any], None]:
    """What makes the dropout layer of Keras 2 one of another kind."""

    def change(stored: Any) -> None:
        layer = _layer(stored, "Dropout")
        layer["class_name"] = kind
        layer["config"] = {"name": layer["config"]["name"], **config}

    return change


def _old_function(function: Any, **given: Any) -> Callable[[Any], None]:
    """What makes the division before the network another operation of TensorFlow."""

    def change(stored: Any) -> None:
        layer = next(one for one in _layers(stored) if one["config"].get("function"))
        layer["config"]["function"] = function
        layer["inbound_nodes"][0][3] = given

    return change


def _name_elsewhere(stored: Any) -> None:
    last = _layers(stored)[-1]
    last["name"] = last["config"]["name"] = "../../dense"
    stored["config"]["output_layers"] = [["../../dense", 0, 0]]


IN_OLD_LAYERS: Mapping[str, Callable[[Any], None]] = {
    "a lambda of Python": _old(
        "Lambda", function=["4wEAAAAA", None, None], function_type="lambda", module="__main__"
    ),
    "a function of Python": _old(
        "Lambda", function="system", function_type="function", module="os"
    ),
    "a layer of theirs": _old("Theirs>Layer", rate=0.1),
    "a class of theirs": _old("Dropout2", rate=0.1),
    "a wrapper": _old("TimeDistributed", layer={"class_name": "Lambda", "config": {}}),
    "a vocabulary": _old("StringLookup", vocabulary="/etc/passwd"),
    "a setting of theirs": _old("Dropout", rate=0.1, on_load=_FUNCTION),
    "a rate of text": _old("Dropout", rate="0.1"),
    "an activation of theirs": _old("Activation", activation=_FUNCTION),
    "another sigmoid": _old("Activation", activation="hard_sigmoid"),
    "a program of TensorFlow": _old_function("io.read_file", filename="/etc/passwd"),
    "a function that is a table": _old_function({"a": "b"}),
    "a division by nothing": _old_function("math.truediv"),
    "a division by text": _old_function("math.truediv", y="evil"),
    "a division by what is not there": _old_function("math.truediv", y=["nobody", 0, 0]),
    "a division by a great array": _old_function("math.truediv", y=[[0.5] * 1000] * 1000),
    "a part of the images": _old_function("__operators__.getitem", slice_spec=[0]),
    "a part of nothing": _old_function("__operators__.getitem", slice_spec="evil"),
    "a shape of all images": _old_function("reshape", shape=[1, -1]),
    "no calls": lambda stored: _layers(stored)[-1].pop("inbound_nodes"),
    "calls of text": lambda stored: _layers(stored)[-1].update(inbound_nodes=["evil"]),
    "calls of nobody": lambda stored: _layers(stored)[-1].update(
        inbound_nodes=[[["nobody", 0, 0, {}]]]
    ),
    "a name that leads elsewhere": _name_elsewhere,
    "no layers": lambda stored: stored["config"].update(layers=[]),
    "layers of text": lambda stored: stored["config"].update(layers=["Dense"]),
    "units beyond reason": lambda stored: _layers(stored)[-1]["config"].update(units=10**9),
    "images beyond reason": lambda stored: _layer(stored, "InputLayer")["config"].update(
        batch_input_shape=[None, 90_000, 90_000, 3]
    ),
}


def classifiers(good: bytes) -> Iterator[tuple[str, bytes]]:
    """Classifiers of which nothing may reach the runtime, each with its name."""
    parts = parts_of(good)
    for name, change in IN_GRAPHS.items():
        model = onnx.load_model_from_string(parts[GRAPH])
        changed = change(model) or model
        yield name, _with_graph(parts, changed.SerializeToString())
    yield "a graph of noise", _with_graph(parts, b"\xff" * 4000)
    yield "no graph", _with_graph(parts, b"")
    no_text = parts[GRAPH].replace(b"features", b"feature\x80")
    yield "names that are no text", _with_graph(parts, no_text)
    for name, changes in IN_DESCRIPTIONS.items():
        stored = {**json.loads(parts[DESCRIPTION]), **changes}
        yield name, zipped({**parts, DESCRIPTION: json.dumps(stored).encode()})
    other = bytearray(parts[WEIGHTS])
    other[-40] ^= 1
    yield "weights of another network", zipped({**parts, WEIGHTS: bytes(other)})
    yield "a further part", zipped({**parts, "members/7/graph.onnx": parts[GRAPH]})


def _with_graph(parts: Parts, graph: bytes) -> bytes:
    """A classifier that says itself that this graph is its own."""
    stored = json.loads(parts[DESCRIPTION])
    stored["members"][0]["graph_sha256"] = hashlib.sha256(graph).hexdigest()
    return zipped({**parts, GRAPH: graph, DESCRIPTION: json.dumps(stored).encode()})


def _memory_bomb(model: Any) -> Any:
    """The 152 bytes of which ONNX Runtime makes gigabytes when it opens them."""
    shape = numpy_helper.from_array(np.array([500_000_000], np.int64), "shape")
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["large"]),
        helper.make_node("ReduceSum", ["large"], ["sum"]),
        helper.make_node("Add", ["images", "sum"], ["logits"]),
        helper.make_node("Identity", ["logits"], ["features"]),
    ]
    return _model(nodes, [shape])


def _model(nodes: list[Any], constants: list[Any]) -> Any:
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", f"n_{name}"])
        for name in ("logits", "features")
    ]
    taken = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", "y", "x", "channel"])
    graph = helper.make_graph(nodes, "network", [taken], ends, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def _doubled(model: Any) -> None:
    """Joins an array with itself forty times."""
    name = model.graph.node[0].output[0]
    for number in range(40):
        model.graph.node.append(
            helper.make_node("Concat", [name, name], [f"twice_{number}"], axis=1)
        )
        name = f"twice_{number}"


def _broadcast(model: Any) -> None:
    """Two constants of a hundred thousand numbers, of which one product has ten billion."""
    row = numpy_helper.from_array(np.ones((1, 100_000), np.float32), "row")
    column = numpy_helper.from_array(np.ones((100_000, 1), np.float32), "column")
    model.graph.initializer.extend([row, column])
    model.graph.node.append(helper.make_node("Mul", ["row", "column"], ["product"]))


def _padded(model: Any) -> None:
    pads = numpy_helper.from_array(
        np.array([0, 0, 50_000, 50_000, 0, 0, 50_000, 50_000], np.int64), "pads"
    )
    model.graph.initializer.append(pads)
    model.graph.node.append(
        helper.make_node("Pad", [model.graph.node[0].output[0], "pads"], ["padded"])
    )


def _loop(model: Any) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], ["looped"], body=body))


def _external_numbers(model: Any) -> None:
    constant = model.graph.initializer[0]
    constant.ClearField("raw_data")
    constant.data_location = TensorProto.EXTERNAL
    entry = constant.external_data.add()
    entry.key, entry.value = "location", "../../../etc/passwd"


def _own_operator(model: Any) -> None:
    model.graph.node.append(
        helper.make_node("Evil", [model.graph.node[0].output[0]], ["evil"], domain="their.domain")
    )


def _too_few_numbers(model: Any) -> None:
    model.graph.initializer[0].dims[:] = [100_000, 100_000]


def _no_numbers(model: Any) -> None:
    constant = next(each for each in model.graph.initializer if each.data_type == TensorProto.FLOAT)
    array = np.full(tuple(constant.dims), np.nan, np.float32)
    constant.raw_data = array.tobytes()


def _other_classes(model: Any) -> None:
    """Its logits are its features, of another number."""
    node = next(each for each in model.graph.node if each.output[0] == "logits")
    features = next(each for each in model.graph.node if each.output[0] == "features")
    node.input[0] = features.input[0]


def _other_numbers(model: Any) -> None:
    """Another network of the same layers: it says the opposite of what the probe knows."""
    for constant in model.graph.initializer:
        if constant.data_type == TensorProto.FLOAT and len(constant.dims) == 2:
            constant.raw_data = (-numpy_helper.to_array(constant)).tobytes()


def _many_nodes(model: Any) -> None:
    name = model.graph.node[0].output[0]
    for number in range(20_000):
        model.graph.node.append(helper.make_node("Identity", [name], [f"more_{number}"]))


IN_GRAPHS: Mapping[str, Callable[[Any], Any]] = {
    "the 152 bytes": _memory_bomb,
    "what doubles": _doubled,
    "a product of all with all": _broadcast,
    "a margin beyond reason": _padded,
    "a loop": _loop,
    "numbers in a file": _external_numbers,
    "an operator of another domain": _own_operator,
    "fewer numbers than declared": _too_few_numbers,
    "no numbers": _no_numbers,
    "logits of another number": _other_classes,
    "20,000 nodes": _many_nodes,
    "an old opset": lambda model: setattr(model.opset_import[0], "version", 3),
    "a second input": lambda model: model.graph.input.append(
        helper.make_tensor_value_info("more", TensorProto.FLOAT, [1])
    ),
}

IN_DESCRIPTIONS: Mapping[str, Mapping[str, Any]] = {
    "no classes": {"class_names": []},
    "classes that are numbers": {"class_names": [1, 2]},
    "a class of a byte that is no text": {"class_names": ["control", "caf\udce9"]},
    "a class of half a character": {"class_names": ["control", "\ud83d"]},
    "a class with a NUL": {"class_names": ["control", "deplet\x00ed"]},
    "members elsewhere": {
        "members": [
            {
                "weights": "../../secret",
                "graph": "/etc/passwd",
                "weights_sha256": "0" * 64,
                "graph_sha256": "0" * 64,
            }
        ]
    },
    "no preparation": {"preparation": None},
    "images beyond reason": {
        "preparation": {"channel_names": ["GFP", "DNA"], "size": [10**6, 10**6]}
    },
    "a size of yes and no": {
        "preparation": {"channel_names": ["GFP", "DNA"], "size": [True, True]}
    },
    "a temperature of nothing": {"temperature": 0},
    "a temperature beyond numbers": {"temperature": 10**400},
    "a gate of something": {"gate": {"kinds": 1}},
    "a probe of another number": {
        "members": [
            {
                "weights": WEIGHTS,
                "graph": GRAPH,
                "weights_sha256": "0" * 64,
                "graph_sha256": "0" * 64,
                "probe": [0.1] * 7,
            }
        ]
    },
}


def with_other_outputs(good: bytes) -> bytes:
    """A classifier whose graph fits in every way but says other things than its weights do."""
    parts = parts_of(good)
    model = onnx.load_model_from_string(parts[GRAPH])
    _other_numbers(model)
    return _with_graph(parts, model.SerializeToString())
