"""Classes over time, and of tracks, in an open time-lapse."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.plates.tracks import (
    TRACK_ID,
    TrackError,
    TrackId,
    class_names_of,
    classes_of_tracks,
    classes_over_time,
    track_probabilities,
)
from napari_image_classifier.typing import Float64Array
from napari_image_classifier.widgets.classify_images.run import Task
from napari_image_classifier.widgets.viewer.layers import lengths_of
from napari_image_classifier.widgets.viewer.navigation import sliders_of
from napari_image_classifier.widgets.viewer.object_layers import tracks_in
from napari_image_classifier.wording import counted

if TYPE_CHECKING:
    import pandas as pd

TRACK_CLASS = "track_class"


@dataclass(frozen=True, eq=False)
class TimeLapse:
    """A classified image with several time points.

    ``layer`` is one of napari's that show it, ``axes`` are those of the layer's data. ``track_ids``
    has the track of each prediction, None where it has none; ``why_no_tracks`` says in a sentence
    why there are none although the layer has some, "" where all is well.
    """

    name: str
    layer: Any
    axes: str
    n_times: int
    predictions: Sequence[Prediction]
    track_ids: Sequence[TrackId | None]
    why_no_tracks: str = ""

    @classmethod
    def of_task(cls, task: Task, predictions: Sequence[Prediction]) -> "TimeLapse | None":
        """Return what was found in an image; None if it has one time only, or nothing was."""
        channel = task.channels[0]
        n_times = lengths_of(channel).get("T", 1)
        if n_times == 1 or not class_names_of(predictions):
            return None
        why_no_tracks = ""
        tracks: list[TrackId | None] = [None] * len(predictions)
        if task.objects is not None:
            try:
                tracks = tracks_in(task.objects, predictions, n_times)
            except TrackError as error:
                why_no_tracks = f"The tracks of {task.objects.name} are left out. {error}"
        layer = channel.layer.layer
        return cls(
            task.image.name, layer, channel.axes, n_times, predictions, tracks, why_no_tracks
        )

    @cached_property
    def class_names(self) -> list[str]:
        """The classes that its objects may have."""
        return class_names_of(self.predictions)

    @cached_property
    def has_tracks(self) -> bool:
        """Whether any of its objects is in a track."""
        return any(track is not None for track in self.track_ids)

    @cached_property
    def tracks(self) -> "pd.DataFrame":
        """A row per track, as `classes_of_tracks` says."""
        return classes_of_tracks(self.predictions, self.track_ids)

    @cached_property
    def _counts(self) -> "pd.DataFrame":
        return classes_over_time(self.predictions)

    @cached_property
    def _probabilities(self) -> "pd.DataFrame":
        return track_probabilities(self.predictions, self.track_ids)

    def track_of(self, prediction: Prediction) -> TrackId | None:
        """Return the track of one of its objects."""
        tracks = zip(self.predictions, self.track_ids, strict=True)
        return next((track for other, track in tracks if other.item == prediction.item), None)

    def percent(self, class_name: str) -> Float64Array:
        """Return the per cent of a class at each time, shape (n_times,), NaN without an answer."""
        return self._at_each_time(self._counts, f"percent_{class_name}")

    def probability(self, class_name: str, track: TrackId) -> Float64Array:
        """Return the probability of a class at each time of a track, NaN where it has none."""
        table = self._probabilities
        return self._at_each_time(table[table[TRACK_ID] == track], f"p_{class_name}")

    def track_features(self) -> dict[str, list[Any]]:
        """Return the track of each prediction, and the class of that track, as features."""
        if not self.has_tracks:
            return {}
        classes = dict(zip(self.tracks[TRACK_ID], self.tracks["class"], strict=True))
        return {
            TRACK_ID: list(self.track_ids),
            TRACK_CLASS: [classes.get(track) for track in self.track_ids],
        }

    def track_in_words(self, track: TrackId) -> str:
        """Return "Track 7: depleted 0.83, the mean of 5 time points; its class changes once"."""
        row = self.tracks[self.tracks[TRACK_ID] == track].iloc[0]
        if not row["classified"]:
            return f"Track {track}: not classified at any time point"
        n_changes = int(row["changes"])
        known = {0: "never changes", 1: "changes once", 2: "changes twice"}
        often = known.get(n_changes, f"changes {n_changes} times")
        points = counted(int(row["classified"]), "time point")
        return (
            f"Track {track}: {row['class']} {row['mean_probability']:.2f}, the mean of {points}; "
            f"its class {often}"
        )

    def time_shown(self, dims: Any) -> int | None:
        """Return the time point that napari's ``dims`` shows; None where time has no slider."""
        time = sliders_of(self.layer, self.axes, dims).get("T")
        return None if time is None else int(np.clip(np.rint(time), 0, self.n_times - 1))

    def _at_each_time(self, table: "pd.DataFrame", column: str) -> Float64Array:
        values = np.full(self.n_times, np.nan)
        if column in table:
            values[table["time"].to_numpy(np.intp)] = table[column].to_numpy(np.float64)
        return values
