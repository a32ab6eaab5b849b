"""verdict: the rows of the table in docs/evaluation.md, in their order."""

from dataclasses import replace

import pytest

from napari_image_classifier.evaluation.controls import AcquisitionControl, Controls
from napari_image_classifier.evaluation.verdict import Evidence, verdict_of
from napari_image_classifier.statistics.discriminant_analysis import DiscriminantScore
from napari_image_classifier.statistics.intervals import Interval
from napari_image_classifier.statistics.permutation_tests import ChanceTest

CLEAR = ChanceTest(0.001, 0.0005, 2000, exact=False)
UNCLEAR = ChanceTest(0.4, 0.0005, 2000, exact=False)
GOOD = Evidence(
    groups_per_class={"control": 12, "treated": 12},
    score=Interval(0.9, 0.8, 0.95),
    chance=CLEAR,
    simple=Interval(0.6, 0.5, 0.7),
    simple_chance=CLEAR,
    over_simple=CLEAR,
    controls=Controls(None, None),
)


@pytest.mark.parametrize(
    ("changed", "kind", "says"),
    [
        ({}, "better", "balanced accuracy 0.90, 95 % interval 0.80 to 0.95, guessing 0.50"),
        ({"groups_per_class": {"a": 4, "b": 9}}, "better", "exploratory"),
        ({"over_simple": UNCLEAR}, "no better than brightness", "0.60, 95 % interval 0.50 to 0.70"),
        # Brightness tells nothing: then the network can't be told to see no more than that.
        ({"over_simple": UNCLEAR, "simple_chance": UNCLEAR}, "better", "guessing 0.50"),
        (
            {"chance": ChanceTest(0.1, 0.1, 10, exact=True)},
            "cannot be tested",
            "smallest p-value that any result could reach is 0.1,",
        ),
        (
            {"chance": UNCLEAR, "score": Interval(0.51, 0.45, 0.58)},
            "no signal",
            "above 0.58 is excluded",
        ),
        (
            # The lower end is 0.2 below 0.65 and must come within 0.15, for half of the groups: 24
            # become 86.
            {"chance": UNCLEAR, "score": Interval(0.65, 0.45, 0.85)},
            "too few",
            "about 62 more are needed",
        ),
    ],
)
def test_the_first_row_that_applies(changed, kind, says):
    """And its sentence holds the figures that it rests on."""
    found = verdict_of(replace(GOOD, **changed))
    assert found.kind == kind
    assert says in found.sentence


def test_what_can_not_be_tested_is_said_before_anything_else():
    """A perfect score of three wells a class is no proof."""
    untestable = ChanceTest(1.0, 0.3, 0, exact=False)
    found = verdict_of(replace(GOOD, score=Interval(1, 0.4, 1), chance=untestable))
    assert found.kind == "cannot be tested"


@pytest.mark.parametrize(
    ("controls", "says"),
    [
        (
            Controls(DiscriminantScore(0.75, CLEAR), None),
            "the background of the images alone tells",
        ),
        (
            Controls(None, AcquisitionControl(4, 0.9, DiscriminantScore(0.9, CLEAR))),
            "images of one class can be told apart by it (balanced accuracy 0.90, p = 0.001)",
        ),
        (
            Controls(None, AcquisitionControl(2, 1.0, None)),
            "no class was taken often enough to tell the one from the other",
        ),
    ],
)
def test_batch_comes_before_any_other_answer(controls, says):
    """Even where nothing could be tested otherwise."""
    untestable = ChanceTest(1.0, 0.3, 0, exact=False)
    for evidence in (GOOD, replace(GOOD, chance=untestable)):
        found = verdict_of(replace(evidence, controls=controls))
        assert found.kind == "may be batch"
        assert says in found.sentence


@pytest.mark.parametrize(
    "controls",
    [
        # Significant, but far from explaining 0.9: light that comes from the cells themselves.
        Controls(DiscriminantScore(0.65, CLEAR), None),
        Controls(DiscriminantScore(0.75, UNCLEAR), None),
        # Every plate has both classes, so that knowing plates is of no use.
        Controls(None, AcquisitionControl(4, 0.1, DiscriminantScore(0.9, CLEAR))),
        Controls(None, AcquisitionControl(4, 0.9, DiscriminantScore(0.5, UNCLEAR))),
    ],
)
def test_what_does_not_explain_the_score_changes_nothing(controls):
    """The verdict stays what it is."""
    assert verdict_of(replace(GOOD, controls=controls)).kind == "better"
