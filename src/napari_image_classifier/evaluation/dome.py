"""The DOME checklist of an evaluation: data, optimization, model, evaluation.

Walsh et al., “DOME: recommendations for supervised machine learning validation in biology”, Nature
Methods 18 (2021). What the tool knows is filled in; the rest is for the author.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari_image_classifier.evaluation.baselines import TEXTURE
from napari_image_classifier.evaluation.outcome import Evaluation, MadeWith
from napari_image_classifier.training.config import BACKBONE_NAMES, IMAGENET


@dataclass(frozen=True)
class Point:
    """A point of the checklist; ``answer`` is None where only the author can give it."""

    section: str
    asked: str
    answer: str | None


def dome(evaluation: Evaluation, made_with: MadeWith) -> tuple[Point, ...]:
    """Return the checklist of an evaluation; ``made_with`` is as in `write_report`."""
    return (
        *(Point("Data", *one) for one in _data(evaluation)),
        *(Point("Optimization", *one) for one in _optimization(evaluation, made_with.config)),
        *(Point("Model", *one) for one in _model(evaluation, made_with)),
        *(Point("Evaluation", *one) for one in _evaluation(evaluation)),
    )


def _data(evaluation: Evaluation) -> list[tuple[str, str | None]]:
    numbers = evaluation.to_json()
    counts = ", ".join(
        f"{one.name}: {one.n_items} images in {one.n_groups} groups"
        for one in evaluation.scores.classes
    )
    parts = (
        "Nothing was learnt from these images."
        if evaluation.plan.is_of_finished
        else f"{numbers['folds']} parts of whole groups, each tested after learning from the "
        f"others; within these, whole groups again to choose the epoch. Sealed for the tests "
        f"against chance: {'two halves, each in turn, ' * (numbers['chance']['runs'] == 2)}"
        f"{numbers['chance']['images']} images of {numbers['chance']['groups']} groups."
    )
    return [
        ("Where do the images come from? Who gave the classes, by what rule?", None),
        ("How many are there?", f"{counts}."),
        ("How were they divided?", parts),
        (
            "How was redundancy between the parts dealt with?",
            "No group was parted, nor were images that show the same thing; "
            f"{len(evaluation.copies)} such pairs were found.",
        ),
        ("Where are the images and their division available?", None),
    ]


def _optimization(
    evaluation: Evaluation, config: Mapping[str, Any]
) -> list[tuple[str, str | None]]:
    available = "In this report and in the file evaluation.json beside it."
    encoded = _listed(config, ("channels", "projection", "intensity", "size", "keep_aspect"))
    if evaluation.method == TEXTURE:
        learning = [
            ("What is the algorithm?", "Logistic regression on intensity and texture features."),
            ("How were the images encoded?", "By means, percentiles, grey-level co-occurrence and "
             "local binary patterns of every channel."),
            ("How many parameters, and how were they chosen?", "One per feature and class; none "
             "was tuned."),
            ("What keeps it from learning by heart?", "The penalty of ridge regression, C = 1."),
        ]  # fmt: skip
    else:
        network = str(config.get("network", "as its file says"))
        known = network in BACKBONE_NAMES and config.get("weights") == IMAGENET
        learning = [
            ("What is the algorithm?", f"A convolutional neural network ({network})."),
            ("How were the images encoded?", encoded),
            ("How many parameters, and how were they chosen?",
             _listed(config, ("epochs", "batch_size", "learning_rate", "members", "patience"))
             + " The epoch was chosen on groups kept aside within what was learnt from; all else "
             "are the settings as given."),
            ("What keeps it from learning by heart?",
             _listed(config, ("flips", "turns", "shift", "gain", "noise", "label_smoothing"))
             + (" It began with weights learnt from photographs." if known else "")),
        ]  # fmt: skip
    return [
        *learning,
        ("Does it use other predictors as input?", "No."),
        ("Are the settings available?", available),
    ]


def _model(evaluation: Evaluation, made_with: MadeWith) -> list[tuple[str, str | None]]:
    versions = ", ".join(f"{name} {version}" for name, version in made_with.versions.items())
    return [
        ("Can it be interpreted?", "No; the controls say what it may go by."),
        (
            "What does it give?",
            f"One of {len(evaluation.class_names)} classes, and a probability for each.",
        ),
        ("With which software?", f"{versions}. BSD-3-Clause."),
        ("Where is the finished classifier available?", None),
    ]


def _evaluation(evaluation: Evaluation) -> list[tuple[str, str | None]]:
    seeds = len(evaluation.plan.seeds)
    return [
        (
            "How was it evaluated?",
            "On new images."
            if evaluation.plan.is_of_finished
            else "By cross-validation over whole groups, "
            f"{'once' if seeds == 1 else f'{seeds} times'}.",
        ),
        (
            "By which measures?",
            "Balanced accuracy (the headline), accuracy, sensitivity, precision, F1 and AUC per "
            "class, Matthews correlation, Cohen's kappa, log loss, Brier score.",
        ),
        ("What was it compared with?", f"{', '.join(evaluation.baselines) or 'Nothing'}."),
        (
            "How sure are the measures?",
            "95 % intervals that count groups (Korn & Graubard, 1998; Zou & Donner, 2008); "
            "permutation of whole groups.",
        ),
        ("Where are the predictions available?", "In the CSV file beside this report."),
    ]


def _listed(config: Mapping[str, Any], names: tuple[str, ...]) -> str:
    given = (f"{name.replace('_', ' ')}: {_word(config[name])}" for name in names if name in config)
    return f"{', '.join(given)}." if config else ""


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "all"
    return "as suits the images" if value is None else str(value)
