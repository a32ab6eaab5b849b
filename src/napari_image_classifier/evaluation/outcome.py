"""The outcome of an evaluation: scores of images not learnt from, and what they rest on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any

import numpy as np

from napari_image_classifier.evaluation.baselines import SIMPLE
from napari_image_classifier.evaluation.calibration import Calibration, calibration_of
from napari_image_classifier.evaluation.controls import Controls
from napari_image_classifier.evaluation.perturbations import CHANGES, Change
from napari_image_classifier.evaluation.plan import Folds, Plan
from napari_image_classifier.evaluation.verdict import Evidence, Verdict, verdict_of
from napari_image_classifier.items.duplicates import Pair
from napari_image_classifier.items.groups import groups_per_class, joined_groups
from napari_image_classifier.items.item import Item
from napari_image_classifier.items.splits import digest
from napari_image_classifier.statistics.discriminant_analysis import DiscriminantScore
from napari_image_classifier.statistics.intervals import Interval, balanced_interval
from napari_image_classifier.statistics.permutation_tests import (
    ChanceTest,
    Disagreement,
    chance_of_predictions,
    either_of,
    mcnemar_test,
    paired_test,
    strata_of,
)
from napari_image_classifier.statistics.scores import Scores, balanced_accuracy, scores_of
from napari_image_classifier.system.records import as_json
from napari_image_classifier.typing import Float64Array, IntArray

ERRORS_SHOWN = 12


@dataclass(frozen=True)
class MadeWith:
    """What an evaluation needs to be done again.

    ``config`` is that of the trainings, or the record of the finished classifier's; ``seen_known``
    says that it is known what that one had learnt from.
    """

    config: Mapping[str, Any]
    seeds: tuple[int, ...]
    versions: Mapping[str, str]
    assumptions: tuple[str, ...]
    seen_known: bool


@dataclass(frozen=True)
class Evaluation:
    """Predictions for every item by methods that had not seen its unit, and their scores.

    ``results`` holds the probabilities (tested item, class) of every run of ``plan`` by the run's
    name, ``baselines`` those (item, class) of simpler methods on the folds of the first seed, and
    ``refitted`` how these fare where they learn anew for every permutation of the classes.
    ``sealed_simple`` are the probabilities by brightness and file facts of the sealed items, by the
    name of the run. ``units`` says which items may not part, ``copies`` which pairs of items show
    the same thing, ``acquisitions`` what was taken together. ``method`` is what is evaluated, in
    words.
    """

    items: tuple[Item, ...]
    class_names: tuple[str, ...]
    truth: IntArray
    units: IntArray
    copies: tuple[Pair, ...]
    acquisitions: IntArray | None
    method: str
    plan: Plan
    results: Mapping[str, Float64Array]
    baselines: Mapping[str, Float64Array]
    refitted: Mapping[str, DiscriminantScore]
    sealed_simple: Mapping[str, Float64Array]
    controls: Controls

    @cached_property
    def networks(self) -> tuple[Float64Array, ...]:
        """The probabilities (item, class) of every seed, from folds of its own."""
        n_items = len(self.items)
        return tuple(folds.of_every_item(self.results, n_items) for folds in self.plan.seeds)

    @property
    def probabilities(self) -> Float64Array:
        """What is scored: the probabilities of the first seed, which was chosen beforehand."""
        return self.networks[0]

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
        return {name: self._scored(of_method) for name, of_method in self.baselines.items()}

    @cached_property
    def chance(self) -> ChanceTest:
        """The test whether the balanced accuracy on the sealed part is above chance."""
        strata = strata_of(self.truth, self.acquisitions)
        tests = [
            chance_of_predictions(
                self.truth[run.tested],
                self.results[run.name].argmax(axis=1),
                self.units[run.tested],
                None if strata is None else strata[run.tested],
            )
            for run in self.plan.sealed
        ]
        return either_of(tests) if tests else ChanceTest(1.0, self.plan.smallest_p, 0, exact=False)

    @cached_property
    def beside_baselines(self) -> dict[str, Disagreement]:
        """Which images only it, or only a simpler method, was right about; by the method's name.

        Empty where images are not independent, as they are counted one by one.
        """
        if int(self.units.max()) + 1 < len(self.items):
            return {}
        ours = self.probabilities.argmax(axis=1) == self.truth
        return {
            name: mcnemar_test(ours, theirs.argmax(axis=1) == self.truth)
            for name, theirs in self.baselines.items()
            if name != self.method
        }

    @cached_property
    def over_simple(self) -> ChanceTest:
        """The test whether it does better there than brightness and file facts."""
        tests = []
        for run in self.plan.sealed if self.sealed_simple else ():
            truth = self.truth[run.tested]
            ours, theirs = (
                (results[run.name].argmax(axis=1) == truth).astype(float)
                for results in (self.results, self.sealed_simple)
            )
            tests.append(paired_test(ours, theirs, truth, self.units[run.tested]))
        return either_of(tests) if tests else ChanceTest(1.0, 1.0, 0, exact=False)

    @cached_property
    def learning_curve(self) -> dict[float, Interval]:
        """The balanced accuracy by the part of the groups that was learnt from."""
        fewer = {part: self._balanced(folds) for part, folds in self.plan.fewer.items()}
        return {**fewer, 1.0: self.scores.balanced_accuracy}

    @cached_property
    def changed(self) -> dict[Change, Interval]:
        """The balanced accuracy on images from which something was taken away."""
        return {change: self._balanced(folds) for change, folds in self.plan.changed.items()}

    @cached_property
    def on_new_acquisitions(self) -> Interval | None:
        """The balanced accuracy on acquisitions never seen, its interval counted in these."""
        folds = self.plan.new_acquisitions
        if folds is None or self.acquisitions is None:
            return None
        return self._balanced(folds, joined_groups(self.units, self.acquisitions))

    def _balanced(self, folds: Folds, units: IntArray | None = None) -> Interval:
        predicted = folds.of_every_item(self.results, len(self.items)).argmax(axis=1)
        right = predicted == self.truth
        return balanced_interval(right, self.truth, self.units if units is None else units)

    @cached_property
    def verdict(self) -> Verdict:
        """The answer in one sentence."""
        simple = self.baseline_scores.get(SIMPLE)
        evidence = Evidence(
            groups_per_class=groups_per_class(self.items, self.units),
            score=self.scores.balanced_accuracy,
            chance=self.chance,
            simple=simple.balanced_accuracy if simple else None,
            simple_chance=self.refitted[SIMPLE].chance,
            over_simple=self.over_simple,
            controls=self.controls,
        )
        return verdict_of(evidence)

    @cached_property
    def calibration(self) -> Calibration:
        """Whether a probability of 0.8 is right in 8 of 10 cases."""
        return calibration_of(self.truth, self.probabilities)

    @property
    def over_seeds(self) -> list[float]:
        """The balanced accuracy of every seed: other folds, other weights, another order."""
        rights = (of_seed.argmax(axis=1) == self.truth for of_seed in self.networks)
        return [balanced_accuracy(self.truth, right) for right in rights]

    @property
    def flipping(self) -> float:
        """The part of the items that get another class from another seed."""
        predicted = np.array(self.networks).argmax(axis=2)
        return float((predicted != predicted[0]).any(axis=0).mean())

    @property
    def surest_errors(self) -> IntArray:
        """The items that were wrong with the highest probability, the surest first."""
        wrong = np.flatnonzero(self.probabilities.argmax(axis=1) != self.truth)
        by_confidence = np.argsort(-self.probabilities[wrong].max(axis=1), kind="stable")
        return np.asarray(wrong[by_confidence][:ERRORS_SHOWN], np.intp)

    @property
    def images_digest(self) -> str:
        """What is the same for every evaluation of these items and classes."""
        named = sorted((item.file, item.selection, str(item.class_name)) for item in self.items)
        return hashlib.sha256(repr(named).encode()).hexdigest()

    def errors_to_json(self) -> list[dict[str, Any]]:
        """Return the surest errors: which items, in which files, given and predicted as what."""
        names, wrong = self.class_names, self.surest_errors
        rows = zip(wrong, [self.items[i] for i in wrong], self.probabilities[wrong], strict=True)
        return [
            {
                "file": item.file,
                "item": item.selection,
                "given": names[self.truth[index]],
                "predicted": names[probabilities.argmax()],
                "confidence": float(probabilities.max()),
                "paths": [str(part.path) for part in item.image.parts],
            }
            for index, item, probabilities in rows
        ]

    def to_json(self) -> dict[str, Any]:
        """Return every number of the report, the verdict first."""
        sealed = np.isin(
            np.arange(len(self.items)), [i for run in self.plan.sealed for i in run.tested]
        )
        in_largest_group = self.units == np.bincount(self.units).argmax()
        numbers: dict[str, object] = {
            "verdict": self.verdict.kind,
            "sentence": self.verdict.sentence,
            "method": self.method,
            "scores": self.scores,
            "scores_per_group": self.scores_per_group,
            "chance": {
                **vars(self.chance),
                "runs": len(self.plan.sealed),
                "images": int(sealed.sum()),
                "groups": len(np.unique(self.units[sealed])),
            },
            "over_simple": self.over_simple,
            "beside_baselines": self.beside_baselines,
            "baselines": self.baseline_scores,
            "refitted": self.refitted,
            "controls": {
                **vars(self.controls),
                **{str(change): self.changed.get(change) for change in CHANGES},
                "new_acquisitions": self.on_new_acquisitions,
            },
            "learning_curve": [
                {"part": part, **vars(score)} for part, score in self.learning_curve.items()
            ],
            "seeds": {"balanced_accuracy": self.over_seeds, "flipping": self.flipping},
            "calibration": self.calibration,
            "surest_errors": self.errors_to_json(),
            "images": len(self.items),
            "images_digest": self.images_digest,
            "largest_group": [item.file for item in compress(self.items, in_largest_group)],
            "groups": int(self.units.max()) + 1,
            "groups_per_class": groups_per_class(self.items, self.units),
            "copies": [[self.items[i].file for i in pair] for pair in self.copies],
            "folds": len(self.plan.seeds[0].runs),
            "split_digests": [digest(self.items, folds.splits) for folds in self.plan.seeds],
        }
        return dict(as_json(numbers))

    def _scored(self, probabilities: Float64Array) -> Scores:
        return scores_of(self.truth, probabilities, self.units, self.class_names)
