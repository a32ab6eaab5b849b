"""The table of predictions, predictions.csv: one row per item, sorted."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.items.objects import ObjectPlace
from napari_image_classifier.items.selection import parse_selection
from napari_image_classifier.system.csv_tables import read_table, write_table

DIGITS_OF_SHA256 = 12
Place = tuple[str, int, int, int]


def columns(
    class_names: Sequence[str], fields: Sequence[str] = (), *, of_objects: bool = False
) -> list[str]:
    """Return the header: the fixed columns, one per class, then the name pattern's fields.

    With ``of_objects`` there are columns for where each object lies, and how large it is.
    """
    probabilities = [f"p_{name}" for name in class_names]
    place = ObjectPlace._fields if of_objects else ()
    fixed = ["file", "item", *place, "status", "class", "confidence", *probabilities]
    own = [*fixed, "message", "code", "classifier"]
    return [*own, *(name for name in fields if name not in own)]


def write_predictions(
    path: Path,
    predictions: Iterable[list[Prediction]],
    class_names: Sequence[str],
    sha256: str,
    fields_of: Mapping[str, Mapping[str, str]] | None = None,
    *,
    of_objects: bool = False,
) -> int:
    """Write the table of predictions.

    Parameters
    ----------
    path
        The file, which is filled as rows come; `replace_file` makes it whole or none.
    predictions
        Those of each image, sorted by file; within an image they are sorted here.
    class_names
        The classes, each of which has a column of probabilities.
    sha256
        Of the classifier's file, in hexadecimal digits.
    fields_of
        What the name pattern says of a file (well, site, …), by file and field; every field becomes
        a column.
    of_objects
        Whether there are columns for where each object lies, and how large it is.

    Returns
    -------
    int
        The number of rows.
    """
    fields_of = fields_of or {}
    fields = list(dict.fromkeys(name for fields in fields_of.values() for name in fields))
    header = columns(class_names, fields, of_objects=of_objects)
    rows = (
        {**fields_of.get(row["file"], {}), **row}
        for of_image in predictions
        for row in rows_of_image(of_image, class_names, sha256)
    )
    return write_table(path, header, rows)


def rows_of_image(
    predictions: Iterable[Prediction], class_names: Sequence[str], sha256: str
) -> list[dict[str, str]]:
    """Return the rows of one image, sorted, without the name pattern's fields."""
    of_all = {"classifier": sha256[:DIGITS_OF_SHA256]}
    in_order = sorted(predictions, key=lambda one: place_of(one.file, one.item))
    return [{**_row(one, class_names), **of_all} for one in in_order]


def place_of(file: str, item: str) -> Place:
    """Return what a row of the table is sorted by: its file, time point, plane and label."""
    chosen = parse_selection(item)
    return file, chosen.get("t", -1), chosen.get("z", -1), chosen.get("label", -1)


def _row(prediction: Prediction, class_names: Sequence[str]) -> dict[str, str]:
    row = {
        "file": prediction.file,
        "item": prediction.item,
        "status": prediction.status,
        "class": prediction.class_name or "",
        "confidence": "" if prediction.confidence is None else f"{prediction.confidence:.6f}",
        "message": prediction.message,
        "code": prediction.code,
    }
    if prediction.place:
        row |= {name: f"{value:.2f}".removesuffix(".00")
                for name, value in prediction.place._asdict().items()}  # fmt: skip
    probabilities = prediction.probabilities
    known = [name for name in class_names if name in probabilities]
    return row | {f"p_{name}": f"{probabilities[name]:.6f}" for name in known}


def is_table_of_predictions(path: Path) -> bool:
    """Return whether a file is a table of predictions.

    Parameters
    ----------
    path
        An ordinary file.

    Returns
    -------
    bool
        Whether this program has written it, or could have.
    """
    return classifier_of_table(path) is not None


def classifier_of_table(path: Path) -> str | None:
    """Return the classifier that a table of ours names; None where it names none.

    An empty string stands for a table without rows.
    """
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        header, rows = read_table(file)
        if not {"file", "status", "classifier"} <= set(header):
            return None
        first = next(rows, None)
        return first["classifier"] if first else ""
