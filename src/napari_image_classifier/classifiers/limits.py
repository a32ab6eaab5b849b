"""Limits of what a classifier may have, in its file and before a training.

What a training is let begin can be saved, and what can be saved can be opened.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.items.preparation import MOST_CHANNELS
from napari_image_classifier.system.declared_sizes import (
    SizeRefused,
    checked_length,
    checked_memory,
    checked_number,
)
from napari_image_classifier.system.shown_text import check_names

MOST_CLASSES = 1000
LONGEST_CLASS_NAME = 500
LETTERS_OF_ALL_CLASSES = 100_000
MOST_NETWORKS = 20
# Of all networks together.
EPOCHS_OF_ALL = 20_000
# Names of what was checked with, of all networks together.
MOST_CHECKED_WITH = 20_000
# The side of images that a classifier by texture sees, in pixels; its features take a while.
LARGEST_TEXTURE = 2048
LARGEST_DESCRIPTION = 32 * 1024**2
# The confusion of the most classes has a million numbers.
MOST_PARTS = 2_000_000
LARGEST_TEXTURE_MODEL = 32 * 1024**2

# Of the record of a training: a list, such as that of the images that were checked with, and a
# text, such as the message that names all classes of few groups.
_LONGEST_LIST = 200_000
_LONGEST_TEXT = 2 * LETTERS_OF_ALL_CLASSES
_LARGEST_COUNT = 2**63
# Bytes in `classifier.json`, indented: of a number of the confusion, of an epoch, of a feature in
# base64; and of a weight in `texture.json`.
_BYTES_OF_A_COUNT, _BYTES_OF_AN_EPOCH, _BYTES_OF_A_FEATURE = 8, 300, 6
_BYTES_OF_A_WEIGHT = 25
# The directions in which the novelty detection measures, at most.
_DIRECTIONS = 64
# What all else takes: names of classes and of what was checked with, messages.
_BYTES_OF_THE_REST = 6 * 1024**2


@contextmanager
def refused_in_a_sentence(beginning: str) -> Iterator[None]:
    """Say of a size that is refused in the block what it belongs to.

    Parameters
    ----------
    beginning
        The sentence's beginning, such as "its description is damaged".

    Yields
    ------
    None
        Sizes are checked in the block.

    Raises
    ------
    ClassifierFileError
        One was refused.
    """
    try:
        yield
    except SizeRefused as error:
        raise ClassifierFileError(f"{beginning}: {error}") from error


def check_classes(names: Sequence[str]) -> None:
    """Refuse classes that no classifier can have.

    Parameters
    ----------
    names
        Those of the classes.

    Raises
    ------
    ClassifierFileError
        They are too few or too many, a name is too long or no text, or stands there twice.
    """
    if len(names) < 2:
        raise ClassifierFileError(f"A classifier has at least two classes, not {len(names)}.")
    with refused_in_a_sentence("The classes can't be used"):
        checked_length(names, "classes", MOST_CLASSES)
        for name in names:
            checked_length(name, "letters in the name of a class", LONGEST_CLASS_NAME)
        letters = sum(map(len, names))
        checked_number(letters, "letters in the names of classes", LETTERS_OF_ALL_CLASSES)
    if not all(name.strip() for name in names):
        raise ClassifierFileError("Every class needs a name.")
    check_names(names, "class", ClassifierFileError)
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ClassifierFileError(f"The class {twice[0]} is named twice.")


def check_record(record: Mapping[str, Any], n_classes: int) -> None:
    """Refuse a record of a training that no training writes.

    Parameters
    ----------
    record
        What `classifier.json` says of the training.
    n_classes
        How many classes the classifier has.

    Raises
    ------
    SizeRefused
        A list, a text or a number in it is beyond reason.
    """
    most_parts = {"confusion": n_classes, "history": EPOCHS_OF_ALL, "members": MOST_NETWORKS}
    most_parts |= {"items_per_class": n_classes, "groups_per_class": n_classes}
    for key, most in most_parts.items():
        _check_list(record.get(key), f"parts of its {key}", most)
    if isinstance(config := record.get("config"), Mapping):
        _check_list(config.get("channels"), "channels in its settings", MOST_CHANNELS)
    level: list[Any] = [record]
    while level:
        for part in level:
            if isinstance(part, (list, Mapping)):
                checked_length(part, "parts of a list", _LONGEST_LIST)
            elif isinstance(part, str):
                checked_length(part, "letters", _LONGEST_TEXT)
            elif type(part) is int:
                checked_number(abs(part), "of something", _LARGEST_COUNT)
        level = [inner for part in level for inner in _parts(part)]


def _check_list(stored: Any, what: str, most: int) -> None:
    if isinstance(stored, (list, tuple, Mapping)):
        checked_length(stored, what, most)


def _parts(part: Any) -> Sequence[Any]:
    if isinstance(part, Mapping):
        return [*part, *part.values()]
    return part if isinstance(part, list) else ()


def check_can_be_saved(
    class_names: Sequence[str], *, networks: int, features: int, epochs: int, by_texture: bool
) -> None:
    """Refuse, before a training begins, a classifier whose file would be too large to be opened.

    Parameters
    ----------
    class_names
        The classes.
    networks
        How many decide together.
    features
        How many each of them has.
    epochs
        How many each of them learns for at most.
    by_texture
        Whether texture features take the networks' place.

    Raises
    ------
    ClassifierFileError
        There are too many of them, or too many together.
    """
    check_classes(class_names)
    classes = len(class_names)
    with refused_in_a_sentence(
        f"A classifier of {classes} classes and {networks} networks of {features} features could "
        "not be saved"
    ):
        checked_number(networks, "networks", MOST_NETWORKS)
        checked_number(networks * epochs, "epochs of all networks", EPOCHS_OF_ALL)
        if by_texture:
            checked_memory(
                (classes + 3, features), "weights", LARGEST_TEXTURE_MODEL, each=_BYTES_OF_A_WEIGHT
            )
        stated = (
            classes**2 * _BYTES_OF_A_COUNT
            + networks * epochs * _BYTES_OF_AN_EPOCH
            + networks * (classes + _DIRECTIONS) * features * _BYTES_OF_A_FEATURE
            + _BYTES_OF_THE_REST
        )
        checked_number(stated, "bytes of its description", LARGEST_DESCRIPTION)
