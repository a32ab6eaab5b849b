"""The scores of a training, its messages, and its record in the classifier's file."""

import os
import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import numpy as np

from napari_image_classifier.classifiers.description import TEXTURE
from napari_image_classifier.items.consensus import is_assisted
from napari_image_classifier.items.groups import GROUPS_FOR_MORE_THAN_EXPLORATION, groups_per_class
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.reading import EACH_STANDS_ALONE
from napari_image_classifier.system.machine import versions_of
from napari_image_classifier.system.records import Part, as_json
from napari_image_classifier.system.settings import why_not_allowed
from napari_image_classifier.training import backends
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.training.learner import Ensemble
from napari_image_classifier.training.train_job import MemberScores, TrainingScores

_WENT_ON = "Training went on from an existing classifier, with its preparation."


def outcome(data: TrainingSet, ensemble: Ensemble, messages: Sequence[str] = ()) -> TrainingScores:
    """Return scores on the items kept aside, each judged by networks that did not learn from it.

    Parameters
    ----------
    data
        The images that were learnt from and checked with.
    ensemble
        What the training made.
    messages
        What a person should know, in sentences.

    Returns
    -------
    TrainingScores
        What the classifier's file and the job's result say of the training.
    """
    items = data.images.items
    probabilities = ensemble.probabilities(len(items))
    judged = ~np.isnan(probabilities[:, 0])
    confusion = np.zeros((len(data.class_names),) * 2, int)
    np.add.at(confusion, (data.classes[judged], probabilities[judged].argmax(axis=1)), 1)
    recalls = confusion.diagonal() / confusion.sum(axis=1)
    return TrainingScores(
        confusion=confusion.tolist(),
        validation_accuracy=float(confusion.trace() / confusion.sum()),
        balanced_accuracy=float(recalls.mean()),
        best_epoch=ensemble.learnt[0].best_epoch,
        members=[
            MemberScores(
                learnt.best_epoch,
                len(training),
                len(validation),
                sorted({items[i].group or items[i].file for i in validation}),
            )
            for (training, validation), learnt in zip(ensemble.splits, ensemble.learnt, strict=True)
        ],
        history=[scores for learnt in ensemble.learnt for scores in learnt.history],
        cancelled=ensemble.cancelled,
        messages=list(messages),
    )


def messages(
    config: TrainingConfig, table: ItemTable, data: TrainingSet, ensemble: Ensemble
) -> list[str]:
    """Return what was taken for granted and what else a person should know.

    Parameters
    ----------
    config
        How it was trained.
    table
        The items that were given, those without a class among them.
    data
        The images that were learnt from and checked with.
    ensemble
        What the training made.

    Returns
    -------
    list of str
        Sentences.
    """
    sentences = (
        *(text for text in table.assumptions if text != EACH_STANDS_ALONE),
        *data.images.assumptions,
        None if config.network == TEXTURE else backends.assumption(config.backend),
        _on_groups(data, ensemble),
        *_on_duplicates(data),
        *_on_assisted(data, ensemble),
        *_on_few_groups(data),
        *_on_items_without_class(table),
        _WENT_ON if config.start_from is not None else None,
        *_on_ensemble(ensemble),
    )
    return [sentence for sentence in sentences if sentence]


def _on_groups(data: TrainingSet, ensemble: Ensemble) -> str:
    if all(item.group is None for item in data.images.items):
        return EACH_STANDS_ALONE
    n_training, n_validation = (len(set(data.images.units[part])) for part in ensemble.splits[0])
    each = " for each network" if len(ensemble.splits) > 1 else ""
    return (
        f"Images of one group were never parted: {n_training} groups to learn from, "
        f"{n_validation} to check with{each}."
    )


def _on_duplicates(data: TrainingSet) -> Iterator[str]:
    if pairs := data.images.copies:
        one, other = (data.images.items[i].file for i in pairs[0])
        n_alike = len(set(chain.from_iterable(pairs)))
        yield (
            f"{n_alike} images show the same as another one, such as {one} and {other} (also "
            "turned, mirrored or overlapping); they were kept together."
        )


def _on_assisted(data: TrainingSet, ensemble: Ensemble) -> Iterator[str]:
    checked = set(chain.from_iterable(validation for _, validation in ensemble.splits))
    if n_assisted := sum(is_assisted(data.images.items[index]) for index in checked):
        yield (
            f"{n_assisted} of the {len(checked)} labels that were checked with were given with a "
            "prediction in sight, as some class has too few others: the scores flatter."
        )


def _on_few_groups(data: TrainingSet) -> Iterator[str]:
    counts = groups_per_class(data.images.items, data.images.units)
    enough = GROUPS_FOR_MORE_THAN_EXPLORATION
    if few := ", ".join(f"{name} ({n})" for name, n in counts.items() if n < enough):
        yield f"The scores are exploratory: fewer than {enough} independent groups in {few}."


def _on_items_without_class(table: ItemTable) -> Iterator[str]:
    if n_without := sum(item.class_name is None for item in table.items):
        yield f"{n_without} images without a class were left out."


def _on_ensemble(ensemble: Ensemble) -> Iterator[str]:
    if len(ensemble.networks) > 1:
        yield (
            f"{len(ensemble.networks)} networks decide together; each image was judged by those "
            "that had not learnt from it, so together they may do better than the scores say."
        )
    if any(learnt.finished for learnt in ensemble.learnt):
        yield (
            "In the end the images to check with were learnt from, too; the scores are from before."
        )
    if ensemble.cancelled:
        last = ensemble.learnt[-1].best_epoch
        yield f"Training was stopped; the network of epoch {last} is kept."


@dataclass(frozen=True)
class TrainingRecord:
    """What is read again of the `record` in a classifier's file.

    Attributes
    ----------
    config
        How it was trained.
    cancelled
        Whether it was stopped before its end.
    balanced_accuracy
        The mean over classes of the part of the items kept aside that was right, 0 to 1.
    validation_accuracy
        The part of all items kept aside that was right, 0 to 1.
    """

    config: TrainingConfig
    cancelled: bool
    balanced_accuracy: Part
    validation_accuracy: Part

    def __post_init__(self) -> None:
        if problem := why_not_allowed(self.config):
            raise ValueError(problem.removesuffix("."))


def record(
    config: TrainingConfig, data: TrainingSet, scores: TrainingScores, versions: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the classifier's file says of its training.

    Parameters
    ----------
    config
        How it was trained.
    data
        The images that were learnt from and checked with.
    scores
        What `outcome` returned.
    versions
        Of the packages, and the device (`Learner.versions`).

    Returns
    -------
    dict
        JSON.
    """
    stored, items, units = as_json(scores), data.images.items, data.images.units
    return {
        **stored,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": as_json(config),
        "seed": config.seed,
        "versions": dict(versions),
        "items_per_class": dict(Counter(item.class_name for item in items)),
        "groups_per_class": groups_per_class(items, units),
        "groups": len(set(units)),
        "split": {key: value for key, value in stored["members"][0].items() if key != "best_epoch"},
    }


def machine(*more: str) -> dict[str, str]:
    """Return what a computation depends on that may need no Keras.

    Parameters
    ----------
    *more
        Packages to be named with their versions, besides the usual ones.

    Returns
    -------
    dict
        The platform, the number of processors, and versions by package.
    """
    described = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": str(os.cpu_count()),
    }
    packages = ("napari-image-classifier", *more, "onnxruntime", "numpy", "scikit-learn")
    return {**described, **versions_of(packages)}
