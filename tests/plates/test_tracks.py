"""tracks: classes over time, of all objects and of each track."""

import numpy as np
import pytest

import napari_image_classifier as nic
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.plates.tracks import (
    TrackError,
    classes_of_tracks,
    classes_over_time,
    track_ids_of,
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


def objects(*places):
    """Predictions of objects, given as (time, label)."""
    return [Prediction("a.tif", f"t={time},label={label}", "ok") for time, label in places]


SEEN = objects((0, 1), (0, 2), (1, 1), (1, 2))


@pytest.mark.parametrize("name", ["t", "frame", "time"])
def test_a_row_is_of_a_label_at_a_time(name):
    """Label 1 may be another cell at another time."""
    features = pd.DataFrame(
        {"index": [1, 2, 1, 2], name: [0, 0, 1, 1], "track_id": [10, 20, 20, 10]}
    )
    assert track_ids_of(SEEN, features, n_times=2) == [10, 20, 20, 10]


def test_without_times_a_row_is_of_a_label_at_all_times():
    """As when the tracking program has given labels along tracks, and says so."""
    features = pd.DataFrame({"index": [1, 2], "track_id": ["mother", "daughter"]})
    assert track_ids_of(SEEN, features) == ["mother", "daughter", "mother", "daughter"]


def test_no_track_is_none():
    """Rows that are not there, empty cells and negative numbers; numbers stay whole beside them."""
    features = pd.DataFrame({"index": [None, 1, 2], "t": [0, 0, 0], "track_id": [5, 7, None]})
    assert track_ids_of(SEEN, features) == [7, None, None, None]
    features = pd.DataFrame({"index": [1, 2], "track_id": [-1, 3.0]})
    found = track_ids_of(SEEN, features)
    assert found == [None, 3, None, 3]
    assert isinstance(found[1], int)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"track_id": [1]}, "no column index"),
        ({"index": [1], "time": [0.5], "track_id": [1]}, "time has “0.5”"),
        ({"index": [1], "time": [15], "track_id": [1]}, "not minutes"),
        ({"index": [1, 1], "track_id": [1, 2]}, "in two tracks, 1 and 2; if it is"),
        ({"index": [1, 1], "t": [0, 0], "track_id": [1, 2]}, "label 1 at time point 0"),
    ],
)
def test_nothing_is_guessed(columns, words):
    """Tables that leave open which object is meant are refused."""
    with pytest.raises(TrackError, match=words):
        track_ids_of(SEEN, pd.DataFrame(columns), n_times=2)
