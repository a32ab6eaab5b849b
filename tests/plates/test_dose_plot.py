"""dose_axis: where doses stand."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture

from napari_image_classifier.batch.predictions_csv import write_predictions
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.plates.columns import SummaryError
from napari_image_classifier.plates.dose_plot import (
    COLOURS,
    DoseAxis,
    dose_response,
    draw_dose_response,
)


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


@pytest.fixture
def summary():
    """Two compounds of four doses in two wells each: one rises, one stays."""
    pandas = pytest.importorskip("pandas")
    rows = []
    for number, dose in enumerate(("0", "1", "10", "100")):
        for compound, percent in (("works", 10 + 25.0 * number), ("other", 10.0)):
            for well in (1, 2):
                rows.append(
                    {
                        "well": f"{'AB'[compound == 'other']}{2 * number + well}",
                        "dose": dose,
                        "compound": compound,
                        "percent_light": percent + well,
                        "low_light": percent - 5,
                        "high_light": percent + 9,
                    }
                )
    return pandas.DataFrame(rows)


def test_every_well_is_a_dot_with_its_interval(summary):
    """At its dose, in its series, with the median of each dose."""
    response = dose_response(summary, "dose", "percent_light", "compound")
    works, other = response.series
    assert (works.name, other.name) == ("works", "other")
    assert len(works.x) == len(other.x) == 8
    np.testing.assert_array_equal(works.values[:2], [11, 12])
    np.testing.assert_array_equal(works.low[:2], [5, 5])
    np.testing.assert_allclose(works.medians[:, 1], [11.5, 36.5, 61.5, 86.5])
    places = response.axis.place(np.array([0, 1, 10, 100]))
    np.testing.assert_allclose(works.medians[:, 0], places, atol=0.1)
    assert (works.medians[:, 0] < other.medians[:, 0]).all()
    assert works.words.startswith("Spearman 0.98, p < 0.001, 8 wells of 4 doses")


def test_unknown_wells_are_no_dots(summary):
    """Neither without a dose nor without an answer."""
    summary.loc[0, "dose"] = ""
    summary.loc[1, "percent_light"] = np.nan
    (series,) = dose_response(summary, "dose", "percent_light").series
    assert series.rows.tolist() == list(range(2, 16))


def test_the_picture_shows_the_rise(summary, tmp_path):
    """The first series' colour goes up to the right, the second's stays down."""
    path = tmp_path / "doses.png"
    draw_dose_response(summary, path, by="compound")
    with Picture.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"), int)
    # Without the legend below.
    pixels = pixels[: int(0.8 * len(pixels))]
    for colour, rises in zip(COLOURS, (True, False), strict=False):
        wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        y, x = np.nonzero(np.abs(pixels - wanted).max(axis=2) < 12)
        slope = np.corrcoef(x, -y)[0, 1]
        assert (slope > 0.8) == rises


@pytest.mark.parametrize("suffix", ["svg", "pdf", "PNG"])
def test_other_formats(summary, tmp_path, suffix):
    """As journals want them."""
    path = tmp_path / f"doses.{suffix}"
    draw_dose_response(summary, path)
    starts = {"svg": b"<?xml", "pdf": b"%PDF", "PNG": b"\x89PNG"}
    assert path.read_bytes().startswith(starts[suffix])


def test_each_column_has_its_panel(summary, tmp_path):
    """Two are twice as wide as one."""
    widths = []
    for show in (["percent_light"], ["percent_light", "low_light"]):
        draw_dose_response(summary, tmp_path / "doses.png", show=show)
        with Picture.open(tmp_path / "doses.png") as picture:
            widths.append(picture.size[0])
    assert widths[1] == 2 * widths[0]


def test_refusals_leave_no_file(summary, tmp_path):
    """Another format, and too few doses."""
    with pytest.raises(SummaryError, match=r"A dose response is a \.png, .* not doses\.gif"):
        draw_dose_response(summary, tmp_path / "doses.gif")
    with pytest.raises(SummaryError, match="needs three doses or more"):
        draw_dose_response(summary[:8], tmp_path / "doses.png")
    assert not list(tmp_path.iterdir())


def test_the_command_says_the_correlation_and_draws_it(tmp_path):
    """From predictions and a table of wells; an unlisted well is told."""
    table = tmp_path / "predictions.csv"
    doses = {"A1": "0", "A2": "1", "A3": "10", "A4": "100"}
    fields = {f"{well}.tif": {"well": well} for well in [*doses, "A5"]}
    rows = [
        [Prediction(file, "", "ok", "light", p, {"dark": 1 - p, "light": p})]
        for file, p in zip(fields, (0.6, 0.7, 0.8, 0.9, 0.55), strict=True)
    ]
    write_predictions(table, rows, ("dark", "light"), "0" * 64, fields)
    wells = tmp_path / "wells.csv"
    lines = [f"{well[0]}0{well[1]},{dose}" for well, dose in doses.items()]
    wells.write_text("\n".join(["well,dose", *lines]))
    command = [sys.executable, "-m", "napari_image_classifier.cli.app", "summarize", table]
    command += ["--wells", wells, "--dose", "dose", "--show", "mean_p_light"]
    command += ["--dose-response", tmp_path / "doses.svg"]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "wells.csv says nothing of 1 well: A5.",
        "Mean probability of light and dose: Spearman 1.00, p = 0.083, 4 wells of 4 doses.",
        "Left out: 1 well without a dose.",
        f"Written: {tmp_path / 'predictions.by-well.csv'} (5 rows)",
        f"Written: {tmp_path / 'doses.svg'}",
    ]
    assert "Spearman 1.00" in (tmp_path / "doses.svg").read_text(encoding="utf-8")
    bare = [*command[:5], "--series", "compound", "--overwrite"]
    done = subprocess.run(bare, check=False, capture_output=True, encoding="utf-8")
    assert done.stderr.strip() == "--series needs --dose, the column that holds the doses."


def test_wells_of_a_dose_that_is_a_logarithm_have_one_median(summary):
    """Their dots are spread beside each other, and the doses stay what they are."""
    summary = summary.assign(dose=[str(-9 + number % 3) for number in range(len(summary))])
    (series,) = dose_response(summary, "dose", "percent_light").series
    assert len(series.medians) == 3
