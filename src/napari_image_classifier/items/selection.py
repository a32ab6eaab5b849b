"""Selections: parts of an image, as in "t=3", "z=5", "label=12" or "t=3,label=12".

Time points and planes are counted from 0; a label is the number of an object in the image's mask.
The whole image is "".
"""

import re
from typing import Literal

from napari_image_classifier.errors import Fault, ImageClassifierError
from napari_image_classifier.images.image import Image

Each = Literal["image", "time", "plane"]

_PART = re.compile(r"\s*(t|z|label)\s*=\s*([0-9]{1,18})\s*")


class SelectionError(ImageClassifierError):
    """A selection that can't be understood, or that the image does not have."""

    code = Fault.NO_SUCH_ITEM


def parse_selection(selection: str) -> dict[str, int]:
    """Return the numbers in a selection.

    Parameters
    ----------
    selection
        Such as "t=3".

    Returns
    -------
    dict
        Such as ``{"t": 3}``, with the keys "t", "z" and "label"; empty for a whole image.

    Raises
    ------
    SelectionError
        The text is not of that form.
    """
    chosen: dict[str, int] = {}
    for part in filter(None, selection.split(",")):
        match = _PART.fullmatch(part)
        if match is None or match[1] in chosen:
            raise SelectionError(
                f"“{selection[:60]}” does not say which part of an image is meant; "
                "write t=3 for a time point, z=5 for a plane, label=12 for an object, or leave it "
                "empty."
            )
        chosen[match[1]] = int(match[2])
    if chosen.get("label") == 0:
        raise SelectionError(
            f"“{selection[:60]}” is no object: 0 is what lies between objects in a mask."
        )
    return chosen


def is_object(selection: str) -> bool:
    """Return whether a selection is an object in the image's mask.

    Parameters
    ----------
    selection
        Such as "label=12".

    Returns
    -------
    bool
        Whether it has a label.
    """
    return "label=" in selection


def format_selection(
    *, time: int | None = None, z: int | None = None, label: int | None = None
) -> str:
    """Write a selection the one way it stands in every table.

    Parameters
    ----------
    time
        The time point, from 0; None where there is one for all. So are the others.
    z
        The plane, from 0.
    label
        The object's number in the mask.

    Returns
    -------
    str
        Such as "t=3,label=12".
    """
    named = {"t": time, "z": z, "label": label}
    return ",".join(f"{name}={value}" for name, value in named.items() if value is not None)


def selections_of(image: Image, each: Each) -> list[str]:
    """Return the selections that an image is classified by, in order.

    A whole image that has several time points can't be one item: it is classified time point by
    time point, whatever ``each`` says, as no projection over time is meant.
    """
    times = range(image.n_times) if image.n_times > 1 else [None]
    if each == "plane" and image.n_z > 1:
        return [format_selection(time=time, z=z) for time in times for z in range(image.n_z)]
    return [format_selection(time=time) for time in times]


def check_selection(image: Image, selection: str) -> None:
    """Refuse a time point or plane that the image does not have.

    Parameters
    ----------
    image
        An open image.
    selection
        Such as "t=3"; labels are not looked at.

    Raises
    ------
    SelectionError
        The time point or plane is past the last one.
    """
    chosen = parse_selection(selection)
    for axis, word, length in (("t", "time points", image.n_times), ("z", "planes", image.n_z)):
        if chosen.get(axis, 0) >= length:
            raise SelectionError(
                f"{image.name} has {length} {word}, counted from 0, so there is no {selection}."
            )
