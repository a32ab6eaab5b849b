"""widgets.time_lapse: what was found in a time-lapse, and where its time is in the viewer."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.widgets.classify_images.time_lapse import TimeLapse

N_TIMES = 5


def said(time, label, late, status="ok"):
    """What was said of an object: the probability of *late*, else *early*."""
    name = "late" if late > 0.5 else "early"
    probabilities = {"early": 1 - late, "late": late}
    item = f"t={time},label={label}"
    return Prediction("movie", item, status, name, probabilities[name], probabilities)


def time_lapse(predictions=(), tracks=(), layer=None, axes="TZYX"):
    """A time-lapse in which this was found."""
    return TimeLapse("movie", layer, axes, N_TIMES, predictions, tracks)


def test_values_stand_at_their_time():
    """With gaps where there is no answer, and where a track is not."""
    predictions = [said(0, 1, 0.9), said(0, 2, 0.1), said(2, 1, 0.6, "unsure"), said(3, 1, 0.8)]
    lapse = time_lapse(predictions, [4, None, 4, 4])
    gap = np.nan
    assert lapse.percent("late") == pytest.approx([50, gap, gap, 100, gap], nan_ok=True)
    assert lapse.probability("late", 4) == pytest.approx([0.9, gap, 0.6, 0.8, gap], nan_ok=True)
    assert lapse.track_of(predictions[0]) == 4
    assert lapse.track_of(predictions[1]) is None
    assert lapse.track_features() == {
        "track_id": [4, None, 4, 4],
        "track_class": ["late", None, "late", "late"],
    }


def test_tracks_in_words():
    """What a person reads above the plot."""
    predictions = [said(0, 1, 0.9), said(1, 1, 0.3), said(0, 2, 1.0), said(0, 3, 1, "error")]
    lapse = time_lapse(predictions, [1, 1, "b", 9])
    assert lapse.track_in_words(1) == (
        "Track 1: late 0.60, the mean of 2 time points; its class changes once"
    )
    assert lapse.track_in_words("b") == (
        "Track b: late 1.00, the mean of 1 time point; its class never changes"
    )
    assert lapse.track_in_words(9) == "Track 9: not classified at any time point"


def test_the_time_of_the_slider():
    """Also where time has a scale, and another layer has more axes; none where time is drawn."""
    viewer = ViewerModel()
    layer = viewer.add_image(np.zeros((N_TIMES, 3, 4, 4)), scale=(30, 1, 1, 1))
    lapse = time_lapse(layer=layer)
    viewer.dims.set_point(0, 90)
    assert lapse.time_shown(viewer.dims) == 3
    viewer.add_image(np.zeros((2, N_TIMES, 3, 4, 4)), scale=(1, 30, 1, 1, 1))
    viewer.dims.set_point(1, 60)
    assert lapse.time_shown(viewer.dims) == 2
    viewer.dims.order = (0, 2, 3, 1, 4)
    assert lapse.time_shown(viewer.dims) is None
