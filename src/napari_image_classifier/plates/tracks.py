"""Classes over time: of all objects at each time point, and of the tracks that they make."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.selection import parse_selection
from napari_image_classifier.plates.columns import CLASSIFIED, COUNTED
from napari_image_classifier.typing import Float64Array, IntArray

if TYPE_CHECKING:
    import pandas as pd

TRACK_ID, INDEX = "track_id", "index"
TRACK = ["file", TRACK_ID]
# What a column of time points may be called; the first that is there counts.
TIMES = ("t", "frame", "time")
TrackId = int | float | str


class TrackError(ImageClassifierError):
    """A table of tracks that does not say which object is meant."""


def track_ids_of(
    predictions: Sequence[Prediction], features: "pd.DataFrame", n_times: int | None = None
) -> list[TrackId | None]:
    """Return the track of each object.

    Parameters
    ----------
    predictions
        Predictions for the objects of one image.
    features
        A table with the columns "index", the label of an object, and "track_id". With a column "t",
        "frame" or "time" (the first of these that is there) a row is of the object at that time
        point, counted from 0; without one it is of the label at all times. Rows with an empty cell
        in one of these columns are passed over, and so are rows with a "track_id" below 0, which is
        how programs write that there is none.
    n_times
        How many time points the image has, where that is known.

    Returns
    -------
    list
        A track for each prediction, None where it has none.

    Raises
    ------
    TrackError
        There is no column "index"; an index or a time point is no whole number, or after the last
        time point; or an object would be in two tracks.
    """
    if INDEX not in features:
        raise TrackError(
            "There is a column track_id, and no column index that says of which label each row is."
        )
    time = next((name for name in TIMES if name in features), None)
    columns = [INDEX] if time is None else [time, INDEX]
    known = features[[*columns, TRACK_ID]].dropna()
    places = [_whole_numbers(known[name]) for name in columns]
    if time is not None and n_times is not None and (places[0] >= n_times).any():
        raise TrackError(
            f"The column {time} goes up to {places[0].max()}, and there are {n_times} time points, "
            "counted from 0; it must hold time points, not minutes."
        )
    keys = list(zip(*(column.tolist() for column in places), strict=True))
    tracks = _track_of_each(keys, known[TRACK_ID].tolist())
    selections = [parse_selection(prediction.item) for prediction in predictions]
    names = ("label",) if time is None else ("t", "label")
    return [tracks.get(tuple(selection.get(name) for name in names)) for selection in selections]


def _track_of_each(keys: Sequence[tuple[Any, ...]], ids: Sequence[Any]) -> dict[Hashable, TrackId]:
    tracks: dict[Hashable, TrackId] = {}
    for key, value in zip(keys, ids, strict=True):
        track = _tidy(value)
        if track is None:
            continue
        if tracks.setdefault(key, track) != track:
            when = "" if len(key) == 1 else f" at time point {key[0]}"
            raise TrackError(
                f"The label {key[-1]}{when} is in two tracks, {tracks[key]} and {track}; if it is "
                "another object at another time, add a column t with the time point of each row."
            )
    return tracks


def _tidy(value: Any) -> TrackId | None:
    """Return 3 for 3.0, which a column with empty cells makes of it; None for no track."""
    if isinstance(value, str):
        return value.strip() or None
    number = float(value)
    if number < 0:
        return None
    return int(number) if number.is_integer() else number


def _whole_numbers(column: "pd.Series[Any]") -> IntArray:
    import pandas as pd

    numbers: Float64Array = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    whole = np.isfinite(numbers) & (numbers == np.rint(numbers)) & (numbers >= 0)
    if not whole.all():
        raise TrackError(
            f"The column {column.name} has “{column[~whole].iloc[0]}”; it must hold whole numbers "
            "from 0."
        )
    return numbers.astype(np.intp)


def classes_over_time(predictions: Sequence[Prediction]) -> "pd.DataFrame":
    """Return how many objects of each class there are at each time point.

    Parameters
    ----------
    predictions
        Predictions for items of one or several images; those of no time point are left out.

    Returns
    -------
    pandas.DataFrame
        A row for each time point of each image that has objects, sorted by them: "file" and "time",
        counted from 0; "items", how many objects there are, of which "answered" (status "ok"),
        "unsure", "unlike_training" and "errors"; for each class "n_<class>", how many of the
        answered ones have it, and "percent_<class>" of them, NaN where none has an answer.
    """
    import pandas as pd

    rows = _rows(predictions)
    names = class_names_of(predictions)
    answered = rows["status"] == "ok"
    counted = pd.DataFrame(
        {
            "items": 1,
            **{name: rows["status"].isin(statuses) for name, statuses in COUNTED.items()},
            **{f"n_{name}": answered & (rows["class"] == name) for name in names},
        },
        index=rows.index,
    ).astype(np.int64)
    counts = counted.groupby([rows["file"], rows["time"]], sort=False).sum().reset_index()
    n_answered = counts["answered"].where(counts["answered"] > 0)
    shares = {f"percent_{name}": 100 * counts[f"n_{name}"] / n_answered for name in names}
    return pd.concat([counts, pd.DataFrame(shares, index=counts.index)], axis=1)


def track_probabilities(
    predictions: Sequence[Prediction], track_ids: Sequence[TrackId | None]
) -> "pd.DataFrame":
    """Return the probabilities of each track at each of its time points.

    Parameters
    ----------
    predictions
        Predictions for items of one or several images; those of no time point are left out.
    track_ids
        The track of each prediction, None where it has none, see `track_ids_of`.

    Returns
    -------
    pandas.DataFrame
        A row for each time point of each track, sorted by "file", "track_id" and "time";
        "p_<class>" is the mean over its objects there, nearly always one, with status "ok" or
        "unsure", and "class" that of the highest. Where there is no such object the probabilities
        are NaN, and the class is None.
    """
    rows = _rows(predictions, track_ids)
    rows = rows[rows[TRACK_ID].notna()].copy()
    names = class_names_of(predictions)
    columns = [f"p_{name}" for name in names]
    rows[columns] = rows[columns].where(rows["status"].isin(CLASSIFIED))
    table = rows.groupby([*TRACK, "time"], sort=False)[columns].mean().reset_index()
    table.insert(3, "class", _likeliest(table[columns], names))
    return table


def classes_of_tracks(
    predictions: Sequence[Prediction], track_ids: Sequence[TrackId | None]
) -> "pd.DataFrame":
    """Return the class of each track of a time-lapse.

    Parameters
    ----------
    predictions
        Predictions for items of one or several images; those of no time point are left out.
    track_ids
        The track of each prediction, None where it has none, see `track_ids_of`.

    Returns
    -------
    pandas.DataFrame
        A row for each track of each image, sorted by "file" and "track_id". Its other columns are

        - "first_time" and "last_time", counted from 0, and "time_points", at how many there is an
          object; "classified", at how many of these it has the status "ok" or "unsure";
        - "class", the one with the highest mean of the probabilities over the classified time
          points, and "mean_probability", that mean; "mean_p_<class>", the mean of every class;
        - "changes", how often the class at one classified time point is another than at the one
          before.

        A track without a classified time point has no class (None), NaN as its means and <NA>
        changes.
    """
    moments = track_probabilities(predictions, track_ids)
    names = class_names_of(predictions)
    means = [f"mean_p_{name}" for name in names]
    tracks = moments.groupby(TRACK, sort=False)
    table = tracks.agg(
        first_time=("time", "min"),
        last_time=("time", "max"),
        time_points=("time", "size"),
        classified=("class", "count"),
        **{f"mean_p_{name}": (f"p_{name}", "mean") for name in names},
    )
    table.insert(4, "class", _likeliest(table[means], names))
    table.insert(5, "mean_probability", table[means].max(axis=1).astype(np.float64))
    table.insert(6, "changes", _changes(moments).reindex(table.index).astype("Int64"))
    return table.reset_index()


def _changes(moments: "pd.DataFrame") -> "pd.Series[Any]":
    """Return how often the class changes in each track that has one at any time."""
    known = moments[moments["class"].notna()]
    before = known.groupby(TRACK, sort=False)["class"].shift()
    changed = before.notna() & (known["class"] != before)
    return changed.groupby([known[name] for name in TRACK], sort=False).sum()


def _rows(
    predictions: Sequence[Prediction], track_ids: Sequence[TrackId | None] | None = None
) -> "pd.DataFrame":
    """Return a row for each item of a time point, by file (in their order), track and time."""
    import pandas as pd

    names = class_names_of(predictions)
    ids = [None] * len(predictions) if track_ids is None else list(track_ids)
    files = {name: number for number, name in enumerate(dict.fromkeys(p.file for p in predictions))}
    items: list[tuple[Any, ...]] = [
        (item.file, track, time, item.status, item.class_name,
         *(item.probabilities.get(name, np.nan) for name in names))
        for item, track in zip(predictions, ids, strict=True)
        if (time := parse_selection(item.item).get("t")) is not None
    ]  # fmt: skip
    items.sort(key=lambda row: (files[row[0]], _in_order(row[1]), row[2]))
    numbers = [f"p_{name}" for name in names]
    columns = [*TRACK, "time", "status", "class", *numbers]
    # Objects, as a number beside an empty cell would become another kind of number.
    table = pd.DataFrame(items, columns=columns, dtype=object)
    return table.astype({"time": np.int64, **dict.fromkeys(numbers, np.float64)})


def _in_order(track: TrackId | None) -> tuple[int, float, str]:
    """Return a key that sorts numbers as numbers, then texts, whichever there are."""
    if track is None or isinstance(track, str):
        return (2 if track is None else 1, 0.0, track or "")
    return 0, track, ""


def class_names_of(predictions: Sequence[Prediction]) -> list[str]:
    """Return the classes that predictions tell apart.

    Parameters
    ----------
    predictions
        Those of one classifier.

    Returns
    -------
    list of str
        The classes in the order of the classifier; none where all items failed.
    """
    known = (prediction.probabilities for prediction in predictions)
    return list(next(filter(None, known), ()))


def _likeliest(probabilities: "pd.DataFrame", names: Sequence[str]) -> "pd.Series[Any]":
    """Return the name of the column with the highest number of each row, None where all are NaN."""
    import pandas as pd

    likeliest = np.full(len(probabilities), None, object)
    known = (
        probabilities.notna().any(axis=1).to_numpy() if names else np.zeros(len(likeliest), bool)
    )
    best = probabilities[known].fillna(-1.0).to_numpy().argmax(axis=1) if known.any() else []
    likeliest[known] = [names[number] for number in best]
    return pd.Series(likeliest, probabilities.index, dtype=object)
