"""The answer in one sentence, from a fixed table (docs/evaluation.md), and what it rests on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from napari_image_classifier.chance import SIGNIFICANT, ChanceTest
from napari_image_classifier.independence import GROUPS_FOR_MORE_THAN_EXPLORATION
from napari_image_classifier.intervals import Interval

Kind = Literal["cannot be tested", "no signal", "too few", "no better than brightness", "better"]

# "No signal" is said where the interval ends within so much of the way from chance to perfect.
NEGLIGIBLE = 0.25


@dataclass(frozen=True)
class Evidence:
    """What the verdict rests on.

    ``score`` is the balanced accuracy, ``chance`` the test of it, ``simple`` the balanced accuracy
    that brightness and file facts reach on the same folds, ``over_simple`` the test whether the
    network does better than that.
    """

    groups_per_class: Mapping[str, int]
    score: Interval
    chance: ChanceTest
    simple: Interval
    over_simple: ChanceTest

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
    if not chance.can_tell:
        return Verdict(
            "cannot be tested",
            f"It cannot be tested: with so few groups the smallest p-value that any result could "
            f"reach is {chance.smallest_p:.2g}, and {SIGNIFICANT} is needed.",
        )
    if chance.p > SIGNIFICANT:
        negligible = evidence.chance_level + NEGLIGIBLE * (1 - evidence.chance_level)
        if score.high <= negligible:
            return Verdict(
                "no signal",
                f"No signal found; a balanced accuracy above {score.high:.2f} is excluded "
                f"(guessing: {evidence.chance_level:.2f}).",
            )
        return Verdict(
            "too few",
            f"Too few independent groups to tell: about {_groups_missing(evidence, negligible)} "
            f"more are needed (balanced accuracy {_in_words(score)}, guessing "
            f"{evidence.chance_level:.2f}, p = {chance.p:.2g}).",
        )
    if evidence.over_simple.p > SIGNIFICANT:
        return Verdict(
            "no better than brightness",
            f"The classes are told apart (balanced accuracy {_in_words(score)}), but nothing shows "
            f"that it takes more than brightness and file facts ({_in_words(evidence.simple)}).",
        )
    few = min(evidence.groups_per_class.values()) < GROUPS_FOR_MORE_THAN_EXPLORATION
    return Verdict(
        "better",
        f"Better than chance: balanced accuracy {_in_words(score)}, guessing "
        f"{evidence.chance_level:.2f} (p = {chance.p:.2g})"
        + (
            f"; exploratory, as a class has fewer than {GROUPS_FOR_MORE_THAN_EXPLORATION} groups."
            if few
            else "."
        ),
    )


def _groups_missing(evidence: Evidence, negligible: float) -> int:
    """Return about how many groups would part the score from chance, or chance from a signal.

    Intervals shrink with the square root of the number of groups.
    """
    score, groups = evidence.score, sum(evidence.groups_per_class.values())
    above = score.score - evidence.chance_level
    if above > negligible - score.score:
        wanted, width = above, score.score - score.low
    else:
        wanted, width = negligible - score.score, score.high - score.score
    return max(1, math.ceil(groups * ((width / wanted) ** 2 - 1)))


def _in_words(score: Interval) -> str:
    return f"{score.score:.2f}, 95 % interval {score.low:.2f} to {score.high:.2f}"
