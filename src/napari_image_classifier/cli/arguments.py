"""What the commands make of their arguments, and what they refuse at once."""

from pathlib import Path
from typing import cast

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items import selection
from napari_image_classifier.items.query import ItemsQuery


def names_in(text: str | None) -> tuple[str, ...]:
    """Return the names that stand between commas."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def items_query(
    images: Path,
    items: Path | None,
    pattern: str | None,
    group: str | None,
    each: str,
    axes: str | None,
    masks: str | None,
    acquisition: str | None = None,
) -> ItemsQuery:
    """Return which items are meant.

    Raises
    ------
    ImageClassifierError
        What an image becomes is no such word.
    """
    if each not in ("image", "time", "plane"):
        raise ImageClassifierError(f"What is classified is image, time or plane, not {each!r}.")
    return ItemsQuery(
        images,
        items_csv=items,
        pattern=pattern,
        group=group,
        acquisition=acquisition,
        each=cast(selection.Each, each),
        axes=axes,
        masks=masks_in(masks),
    )


def masks_in(text: str | None) -> str | None:
    """Return where masks lie, given as seen from here or from the images' folder."""
    if text is None:
        return None
    parts = Path(text).parts
    within = [number for number, part in enumerate(parts) if "{" in part]
    folder = Path(*parts[: within[0]]) if within else Path(text)
    # A pattern without a folder is of masks that lie beside the images.
    return str(Path(text).absolute()) if folder != Path() and folder.is_dir() else text


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
