"""The import of a foreign Keras network as a classifier."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_image_classifier.classifiers.archive import (
    is_hdf5,
    opened,
    opened_archive,
    ordinary_file,
    sha256_of,
)
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.description import ClassifierDescription
from napari_image_classifier.classifiers.file import (
    CONFIGURATION,
    DESCRIPTION,
    WEIGHTS,
    is_classifier,
)
from napari_image_classifier.classifiers.manifest import check_place, manifest_path
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.networks.backend import start_keras
from napari_image_classifier.networks.class_ending import ending_in_softmax
from napari_image_classifier.networks.files import check_one_input, opened_by_keras, save_classifier
from napari_image_classifier.networks.foreign_network import scales_intensities
from napari_image_classifier.networks.guard.keras_file import stored_network
from napari_image_classifier.networks.learner import keras_run
from napari_image_classifier.system.atomic_files import replace_file, told_when_refused
from napari_image_classifier.system.events import Emit
from napari_image_classifier.system.output_lock import only_run
from napari_image_classifier.system.outputs import check_output
from napari_image_classifier.system.records import from_json
from napari_image_classifier.training.import_network import (
    IMPORT_NETWORK,
    ImportedNetwork,
    ImportRequest,
)
from napari_image_classifier.training.manifest import write_import_manifest
from napari_image_classifier.typing import ShouldStop

if TYPE_CHECKING:
    import keras

JOB = IMPORT_NETWORK
NOT_SCALED = (
    "The network does not scale intensities, and is given them as they are in the files. If it "
    "learnt from intensities divided by 255, or from another range, say so when it is imported "
    "(--range 0:255): a network that sees another range than it learnt from gives wrong classes."
)
# Layers that cut images to a size, or scale them, by how large they are.
_CUTTING = frozenset({"CenterCrop", "Resizing"})


def run(request: ImportRequest, emit: Emit, should_stop: ShouldStop) -> ImportedNetwork:
    """Make a classifier of a Keras network that was saved elsewhere.

    Intensities are handed to the network as they are unless the request says otherwise. A network
    that takes one size only sets the size.

    Parameters
    ----------
    request
        The file saved by Keras, its classes and channels, and the classifier to write.
    emit
        Hears nothing.
    should_stop
        Is not asked.

    Returns
    -------
    ImportedNetwork
        The classifier's file and its classes.

    Raises
    ------
    ClassifierFileError
        The file is no network that can be a classifier, or the classifier can't be written.
    """
    source = ordinary_file(request.source)
    _check_foreign(source)
    output = request.output.expanduser()
    check_place(output)
    check_output(output, inputs=[source], is_own=is_classifier, what="classifier")
    with source.open("rb") as file:
        sha256 = sha256_of(file)
    start_keras()
    stored = stored_network(source)
    network = opened_by_keras(source, stored)
    check_one_input(network)
    preparation = _preparation_for(network, request, source)
    ended = ending_in_softmax(network, len(request.class_names))
    assumed = [_assumed_of_end(network, request.class_names)] if ended is not network else []
    if preparation.intensity == "none" and not scales_intensities(stored.size):
        assumed.append(NOT_SCALED)
    training = {"imported_from": source.name, "source_sha256": sha256, "messages": assumed}
    description = ClassifierDescription(request.class_names, preparation, training=training)
    what_now = "Make room there, and import it again."
    with (
        told_when_refused(output, ClassifierFileError, what_now),
        only_run(output, manifest_path(output)),
        replace_file(output) as temporary,
    ):
        if not _CUTTING.isdisjoint(stored.size.kinds.values()):
            ended = _of_one_size(ended, preparation)
        save_classifier(temporary, [ended], description)
        write_import_manifest(output, load_classifier(temporary), keras_run())
    return ImportedNetwork(output.resolve(), description.class_names)


def _assumed_of_end(network: "keras.Model", class_names: Sequence[str]) -> str:
    if network.outputs[0].shape[1] == 1:
        return (
            f"The network gives one number; it is taken for how sure it is of {class_names[-1]}, "
            f"and what is missing to 1 for {class_names[0]}. If it is the other way round, import "
            "it again with the classes in the other order."
        )
    return "The network gives no probabilities; its numbers are taken for those before a softmax."


def _of_one_size(network: "keras.Model", preparation: Preparation) -> "keras.Model":
    """Return a network that takes images of the preparation's size only."""
    import keras

    taken = network.inputs[0].shape
    if len(taken) != 4 or all(taken[1:3]):
        return network
    images = keras.Input((*preparation.size, taken[3]))
    return keras.Model(images, network(images))


def _check_foreign(path: Path) -> None:
    if is_hdf5(path):
        return
    with opened(path) as file, opened_archive(file, path) as archive:
        names = archive.namelist()
    if DESCRIPTION in names:
        raise ClassifierFileError(f"{path} is a classifier already; it can be used as it is.")
    if CONFIGURATION not in names or WEIGHTS not in names:
        raise ClassifierFileError(f"{path} is not a network saved by Keras.")


def _preparation_for(network: "keras.Model", request: ImportRequest, source: Path) -> Preparation:
    stored = {"intensity": "none", **request.preparation, "channel_names": request.channel_names}
    taken = network.inputs[0].shape
    if len(taken) == 4 and taken[1] and taken[2]:
        stored["size"] = tuple(taken[1:3])
    elif "size" not in stored:
        raise ClassifierFileError(
            f"{source.name} takes images of any size; say to which size they are to be scaled."
        )
    preparation = from_json(Preparation, stored)
    if preparation.intensity == "fixed" and not preparation.ranges:
        raise ClassifierFileError(
            "A fixed intensity range needs its two ends for every channel; choose percentiles or "
            "none, or give them."
        )
    return preparation
