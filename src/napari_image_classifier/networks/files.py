"""A classifier's file as Keras sees it: save, load for training, import.

Runs in the compute process; never imported by anything the viewer imports.
"""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.classifier_parts import CONFIGURATION, DESCRIPTION, WEIGHTS
from napari_image_classifier.classifiers.confidence import softmax
from napari_image_classifier.classifiers.description import (
    ClassifierDescription,
    ClassifierFileError,
    Member,
)
from napari_image_classifier.classifiers.file import (
    checked_path,
    opened_archive,
    sha256_of,
)
from napari_image_classifier.classifiers.manifest import check_place
from napari_image_classifier.classifiers.probe import probe_image, says_otherwise
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.networks.architectures import rebuild_network
from napari_image_classifier.networks.backend import start_keras
from napari_image_classifier.networks.export.graph_writer import GraphError
from napari_image_classifier.networks.export.onnx_export import export_graph
from napari_image_classifier.networks.guard.keras_file import weights_of, written_anew
from napari_image_classifier.networks.provenance import write_import_manifest
from napari_image_classifier.system.atomic_files import replace_file, told_when_refused
from napari_image_classifier.typing import Float64Array, FloatArray

if TYPE_CHECKING:
    import keras

LARGEST_DIFFERENCE = 1e-5
_IMAGES_COMPARED = 4


