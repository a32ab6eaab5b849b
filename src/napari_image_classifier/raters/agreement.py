"""How far raters agree about the same items: in pairs, and all together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.annotations import CANNOT_TELL, ItemKey
from napari_image_classifier.statistics.rater_agreement import (
    NO_ANSWER,
    Alpha,
    Kappa,
    cohen_kappa,
    krippendorff_alpha,
)
from napari_image_classifier.typing import IntArray

NAMES_SHOWN = 3

Answers = Mapping[ItemKey, str]


class AgreementError(ImageClassifierError):
    """Tables that have nothing to compare."""


@dataclass(frozen=True)
class PairAgreement:
    """Two raters: ``confusion`` has a row per class of the first, a column per class of the other.

    Its classes are those of the `Agreement`.
    """

    first: str
    second: str
    kappa: Kappa
    confusion: IntArray


@dataclass(frozen=True)
class Agreement:
    """What several raters said of the items that at least two of them answered.

    ``answers`` holds for each rater what she said of which item; ``class_names`` all that was said,
    "cannot tell" last. ``alpha`` is None for two raters, whose kappa says it. ``groups`` are those
    of the items, of which ``grouped`` says whether anybody gave them.
    """

    answers: Mapping[str, Answers]
    class_names: tuple[str, ...]
    groups: Mapping[ItemKey, str]
    pairs: tuple[PairAgreement, ...]
    alpha: Alpha | None

    @property
    def raters(self) -> tuple[str, ...]:
        """Who answered."""
        return tuple(self.answers)

    @property
    def items(self) -> tuple[ItemKey, ...]:
        """The items that anybody answered, sorted."""
        return tuple(sorted({key for given in self.answers.values() for key in given}))

    @property
    def shared(self) -> tuple[ItemKey, ...]:
        """Those that at least two raters answered, sorted."""
        counts = Counter(key for given in self.answers.values() for key in given)
        return tuple(sorted(key for key, count in counts.items() if count > 1))

    @property
    def differing(self) -> tuple[ItemKey, ...]:
        """Those to which not all gave the same answer, sorted."""
        said = {
            key: {given[key] for given in self.answers.values() if key in given}
            for key in self.shared
        }
        return tuple(key for key, names in said.items() if len(names) > 1)

    @property
    def n_groups(self) -> int:
        """How many groups the shared items come from."""
        return len({self.groups.get(key) or key for key in self.shared})

    def counts(self, rater: str) -> dict[str, int]:
        """Return how often a rater gave each class."""
        found = Counter(self.answers[rater].values())
        return {name: found[name] for name in self.class_names}

    def to_json(self) -> dict[str, Any]:
        """Return all numbers, plain."""
        return {
            "raters": {rater: self.counts(rater) for rater in self.raters},
            "class_names": list(self.class_names),
            "n_items": len(self.items),
            "n_shared": len(self.shared),
            "n_groups": self.n_groups,
            "pairs": [
                {
                    "first": pair.first,
                    "second": pair.second,
                    **asdict(pair.kappa),
                    "confusion": pair.confusion.tolist(),
                }
                for pair in self.pairs
            ],
            "alpha": asdict(self.alpha) if self.alpha else None,
        }


def agreement_of(answers: Mapping[str, Answers], groups: Mapping[ItemKey, str]) -> Agreement:
    """Return how far raters agree; ``groups`` says which items are not independent.

    An item that no group is known of stands alone. "cannot tell" is an answer of its own.

    Raises
    ------
    AgreementError
        There are fewer than two raters, or no two of them answered the same item.
    """
    if len(answers) < 2:
        raise AgreementError(
            f"Only {next(iter(answers), 'nobody')} answered; at least two raters are compared."
        )
    names = {name for given in answers.values() for name in given.values()}
    class_names = (*sorted(names - {CANNOT_TELL}), *({CANNOT_TELL} & names))
    pairs = tuple(
        pair
        for first, second in combinations(answers, 2)
        if (pair := _pair(first, second, answers, class_names, groups))
    )
    if not pairs:
        raise AgreementError(_nothing_shared(answers))
    alpha = _alpha(answers, class_names, groups) if len(answers) > 2 else None
    return Agreement(answers, class_names, groups, pairs, alpha)


def group_numbers(keys: Sequence[ItemKey], groups: Mapping[ItemKey, str]) -> IntArray:
    """Return the number of each item's group; without one it stands alone."""
    numbers: dict[object, int] = {}
    return np.array(
        [numbers.setdefault(groups.get(key) or key, len(numbers)) for key in keys], np.intp
    )


def _pair(
    first: str,
    second: str,
    answers: Mapping[str, Answers],
    class_names: Sequence[str],
    groups: Mapping[ItemKey, str],
) -> PairAgreement | None:
    keys = sorted(answers[first].keys() & answers[second].keys())
    if not keys:
        return None
    one, other = (
        np.array([class_names.index(answers[rater][key]) for key in keys], np.intp)
        for rater in (first, second)
    )
    confusion = np.zeros((len(class_names), len(class_names)), np.intp)
    np.add.at(confusion, (one, other), 1)
    kappa = cohen_kappa(one, other, group_numbers(keys, groups))
    return PairAgreement(first, second, kappa, confusion)


def _alpha(
    answers: Mapping[str, Answers], class_names: Sequence[str], groups: Mapping[ItemKey, str]
) -> Alpha:
    keys = sorted({key for given in answers.values() for key in given})
    places = {name: place for place, name in enumerate(class_names)}
    table = np.array(
        [
            [places[given[key]] if key in given else NO_ANSWER for key in keys]
            for given in answers.values()
        ],
        np.intp,
    )
    return krippendorff_alpha(table, group_numbers(keys, groups))


def _nothing_shared(answers: Mapping[str, Answers]) -> str:
    examples = "; ".join(
        f"{rater}: {', '.join(' '.join(key).strip() for key in list(given)[:NAMES_SHOWN])}"
        for rater, given in answers.items()
    )
    return (
        "No two raters answered the same image, so there is nothing to compare. Files are matched "
        f"by their names as they stand in the tables. {examples}."
    )
