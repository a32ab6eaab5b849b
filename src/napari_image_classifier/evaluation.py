"""How good is it really? Scores of images that were not learnt from, and what they rest on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from napari_image_classifier.arrays import Float64Array, IntArray
from napari_image_classifier.calibration import Calibration, calibration_of
from napari_image_classifier.chance import (
    ChanceTest,
    chance_of_predictions,
    paired_test,
    smallest_p,
)
from napari_image_classifier.copies import Pair
from napari_image_classifier.independence import units_per_class
from napari_image_classifier.items import Item
from napari_image_classifier.scores import Scores, balanced_accuracy, scores_of
from napari_image_classifier.splitting import Split, digest
from napari_image_classifier.verdict import Evidence, Verdict, verdict_of

SIMPLE = "brightness and file facts"
TEXTURE = "texture"
MOST_FREQUENT = "always the most frequent class"
ERRORS_SHOWN = 12


@dataclass(frozen=True)
class Sealed:
    """Items for the tests: one network was tested on them, once.

    ``network`` is what it said, ``simple`` what brightness and file facts said, both learnt from
    the other items, of shape (item, class). They are None where there are so few groups that no
    result could be told from chance, so that no network was trained.
    """

    tested: IntArray
    network: Float64Array | None
    simple: Float64Array | None


@dataclass(frozen=True)
class Evaluation:
    """Predictions for every item by methods that had not seen its unit, and their scores.

    ``networks`` holds the probabilities (item, class) of the networks, one entry per seed, each
    from folds of its own, ``splits`` those folds; ``baselines`` what simpler methods said on the
    folds of the first seed. ``sealed`` is the part for the tests, which folds are no good for.
    ``units`` says which items may not part, ``copies`` which pairs of items show the same thing.
    """

    items: tuple[Item, ...]
    class_names: tuple[str, ...]
    truth: IntArray
    units: IntArray
    copies: tuple[Pair, ...]
    splits: tuple[tuple[Split, ...], ...]
    networks: tuple[Float64Array, ...]
    baselines: dict[str, Float64Array]
    sealed: Sealed

    @property
    def probabilities(self) -> Float64Array:
        """What is scored: what the networks of the first seed said, which was chosen beforehand."""
        return self.networks[0]

    @property
    def folds(self) -> IntArray:
        """In which fold of the first seed each item was tested, from 1."""
        return folds_of(self.splits[0], len(self.items))

    @cached_property
    def scores(self) -> Scores:
        """The scores per item, with intervals for new groups."""
        return self._scored(self.probabilities)

    @cached_property
    def scores_per_group(self) -> Scores | None:
        """The scores of whole units, by the mean of their items' probabilities.

        None where units have several classes, or where all are single items.
        """
        n_units = int(self.units.max()) + 1
        if n_units == len(self.items):
            return None
        first = np.array([np.flatnonzero(self.units == unit)[0] for unit in range(n_units)])
        if (self.truth != self.truth[first][self.units]).any():
            return None
        sums = np.zeros((n_units, len(self.class_names)))
        np.add.at(sums, self.units, self.probabilities)
        means = sums / np.bincount(self.units)[:, np.newaxis]
        return scores_of(self.truth[first], means, np.arange(n_units), self.class_names)

    @cached_property
    def baseline_scores(self) -> dict[str, Scores]:
        """The scores of the simpler methods, by name."""
        return {name: self._scored(said) for name, said in self.baselines.items()}

    @cached_property
    def chance(self) -> ChanceTest:
        """The test whether the balanced accuracy on the sealed part is above chance."""
        truth, units = self._sealed_truth
        if self.sealed.network is None:
            return ChanceTest(1.0, smallest_p(truth, units) if len(truth) else 1.0, 0, exact=False)
        return chance_of_predictions(truth, self.sealed.network.argmax(axis=1), units)

    @cached_property
    def over_simple(self) -> ChanceTest:
        """The test whether the network does better there than brightness and file facts."""
        if self.sealed.network is None or self.sealed.simple is None:
            return ChanceTest(1.0, 1.0, 0, exact=False)
        truth, units = self._sealed_truth
        ours, theirs = (
            (said.argmax(axis=1) == truth).astype(float)
            for said in (self.sealed.network, self.sealed.simple)
        )
        return paired_test(ours, theirs, truth, units)

    @property
    def _sealed_truth(self) -> tuple[IntArray, IntArray]:
        return self.truth[self.sealed.tested], self.units[self.sealed.tested]

    @cached_property
    def verdict(self) -> Verdict:
        """The answer in one sentence."""
        evidence = Evidence(
            groups_per_class=units_per_class(self.items, self.units),
            score=self.scores.balanced_accuracy,
            chance=self.chance,
            simple=self.baseline_scores[SIMPLE].balanced_accuracy,
            over_simple=self.over_simple,
        )
        return verdict_of(evidence)

    @cached_property
    def calibration(self) -> Calibration:
        """Whether a probability of 0.8 is right in 8 of 10 cases."""
        return calibration_of(self.truth, self.probabilities)

    @property
    def over_seeds(self) -> list[float]:
        """The balanced accuracy of every seed: other folds, other weights, another order."""
        return [
            balanced_accuracy(self.truth, said.argmax(axis=1) == self.truth)
            for said in self.networks
        ]

    @property
    def flipping(self) -> float:
        """The part of the items that get another class from another seed."""
        said = np.array([one.argmax(axis=1) for one in self.networks])
        return float((said != said[0]).any(axis=0).mean())

    @property
    def surest_errors(self) -> IntArray:
        """The items that were wrong with the highest probability, the surest first."""
        wrong = np.flatnonzero(self.probabilities.argmax(axis=1) != self.truth)
        by_confidence = np.argsort(-self.probabilities[wrong].max(axis=1), kind="stable")
        return np.asarray(wrong[by_confidence][:ERRORS_SHOWN], np.intp)

    def to_json(self) -> dict[str, Any]:
        """Return every number of the report, the verdict first."""
        per_group = self.scores_per_group
        return {
            "verdict": self.verdict.kind,
            "sentence": self.verdict.sentence,
            "scores": self.scores.to_json(),
            "scores_per_group": per_group.to_json() if per_group else None,
            "chance": {
                **vars(self.chance),
                "images": len(self.sealed.tested),
                "groups": len(np.unique(self.units[self.sealed.tested])),
            },
            "over_simple": vars(self.over_simple),
            "baselines": {name: one.to_json() for name, one in self.baseline_scores.items()},
            "seeds": {"balanced_accuracy": self.over_seeds, "flipping": self.flipping},
            "calibration": self.calibration.to_json(),
            "images": len(self.items),
            "groups": int(self.units.max()) + 1,
            "groups_per_class": units_per_class(self.items, self.units),
            "copies": [[self.items[i].file for i in pair] for pair in self.copies],
            "folds": len(self.splits[0]),
            "split_digests": [digest(self.items, splits) for splits in self.splits],
        }

    def _scored(self, probabilities: Float64Array) -> Scores:
        return scores_of(self.truth, probabilities, self.units, self.class_names)


def folds_of(splits: Sequence[Split], n_items: int) -> IntArray:
    """Return in which of the folds each item is tested, from 1."""
    folds = np.zeros(n_items, np.intp)
    for number, (_, tested) in enumerate(splits, start=1):
        folds[tested] = number
    return folds
