"""dose_axis: where doses stand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_image_classifier.plates.dose_plot import DoseAxis


def test_doses_stand_by_their_logarithm_and_zero_apart():
    """Left of the smallest, as far away as the next dose is, with a break between."""
    axis = DoseAxis.of(np.array([100, 0, 1, 10, np.nan]))
    assert axis.doses == (0, 1, 10, 100)
    places = axis.place(np.array([0, 1, 10, 100, np.nan]))
    np.testing.assert_allclose(places, [-1, 0, 1, 2, np.nan])
    assert axis.break_at == -0.5
    assert [label for _, label in axis.ticks] == ["0", "1", "10", "100"]


def test_negative_doses_are_logarithms_already():
    """Such as -9 for a nanomole; zero is nothing special among them."""
    axis = DoseAxis.of(np.array([-9.0, -6, 0]))
    assert axis.place(np.array([-9.0, 0])).tolist() == [-9, 0]
    assert axis.break_at is None


def test_without_a_zero_the_axis_is_whole():
    """And its ends leave room."""
    axis = DoseAxis.of(np.array([0.1, 10]))
    assert axis.zero is None
    assert axis.break_at is None
    assert axis.ends[0] < -1 < 1 < axis.ends[1]


def test_labels_do_not_touch():
    """Sixty doses get the labels that there is room for, the largest among them."""
    ticks = DoseAxis.of(np.geomspace(1, 1000, 60)).ticks
    assert len(ticks) == 60
    labelled = [place for place, label in ticks if label]
    assert 5 < len(labelled) < 25
    assert ticks[-1][1] == "1000"


@given(
    st.lists(st.sampled_from([0, 0.1, 1, 2, 3, 1000]), min_size=1, max_size=40),
    st.integers(1, 6),
)
def test_wells_of_a_dose_are_spread_without_reaching_the_next(doses, n_series):
    """A dot still stands nearest to its own dose."""
    doses = np.array(doses, float)
    series = np.arange(len(doses)) % n_series
    axis = DoseAxis.of(doses)
    places = axis.place(doses) + axis.spread(doses, series.tolist(), n_series)
    own = axis.place(np.array(axis.doses))
    nearest = np.abs(places[:, None] - own).argmin(axis=1)
    np.testing.assert_array_equal(np.array(axis.doses)[nearest], doses)


@pytest.mark.parametrize("doses", [[0.0, 0.0], [5.0], [0.0, 5.0]])
def test_degenerate_doses_have_an_axis(doses):
    """One dose, or one beside zero."""
    axis = DoseAxis.of(np.array(doses))
    assert len(axis.ticks) == len(axis.doses)
    assert axis.spread(np.array(doses), [0] * len(doses), 1).shape == (len(doses),)
