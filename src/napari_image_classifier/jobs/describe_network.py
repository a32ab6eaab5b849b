"""The description of a Keras network that was saved elsewhere and is no classifier yet."""

from napari_image_classifier.classifiers.archive import ordinary_file
from napari_image_classifier.networks.foreign_network import in_short
from napari_image_classifier.networks.guard.keras_file import stored_network
from napari_image_classifier.system.events import Emit
from napari_image_classifier.training.import_network import (
    DESCRIBE_NETWORK,
    DescribeRequest,
    NetworkInShort,
)
from napari_image_classifier.typing import ShouldStop

JOB = DESCRIBE_NETWORK


def run(request: DescribeRequest, emit: Emit, should_stop: ShouldStop) -> NetworkInShort:
    """Read what the file says of its network, without its weights and without Keras.

    Parameters
    ----------
    request
        The file.
    emit
        Hears nothing.
    should_stop
        Is not asked.

    Returns
    -------
    NetworkInShort
        Input, output and layers.

    Raises
    ------
    ClassifierFileError
        The file is no network that can be a classifier.
    """
    return in_short(stored_network(ordinary_file(request.source)))
