"""Which track each object of a time-lapse belongs to, from a table that a tracking program made."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.selection import parse_selection
from napari_image_classifier.typing import Float64Array, IntArray

if TYPE_CHECKING:
    import pandas as pd

TRACK_ID, INDEX = "track_id", "index"
# What a column of time points may be called; the first that is there counts.
TIMES = ("t", "frame", "time")

TrackId = int | float | str


class TrackError(ImageClassifierError):
    """A table of tracks that does not say which object is meant."""


def track_ids_of(
    predictions: Sequence[Prediction], features: "pd.DataFrame", n_times: int | None = None
) -> list[TrackId | None]:
    """Return the track of each object, None where it has none.

    ``features`` has the columns "index", the label of an object, and "track_id". With a column "t",
    "frame" or "time" (the first of these that is there) a row is of the object at that time point,
    counted from 0; without one it is of the label at all times. Rows with an empty cell in one of
    these columns are passed over, and so are rows with a "track_id" below 0, which is how programs
    write that there is none. ``n_times`` is how many time points the image has.

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
    found = [parse_selection(prediction.item) for prediction in predictions]
    names = ("label",) if time is None else ("t", "label")
    return [tracks.get(tuple(place.get(name) for name in names)) for place in found]


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
