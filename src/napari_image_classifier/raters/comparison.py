"""A person and a classifier on the same items, against the same truth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

import numpy as np

from napari_image_classifier.items.annotations import CANNOT_TELL, ItemKey
from napari_image_classifier.raters.agreement import group_numbers
from napari_image_classifier.statistics.paired_difference import PairedDifference, paired_difference
from napari_image_classifier.statistics.permutation_tests import SIGNIFICANT
from napari_image_classifier.statistics.rater_agreement import Alpha, Kappa, cohen_kappa
from napari_image_classifier.system.records import as_json
from napari_image_classifier.typing import IntArray

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


def comparison_verdict(paired: PairedDifference, margin: float = MARGIN) -> ComparisonVerdict:
    """Return the first of better, not worse, worse, too few that applies.

    Each end of the interval is a bound of 2.5 %: that it is not worse by ``margin`` is tested on
    one side. Where items are independent, better and worse also take McNemar's exact test.
    """
    told = _in_words(paired)
    surely = paired.mcnemar_p is None or paired.mcnemar_p <= SIGNIFICANT
    points = f"{100 * margin:.0f} points"
    if paired.low > 0 and surely:
        return ComparisonVerdict("better", f"The machine is better than you: {told}.")
    if paired.low > -margin:
        though = ", though it is worse" if paired.high < 0 and surely else ""
        return ComparisonVerdict(
            "not worse", f"The machine is not worse than you by more than {points}{though}: {told}."
        )
    if paired.high < 0 and surely:
        return ComparisonVerdict("worse", f"The machine is worse than you: {told}.")
    what = "images" if paired.independent else "groups (wells, dishes, animals)"
    return ComparisonVerdict(
        "too few",
        f"Too few to tell: about {how_many_more(paired, margin)} more {what}; so far "
        f"{told.replace('it was', 'the machine was')}.",
    )


def how_many_more(paired: PairedDifference, margin: float = MARGIN) -> int:
    """Return about how many more independent images or groups would tell, if all stays as it is.

    Standard errors shrink with the square root of their number, and what there is shall be found in
    80 % of such comparisons (2.8 of them from what is excluded). The interval of a few groups is
    wider for their being few (a t quantile), which more of them end.
    """
    import scipy.stats

    tail = scipy.stats.norm.ppf(0.975)
    freedom = max(paired.n_groups - 1, FEWEST_DEGREES)
    reach = tail if paired.independent else scipy.stats.t.ppf(0.975, freedom)
    error = (paired.high - paired.low) / 2 / reach
    wanted = tail + scipy.stats.norm.ppf(POWER)
    # To exclude the margin, or, for a machine that is worse, that there is no difference.
    distance = max(paired.difference + margin, -paired.difference)
    number = paired.n_groups * (wanted * error / distance) ** 2
    return max(1, math.ceil(float(number) - paired.n_groups))


def _in_words(paired: PairedDifference) -> str:
    return (
        f"it was right about {paired.machine.score:.0%}, you about {paired.person.score:.0%}, a "
        f"difference of {100 * paired.difference:+.0f} points (95 % interval "
        f"{100 * paired.low:+.0f} to {100 * paired.high:+.0f})"
    )


# What truth is: how the sample was treated; what the person herself had said; what most others
# said; or a table that does not say what it rests on.
TruthKind = Literal["condition", "own", "consensus", "table"]
# What a person was shown: all that there is; what the classifier sees.
Arm = Literal["everything", "classifier's view"]
NO_ANSWER = "no answer"


@dataclass(frozen=True)
class ComparedItem:
    """One item: its truth, what the person said first and, on a repeat, again, and the machine.

    ``again`` is None where it was not repeated; ``machine`` is "no answer" where the classifier
    abstained or could not read it. ``group`` is what is not independent, "" where it stands alone.
    """

    key: ItemKey
    truth: str
    person: str
    machine: str
    again: str | None = None
    group: str = ""
    seconds: float | None = None
    seen_before: bool = False


@dataclass(frozen=True)
class Comparison:
    """A person and a classifier on the same items, each of which counts once.

    Attributes
    ----------
    rater
        The person.
    machine
        The classifier.
    truth
        What truth is.
    arm
        What the person was shown.
    margin
        How much worse still counts as “as good”, from 0 to 1.
    items
        The items with all answers.
    class_names
        The true classes, sorted.
    between
        The agreement of person and machine.
    own
        That of the person with the truth.
    consistency
        That of the person with herself on the repeats, None where nothing was repeated.
    difference
        The machine's accuracy minus the person's. None where truth is what the person had said
        before, as accuracy is agreement then; so is ``verdict``.
    unseen
        The difference without the items that the person had seen before, None where there are none
        of these, or only these.
    verdict
        The answer.
    """

    rater: str
    machine: str
    truth: TruthKind
    arm: Arm
    margin: float
    items: tuple[ComparedItem, ...]
    class_names: tuple[str, ...]
    between: Kappa
    own: Kappa
    consistency: Kappa | None
    difference: PairedDifference | None
    unseen: PairedDifference | None
    verdict: ComparisonVerdict | None

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        if self.verdict is not None:
            return self.verdict.sentence
        right = sum(item.machine == item.truth for item in self.items) / len(self.items)
        return (
            f"You agreed with your own earlier labels on {self.own.agreement:.0%} of "
            f"{self.own.n_items} images (kappa {in_words(self.own)}), the machine on {right:.0%}. "
            "As these labels are yours, this says nothing about who is better."
        )

    @property
    def wavered(self) -> tuple[ComparedItem, ...]:
        """Those to which the person gave another answer when they came again."""
        return tuple(item for item in self.items if item.again not in (None, item.person))

    @property
    def steady_but_different(self) -> tuple[ComparedItem, ...]:
        """Those to which the person gave the same answer twice, and the machine another one."""
        steady = (item for item in self.items if item.again == item.person)
        return tuple(item for item in steady if item.machine != item.person)

    @property
    def median_seconds(self) -> float | None:
        """How long an answer took."""
        known = [one.seconds for one in self.items if one.seconds is not None]
        return median(known) if known else None

    def confusion(self, of: Literal["person", "machine"]) -> IntArray:
        """Return a row per true class, a column per answer; the last column is that of none."""
        answers = (*self.class_names, CANNOT_TELL if of == "person" else NO_ANSWER)
        table = np.zeros((len(self.class_names), len(answers)), np.intp)
        for one in self.items:
            answer = getattr(one, of)
            column = answers.index(answer) if answer in answers else len(answers) - 1
            table[self.class_names.index(one.truth), column] += 1
        return table

    def to_json(self) -> dict[str, Any]:
        """Return all numbers, plain."""
        numbers = {
            **{name: value for name, value in vars(self).items() if name != "items"},
            "sentence": self.sentence,
            "verdict": self.verdict and self.verdict.kind,
            "n_items": len(self.items),
            "n_groups": self.between.n_groups,
            "cannot_tell": sum(one.person == CANNOT_TELL for one in self.items),
            "no_answer": sum(one.machine == NO_ANSWER for one in self.items),
            "seen_before": sum(one.seen_before for one in self.items),
            "median_seconds": self.median_seconds,
            "confusion_person": self.confusion("person"),
            "confusion_machine": self.confusion("machine"),
        }
        return dict(as_json(numbers))


def compare(
    items: Sequence[ComparedItem],
    *,
    rater: str,
    machine: str,
    truth: TruthKind,
    arm: Arm = "everything",
    margin: float = MARGIN,
) -> Comparison:
    """Compare a person and a classifier; "cannot tell" and "no answer" count as wrong.

    Raises
    ------
    ValueError
        There are no items.
    """
    if not items:
        raise ValueError("there are no items to compare on")
    difference = None if truth == "own" else _difference(items)
    unseen = [item for item in items if not item.seen_before]
    some_seen = difference is not None and 0 < len(unseen) < len(items)
    repeated = [item for item in items if item.again is not None]
    return Comparison(
        rater,
        machine,
        truth,
        arm,
        margin,
        tuple(items),
        tuple(sorted({item.truth for item in items})),
        between=_kappa(items, "person", "machine"),
        own=_kappa(items, "person", "truth"),
        consistency=_kappa(repeated, "person", "again") if repeated else None,
        difference=difference,
        unseen=_difference(unseen) if some_seen else None,
        verdict=comparison_verdict(difference, margin) if difference else None,
    )


def in_words(coefficient: Kappa | Alpha) -> str:
    """Return the value with its interval."""
    value = coefficient.kappa if isinstance(coefficient, Kappa) else coefficient.alpha
    if value is None:
        return "not defined"
    if coefficient.low is None or coefficient.high is None:
        return f"{value:.2f}, too few groups for an interval"
    return f"{value:.2f}, 95 % interval {coefficient.low:.2f} to {coefficient.high:.2f}"


def _difference(items: Sequence[ComparedItem]) -> PairedDifference:
    machine, person = (
        np.array([getattr(item, who) == item.truth for item in items], bool)
        for who in ("machine", "person")
    )
    return paired_difference(machine, person, _groups(items))


def _groups(items: Sequence[ComparedItem]) -> IntArray:
    return group_numbers([item.key for item in items], {item.key: item.group for item in items})


def _kappa(items: Sequence[ComparedItem], first: str, second: str) -> Kappa:
    pairs = [[getattr(item, first), getattr(item, second)] for item in items]
    codes: dict[str, int] = {}
    numbers = [[codes.setdefault(answer, len(codes)) for answer in pair] for pair in pairs]
    one, other = np.array(numbers, np.intp).T
    return cohen_kappa(one, other, _groups(items))
