"""Arguments of the commands: what is made of them, and what is refused at once."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast, get_args

import typer

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.channel_matching import ChannelMap, split_pairs
from napari_image_classifier.items.selection import Each
from napari_image_classifier.system.outputs import check_output


@contextmanager
def refused_as(option: str) -> Iterator[None]:
    """Have what the block refuses refused as the value of an option, before any work begins."""
    try:
        yield
    except ImageClassifierError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def names_in(text: str | None) -> tuple[str, ...]:
    """Return the names that stand between commas."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def channel_map_in(text: str | None) -> ChannelMap:
    """Return what images call channels, of a text such as "DNA=405,GFP=488".

    Raises
    ------
    ImageClassifierError
        It is not of that form.
    """
    return _pairs_in(
        text,
        "Say which channel is which in pairs, such as DNA=405,GFP=488: the classifier's name "
        f"first, then what the images call it; not {text}.",
    )


def new_names_in(text: str | None) -> Mapping[str, str]:
    """Return the new name of each class, of a text such as "ctrl=control,Control=control".

    Raises
    ------
    ImageClassifierError
        It is not of that form.
    """
    return _pairs_in(
        text,
        "Say which class gets which name in pairs, such as ctrl=control: the name of now first, "
        f"then the new one; not {text}.",
    )


def _pairs_in(text: str | None, refused: str) -> Mapping[str, str]:
    texts = names_in(text)
    _, pairs = split_pairs(texts)
    if len(pairs) != len(texts):
        raise ImageClassifierError(refused)
    return pairs


def ranges_in(text: str, n_channels: int) -> tuple[tuple[float, float], ...]:
    """Return the intensities that become 0 and 1 in each channel, such as of 0:255,0:4095.

    Raises
    ------
    ImageClassifierError
        They are no such ranges, or not one for all channels or for each.
    """
    try:
        ranges = [tuple(float(end) for end in one.split(":")) for one in text.split(",")]
        pairs = tuple((low, high) for low, high in ranges)
    except ValueError:
        pairs = ()
    pairs *= n_channels if len(pairs) == 1 else 1
    if len(pairs) != n_channels or not all(low < high for low, high in pairs):
        raise ImageClassifierError(
            f"A range is the intensity that becomes 0 and a higher one that becomes 1, such as "
            f"0:255, one for all channels or one for each of them, not {text!r}."
        )
    return pairs


def each_in(text: str) -> Each:
    """Return what an image becomes.

    Raises
    ------
    ImageClassifierError
        It is no such word.
    """
    if text not in get_args(Each):
        raise ImageClassifierError(f"What is classified is image, time or plane, not {text!r}.")
    return cast(Each, text)


def masks_in(text: str | None) -> str | None:
    """Return where masks lie, given as seen from here or from the images' folder."""
    if text is None:
        return None
    parts = Path(text).parts
    within = [number for number, part in enumerate(parts) if "{" in part]
    folder = Path(*parts[: within[0]]) if within else Path(text)
    # A pattern without a folder is of masks that lie beside the images.
    return str(Path(text).absolute()) if folder != Path() and folder.is_dir() else text


def refuse_to_replace(output: Path, overwrite: bool, inputs: Iterable[Path | None] = ()) -> None:
    """Refuse an output that is there, unless it may be overwritten, and one that is read.

    Raises
    ------
    ImageClassifierError
        It is there, or one of the ``inputs`` is.
    """
    check_output(output, inputs=inputs)
    if output.exists() and not overwrite:
        raise ImageClassifierError(
            f"{output} exists already; choose another output, or replace it with --overwrite."
        )
