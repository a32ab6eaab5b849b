"""The class of each item by the annotations of several raters."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import multimode

from napari_image_classifier.items.annotations import (
    ASSISTED,
    CANNOT_TELL,
    COLUMNS,
    Annotation,
    ItemKey,
    standing,
)
from napari_image_classifier.items.item import Item, ItemTable

FEWEST_GROUPS = 2


def is_annotation_table(columns: Iterable[str]) -> bool:
    """Return whether a table with these columns is one that `annotation_log` fills."""
    return set(COLUMNS) <= set(columns)


def consensus(annotations: Iterable[Annotation]) -> dict[ItemKey, str]:
    """Return the class that most raters gave to each item.

    Parameters
    ----------
    annotations
        Of any number of raters; "cannot tell" is a class like any other.

    Returns
    -------
    dict
        Class by item, "" where as many raters gave another one.
    """
    votes: dict[ItemKey, list[str]] = defaultdict(list)
    for annotation in annotations:
        votes[annotation.key].append(annotation.class_name)
    most_given = {key: multimode(names) for key, names in votes.items()}
    return {key: names[0] if len(names) == 1 else "" for key, names in most_given.items()}


def is_assisted(item: Item) -> bool:
    """Return whether an item's class was given with a prediction in sight.

    Parameters
    ----------
    item
        Its column "mode" says so.

    Returns
    -------
    bool
        Such an item is learnt from, and never tested on.
    """
    return item.columns.get("mode") == ASSISTED


def unassisted(table: ItemTable) -> ItemTable:
    """Return the items whose classes were given by eye alone.

    On the others a classifier would be tested on what it, or one like it, had suggested.

    Parameters
    ----------
    table
        Items with their classes.

    Returns
    -------
    ItemTable
        With a sentence among its assumptions if items were left out.
    """
    items = tuple(item for item in table.items if not is_assisted(item))
    left_out = len(table.items) - len(items)
    if not left_out:
        return table
    sentence = f"{left_out} labels that were given with a prediction in sight were left out."
    return replace(table, items=items, assumptions=(*table.assumptions, sentence))


def learnable(table: ItemTable) -> tuple[ItemTable, tuple[str, ...]]:
    """Return the items of classes that can be learnt yet.

    A class needs two groups: one to learn from, one to check with.

    Parameters
    ----------
    table
        Annotated items.

    Returns
    -------
    tuple
        The table with these items only, and the names of the classes that have too few groups.
    """
    groups = {(item.class_name, item.group or item.file) for item in table.items}
    counts = Counter(name for name, _ in groups)
    items = tuple(item for item in table.items if counts[item.class_name] >= FEWEST_GROUPS)
    rare = sorted(name for name, count in counts.items() if name and count < FEWEST_GROUPS)
    return replace(table, items=items), tuple(rare)


def rows_of_classes(
    rows: Sequence[Mapping[str, str]],
) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """Return one row per item, as `read_items` takes them, and sentences on what was left out.

    An item's row is the last one that stands, with the class that most raters gave; its "mode" is
    "assisted" if any of these saw what a classifier says. Items without a class are left out.
    """
    given = standing(rows)
    classes = consensus(given)
    undecided = sum(not name for name in classes.values())
    cannot_tell = sum(name == CANNOT_TELL for name in classes.values())
    assisted = {each.key for each in given if each.mode == ASSISTED}
    group_of = {each.key: each.group for each in given}
    rows_of_items = [
        {
            "file": key.file,
            "item": key.item,
            "class": name,
            "mode": ASSISTED if key in assisted else "",
            **({"group": group_of[key]} if group_of[key] else {}),
        }
        for key, name in classes.items()
        if name and name != CANNOT_TELL
    ]
    raters = {each.rater for each in given}
    sentences = {
        f"{cannot_tell} items that nobody could tell were left out.": cannot_tell,
        f"{undecided} items that raters gave different classes, as many each, were left out.":
            undecided,
        f"Of {len(raters)} raters, the class that most gave was taken.": len(raters) > 1,
    }  # fmt: skip
    return rows_of_items, tuple(sentence for sentence, applies in sentences.items() if applies)
