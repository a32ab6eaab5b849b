"""The verb `import_network`: a Keras network that was saved elsewhere becomes a classifier.

Before, `describe_network` tells what it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_image_classifier.classifiers.archive import is_address
from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.system.child_process import whole_path
from napari_image_classifier.system.compute_process import ComputeProcess
from napari_image_classifier.system.events import Result
from napari_image_classifier.system.job import Job
from napari_image_classifier.system.processes import Limits
from napari_image_classifier.system.shown_text import check_names

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


@dataclass(frozen=True)
class DescribeRequest:
    """Argument of `describe_network`.

    Parameters
    ----------
    source
        The network's file.
    """

    source: str


@dataclass(frozen=True)
class NetworkLayer:
    """A layer of a network that was saved elsewhere.

    Parameters
    ----------
    name
        Its name, after those of the networks that it is in.
    kind
        What Keras calls its kind.
    shape
        Of what it gives for one image, (y, x, channel) or (feature,).
    parameters
        How many numbers it has learnt or measured.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class NetworkInShort(Result):
    """What a network is that is no classifier yet.

    Parameters
    ----------
    input
        The shape of one image, (y, x, channel); None where it takes any length.
    outputs
        How many numbers it gives for an image.
    scales_intensities
        Whether it begins with layers that bring intensities to a range of their own.
    layers
        In the order in which they are used.
    """

    input: tuple[int | None, ...]
    outputs: int
    scales_intensities: bool
    layers: tuple[NetworkLayer, ...]


DESCRIBE_NETWORK = Job("describe_network", DescribeRequest, NetworkInShort, confined=True)


def describe_network(source: str | Path) -> NetworkInShort:
    """Return what a Keras network is that was saved elsewhere.

    Its file is read in a process with limits, and Keras does not see it.

    Parameters
    ----------
    source
        The network: a .keras or HDF5 file that Keras wrote.

    Returns
    -------
    NetworkInShort
        Input, output and layers.

    Raises
    ------
    ImageClassifierError
        The network can't be used, in a sentence that says why.
    """
    request = DescribeRequest(_seen_from_elsewhere(source))
    return ComputeProcess(DESCRIBE_NETWORK, request, _limits(source)).result()


def _seen_from_elsewhere(source: str | Path) -> str:
    # An address is refused as it was given.
    return str(source) if is_address(source) else whole_path(source)


def _limits(source: str | Path) -> Limits:
    # Of its weights there are some copies for a while: Keras's, the graph's, the compared one's.
    size = Path(source).stat().st_size if Path(source).is_file() else 0
    return Limits(MEMORY + COPIES * size, SECONDS)


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
        The network: a .keras file of Keras 3 or 2, or an HDF5 file (.h5) of a whole network.
    output
        The classifier to write, a .keras file.
    class_names
        The classes, in the order of the network's outputs, which its file does not name.
    channel_names
        The channels, in the order of the last axis of the network's input. A name that stands
        several times is one channel that is shown to several inputs, as a grey image to a network
        for colours.
    preparation
        The fields of `Preparation` that the network was trained with. Without them intensities are
        handed over as they are in the image; a network that learnt from them divided by 255 needs
        ``intensity="fixed", ranges=[(0, 255)]``, one pair for each channel. ``size``, (y, x) in
        pixels, is needed where the network takes any.

    Returns
    -------
    Classifier
        The classifier, as its file holds it.

    Raises
    ------
    ImageClassifierError
        The network can't be used, in a sentence that says why.
    """
    check_names(class_names, "class", ClassifierFileError, new=True)
    request = ImportRequest(
        _seen_from_elsewhere(source),
        Path(output),
        tuple(class_names),
        tuple(channel_names),
        preparation or {},
    )
    result = ComputeProcess(IMPORT_NETWORK, request, _limits(source)).result()
    return load_classifier(result.classifier)
