"""The items of one image: itself, its time points, its planes or its objects."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from napari_image_classifier.images.image import Image
from napari_image_classifier.items.crops import cut_objects, why_too_large
from napari_image_classifier.items.objects import ObjectPlace, Objects, objects_of
from napari_image_classifier.items.preparation import Preparation, matched_channels, measured_pixels
from napari_image_classifier.items.selection import selections_of
from napari_image_classifier.typing import FloatArray


class ImageItem(NamedTuple):
    """One item of an image.

    Attributes
    ----------
    selection
        Which part of the image it is, "" for all of it.
    pixels
        float32 of shape (y, x, channel).
    place
        Where it lies, if it is an object.
    why_unlike
        Why it can't be one of those that were learnt from, such as that too little of it is seen;
        "" where all is well.
    """

    selection: str
    pixels: FloatArray
    place: ObjectPlace | None = None
    why_unlike: str = ""


def items_of_image(
    image: Image,
    preparation: Preparation,
    *,
    selections: Sequence[str] | None = None,
    channels: Sequence[int] | None = None,
    objects: Objects | None = None,
) -> Iterator[ImageItem]:
    """Yield the items of an image, in order.

    Parameters
    ----------
    image
        An open image.
    preparation
        Says what is classified, and how it is cut out and scaled.
    selections
        The only items that are wanted; None: all.
    channels
        The index in the image of each of the preparation's channels; without it they are matched by
        name.
    objects
        Those to cut out, unless told those of the image's mask.

    Yields
    ------
    ImageItem
        Its pixels are not scaled yet; `preparation.finished` does that.

    Raises
    ------
    ChannelMismatchError
        The image lacks a channel.
    MaskError
        Objects are to be classified, and the image has no mask, or one that does not fit.
    SelectionError
        The image has no such item.
    ImageReadError
        The file turned out to be unreadable.
    """
    if channels is None:
        channels = matched_channels(image, preparation)
    if preparation.objects is not None:
        if objects is None:
            objects = objects_of(image, preparation.each)
        if selections is not None:
            objects = objects.named(selections, image)
        yield from _object_items(image, preparation, channels, objects)
        return
    for selection in selections_of(image, preparation.each) if selections is None else selections:
        yield ImageItem(
            selection,
            measured_pixels(image, preparation, selection=selection, channels=channels),
        )


def _object_items(
    image: Image, preparation: Preparation, channels: Sequence[int], objects: Objects
) -> Iterator[ImageItem]:
    assert preparation.objects is not None
    names = objects.selections(image)
    sides = preparation.objects.pixels(image)
    for chosen, pixels in cut_objects(
        image, objects, preparation.objects, channels, preparation.projection, preparation.size
    ):
        for index, cut in zip(chosen.tolist(), pixels, strict=True):
            why = why_too_large(int(objects.height[index]), int(objects.width[index]), sides)
            yield ImageItem(names[index], cut, objects.place(index), why)
