"""Person against machine in one sentence, from a fixed order of precedence (docs/agreement.md)."""

import math
from dataclasses import dataclass
from typing import Literal

from napari_image_classifier.statistics.paired_difference import PairedDifference
from napari_image_classifier.statistics.permutation_tests import SIGNIFICANT

Kind = Literal["better", "not worse", "worse", "too few"]

# How much worse still counts as “as good”, unless a person fixes another margin beforehand.
MARGIN = 0.10
# A comparison that is to be repeated shall find what there is so often.
POWER = 0.8
# One or two groups say so little of the spread that their interval ends where differences do.
FEWEST_DEGREES = 2


@dataclass(frozen=True)
class ComparisonVerdict:
    """A kind, and its sentence for these images."""

    kind: Kind
    sentence: str


def comparison_verdict(found: PairedDifference, margin: float = MARGIN) -> ComparisonVerdict:
    """Return the first of better, not worse, worse, too few that applies.

    Each end of the interval is a bound of 2.5 %: that it is not worse by ``margin`` is tested on
    one side. Where items are independent, better and worse also take McNemar's exact test.
    """
    told = _in_words(found)
    surely = found.mcnemar_p is None or found.mcnemar_p <= SIGNIFICANT
    points = f"{100 * margin:.0f} points"
    if found.low > 0 and surely:
        return ComparisonVerdict("better", f"The machine is better than you: {told}.")
    if found.low > -margin:
        though = ", though it is worse" if found.high < 0 and surely else ""
        return ComparisonVerdict(
            "not worse", f"The machine is not worse than you by more than {points}{though}: {told}."
        )
    if found.high < 0 and surely:
        return ComparisonVerdict("worse", f"The machine is worse than you: {told}.")
    what = "images" if found.independent else "groups (wells, dishes, animals)"
    return ComparisonVerdict(
        "too few",
        f"Too few to tell: about {how_many_more(found, margin)} more {what}; so far "
        f"{told.replace('it was', 'the machine was')}.",
    )


def how_many_more(found: PairedDifference, margin: float = MARGIN) -> int:
    """Return about how many more independent images or groups would tell, if all stays as it is.

    Standard errors shrink with the square root of their number, and what there is shall be found in
    80 % of such comparisons (2.8 of them from what is excluded). The interval of a few groups is
    wider for their being few (a t quantile), which more of them end.
    """
    import scipy.stats

    tail = scipy.stats.norm.ppf(0.975)
    freedom = max(found.n_groups - 1, FEWEST_DEGREES)
    reach = tail if found.independent else scipy.stats.t.ppf(0.975, freedom)
    error = (found.high - found.low) / 2 / reach
    wanted = tail + scipy.stats.norm.ppf(POWER)
    # To exclude the margin, or, for a machine that is worse, that there is no difference.
    distance = max(found.difference + margin, -found.difference)
    number = found.n_groups * (wanted * error / distance) ** 2
    return max(1, math.ceil(float(number) - found.n_groups))


def _in_words(found: PairedDifference) -> str:
    return (
        f"it was right about {found.machine.score:.0%}, you about {found.person.score:.0%}, a "
        f"difference of {100 * found.difference:+.0f} points (95 % interval "
        f"{100 * found.low:+.0f} to {100 * found.high:+.0f})"
    )
