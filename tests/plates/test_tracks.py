"""tracks: classes over time, of all objects and of each track."""

import numpy as np
import pytest

import napari_image_classifier as nic
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.plates.tracks import (
    classes_of_tracks,
    classes_over_time,
    track_probabilities,
)

pd = pytest.importorskip("pandas")


def said(time, label, late, status="ok", file="a.tif"):
    """What was said of an object: the probability of *late*, else *early*."""
    probabilities = {"early": 1 - late, "late": late}
    name = "late" if late > 0.5 else "early"
    item = f"t={time},label={label}"
    return Prediction(file, item, status, name, probabilities[name], probabilities)


def failed(time, label):
    """An object of which nothing is known."""
    return Prediction("a.tif", f"t={time},label={label}", "error", message="no pixels")


def test_counts_the_classes_at_each_time():
    """Per cent are of those with an answer; times without objects have no row."""
    table = classes_over_time(
        [
            said(2, 1, 0.9),
            said(0, 1, 0.1),
            said(0, 2, 0.8),
            said(0, 3, 0.9),
            said(0, 4, 0.6, "unsure"),
            said(3, 1, 0.6, "unlike-training"),
            failed(0, 5),
            Prediction("b.tif", "", "error", message="unreadable"),
        ]
    )
    assert table["time"].tolist() == [0, 2, 3]
    first = table.iloc[0]
    assert (first["items"], first["answered"], first["unsure"], first["errors"]) == (5, 3, 1, 1)
    assert (first["n_early"], first["n_late"]) == (1, 2)
    assert table["percent_late"].to_numpy() == pytest.approx([200 / 3, 100, np.nan], nan_ok=True)
    assert table["unlike_training"].tolist() == [0, 0, 1]


def test_a_track_has_the_class_of_its_mean_probabilities():
    """Unsure time points count, those without an answer do not, and gaps are no change."""
    predictions = [
        said(0, 1, 0.4),
        said(1, 1, 0.9),
        said(3, 2, 0.45, "unsure"),
        said(4, 2, 0.0, "unlike-training"),
        said(5, 2, 0.6),
        said(0, 9, 0.2),
    ]
    table = classes_of_tracks(predictions, [7, 7, 7, 7, 7, None])
    (row,) = table.to_dict("records")
    assert (row["file"], row["track_id"]) == ("a.tif", 7)
    assert (row["first_time"], row["last_time"]) == (0, 5)
    assert (row["time_points"], row["classified"]) == (5, 4)
    assert row["class"] == "late"
    assert row["mean_probability"] == pytest.approx((0.4 + 0.9 + 0.45 + 0.6) / 4)
    assert row["mean_p_early"] == pytest.approx(1 - row["mean_probability"])
    assert row["changes"] == 3


def test_tracks_are_sorted_and_of_one_image():
    """The same number in two images is two tracks; numbers are sorted as numbers, before texts."""
    predictions = [
        said(0, 1, 0.9, file="b.tif"),
        said(1, 1, 0.9),
        said(0, 1, 0.9),
        said(0, 2, 0.9),
        said(0, 3, 0.9),
    ]
    table = classes_of_tracks(predictions, [10, 10, 10, 2, "x"])
    assert table[["file", "track_id"]].to_numpy().tolist() == [
        ["b.tif", 10], ["a.tif", 2], ["a.tif", 10], ["a.tif", "x"],
    ]  # fmt: skip
    assert table["changes"].tolist() == [0, 0, 0, 0]


def test_two_objects_of_a_track_at_one_time_count_once():
    """After a division, say: the time point has the mean of both."""
    predictions = [said(0, 1, 0.2), said(0, 2, 0.4), said(1, 1, 0.9)]
    moments = track_probabilities(predictions, [1, 1, 1])
    assert moments["p_late"].to_numpy() == pytest.approx([0.3, 0.9])
    assert moments["class"].tolist() == ["early", "late"]
    (row,) = classes_of_tracks(predictions, [1, 1, 1]).to_dict("records")
    assert row["time_points"] == 2
    assert row["mean_probability"] == pytest.approx(0.6)


def test_a_track_of_which_nothing_is_known_has_no_class():
    """Its row is there all the same."""
    table = classes_of_tracks([failed(0, 1), failed(1, 1), said(0, 2, 0.9)], [1, 1, 2])
    row = table.iloc[0]
    assert row["class"] is None
    assert np.isnan(row["mean_probability"])
    assert pd.isna(row["changes"])
    assert (row["time_points"], row["classified"]) == (2, 0)
    assert np.isnan(track_probabilities([failed(0, 1), said(0, 2, 1)], [1, 2])["p_late"][0])


@pytest.mark.parametrize("predictions", [[], [failed(0, 1)], [said(0, 1, 0.9)]])
def test_without_tracks_the_tables_are_empty(predictions):
    """With their columns."""
    table = classes_of_tracks(predictions, [None] * len(predictions))
    assert len(table) == 0
    assert {"track_id", "class", "mean_probability", "changes"} <= set(table)
    assert len(classes_over_time(predictions)) == len(predictions)


def test_stills_have_no_time():
    """Items of no time point are left out."""
    still = Prediction("a.tif", "label=1", "ok", "late", 1.0, {"early": 0.0, "late": 1.0})
    assert len(classes_over_time([still])) == 0
    assert len(nic.classes_of_tracks([still], [1])) == 0
