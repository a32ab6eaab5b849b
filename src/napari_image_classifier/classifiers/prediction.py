"""The prediction of one item, and its form in JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

import msgspec

from napari_image_classifier.images.read_errors import describe_error
from napari_image_classifier.items.objects import ObjectPlace
from napari_image_classifier.items.selection import parse_selection
from napari_image_classifier.system.records import Part

Status = Literal["ok", "error", "unsure", "unlike-training", "empty", "pending"]
# With these there is a class, though it need not be an answer.
CLASSIFIED = ("ok", "unsure", "unlike-training")
_ROUNDING = 1e-3


@dataclass(frozen=True)
class Prediction:
    """The prediction of one item, or why there is none.

    Attributes
    ----------
    file
        The image's name.
    item
        The selection within the image, "" for a whole one.
    status
        "ok"; "unsure" or "unlike-training", where the class is no answer; "error"; "empty" (no
        objects in the image's mask); "pending" (its files are still being written).
    class_name
        The class of the highest probability, None where there are no probabilities.
    confidence
        Its probability.
    probabilities
        Of every class, in the classifier's order.
    message
        Why the class is no answer, or why there is none; "" with status "ok".
    thumbnail
        A small PNG where one was asked for.
    pixels
        The hash of the planes that were read for it (see `pixel_hash`), "" where none was taken.
    place
        Where an object lies, None for all else.
    code
        What ``message`` says, for programs (see `errors.Fault`); "" where there is a class.
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
    def of_failure(cls, file: str, error: Exception, item: str = "") -> Self:
        """Return the prediction of an image that can't be classified.

        Parameters
        ----------
        file
            The image's name.
        error
            Why it can't be.
        item
            The selection within the image.

        Returns
        -------
        Prediction
            With status "error".
        """
        code, sentence = describe_error(file, error)
        return cls(file, item, "error", message=sentence, code=code)


NO_OBJECTS = "There are no objects in its mask."


class PredictionRow(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"class_name": "class"}
):
    """A prediction in JSON: a row of a journal's line, or of a layer's metadata.

    The file stands beside the row.

    Attributes
    ----------
    item
        As in `Prediction`, and so are the others.
    place
        Where an object lies.
    status
        Of the prediction.
    class_name
        Its class.
    confidence
        Its confidence.
    probabilities
        By class.
    message
        Why the class is no answer.
    code
        What the message says, for programs.
    pixels
        The hash of the pixels, left out where nobody reads it.
    """

    item: str
    place: ObjectPlace | None = None
    status: Status
    class_name: str | None
    confidence: Part | None
    probabilities: Mapping[str, Part]
    message: str
    code: str = ""
    pixels: str | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, prediction: Prediction) -> Self:
        """Return the row, without file, pixels and thumbnail."""
        return cls(**{name: getattr(prediction, name) for name in _IN_EVERY_ROW})

    @classmethod
    def with_pixels(cls, prediction: Prediction) -> Self:
        """Return the row for a journal, which has the file beside it."""
        return msgspec.structs.replace(cls.of(prediction), pixels=prediction.pixels)

    def check(self, class_names: Sequence[str]) -> None:
        """Refuse what no classifier with these classes says.

        Parameters
        ----------
        class_names
            Those of the classifier, in any order.

        Raises
        ------
        ValueError
            Class, confidence and probabilities don't belong together.
        SelectionError
            The item is no part of an image.
        """
        if self.item:
            parse_selection(self.item)
        shares = self.probabilities
        if not shares:
            if self.class_name is not None or self.status in CLASSIFIED:
                raise ValueError(f"an item with the status “{self.status}” lacks probabilities")
            return
        if self.status not in CLASSIFIED or len(shares) != len(class_names):
            raise ValueError(f"an item has {len(shares)} probabilities and is “{self.status}”")
        try:
            values = [shares[name] for name in class_names]
            of_class = shares[self.class_name or ""]
        except KeyError as error:
            raise ValueError(f"the classifier knows no class {error}") from error
        highest = max(values)
        if abs(sum(values) - 1) > _ROUNDING or highest - of_class > _ROUNDING:
            raise ValueError("probabilities do not sum to 1, or the class is not the likeliest")
        if self.confidence is None or abs(self.confidence - of_class) > _ROUNDING:
            raise ValueError("a confidence is not the probability of its class")

    def prediction(self, file: str) -> Prediction:
        """Return the prediction of an item of ``file``."""
        return Prediction(
            file,
            pixels=self.pixels or "",
            **{name: getattr(self, name) for name in _IN_EVERY_ROW},
        )


_IN_EVERY_ROW = (
    "item", "status", "class_name", "confidence", "probabilities", "message", "place", "code"
)  # fmt: skip
