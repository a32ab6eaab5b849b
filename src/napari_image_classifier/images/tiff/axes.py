"""Meaning of each stored axis of a TIFF series, or a question to the user where it is unknown."""

import math
from itertools import permutations
from pathlib import Path
from typing import Any

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.channel_names import are_names
from napari_image_classifier.images.opened_file import AXES
from napari_image_classifier.images.read_errors import (
    AxesUnknownError,
    ImageReadError,
    several_positions,
)
from napari_image_classifier.images.tiff.colors import PixelInterpretation
from napari_image_classifier.images.tiff.page_names import names_of_pages
from napari_image_classifier.wording import first_few

# Regions, positions, mosaics, and the rows and columns of a grid of positions.
_POSITIONS = frozenset("RPMJK")


def stored_axes(
    path: Path, series: Any, interpretation: PixelInterpretation, given: str | None
) -> tuple[str, tuple[str, ...]]:
    """Return a letter of "TCZYXS" for each axis of ``series``, and sentences on assumptions.

    Axes of length 1 without a meaning have the letter Q. ``given`` is what the user says; it counts
    where the file does not say.

    Raises
    ------
    AxesUnknownError
        The file does not say, and ``given`` is None or has another number of axes.
    ImageReadError
        The file has axes without a meaning here, or ``given`` is not a set of axes.
    """
    stored, shape = series.axes, tuple(int(length) for length in series.shape)
    if "S" in stored and not interpretation.samples_are_colors:
        stored = stored.replace("S", "Q")
    if not set(stored) - set(AXES + "S"):
        return stored, _overruling(stored, given)
    _refuse_positions(path, series, shape)
    if given is not None and len(given) == len(stored):
        return _checked(path, given.upper(), stored, shape), ()
    if given is None and (by_name := _channels_by_name(series, stored)):
        return by_name
    long = [place for place, length in enumerate(shape) if length > 1]
    if len(long) < len(shape) and len(long) > 1:
        return _without_single(path, stored, shape, long, given)
    return _asked(path, stored, shape, given), ()


def _refuse_positions(path: Path, series: Any, shape: tuple[int, ...]) -> None:
    # P is a phase in OME, and a position wherever else it is used.
    letters = _POSITIONS - {"P"} if series.kind == "ome" else _POSITIONS
    lengths = zip(series.axes, shape, strict=True)
    number = math.prod(length for axis, length in lengths if axis in letters)
    if number > 1:
        raise several_positions(path, number)


def _without_single(
    path: Path, stored: str, shape: tuple[int, ...], long: list[int], given: str | None
) -> tuple[str, tuple[str, ...]]:
    """Return the axes of a series with those of length 1 dropped; ``long`` are the others."""
    letters = ["Q"] * len(stored)
    for place in long:
        letters[place] = stored[place]
    assumptions: tuple[str, ...] = ()
    if not set("YX") <= set(letters):
        # Written as an array with an axis of length 1 at its end.
        rows, columns = [place for place in long if stored[place] != "S"][-2:]
        letters = ["Q" if letter in "YX" else letter for letter in letters]
        letters[rows], letters[columns] = "Y", "X"
        assumptions = (
            "An axis of length 1 was dropped; the last two of the others are rows and columns.",
        )
    kept = "".join(letters[place] for place in long)
    if set(kept) - set(AXES + "S"):
        kept = _asked(path, kept, tuple(shape[place] for place in long), given)
    for place, letter in zip(long, kept, strict=True):
        letters[place] = letter
    return "".join(letters), assumptions


def _asked(path: Path, stored: str, shape: tuple[int, ...], given: str | None) -> str:
    """Return ``given``, if these axes can be asked about, and it answers."""
    if not _choices(stored, shape):
        raise ImageReadError(
            path,
            Fault.FURTHER_AXES,
            f"{path.name} has axes besides time, channel and depth "
            f"({stored}, {_shape_text(shape)}), perhaps several positions: save each of them as an "
            "image of its own.",
        )
    if given is None:
        raise AxesUnknownError(
            path, _question(path, stored, shape), stored, shape, _choices(stored, shape)
        )
    return _checked(path, given.upper(), stored, shape)


def _channels_by_name(series: Any, stored: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the axes where the one unknown can only be of channels: its pages are called so."""
    unknown = [axis for axis in stored if axis not in AXES + "S"]
    if len(unknown) != 1 or "C" in stored or series.shape[stored.index(unknown[0])] == 1:
        return None
    axes = stored.replace(unknown[0], "C")
    names = names_of_pages(series, axes, series.shape[axes.index("C")])
    if not names or not all(are_names(names)):
        return None
    listed = first_few(names, 3)
    return axes, (f"The pages have names ({listed}), so each is taken for a channel.",)


def _overruling(stored: str, given: str | None) -> tuple[str, ...]:
    if given is None or len(given) != len(stored):
        return ()
    if given.upper() in (stored, stored.replace("S", "C")):
        return ()
    return (f"The file says that its axes are {stored}; that was used, not {given.upper()}.",)


def _checked(path: Path, given: str, stored: str, shape: tuple[int, ...]) -> str:
    given = _with_samples(given, stored)
    proper = set(given) <= set(AXES + "S") and len(set(given)) == len(given)
    if not proper or not {"Y", "X"} <= set(given):
        raise ImageReadError(
            path,
            Fault.AXES_UNFIT,
            f"The axes {given} can't be used: write each of T, C, Z, Y, X at most once, "
            "and Y and X always, for example ZYX.",
        )
    if len(given) != len(shape):
        raise AxesUnknownError(
            path,
            f"The axes {given} do not fit {path.name}, whose shape is {_shape_text(shape)}: "
            f"{len(shape)} letters are needed.",
            stored,
            shape,
            _choices(stored, shape),
            Fault.AXES_UNFIT,
        )
    return given


def _with_samples(given: str, stored: str) -> str:
    # Users write YX or CYX for a colour picture, whose samples are the axis S here.
    if "S" not in stored or "S" in given:
        return given
    place = stored.index("S")
    if len(given) == len(stored) - 1:
        return f"{given[:place]}S{given[place:]}"
    if len(given) == len(stored) and given[place] == "C":
        return given.replace("C", "S")
    return given


def _question(path: Path, stored: str, shape: tuple[int, ...]) -> str:
    choices = _choices(stored, shape)
    return (
        f"{path.name} does not say what the axes of its {_shape_text(shape)} pixels are. "
        f"Say so with --axes {choices[0]} "
        f"(or {', '.join(choices[1:4])}), or choose in the dialog when it is opened in napari."
    )


def _choices(stored: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    unknown = [index for index, axis in enumerate(stored) if axis not in AXES + "S"]
    free = [axis for axis in "ZTC" if axis not in stored]
    choices = []
    for letters in permutations(free, len(unknown)):
        axes = list(stored)
        for index, letter in zip(unknown, letters, strict=True):
            axes[index] = letter
        choices.append("".join(axes))
    # A short axis is more often C than Z.
    if len(unknown) == 1 and shape[unknown[0]] <= 4:
        choices.sort(key=lambda axes: axes[unknown[0]] != "C")
    return tuple(choices)


def _shape_text(shape: tuple[int, ...]) -> str:
    return " × ".join(str(length) for length in shape)
