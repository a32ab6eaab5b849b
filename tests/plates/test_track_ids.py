"""track_ids: which object is in which track."""

import pytest

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.plates.track_ids import TrackError, track_ids_of

pd = pytest.importorskip("pandas")


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
