"""What each stored axis of a TIFF series means, or the question to the user."""

from itertools import permutations
from pathlib import Path
from typing import Any

from napari_image_classifier.errors import Fault
from napari_image_classifier.images.source import AXES, AxesUnknownError, ImageReadError
from napari_image_classifier.images.tiff.colors import PixelInterpretation

_WORDS = {"T": "time", "C": "channel", "Z": "depth"}


def stored_axes(
    path: Path, series: Any, interpretation: PixelInterpretation, asked: str | None
) -> tuple[str, tuple[str, ...]]:
    """Return a letter of "TCZYXS" for each axis of ``series``, and what was assumed.

    ``asked`` is what the user says; it counts where the file does not say.

    Raises
    ------
    AxesUnknownError
        The file does not say, and nobody else does.
    ImageReadError
        ``asked`` does not fit the file.
    """
    found, shape = series.axes, tuple(int(length) for length in series.shape)
    if "S" in found and not interpretation.samples_are_colors:
        found = found.replace("S", "Q")
    if not set(found) - set(AXES + "S"):
        return found, _overruled(found, asked)
    if not _choices(found, shape):
        raise ImageReadError(
            path,
            Fault.FURTHER_AXES,
            f"{path.name} has axes besides time, channel and depth ({found}, {_times(shape)}), "
            "perhaps several positions: save each of them as an image of its own.",
        )
    if asked is None:
        raise AxesUnknownError(
            path, _question(path, found, shape), found, shape, _choices(found, shape)
        )
    return _checked(path, asked.upper(), found, shape), ()


def _overruled(found: str, asked: str | None) -> tuple[str, ...]:
    if asked is None or len(asked) != len(found) or asked.upper() == found.replace("S", "C"):
        return ()
    if asked.upper() == found:
        return ()
    return (f"The file says that its axes are {found}; that was used, not {asked.upper()}.",)


def _checked(path: Path, asked: str, found: str, shape: tuple[int, ...]) -> str:
    asked = _with_samples(asked, found)
    proper = set(asked) <= set(AXES + "S") and len(set(asked)) == len(asked)
    if not proper or not {"Y", "X"} <= set(asked):
        raise ImageReadError(
            path,
            Fault.AXES_UNFIT,
            f"The axes {asked} can't be used: write each of T, C, Z, Y, X at most once, "
            "and Y and X always, for example ZYX.",
        )
    if len(asked) != len(shape):
        raise AxesUnknownError(
            path,
            f"The axes {asked} do not fit {path.name}, whose shape is {_times(shape)}: "
            f"{len(shape)} letters are needed.",
            found,
            shape,
            _choices(found, shape),
            Fault.AXES_UNFIT,
        )
    return asked


def _with_samples(asked: str, found: str) -> str:
    # People say YX or CYX of a colour picture; its samples have their own letter here.
    if "S" not in found or "S" in asked:
        return asked
    place = found.index("S")
    if len(asked) == len(found) - 1:
        return f"{asked[:place]}S{asked[place:]}"
    if len(asked) == len(found) and asked[place] == "C":
        return asked.replace("C", "S")
    return asked


def _question(path: Path, found: str, shape: tuple[int, ...]) -> str:
    choices = _choices(found, shape)
    return (
        f"{path.name} does not say what the axes of its {_times(shape)} pixels are. "
        f"Say so with --axes {choices[0]} "
        f"(or {', '.join(choices[1:4])}), or choose in the dialog when it is opened in napari."
    )


def _choices(found: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    unknown = [index for index, axis in enumerate(found) if axis not in AXES + "S"]
    free = [axis for axis in "ZTC" if axis not in found]
    if len(unknown) > len(free):
        return ()
    answers = []
    for letters in permutations(free, len(unknown)):
        axes = list(found)
        for index, letter in zip(unknown, letters, strict=True):
            axes[index] = letter
        answers.append("".join(axes))
    # A short axis is more often channels than depth.
    if len(unknown) == 1 and shape[unknown[0]] <= 4:
        answers.sort(key=lambda axes: axes[unknown[0]] != "C")
    return tuple(answers)


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(str(length) for length in shape)
