"""From an image to what the network says of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from napari_image_classifier.channels import match_channels
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images import Image, read_image
from napari_image_classifier.naming import ImageFiles
from napari_image_classifier.preparation import prepare
from napari_image_classifier.projection import FloatArray
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
    """

    file: str
    item: str
    status: Status
    class_name: str | None = None
    confidence: float | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    thumbnail: bytes | None = field(default=None, compare=False, repr=False)

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
    images: Iterable[ImageFiles],
    axes: str | None = None,
    draw_thumbnail: DrawThumbnail | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[list[Prediction]]:
    """Return, for each image in order, the predictions of its items, one image after another.

    An image that can't be classified gives one prediction with status "error"; one that was passed
    over because of a stop has no predictions. ``axes`` says what the axes of a file mean that
    doesn't say.
    """
    return [
        [] if should_stop() else _predict_one(classifier, files, axes, draw_thumbnail)
        for files in images
    ]


def _predict_one(
    classifier: "Classifier",
    files: ImageFiles,
    axes: str | None,
    draw_thumbnail: DrawThumbnail | None,
) -> list[Prediction]:
    try:
        with read_image(files, axes=axes) as image:
            return list(predict_image(classifier, image, files.name, draw_thumbnail))
    except ImageClassifierError as error:
        return [Prediction(files.name, "", "error", message=str(error))]
    except Exception as error:  # noqa: BLE001 - one image must not end a batch of thousands
        message = f"{files.name} can't be classified: {type(error).__name__}: {error}"
        return [Prediction(files.name, "", "error", message=message)]


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
    preparation = classifier.preparation
    if channels is None:
        channels = match_channels(
            preparation.channel_names,
            preparation.channels_named,
            image.channel_names,
            image.channels_named,
        )
    selections = iter(selections_of(image, preparation.each))
    while not should_stop() and (chosen := list(islice(selections, ITEMS_AT_ONCE))):
        prepared = [
            prepare(image, preparation, selection=selection, channels=channels)
            for selection in chosen
        ]
        rows = classifier.predict_prepared(np.stack(prepared))
        for selection, pixels, row in zip(chosen, prepared, rows, strict=True):
            thumbnail = draw_thumbnail(pixels) if draw_thumbnail else None
            yield Prediction.of_probabilities(
                file, selection, classifier.class_names, row, thumbnail
            )
