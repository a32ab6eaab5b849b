"""From an image to what the network says of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from napari_image_classifier.arrays import FloatArray
from napari_image_classifier.channels import match_channels
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images import Image, read_image
from napari_image_classifier.naming import ImageFiles
from napari_image_classifier.pixel_hash import PixelHash
from napari_image_classifier.preparation import prepare
from napari_image_classifier.runtime import PIXELS_AT_ONCE
from napari_image_classifier.selection import selections_of

if TYPE_CHECKING:
    from napari_image_classifier.classifier import Classifier

Status = Literal["ok", "error", "unsure", "unlike-training", "pending"]
DrawThumbnail = Callable[[FloatArray], bytes]

ITEMS_AT_ONCE = 16


@dataclass(frozen=True)
class Prediction:
    """What the network said of one item, or why it could say nothing.

    ``item`` is the selection within the image ("" for a whole one). ``probabilities`` has every
    class, in the classifier's order; ``confidence`` is that of ``class_name``. With status
    "error" there is only a ``message``. ``thumbnail`` is a small PNG where one was asked for.
    ``pixels`` is the hash of the planes that were read for it (see `pixel_hash`), "" where none
    was taken.
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

    @classmethod
    def of_probabilities(
        cls,
        file: str,
        item: str,
        class_names: Iterable[str],
        probabilities: npt.NDArray[np.floating[Any]],
        thumbnail: bytes | None = None,
    ) -> Self:
        """Make the prediction of one row of probabilities, shape (n_classes,)."""
        by_class = {name: float(p) for name, p in zip(class_names, probabilities, strict=True)}
        best = max(by_class, key=by_class.__getitem__)
        if not np.isfinite(list(by_class.values())).all():
            return cls(file, item, "error", message=NOT_A_NUMBER)
        return cls(file, item, "ok", best, by_class[best], by_class, thumbnail=thumbnail)


NOT_A_NUMBER = "The image has pixels without a value (NaN or infinite), so it can't be classified."


def predict_files(
    classifier: "Classifier",
    images: Sequence[ImageFiles],
    axes: str | None = None,
    draw_thumbnail: DrawThumbnail | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[list[Prediction]]:
    """Return, for each image in order, the predictions of its items.

    An image that can't be classified gives one prediction with status "error"; one that was passed
    over because of a stop has no predictions. ``axes`` says what the axes of a file mean that
    doesn't say.
    """
    batch = _Batch(classifier, draw_thumbnail)
    for files in images:
        if should_stop():
            break
        try:
            with read_image(files, axes=axes) as image:
                read = PixelHash(image)
                for selection, pixels in _prepared_items(classifier, image):
                    batch.add(_Item(files.name, selection, pixels, read.taken()))
                    if should_stop():
                        batch.forget(files.name)
                        break
        except ImageClassifierError as error:
            batch.fail(files.name, str(error))
        except Exception as error:  # noqa: BLE001 - one image must not end a batch of thousands
            batch.fail(files.name, _not_classified(files.name, error))
    found = batch.predictions()
    return [found.get(files.name, []) for files in images]


class _Batch:
    """Items of several images that go through the network together."""

    def __init__(self, classifier: "Classifier", draw_thumbnail: DrawThumbnail | None) -> None:
        self._classifier = classifier
        self._draw_thumbnail = draw_thumbnail
        self._waiting: list[_Item] = []
        self._found: dict[str, list[Prediction]] = {}
        self._failed: dict[str, str] = {}

    def add(self, item: "_Item") -> None:
        self._waiting.append(item)
        if len(self._waiting) * item.pixels.shape[0] * item.pixels.shape[1] >= PIXELS_AT_ONCE:
            self._predict_waiting()

    def forget(self, file: str) -> None:
        """Leave out an image of which not all items are known."""
        self._waiting = [item for item in self._waiting if item.file != file]
        self._found.pop(file, None)

    def fail(self, file: str, message: str) -> None:
        """Give the image an error in place of whatever its other items are found to be."""
        self.forget(file)
        self._failed[file] = message

    def predictions(self) -> dict[str, list[Prediction]]:
        """Return the predictions of each image by its name."""
        self._predict_waiting()
        errors = {
            file: [Prediction(file, "", "error", message=message)]
            for file, message in self._failed.items()
        }
        return self._found | errors

    def _predict_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._predict(waiting)

    def _predict(self, items: "list[_Item]") -> None:
        try:
            rows = self._classifier.predict_prepared(np.stack([item.pixels for item in items]))
        except Exception as error:  # noqa: BLE001 - as for a single image
            if len(items) == 1:
                self.fail(items[0].file, _not_classified(items[0].file, error))
                return
            # One image must not fail those beside it.
            for item in items:
                self._predict([item])
            return
        for item, row in zip(items, rows, strict=True):
            said = _prediction(
                self._classifier, item.file, item.selection, item.pixels, row, self._draw_thumbnail
            )
            self._found.setdefault(item.file, []).append(replace(said, pixels=item.hash))


@dataclass(frozen=True)
class _Item:
    file: str
    selection: str
    pixels: FloatArray
    hash: str


def predict_image(
    classifier: "Classifier",
    image: Image,
    file: str,
    draw_thumbnail: DrawThumbnail | None = None,
    channels: tuple[int, ...] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Prediction]:
    """Yield the predictions of all items of one image: itself, its time points or its planes.

    ``channels`` gives the index in the image of each of the classifier's channels, where they are
    not to be matched by name.
    """
    items = _prepared_items(classifier, image, channels)
    while not should_stop() and (chosen := list(islice(items, ITEMS_AT_ONCE))):
        rows = classifier.predict_prepared(np.stack([pixels for _, pixels in chosen]))
        for (selection, pixels), row in zip(chosen, rows, strict=True):
            yield _prediction(classifier, file, selection, pixels, row, draw_thumbnail)


def _prepared_items(
    classifier: "Classifier", image: Image, channels: tuple[int, ...] | None = None
) -> Iterator[tuple[str, FloatArray]]:
    """Yield the selection of each item of an image and what the network sees of it."""
    preparation = classifier.preparation
    if channels is None:
        channels = match_channels(
            preparation.channel_names,
            preparation.channels_named,
            image.channel_names,
            image.channels_named,
        )
    for selection in selections_of(image, preparation.each):
        yield selection, prepare(image, preparation, selection=selection, channels=channels)


def _prediction(
    classifier: "Classifier",
    file: str,
    selection: str,
    pixels: FloatArray,
    row: npt.NDArray[np.float64],
    draw_thumbnail: DrawThumbnail | None,
) -> Prediction:
    thumbnail = draw_thumbnail(pixels) if draw_thumbnail else None
    return Prediction.of_probabilities(file, selection, classifier.class_names, row, thumbnail)


def _not_classified(file: str, error: Exception) -> str:
    return f"{file} can't be classified: {type(error).__name__}: {error}"
