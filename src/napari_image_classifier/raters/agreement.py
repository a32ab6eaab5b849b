"""Agreement of raters about the same items: in pairs, and all together."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, compress
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
from napari_image_classifier.system.records import as_json
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
    """The agreement of several raters on the items that at least two of them answered.

    Attributes
    ----------
    answers
        For each rater the class that she gave each item.
    class_names
        All classes that were given, sorted, "cannot tell" last.
    groups
        The groups of those items that are not independent.
    pairs
        The agreement of each two raters who answered the same items.
    alpha
        The agreement of all; None for two raters, whose kappa says it.
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

    @cached_property
    def items(self) -> dict[ItemKey, list[str]]:
        """The answers to each item that anybody answered, sorted by item."""
        by_item: dict[ItemKey, list[str]] = defaultdict(list)
        for given in self.answers.values():
            for key, name in given.items():
                by_item[key].append(name)
        return dict(sorted(by_item.items()))

    @property
    def shared(self) -> tuple[ItemKey, ...]:
        """Those that at least two raters answered, sorted."""
        return tuple(key for key, names in self.items.items() if len(names) > 1)

    @property
    def differing(self) -> tuple[ItemKey, ...]:
        """Those to which not all gave the same answer, sorted."""
        return tuple(key for key, names in self.items.items() if len(set(names)) > 1)

    @property
    def n_groups(self) -> int:
        """How many groups the shared items come from."""
        return len({self.groups.get(key) or key for key in self.shared})

    def counts(self, rater: str) -> dict[str, int]:
        """Return how often a rater gave each class."""
        counts = Counter(self.answers[rater].values())
        return {name: counts[name] for name in self.class_names}

    def to_json(self) -> dict[str, Any]:
        """Return all numbers, plain."""
        numbers = {
            "raters": {rater: self.counts(rater) for rater in self.raters},
            "class_names": self.class_names,
            "n_items": len(self.items),
            "n_shared": len(self.shared),
            "n_groups": self.n_groups,
            "pairs": [
                {"first": pair.first, "second": pair.second, **vars(pair.kappa),
                 "confusion": pair.confusion}
                for pair in self.pairs
            ],
            "alpha": self.alpha,
        }  # fmt: skip
        return dict(as_json(numbers))


def agreement_of(answers: Mapping[str, Answers], groups: Mapping[ItemKey, str]) -> Agreement:
    """Return how far raters agree; "cannot tell" is an answer of its own.

    Parameters
    ----------
    answers
        For each rater the class that she gave each item.
    groups
        The groups of items that are not independent; an item without one stands alone.

    Returns
    -------
    Agreement
        With intervals that respect groups.

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
    keys = sorted({key for given in answers.values() for key in given})
    codes = {name: code for code, name in enumerate(class_names)}
    rows = {
        rater: np.array([codes[given[key]] if key in given else NO_ANSWER for key in keys], np.intp)
        for rater, given in answers.items()
    }
    pairs = []
    for first, second in combinations(answers, 2):
        both = (rows[first] != NO_ANSWER) & (rows[second] != NO_ANSWER)
        if both.any():
            one, other = rows[first][both], rows[second][both]
            confusion = np.zeros((len(class_names), len(class_names)), np.intp)
            np.add.at(confusion, (one, other), 1)
            kappa = cohen_kappa(one, other, group_numbers(list(compress(keys, both)), groups))
            pairs.append(PairAgreement(first, second, kappa, confusion))
    if not pairs:
        raise AgreementError(_nothing_shared(answers))
    alpha = None
    if len(answers) > 2:
        alpha = krippendorff_alpha(np.array(list(rows.values())), group_numbers(keys, groups))
    return Agreement(answers, class_names, groups, tuple(pairs), alpha)


def group_numbers(keys: Sequence[ItemKey], groups: Mapping[ItemKey, str]) -> IntArray:
    """Return the number of each item's group; without one it stands alone."""
    numbers: dict[object, int] = {}
    return np.array(
        [numbers.setdefault(groups.get(key) or key, len(numbers)) for key in keys], np.intp
    )


def _nothing_shared(answers: Mapping[str, Answers]) -> str:
    examples = "; ".join(
        f"{rater}: {', '.join(' '.join(key).strip() for key in list(given)[:NAMES_SHOWN])}"
        for rater, given in answers.items()
    )
    return (
        "No two raters answered the same image, so there is nothing to compare. Files are matched "
        f"by their names as they stand in the tables. {examples}."
    )
