"""The verdict of an evaluation: one sentence, from a fixed table (docs/evaluation.md)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from napari_image_classifier.evaluation.controls import Controls
from napari_image_classifier.items.groups import GROUPS_FOR_MORE_THAN_EXPLORATION
from napari_image_classifier.statistics.intervals import Interval
from napari_image_classifier.statistics.permutation_tests import SIGNIFICANT, ChanceTest

Kind = Literal[
    "may be batch",
    "cannot be tested",
    "no signal",
    "too few",
    "no better than brightness",
    "better",
]

# "No signal" is said where the interval ends within so much of the way from chance to perfect.
NEGLIGIBLE = 0.25


@dataclass(frozen=True)
class Evidence:
    """What the verdict rests on.

    ``score`` is the balanced accuracy, ``chance`` the test of it. ``simple`` is the balanced
    accuracy that brightness and file facts reach on the same folds (None where there are too few
    groups to learn from), ``simple_chance`` the test whether they tell anything, ``over_simple``
    the test whether more is reached than by these. ``controls`` is what speaks for batch in place
    of biology.
    """

    groups_per_class: Mapping[str, int]
    score: Interval
    chance: ChanceTest
    simple: Interval | None
    simple_chance: ChanceTest
    over_simple: ChanceTest
    controls: Controls

    @property
    def chance_level(self) -> float:
        """The balanced accuracy that guessing reaches."""
        return 1 / len(self.groups_per_class)


@dataclass(frozen=True)
class Verdict:
    """A kind from the table, and its sentence for these images."""

    kind: Kind
    sentence: str


def verdict_of(evidence: Evidence) -> Verdict:
    """Return the first row of the table that applies."""
    score, chance = evidence.score, evidence.chance
    if batch := _in_favour_of_batch(evidence):
        return Verdict("may be batch", f"It may be batch, not biology: {batch}")
    if not chance.can_tell:
        return Verdict(
            "cannot be tested",
            f"It cannot be tested: with so few groups the smallest p-value that any result could "
            f"reach is {chance.smallest_p:.2g}, and {SIGNIFICANT} is needed.",
        )
    guessing = evidence.chance_level
    if chance.p > SIGNIFICANT:
        negligible = guessing + NEGLIGIBLE * (1 - guessing)
        if score.high <= negligible:
            return Verdict(
                "no signal",
                f"No signal found; a balanced accuracy above {score.high:.2f} is excluded "
                f"(guessing: {guessing:.2f}).",
            )
        return Verdict(
            "too few",
            f"Too few independent groups to tell: about {_groups_missing(evidence, negligible)} "
            f"more are needed (balanced accuracy {_in_words(score)}, guessing {guessing:.2f}, "
            f"p = {chance.p:.2g}).",
        )
    if evidence.simple and evidence.simple_chance.p <= SIGNIFICANT < evidence.over_simple.p:
        return Verdict(
            "no better than brightness",
            f"The classes are told apart (balanced accuracy {_in_words(score)}), but nothing shows "
            f"that it takes more than brightness and file facts ({_in_words(evidence.simple)}).",
        )
    enough = GROUPS_FOR_MORE_THAN_EXPLORATION
    few = min(evidence.groups_per_class.values()) < enough
    exploratory = f"; exploratory, as a class has fewer than {enough} groups" if few else ""
    return Verdict(
        "better",
        f"Better than chance: balanced accuracy {_in_words(score)}, guessing {guessing:.2f} "
        f"(p = {chance.p:.2g}){exploratory}.",
    )


def _in_favour_of_batch(evidence: Evidence) -> str | None:
    controls, guessing = evidence.controls, evidence.chance_level
    background, acquisition = controls.background, controls.acquisition
    if background and controls.background_explains(evidence.score.score, guessing):
        return (
            f"the background of the images alone tells the classes (balanced accuracy "
            f"{background.balanced_accuracy:.2f}, guessing {guessing:.2f}, "
            f"p = {background.chance.p:.2g})."
        )
    if acquisition is None or not acquisition.explains:
        return None
    tied = (
        "the classes are tied to what was taken together (Cramér's V "
        f"{acquisition.cramers_v:.2f}), "
    )
    if acquisition.recognised is None:
        return f"{tied}and no class was taken often enough to tell the one from the other."
    return (
        f"{tied}and images of one class can be told apart by it (balanced accuracy "
        f"{acquisition.recognised.balanced_accuracy:.2f}, "
        f"p = {acquisition.recognised.chance.p:.2g})."
    )


def _groups_missing(evidence: Evidence, negligible: float) -> int:
    """Return about how many groups would part the score from chance, or chance from a signal.

    Intervals shrink with the square root of the number of groups.
    """
    score, groups = evidence.score, sum(evidence.groups_per_class.values())
    above = score.score - evidence.chance_level
    if above > negligible - score.score:
        # The test against chance sees about half of the groups.
        wanted, width = above, (score.score - score.low) * math.sqrt(2)
    else:
        wanted, width = negligible - score.score, score.high - score.score
    return max(1, math.ceil(groups * ((width / wanted) ** 2 - 1)))


def _in_words(score: Interval) -> str:
    return f"{score.score:.2f}, 95 % interval {score.low:.2f} to {score.high:.2f}"
