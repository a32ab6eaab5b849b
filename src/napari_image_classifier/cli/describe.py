"""The description of an image, a classifier or this environment, for a person or a program."""

import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_image_classifier.classifiers.file import is_foreign
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.networks.backend import describe_device
from napari_image_classifier.system.machine import versions_of
from napari_image_classifier.system.shown_text import readable
from napari_image_classifier.wording import counted

if TYPE_CHECKING:
    from napari_image_classifier.training.import_network import NetworkInShort


def describe_file(path: Path, *, axes: str | None = None) -> dict[str, Any]:
    """Return what there is to say of an image, a classifier or a network, ready for JSON.

    ``axes`` says what each stored axis of an image is, such as "ZYX", where the file does not.

    Raises
    ------
    ImageClassifierError
        The file is none of these, or it is damaged.
    """
    if path.suffix.lower() in (".keras", ".h5", ".hdf5"):
        return _describe_network(path) if is_foreign(path) else _describe_classifier(path)
    from napari_image_classifier.images.image import describe_image, read_image

    with read_image(path, axes=axes) as image:
        return {"kind": "image", **describe_image(image)}


def _describe_classifier(path: Path) -> dict[str, Any]:
    from napari_image_classifier.classifiers.classifier import load_classifier
    from napari_image_classifier.system.records import as_json

    classifier = load_classifier(path)
    stored = as_json(classifier.description.in_short())
    members = stored.pop("members")
    training = dict(stored.pop("training"))
    # Written for every epoch, and long: the file has it.
    training.pop("history", None)
    return {
        "kind": "classifier",
        "file": str(path),
        "sha256": classifier.sha256,
        **stored,
        "networks": len(members),
        "training": training,
    }


def _describe_network(path: Path) -> dict[str, Any]:
    from napari_image_classifier.training.import_network import describe_network

    network = describe_network(path)
    height, width, n_channels = (*network.input, None, None, None)[:3]
    return {
        "kind": "Keras network, no classifier yet",
        "file": str(path),
        "input": f"{_size_in_words(height, width)}, {counted(n_channels, 'channel')}",
        "outputs": network.outputs,
        "scales_intensities_itself": network.scales_intensities,
        "layers": [
            f"{layer.name}: {_in_words(layer.kind, layer.shape, layer.parameters)}"
            for layer in network.layers
        ],
        "import_it_with": _import_command(path, network),
    }


def _size_in_words(height: int | None, width: int | None) -> str:
    return f"{height} × {width} pixels" if height and width else "images of any size"


def _in_words(kind: str, shape: Sequence[int], parameters: int) -> str:
    given = " × ".join(map(str, shape))
    return f"{kind}, {given}" + (f", {counted(parameters, 'parameter')}" if parameters else "")


def _import_command(path: Path, network: "NetworkInShort") -> str:
    """Return the command that imports a network, with names that stand for the user's own."""
    height, width, n_channels = (*network.input, None, None, None)[:3]
    command = [
        "napari-image-classifier import",
        shlex.quote(path.name),
        f"--classes {_letters(max(2, network.outputs))}",
        f"--channels {_letters(n_channels or 1, first='C')}",
    ]
    if not height or not width:
        command.append("--size 224")
    if not network.scales_intensities:
        command.append("--range 0:255")
    return " ".join([*command, "--output NEW.keras"])


def _letters(number: int, first: str = "") -> str:
    names = [f"{first or 'class'}{n}" for n in range(1, number + 1)]
    return ",".join(names[:20]) + (",…" if number > 20 else "")


def in_lines(values: Mapping[str, Any], indent: str = "") -> str:
    """Return ``values`` as text, a line per value; what is empty is left out."""
    return "\n".join(
        line for key, value in values.items() for line in _lines(key, value, indent) if line
    )


def _lines(key: str, value: Any, indent: str) -> list[str]:
    title = f"{indent}{readable(key.replace('_', ' '))}:"
    if isinstance(value, Mapping) and value:
        return [title, in_lines(value, indent + "  ")]
    if value is None or (isinstance(value, (str, list, tuple, Mapping)) and not value):
        return []
    if key == "layers":
        return [title, *(f"{indent}  {_one_line(part)}" for part in value)]
    return [f"{title} {_one_line(value)}"]


def _one_line(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_one_line(part) for part in value)
    return readable(str(value))


PACKAGES = (
    "napari-image-classifier",
    "napari",
    "keras",
    "tensorflow",
    "torch",
    "jax",
    "onnxruntime",
    "numpy",
    "tifffile",
    "imagecodecs",
    "PyQt6",
    "PyQt5",
    "PySide6",
)


def describe_environment() -> dict[str, Any]:
    """Return versions, Keras's backend and the device it would train on, ready to print."""
    return {
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "versions": versions_of(PACKAGES),
        **_backend(),
    }


def _backend() -> dict[str, str]:
    try:
        return describe_device()
    except ImageClassifierError as error:
        return {"backend": f"none that starts. {error}"}
