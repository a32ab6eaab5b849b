"""A Keras network that was saved elsewhere → a classifier, in the compute process."""

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

    The ``preparation`` holds the fields that are to differ from the defaults of a `Preparation`.
    """

    source: str
    output: Path
    class_names: tuple[str, ...]
    channel_names: tuple[str, ...]
    preparation: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportedNetwork(Result):
    """The classifier that was made."""

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
    """Make a classifier of the Keras network in the file ``source`` and write it to ``output``.

    A `.keras` file says neither what its outputs mean nor what its input is: ``class_names`` and
    ``channel_names`` are in the network's order, and ``preparation`` holds the fields of
    `Preparation` as the network was trained with. Without them intensities are handed over as
    they are in the image; ``size`` is needed where the network takes any.

    The file is data: Keras is given known layers and numbers that were understood of it, whatever
    else it names is refused (see `keras_guard`), and that happens in a process with limits.

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
