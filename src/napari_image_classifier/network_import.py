"""A Keras network that was saved elsewhere → a classifier, in the compute process."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_image_classifier.classifier import Classifier, load_classifier
from napari_image_classifier.compute import ComputeProcess


def import_network(
    source: str | Path,
    output: str | Path,
    *,
    class_names: Sequence[str],
    channel_names: Sequence[str],
    preparation: Mapping[str, Any] | None = None,
) -> Classifier:
    """Make a classifier of the Keras network in the file ``source`` and write it to ``output``.

    A `.keras` file says neither what its outputs mean nor what its input is: ``class_names`` and
    ``channel_names`` are in the network's order, and ``preparation`` holds the fields of
    `Preparation` as the network was trained with. Without them intensities are handed over as
    they are in the image; ``size`` is needed where the network takes any.

    Raises
    ------
    ImageClassifierError
        The network can't be used, in a sentence that says why.
    """
    request = {
        "source": str(source),
        "output": str(output),
        "class_names": list(class_names),
        "channel_names": list(channel_names),
        "preparation": dict(preparation or {}),
    }
    result = ComputeProcess("import", request).result()
    return load_classifier(result["classifier"])
