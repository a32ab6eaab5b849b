"""What the commands make of their arguments, and what they refuse at once."""

from pathlib import Path
from typing import cast

from napari_image_classifier import selection
from napari_image_classifier.errors import ImageClassifierError


def names_in(text: str | None) -> tuple[str, ...]:
    """Return the names that stand between commas."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def each_of(text: str) -> selection.Each:
    """Return what an image becomes.

    Raises
    ------
    ImageClassifierError
        It is no such word.
    """
    if text not in ("image", "time", "plane"):
        raise ImageClassifierError(f"What is classified is image, time or plane, not {text!r}.")
    return cast(selection.Each, text)


def refuse_to_replace(output: Path, overwrite: bool) -> None:
    """Refuse an output that is there, unless it may be overwritten.

    Raises
    ------
    ImageClassifierError
        It is there.
    """
    if output.exists() and not overwrite:
        raise ImageClassifierError(
            f"{output} exists already; choose another output, or replace it with --overwrite."
        )
