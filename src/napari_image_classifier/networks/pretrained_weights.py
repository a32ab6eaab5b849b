"""Pretrained weights for the networks of `keras.applications`."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_image_classifier.classifiers.archive import named, ordinary_file
from napari_image_classifier.errors import ClassifierFileError, TrainingRefused
from napari_image_classifier.networks.architectures import application
from napari_image_classifier.networks.guard.hdf5 import checked_arrays, numbers_of, opened_hdf5
from napari_image_classifier.training.config import IMAGENET

if TYPE_CHECKING:
    import keras


def take_weights(network: "keras.Model", name: str, weights: str) -> None:
    """Give a new network of `BACKBONES` what was learnt before.

    ``weights`` is `training.config.IMAGENET`, which Keras downloads once, or the path of a file of
    weights without the top, as Keras's applications save and publish them.

    Raises
    ------
    TrainingRefused
        The weights can't be downloaded, or the file is not of this network.
    """
    if weights != IMAGENET:
        _check_file(Path(weights))
    try:
        known = application(name)(
            include_top=False,
            weights="imagenet" if weights == IMAGENET else weights,
            input_shape=(None, None, 3),
        ).get_weights()
    except Exception as error:
        # Keras, its downloader and h5py raise a class of their own for every reason.
        raise TrainingRefused(_why_not(name, weights, error)) from error
    # The first layer has two arrays, the colours, and the last two, the classes.
    own = network.get_weights()
    network.set_weights([*own[:2], *known, *own[-2:]])


def _check_file(path: Path) -> None:
    """Refuse a file of weights from anywhere that is no plain arrays, before Keras opens it."""
    try:
        with named(path), opened_hdf5(path) as file:
            for array in checked_arrays(file, ordinary_file(path).stat().st_size):
                numbers_of(array)
    except ClassifierFileError as error:
        raise TrainingRefused(str(error)) from error


def _why_not(name: str, weights: str, error: Exception) -> str:
    if weights != IMAGENET:
        return f"{Path(weights).name} holds no weights of {name} without its top: {error}"
    return (
        f"The weights that {name} learnt from photographs can't be downloaded ({error}). Connect "
        "to the internet once, give them as a file (weights), which Keras on a connected computer "
        "leaves in the folder .keras/models, or begin with random ones (weights: none)."
    )
