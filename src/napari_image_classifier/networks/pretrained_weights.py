"""Pretrained weights for the networks of `keras.applications`."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.networks.architectures import application
from napari_image_classifier.networks.guard.hdf5 import write_anew
from napari_image_classifier.training.config import IMAGENET

if TYPE_CHECKING:
    import keras


def take_weights(network: "keras.Model", name: str, weights: str) -> None:
    """Give a new network of `BACKBONES` what was learnt before.

    Keras is given a copy of a file that the guard has written anew (`guard.hdf5`): a manifest from
    anywhere may name any file.

    ``weights`` is `training.config.IMAGENET`, which Keras downloads once, or the path of a file of
    weights without the top, as Keras's applications save and publish them.

    Raises
    ------
    TrainingRefused
        The weights can't be downloaded, or the file is not of this network.
    """
    try:
        with _guarded(weights) as file:
            known = application(name)(
                include_top=False, weights=file, input_shape=(None, None, 3)
            ).get_weights()
    except Exception as error:
        # Keras, its downloader and h5py raise a class of their own for every reason.
        raise TrainingRefused(_why_not(name, weights, error)) from error
    # The first layer has two arrays, the colours, and the last two, the classes.
    own = network.get_weights()
    network.set_weights([*own[:2], *known, *own[-2:]])


@contextmanager
def _guarded(weights: str) -> Iterator[str]:
    """Yield what Keras may be given: the name of what it downloads, or a file written anew."""
    if weights == IMAGENET:
        yield "imagenet"
        return
    with tempfile.TemporaryDirectory(prefix="napari-image-classifier-") as folder:
        # By the end of its name Keras tells how the arrays are called in it.
        end = ".weights.h5" if weights.endswith(".weights.h5") else ".h5"
        copy = Path(folder) / f"copy{end}"
        write_anew(Path(weights), copy)
        yield str(copy)


def _why_not(name: str, weights: str, error: Exception) -> str:
    if weights != IMAGENET:
        why = " ".join(str(error).split())[:300]
        return f"{Path(weights).name} holds no weights of {name} without its top: {why}"
    return (
        f"The weights that {name} learnt from photographs can't be downloaded ({error}). Connect "
        "to the internet once, give them as a file (weights), which Keras on a connected computer "
        "leaves in the folder .keras/models, or begin with random ones (weights: none)."
    )
