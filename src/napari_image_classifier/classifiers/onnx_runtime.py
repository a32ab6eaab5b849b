"""Networks on ONNX Runtime, without Keras, in float32."""

import math
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.typing import Float64Array, FloatArray

if TYPE_CHECKING:
    import onnxruntime

# One call's intermediate results stay within some hundred megabytes, however many images come.
PIXELS_AT_ONCE = 16 * 256 * 256


class Runnable(Protocol):
    """A network's graph, or what takes its place."""

    def run(self, images: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return logits, shape (n, n_classes), and features, (n, n_features), both float32."""
        ...


@dataclass(frozen=True)
class Probe:
    """What a network said, where it was made, of the test image (see `probe_image`).

    Parameters
    ----------
    preparation
        The classifier's, of which the test image is one.
    probabilities
        One for each class; none where the file holds no probe, and nothing is compared.
    """

    preparation: Preparation
    probabilities: tuple[float, ...]


@dataclass(eq=False, repr=False)
class Graph:
    """The graph of one network; starts when first used, and may be used from several threads.

    Parameters
    ----------
    content
        The graph in ONNX.
    threads
        How many a single call uses; None means one per core.
    probe
        What the network has to say of the test image; where it says something else, it does not
        start.
    """

    content: bytes
    threads: int | None = None
    probe: Probe | None = None
    _session: "onnxruntime.InferenceSession | None" = field(default=None, init=False)
    _starting: threading.Lock = field(default_factory=threading.Lock, init=False)

    def run(self, images: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return logits, shape (n, n_classes), and features, (n, n_features), both float32.

        ``images`` are prepared, float32 of shape (n, y, x, channel).
        """
        session = self._started()
        step = images_at_once(*images.shape[1:3])
        parts = [
            session.run(["logits", "features"], {"images": images[start : start + step]})
            for start in range(0, max(1, len(images)), step)
        ]
        logits, features = (np.concatenate(part) for part in zip(*parts, strict=True))
        return logits, features

    def _started(self) -> "onnxruntime.InferenceSession":
        with self._starting:
            if self._session is None:
                try:
                    session = _start(self.content, self.threads)
                    if self.probe is not None and self.probe.probabilities:
                        _check_probe(session, self.probe)
                except ClassifierFileError:
                    raise
                except Exception as error:
                    # The runtime has a class for every reason, and shares no base among them.
                    message = " ".join(str(error).split())[:200].rstrip(".")
                    raise ClassifierFileError(
                        f"its network can't be started ({message})"
                    ) from error
                self._session, self.content = session, b""
            return self._session


def images_at_once(height: int, width: int) -> int:
    """Return how many images of that size the runtime is given in one call."""
    return max(1, PIXELS_AT_ONCE // max(1, height * width))


def _start(content: bytes, threads: int | None) -> "onnxruntime.InferenceSession":
    import onnxruntime

    # The Windows wheels report to Microsoft unless told not to.
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Waiting threads that spin take the processor from the viewer.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The other try that the runtime makes would be the same one, with words on the terminal.
    return onnxruntime.InferenceSession(
        content, options, providers=["CPUExecutionProvider"], enable_fallback=0
    )


def _check_probe(session: "onnxruntime.InferenceSession", probe: Probe) -> None:
    from scipy.special import softmax

    images = probe_image(probe.preparation)
    (logits,) = session.run(["logits"], {"images": images})
    here = softmax(logits.astype(np.float64), axis=1)[0]
    difference = says_otherwise(here, np.array(probe.probabilities))
    if difference:
        raise ClassifierFileError(
            "The classifier says something else on this computer than where it was made "
            f"(probabilities of a test image differ by {difference:.1g}), so it is not used. "
            "Run pip install --upgrade onnxruntime; if that does not help, please report it."
        )


# Rounding differs from one processor to the next; another network or precision differs more.
LARGEST_DIFFERENCE = 1e-3


def probe_image(preparation: Preparation) -> FloatArray:
    """Return the test image, the same wherever it is made.

    Nothing in it lies in lines, so that no part of a network stays at rest.

    Parameters
    ----------
    preparation
        The classifier's: of its size and its number of channels the image is.

    Returns
    -------
    array
        float32 of shape (1, y, x, channel), from 0 to 1.
    """
    shape = (1, *preparation.size, preparation.n_channels)
    image = np.empty(math.prod(shape), np.float32)
    # In parts, as what it is made of takes six times its memory.
    for start in range(0, len(image), PIXELS_AT_ONCE):
        part = image[start : start + PIXELS_AT_ONCE]
        count = np.arange(start, start + len(part), dtype=np.uint64)
        # Multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4).
        scattered = (count * np.uint64(2654435761)) % np.uint64(2**32)
        part[:] = scattered / 2**32
    return image.reshape(shape)


def says_otherwise(here: Float64Array, there: Float64Array) -> float:
    """Return how far two predictions of the test image are apart.

    Parameters
    ----------
    here
        Probabilities, shape (class).
    there
        Those of the same image elsewhere.

    Returns
    -------
    float
        The largest difference, 0 where rounding explains it.
    """
    difference = float(np.abs(here - there).max())
    return 0.0 if difference <= LARGEST_DIFFERENCE else difference
