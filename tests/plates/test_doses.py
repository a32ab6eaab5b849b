"""doses: numbers out of cells, and whether what was found follows them."""

import numpy as np
import pytest
import scipy.stats

from napari_image_classifier.plates.columns import SummaryError
from napari_image_classifier.plates.doses import (
    correlations_in_words,
    dose_correlation,
    doses_of,
    is_dose,
    left_out_in_words,
)


@pytest.fixture
def summary():
    """Twelve wells: one compound works, the other does not; a control without a dose."""
    pandas = pytest.importorskip("pandas")
    doses = ["0", "1", "10", "1e2", "1000", "", "0", "1", "10", "100", "1000", "NA"]
    percent = [1.0, 5, 20, 60, 55, 99, 4, 2, 5, 1, np.nan, 3]
    return pandas.DataFrame(
        {
            "well": [f"A{number}" for number in range(1, 13)],
            "dose": doses,
            "compound": ["taxol"] * 6 + ["other"] * 6,
            "items": 10,
            "percent_light": percent,
        }
    )


def test_doses_are_numbers_or_unknown(summary):
    """Also in the notation of spreadsheets; NA is an empty cell."""
    doses = doses_of(summary, "dose")
    assert doses[:5].tolist() == [0, 1, 10, 100, 1000]
    assert np.isnan(doses[[5, 11]]).all()


@pytest.mark.parametrize("cell", ["10 µM", "0,5", "high", "inf"])
def test_what_is_no_dose_is_refused(summary, cell):
    """0,5 could be a half or five hundred: nothing is guessed."""
    summary["dose"] = cell
    with pytest.raises(SummaryError, match=f"“{cell}” in the column “dose” is no number; write"):
        doses_of(summary, "dose")


def test_each_series_has_its_own_correlation_over_wells(summary):
    """Wells are counted, whatever number of cells was in them."""
    found = dose_correlation(summary, "dose", "percent_light", by="compound").set_index("compound")
    assert found["wells"].to_dict() == {"taxol": 5, "other": 4}
    assert found["doses"].to_dict() == {"taxol": 5, "other": 4}
    expected = scipy.stats.spearmanr([0, 1, 2, 3, 4], [1, 5, 20, 60, 55])
    assert found.loc["taxol", "rho"] == pytest.approx(expected.statistic)
    everything = dose_correlation(summary, "dose", "percent_light")
    assert list(everything.columns) == ["rho", "p", "wells", "doses"]
    assert everything["wells"].tolist() == [9]


def test_few_wells_are_no_proof(summary):
    """Four wells in perfect order happen in 2 of 24 orders; many wells have the formula's p."""
    four = summary[:4].assign(percent_light=[1, 2, 3, 4])
    assert dose_correlation(four, "dose", "percent_light")["p"][0] == pytest.approx(2 / 24)
    pandas = pytest.importorskip("pandas")
    random = np.random.default_rng(0)
    many = pandas.DataFrame(
        {
            "well": [f"B{number}" for number in range(40)],
            "dose": (np.arange(40) % 8).astype(str),
            "n_light": np.arange(40) % 8 + random.normal(0, 9, 40),
        }
    )
    for few in (many, many[:29]):
        expected = scipy.stats.spearmanr(few["dose"].astype(int), few["n_light"]).pvalue
        found = dose_correlation(few, "dose", "n_light")["p"][0]
        assert found == pytest.approx(expected, abs=0 if len(few) == 40 else 0.02)


def test_the_sentences(summary):
    """What the command says: the correlation, and who is not in it."""
    found = dose_correlation(summary, "dose", "percent_light", by="compound")
    assert correlations_in_words(found, "dose", "percent_light").splitlines() == [
        "Per cent light and dose, taxol: Spearman 0.90, p = 0.083, 5 wells of 5 doses.",
        "Per cent light and dose, other: Spearman -0.40, p = 0.75, 4 wells of 4 doses.",
    ]
    assert left_out_in_words(summary, "dose", "percent_light") == (
        "Left out: 2 wells without a dose and 1 well of which nothing is known."
    )
    assert not left_out_in_words(summary[:5], "dose", "percent_light")


def test_controls_of_one_dose_stand_beside_and_are_not_correlated(summary):
    """As DMSO has none but the dose 0."""
    summary.loc[6:, "dose"] = "0"
    found = dose_correlation(summary, "dose", "percent_light", by="compound")
    assert np.isnan(found["rho"].iloc[1])
    said = correlations_in_words(found, "dose", "percent_light").splitlines()
    assert said[1] == "Per cent light and dose, other: too few doses to tell, 1 in 5 wells."


def test_what_never_changes_is_not_correlated(summary):
    """Without a warning, and in words."""
    found = dose_correlation(summary.assign(percent_light=50.0), "dose", "percent_light")
    assert "the same in all 10 wells" in correlations_in_words(found, "dose", "percent_light")


def test_refusals_say_what_to_do(summary):
    """Fewer than three doses, no such column, rows that are no wells."""
    with pytest.raises(SummaryError, match=r"needs three doses or more; .* “dose” there are 2"):
        dose_correlation(summary[:2], "dose", "percent_light")
    with pytest.raises(SummaryError, match=r"three doses or more of one “well”; .* there are 1"):
        dose_correlation(summary, "dose", "percent_light", by="well")
    with pytest.raises(SummaryError, match="no column “conc” to take doses from; there are well"):
        dose_correlation(summary, "conc", "percent_light")
    with pytest.raises(SummaryError, match="no column “drug” to tell series apart"):
        dose_correlation(summary, "dose", "percent_light", by="drug")
    with pytest.raises(SummaryError, match="A well has several rows"):
        dose_correlation(summary.assign(well="A1"), "dose", "percent_light")
    with pytest.raises(SummaryError, match="There is no number “compound” to show"):
        dose_correlation(summary, "dose", "compound")


def test_which_columns_can_be_doses(summary):
    """Three different numbers or more."""
    assert [name for name in summary.columns[:4] if is_dose(summary, name)] == ["dose"]
