"""What a training has to show: scores, sentences, and the record that goes into the classifier."""

import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import numpy as np

from napari_image_classifier.classifiers.description import TEXTURE, ClassifierDescription
from napari_image_classifier.items.consensus import is_assisted
from napari_image_classifier.items.groups import GROUPS_FOR_MORE_THAN_EXPLORATION, groups_per_class
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.items.reading import EACH_STANDS_ALONE
from napari_image_classifier.system.machine import versions_of
from napari_image_classifier.system.records import as_json
from napari_image_classifier.training import backends
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.training.ensemble import Ensemble
from napari_image_classifier.training.job import MemberScores, TrainingScores


def outcome(data: TrainingSet, ensemble: Ensemble, messages: Sequence[str] = ()) -> TrainingScores:
    """Return scores on the items kept aside, each judged by networks that did not learn from it."""
    probabilities = ensemble.probabilities(len(data.items))
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
                sorted({data.items[i].group or data.items[i].file for i in validation}),
            )
            for (training, validation), learnt in zip(ensemble.splits, ensemble.learnt, strict=True)
        ],
        history=[scores for learnt in ensemble.learnt for scores in learnt.history],
        cancelled=ensemble.cancelled,
        messages=list(messages),
    )


def messages(
    config: TrainingConfig,
    table: ItemTable,
    data: TrainingSet,
    ensemble: Ensemble,
    earlier: ClassifierDescription | None,
) -> list[str]:
    """Return what was taken for granted and what else a person should know, as sentences."""
    said = [text for text in table.assumptions if text != EACH_STANDS_ALONE]
    said += data.assumptions
    if config.network != TEXTURE:
        said += filter(None, [backends.assumption(config.backend)])
    said.append(_on_groups(data, ensemble))
    said += filter(None, [_on_copies(data), _on_assisted(data, ensemble)])
    counts = groups_per_class(data.items, data.units)
    few = [name for name, n in counts.items() if n < GROUPS_FOR_MORE_THAN_EXPLORATION]
    if few:
        said.append(
            f"The scores are exploratory: fewer than {GROUPS_FOR_MORE_THAN_EXPLORATION} "
            f"independent groups in {', '.join(f'{name} ({counts[name]})' for name in few)}."
        )
    without_class = sum(item.class_name is None for item in table.items)
    if without_class:
        said.append(f"{without_class} images without a class were left out.")
    if earlier is not None:
        said.append("Training went on from an existing classifier, with its preparation.")
    if len(ensemble.networks) > 1:
        said.append(
            f"{len(ensemble.networks)} networks decide together; each image was judged by those "
            "that had not learnt from it, so together they may do better than the scores say."
        )
    if any(learnt.finished for learnt in ensemble.learnt):
        said.append(
            "In the end the images to check with were learnt from, too; the scores are from before."
        )
    if ensemble.cancelled:
        last = ensemble.learnt[-1].best_epoch
        said.append(f"Training was stopped; the network of epoch {last} is kept.")
    return said


def _on_assisted(data: TrainingSet, ensemble: Ensemble) -> str | None:
    checked = set(chain.from_iterable(kept for _, kept in ensemble.splits))
    n_assisted = sum(is_assisted(data.items[index]) for index in checked)
    if not n_assisted:
        return None
    return (
        f"{n_assisted} of the {len(checked)} labels that were checked with were given with a "
        "prediction in sight, as some class has too few others: the scores flatter."
    )


def _on_groups(data: TrainingSet, ensemble: Ensemble) -> str:
    if all(item.group is None for item in data.items):
        return EACH_STANDS_ALONE
    n_training, n_validation = (len(set(data.units[part])) for part in ensemble.splits[0])
    each = " for each network" if len(ensemble.splits) > 1 else ""
    return (
        f"Images of one group were never parted: {n_training} groups to learn from, "
        f"{n_validation} to check with{each}."
    )


def _on_copies(data: TrainingSet) -> str | None:
    if not data.copies:
        return None
    one, other = (data.items[i].file for i in data.copies[0])
    n_alike = len(set(chain.from_iterable(data.copies)))
    return (
        f"{n_alike} images show the same as another one, such as {one} and {other} (also turned, "
        "mirrored or overlapping); they were kept together."
    )


@dataclass(frozen=True)
class TrainingRecord:
    """What is read again of the `record` in a classifier's file."""

    config: TrainingConfig
    cancelled: bool
    balanced_accuracy: float
    validation_accuracy: float


def record(
    config: TrainingConfig, data: TrainingSet, scores: TrainingScores, versions: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the classifier file tells of its training, made with these ``versions``."""
    stored = as_json(scores)
    return {
        **stored,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": as_json(config),
        "seed": config.seed,
        "versions": dict(versions),
        "items_per_class": dict(Counter(item.class_name for item in data.items)),
        "groups_per_class": groups_per_class(data.items, data.units),
        "groups": len(set(data.units)),
        "split": {
            key: stored["members"][0][key]
            for key in ("training_items", "validation_items", "validation")
        },
    }


def machine(*more: str) -> dict[str, str]:
    """Return what a computation depends on that may need no Keras; ``more`` names packages."""
    found = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": str(os.cpu_count()),
    }
    packages = ("napari-image-classifier", *more, "onnxruntime", "numpy", "scikit-learn")
    return {**found, **versions_of(packages)}
