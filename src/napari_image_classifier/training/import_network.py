"""The verb `import_network`: a Keras network that was saved elsewhere becomes a classifier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.system.compute_process import ComputeProcess
from napari_image_classifier.system.events import Result
from napari_image_classifier.system.job import Job
from napari_image_classifier.system.processes import Limits

# TensorFlow alone takes 1 GB.
MEMORY = 4 * 1024**3
COPIES = 8
SECONDS = 600.0


@dataclass(frozen=True)
class ImportRequest:
    """Arguments of `import_network`.

    Parameters
    ----------
    source
        The network's file.
    output
        The classifier to write.
    class_names
        In the order of the network's outputs.
    channel_names
        In the order of the last axis of its input.
    preparation
        The fields that are to differ from the defaults of a `Preparation`.
    """

    source: str
    output: Path
    class_names: tuple[str, ...]
    channel_names: tuple[str, ...]
    preparation: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportedNetwork(Result):
    """The classifier that was made.

    Parameters
    ----------
    classifier
        Its file.
    class_names
        In the order of the network's outputs.
    """

    classifier: Path
    class_names: tuple[str, ...]


IMPORT_NETWORK = Job("import_network", ImportRequest, ImportedNetwork)


def import_network(
    source: str | Path,
    output: str | Path,
    *,
    class_names: Sequence[str],
    channel_names: Sequence[str],
    preparation: Mapping[str, Any] | None = None,
) -> Classifier:
    """Make a classifier of a Keras network that was trained elsewhere, and write it to a file.

    The network's file is data: Keras is given known layers and numbers that were understood of it,
    whatever else it names is refused (see `networks.guard`), and that happens in a process with
    limits.

    Parameters
    ----------
    source
        The network, a .keras file of Keras 3.
    output
        The classifier to write, a .keras file.
    class_names
        The classes, in the order of the network's outputs, which its file does not name.
    channel_names
        The channels, in the order of the last axis of the network's input.
    preparation
        The fields of `Preparation` that the network was trained with. Without them intensities are
        handed over as they are in the image; ``size``, (y, x) in pixels, is needed where the
        network takes any.

    Returns
    -------
    Classifier
        The classifier, as its file holds it.

    Raises
    ------
    ImageClassifierError
        The network can't be used, in a sentence that says why.
    """
    request = ImportRequest(
        str(source), Path(output), tuple(class_names), tuple(channel_names), preparation or {}
    )
    # Of its weights there are some copies for a while: Keras's, the graph's, the compared one's.
    memory = MEMORY + COPIES * (Path(source).stat().st_size if Path(source).is_file() else 0)
    result = ComputeProcess(IMPORT_NETWORK, request, Limits(memory, SECONDS)).result()
    return load_classifier(result.classifier)