def save_classifier(
    path: str | Path, networks: Sequence["keras.Model"], description: ClassifierDescription
) -> None:
    """Write a classifier file that `load_classifier` and plain Keras both open.

    Every network takes (n, y, x, channel) and ends in a softmax over the classes. They are the
    members of the classifier and share one architecture; plain Keras sees the first. What is
    written is opened again and compared before it takes the place of a file already at ``path``.

    Raises
    ------
    ClassifierFileError
        The networks don't fit the description, or the name does not end in .keras.
    GraphError
        A network has a layer that can't be used without Keras.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ClassifierFileError(f"{path.name} must end in .keras.")
    for network in networks:
        _check_fits(network, description)
    plain = [_without_training_state(network) for network in networks]
    with replace_file(path) as temporary:
        plain[0].save(temporary, overwrite=True)
        with zipfile.ZipFile(temporary, "a", zipfile.ZIP_STORED) as archive:
            members = tuple(
                _add_member(archive, network, index, description)
                for index, network in enumerate(plain)
            )
            written = replace(description, members=members)
            archive.writestr(DESCRIPTION, json.dumps(written.to_json(), indent=1))
        _compare_with_keras(temporary)


def _without_training_state(network: "keras.Model") -> "keras.Model":
    """Return the same network without optimizer and loss, which would triple the file."""
    import keras

    return keras.Model(network.inputs[0], network.outputs[0], name=network.name)


def _check_fits(network: "keras.Model", description: ClassifierDescription) -> None:
    _check_one_input(network)
    taken, given = network.inputs[0].shape, network.outputs[0].shape
    n_classes, n_channels = len(description.class_names), description.preparation.n_channels
    if len(taken) != 4:
        raise ClassifierFileError(
            f"The network takes arrays of shape {_shown(taken)}; images are (n, y, x, channel)."
        )
    if taken[3] != n_channels:
        other = " Does it take the channels first?" if taken[1] == n_channels else ""
        raise ClassifierFileError(
            f"The network takes {_counted(taken[3], 'channel')} but {n_channels} "
            f"{'was' if n_channels == 1 else 'were'} named.{other}"
        )
    if len(given) != 2 or given[1] != n_classes:
        outputs = _counted(given[1], "output") if len(given) == 2 else f"outputs {_shown(given)}"
        raise ClassifierFileError(f"The network has {outputs} but {n_classes} classes were named.")


def _check_one_input(network: "keras.Model") -> None:
    inputs, outputs = getattr(network, "inputs", None), getattr(network, "outputs", None)
    if not inputs or not outputs:
        raise ClassifierFileError(
            "The network does not say which images it takes; call it once in Keras, save it again."
        )
    if len(inputs) != 1 or len(outputs) != 1:
        raise ClassifierFileError(
            f"The network has {_counted(len(inputs), 'input')} and "
            f"{_counted(len(outputs), 'output')}; a classifier has one of each."
        )


def _counted(number: int | None, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _shown(shape: Sequence[int | None]) -> str:
    return f"({', '.join('n' if length is None else str(length) for length in shape)})"


def _add_member(
    archive: zipfile.ZipFile,
    network: "keras.Model",
    index: int,
    description: ClassifierDescription,
) -> Member:
    folder = f"members/{index}/" if index else ""
    if index:
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / WEIGHTS
            network.save_weights(file)
            archive.write(file, folder + WEIGHTS)
    graph = export_graph(network)
    archive.writestr(f"{folder}graph.onnx", graph)
    weights = archive.read(folder + WEIGHTS)
    preparation = description.preparation
    image = probe_image(preparation.size, preparation.n_channels)
    return Member(
        weights=folder + WEIGHTS,
        graph=f"{folder}graph.onnx",
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        graph_sha256=hashlib.sha256(graph).hexdigest(),
        probe=tuple(_said_of(network, image).tolist()),
    )


def _compare_with_keras(path: Path) -> None:
    """Open the file both ways and refuse it unless the probabilities are the same."""
    import keras

    classifier = load_classifier(path)
    height, width = classifier.preparation.size
    random = np.random.default_rng(0)
    shape = (_IMAGES_COMPARED, height, width, classifier.preparation.n_channels)
    images = random.normal(0.3, 0.3, shape).astype(np.float32)
    for index, graph in enumerate(classifier.graphs):
        # Graphics cards calculate with fewer digits than the comparison asks for.
        with keras.device("cpu:0"):
            network = load_network(path, member=index)
            expected = keras.ops.convert_to_numpy(network(images, training=False))
        logits, _ = graph.run(images)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        difference = np.abs(powers / powers.sum(axis=1, keepdims=True) - expected).max()
        if not difference <= LARGEST_DIFFERENCE:
            raise GraphError(
                f"Without Keras the network gives other probabilities (by {difference:.1g}), so "
                "it can't be used; please report its layers."
            )


def load_network(path: str | Path, *, member: int = 0) -> "keras.Model":
    """Return the Keras network of a classifier file, to train it on or to look inside.

    A network of this package is built anew from its architecture, and takes only its weights from
    the file; an imported one is opened by Keras after the guard (see `keras_guard`).

    Raises
    ------
    ClassifierFileError
        The file is no classifier, it is damaged, or its network is not that of its graph.
    """
    path = checked_path(path)
    classifier = load_classifier(path)
    description = classifier.description
    if description.by_texture:
        raise ClassifierFileError(f"{path} has texture features in place of a network.")
    if description.architecture is None:
        network = _opened_by_keras(path)
    else:
        network = rebuild_network(description.architecture)
    if member or description.architecture is not None:
        declared = [tuple(one.shape) for one in network.weights]
        with weights_of(path, description.members[member].weights, declared) as weights:
            _load_weights(network, weights, path)
    _check_same(network, classifier, member)
    return network


def _load_weights(network: "keras.Model", weights: Path, path: Path) -> None:
    try:
        network.load_weights(weights)
    except Exception as error:
        # Keras raises what it likes where weights don't fit.
        raise ClassifierFileError(f"The weights in {path} are not those of its network.") from error


def _check_same(network: "keras.Model", classifier: Classifier, member: int) -> None:
    preparation = classifier.preparation
    image = probe_image(preparation.size, preparation.n_channels)
    logits, _ = classifier.graphs[member].run(image)
    difference = says_otherwise(softmax(logits.astype(np.float64))[0], _said_of(network, image))
    if difference:
        raise ClassifierFileError(
            f"{classifier.path} holds two networks that say different things (by {difference:.1g}) "
            "of the same image; it was not written by this program."
        )


def _said_of(network: "keras.Model", image: FloatArray) -> Float64Array:
    """Return the probabilities (class) of one image, shape (1, y, x, channel)."""
    import keras

    # Graphics cards calculate with fewer digits than is compared.
    with keras.device("cpu:0"):
        said = keras.ops.convert_to_numpy(network(image, training=False))
    return np.asarray(said[0], np.float64)


def _opened_by_keras(path: Path) -> "keras.Model":
    with written_anew(path) as checked:
        import keras

        try:
            return keras.saving.load_model(checked, compile=False, safe_mode=True)
        except Exception as error:
            raise ClassifierFileError(f"{path} can't be opened by Keras: {error}") from error


def import_job(
    request: Mapping[str, Any],
    emit: Callable[[dict[str, Any]], None],
    should_stop: Callable[[], bool],
) -> dict[str, Any]:
    """Make a classifier of a Keras network that was saved elsewhere.

    The request has ``source`` and ``output`` (paths), ``class_names`` and ``channel_names`` in
    the network's order, and ``preparation``, the keys of a `Preparation` that are to differ from
    its defaults; intensities are handed to the network as they are unless it says otherwise. A
    network that takes one size only sets the size. The result has ``classifier``, its path.
    """
    source = checked_path(request["source"])
    _check_foreign(source)
    output = Path(request["output"]).expanduser()
    check_place(output)
    with source.open("rb") as file:
        sha256 = sha256_of(file)
    start_keras()
    network = _opened_by_keras(source)
    _check_one_input(network)
    network = _ending_in_softmax(network, len(request["class_names"]))
    description = ClassifierDescription(
        class_names=tuple(request["class_names"]),
        preparation=_preparation_for(network, request, source),
        training={"imported_from": source.name, "source_sha256": sha256},
    )
    what_now = "Make room there, and import it again."
    with (
        told_when_refused(output, ClassifierFileError, what_now),
        replace_file(output) as temporary,
    ):
        save_classifier(temporary, [network], description)
        write_import_manifest(output, load_classifier(temporary))
    return {"classifier": str(output.resolve()), "class_names": list(description.class_names)}


def _check_foreign(path: Path) -> None:
    with path.open("rb") as file, opened_archive(file, path) as archive:
        names = archive.namelist()
    if DESCRIPTION in names:
        raise ClassifierFileError(f"{path} is a classifier already; it can be used as it is.")
    if CONFIGURATION not in names or WEIGHTS not in names:
        raise ClassifierFileError(f"{path} is not a network saved by Keras 3 as .keras.")


def _preparation_for(
    network: "keras.Model", request: Mapping[str, Any], source: Path
) -> Preparation:
    stored = {
        "intensity": "none",
        **request.get("preparation", {}),
        "channel_names": tuple(request["channel_names"]),
    }
    taken = network.inputs[0].shape
    if len(taken) == 4 and taken[1] and taken[2]:
        stored["size"] = tuple(taken[1:3])
    elif "size" not in stored:
        raise ClassifierFileError(
            f"{source.name} takes images of any size; say to which size they are to be scaled."
        )
    preparation = Preparation.from_json(stored)
    if preparation.intensity == "fixed" and not preparation.ranges:
        raise ClassifierFileError(
            "A fixed intensity range needs its two ends for every channel; choose percentiles or "
            "none, or give them."
        )
    return preparation


def _ending_in_softmax(network: "keras.Model", n_classes: int) -> "keras.Model":
    """Return a network of the same probabilities that ends in a softmax over the classes.

    One sigmoid for two classes becomes a softmax of two, where the sigmoid was the second class's
    probability; a dense layer without activation gives logits, and gets a softmax.
    """
    import keras

    last: Any = network.layers[-1]
    if not isinstance(network, keras.Sequential):
        name = network.output_names[0]
        last = next((layer for layer in network.layers if layer.name == name), None)
    activation = last.get_config().get("activation") if last is not None else None
    if activation == "sigmoid" and n_classes == 2 and network.outputs[0].shape[1:] == (1,):
        pair = keras.layers.Dense(2, activation="softmax")
        output = pair(last.input)
        kernel, *bias = last.get_weights() or [np.ones((1, 1), np.float32)]
        second = bias[0] if bias else np.zeros(1, np.float32)
        pair.set_weights(
            [np.hstack([np.zeros_like(kernel), kernel]), np.hstack([np.zeros(1), second])]
        )
        return keras.Model(network.inputs[0], output)
    if activation == "sigmoid" and network.outputs[0].shape[1:] == (n_classes,):
        raise ClassifierFileError(
            "The network ends in a sigmoid for each class, so that several classes can hold at "
            "once; a softmax over the classes is needed, or one sigmoid for two classes."
        )
    if activation == "linear" and isinstance(last, keras.layers.Dense):
        return keras.Model(network.inputs[0], keras.layers.Softmax()(network.outputs[0]))
    return network
