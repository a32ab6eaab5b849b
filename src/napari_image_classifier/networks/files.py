"""Files of classifiers as Keras sees them: saved, loaded for training, imported.

Runs in the compute process; never imported by anything the viewer imports.
"""

import hashlib
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.description import ClassifierDescription, Member
from napari_image_classifier.classifiers.file import WEIGHTS, checked_path, write_description
from napari_image_classifier.classifiers.onnx_runtime import probe_image, says_otherwise
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.architectures import rebuild_network
from napari_image_classifier.networks.export.graph import GraphError
from napari_image_classifier.networks.export.onnx_export import export_graph
from napari_image_classifier.networks.guard.keras_file import (
    StoredNetwork,
    stored_network,
    weights_of,
    weights_of_layers,
    written_anew,
)
from napari_image_classifier.system.atomic_files import replace_file
from napari_image_classifier.typing import Float64Array, FloatArray
from napari_image_classifier.wording import counted

if TYPE_CHECKING:
    import keras

LARGEST_DIFFERENCE = 1e-5
_IMAGES_COMPARED = 4


def save_classifier(
    path: str | Path, networks: Sequence["keras.Model"], description: ClassifierDescription
) -> None:
    """Write a classifier file that `load_classifier` and plain Keras both open.

    What is written is opened again and compared before it takes the place of a file that is there.

    Parameters
    ----------
    path
        The file, whose name ends in .keras.
    networks
        The members of the classifier, of one architecture; plain Keras sees the first. Each takes
        (n, y, x, channel) and ends in a softmax over the classes.
    description
        What the file says of the classifier besides its members.

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
            members = [
                _add_member(archive, network, index, description)
                for index, network in enumerate(plain)
            ]
            write_description(archive, description, members)
        _compare_with_keras(temporary)


def _without_training_state(network: "keras.Model") -> "keras.Model":
    """Return the same network without optimizer and loss, which would triple the file."""
    import keras

    return keras.Model(network.inputs[0], network.outputs[0], name=network.name)


def _check_fits(network: "keras.Model", description: ClassifierDescription) -> None:
    check_one_input(network)
    taken, given = network.inputs[0].shape, network.outputs[0].shape
    n_classes, n_channels = len(description.class_names), description.preparation.n_channels
    if len(taken) != 4:
        raise ClassifierFileError(
            f"The network takes arrays of shape {_shown(taken)}; images are (n, y, x, channel)."
        )
    if taken[3] != n_channels:
        other = " Does it take the channels first?" if taken[1] == n_channels else ""
        raise ClassifierFileError(
            f"The network takes {counted(taken[3], 'channel')} but {n_channels} "
            f"{'was' if n_channels == 1 else 'were'} named.{other}"
        )
    if len(given) != 2 or given[1] != n_classes:
        outputs = counted(given[1], "output") if len(given) == 2 else f"outputs {_shown(given)}"
        raise ClassifierFileError(f"The network has {outputs} but {n_classes} classes were named.")


def check_one_input(network: "keras.Model") -> None:
    """Refuse a network that has not exactly one input and one output.

    Parameters
    ----------
    network
        As Keras has opened it.

    Raises
    ------
    ClassifierFileError
        It has more of them, or has never been called and does not know them.
    """
    inputs, outputs = getattr(network, "inputs", None), getattr(network, "outputs", None)
    if not inputs or not outputs:
        raise ClassifierFileError(
            "The network does not say which images it takes; call it once in Keras, save it again."
        )
    if len(inputs) != 1 or len(outputs) != 1:
        raise ClassifierFileError(
            f"The network has {counted(len(inputs), 'input')} and "
            f"{counted(len(outputs), 'output')}; a classifier has one of each."
        )


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
    image = probe_image(description.preparation)
    return Member(
        weights=folder + WEIGHTS,
        graph=f"{folder}graph.onnx",
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        graph_sha256=hashlib.sha256(graph).hexdigest(),
        probe=tuple(_probabilities(network, image)[0].tolist()),
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
        with keras.device("cpu:0"):
            network = load_network(path, member=index)
        logits, _ = graph.run(images)
        difference = np.abs(softmax(logits, axis=1) - _probabilities(network, images)).max()
        if not difference <= LARGEST_DIFFERENCE:
            raise GraphError(
                f"Without Keras the network gives other probabilities (by {difference:.1g}), so "
                "it can't be used; please report its layers."
            )


def load_network(path: str | Path, *, member: int = 0) -> "keras.Model":
    """Return the Keras network of a classifier file, to train it on or to look inside.

    A network of this package is built anew from its architecture, and takes only its weights from
    the file; an imported one is opened by Keras after the guard (see `guard.keras_file`).

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
        network = opened_by_keras(path, stored_network(path))
    else:
        network = rebuild_network(description.architecture, path.stat().st_size)
    if member or description.architecture is not None:
        declared = [tuple(array.shape) for array in network.weights]
        with weights_of(path, description.members[member].weights, declared) as weights:
            try:
                network.load_weights(weights)
            except Exception as error:
                # Keras raises what it likes where weights don't fit.
                raise ClassifierFileError(
                    f"The weights in {path} are not those of its network."
                ) from error
    _check_same(network, classifier, member)
    return network


def _check_same(network: "keras.Model", classifier: Classifier, member: int) -> None:
    image = probe_image(classifier.preparation)
    logits, _ = classifier.graphs[member].run(image)
    probabilities = softmax(logits.astype(np.float64), axis=1)[0]
    difference = says_otherwise(probabilities, _probabilities(network, image)[0])
    if difference:
        raise ClassifierFileError(
            f"{classifier.path} holds two networks that say different things (by {difference:.1g}) "
            "of the same image; it was not written by this program."
        )


def _probabilities(network: "keras.Model", images: FloatArray) -> Float64Array:
    """Return the probabilities (n, class) of images, shape (n, y, x, channel)."""
    import keras

    # Graphics cards calculate with fewer digits than is compared.
    with keras.device("cpu:0"):
        probabilities = keras.ops.convert_to_numpy(network(images, training=False))
    return np.asarray(probabilities, np.float64)


def opened_by_keras(path: Path, stored: StoredNetwork) -> "keras.Model":
    """Open a Keras file with Keras, after the guard has written anew what it allows.

    Parameters
    ----------
    path
        A file that Keras wrote, from anywhere.
    stored
        What the guard has read of it.

    Returns
    -------
    keras.Model
        The network, not compiled.

    Raises
    ------
    ClassifierFileError
        The guard refuses it, or Keras can't open it.
    """
    if stored.is_legacy:
        return _rebuilt(path, stored)
    with written_anew(path, stored) as checked:
        import keras

        try:
            return keras.saving.load_model(checked, compile=False, safe_mode=True)
        except Exception as error:
            raise _not_opened(path, error) from error


def _rebuilt(path: Path, stored: StoredNetwork) -> "keras.Model":
    """Build a network of Keras 2 from its configuration, and give each layer its weights."""
    weights = weights_of_layers(path, stored)
    import keras

    try:
        network = keras.saving.deserialize_keras_object(stored.configuration, safe_mode=True)
        for names, arrays in weights.items():
            layer = network
            for name in names:
                layer = layer.get_layer(name)
            layer.set_weights(arrays)
            if isinstance(layer, keras.layers.Normalization):
                layer.finalize_state()
    except Exception as error:
        raise _not_opened(path, error) from error
    return network


def _not_opened(path: Path, error: Exception) -> ClassifierFileError:
    message = " ".join(str(error).split())[:200].rstrip(".")
    return ClassifierFileError(f"{path} can't be opened by Keras: {message}.")
