"""From an image to what the network says of it."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.read_errors import describe_error
from napari_image_classifier.items.objects import ObjectPlace
from napari_image_classifier.system.file_names import readable

if TYPE_CHECKING:
    pass

Status = Literal["ok", "error", "unsure", "unlike-training", "empty", "pending"]


@dataclass(frozen=True)
class Prediction:
    """What the network said of one item, or why it could say nothing.

    ``item`` is the selection within the image ("" for a whole one). ``probabilities`` has every
    class, in the classifier's order; ``confidence`` is that of ``class_name``. With status
    "unsure" or "unlike-training" the class is no answer, and ``message`` says why; with "error",
    with "empty" (no objects in the image's mask) and "pending" (its files are still being written),
    there is only that, and ``code`` says it to programs (see `faults.Fault`; "" where there is
    a class). ``thumbnail`` is a small PNG where one was asked for. ``place`` is where an object
    lies, None for all else. ``pixels`` is the hash of the planes that were read for it (see
    `pixel_hash`), "" where none was taken.
    """

    file: str
    item: str
    status: Status
    class_name: str | None = None
    confidence: float | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    thumbnail: bytes | None = field(default=None, compare=False, repr=False)
    pixels: str = field(default="", compare=False, repr=False)
    place: ObjectPlace | None = None
    code: str = ""

    @classmethod
    def of_probabilities(
        cls,
        file: str,
        item: str,
        class_names: Iterable[str],
        probabilities: npt.NDArray[np.floating[Any]],
        thumbnail: bytes | None = None,
        answers_from: float = 0.0,
        why_unlike: str = "",
        place: ObjectPlace | None = None,
    ) -> Self:
        """Make the prediction of one row of probabilities, shape (n_classes,).

        Below the confidence ``answers_from`` it is unsure; ``why_unlike`` says why the image is
        unlike those of the training.
        """
        by_class = {name: float(p) for name, p in zip(class_names, probabilities, strict=True)}
        best = max(by_class, key=by_class.__getitem__)
        if not np.isfinite(list(by_class.values())).all():
            return cls(
                file, item, "error", message=_not_finite(file), place=place, code=Fault.NOT_FINITE
            )
        status: Status = "ok"
        message = ""
        if why_unlike:
            status, message = "unlike-training", why_unlike
        elif by_class[best] < answers_from:
            status = "unsure"
            message = f"Less sure than {answers_from:.2f}, from which on this classifier answers."
        return cls(
            file, item, status, best, by_class[best], by_class, message, thumbnail, place=place
        )

    @classmethod
    def of_failure(cls, file: str, error: Exception, item: str = "") -> Self:
        """Say of an image that it can't be classified; ``error`` is why."""
        code, sentence = describe_error(file, error)
        return cls(file, item, "error", message=sentence, code=code)


NO_OBJECTS = "There are no objects in its mask."


def _not_finite(file: str) -> str:
    return (
        f"{readable(file)} has pixels without a value (NaN or infinite), so it can't be "
        "classified; export it without them."
    )


def prediction_of_row(row: Mapping[str, Any]) -> Prediction:
    """Return the prediction that an event's row holds."""
    return Prediction(
        row["file"],
        row["item"],
        row["status"],
        row["class"],
        row["confidence"],
        row["probabilities"],
        row["message"],
        thumbnail=base64.b64decode(row["png"]) if row.get("png") else None,
        place=ObjectPlace(*row["place"]) if row.get("place") else None,
        code=row.get("code", ""),
    )
