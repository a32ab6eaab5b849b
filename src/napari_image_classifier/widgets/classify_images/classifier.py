"""What a classifier expects and where it comes from, in the words of a biologist."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from napari_image_classifier.classifiers.description import ClassifierDescription
from napari_image_classifier.items.preparation import Preparation

CLASSIFIES = {
    "image": "whole images",
    "time": "every time point",
    "plane": "every plane of a stack",
}
PROJECTIONS = {
    "max": "the brightest value of each pixel over its planes",
    "mean": "the mean of its planes",
    "sum": "the sum of its planes",
    "middle": "its middle plane",
    "sharpest": "its sharpest plane",
}
INTENSITIES = {
    "fixed": "measured on the training images, so brightness counts",
    "percentiles": "measured on each image, so brightness does not count",
    "none": "taken as they are in the file",
}


def description_in_words(description: ClassifierDescription) -> str:
    """Return a few lines of rich text."""
    preparation = description.preparation
    lines = [
        ("Tells apart", _listed(description.class_names)),
        ("Looks at", _channels(preparation)),
        ("Classifies", _items(preparation)),
        ("Trained on", _training(description.training)),
    ]
    return "<br>".join(f"<b>{title}:</b> {escape(text)}" for title, text in lines if text)


def details_in_words(description: ClassifierDescription) -> str:
    """Return the rest, for a tooltip."""
    preparation = description.preparation
    height, width = preparation.size
    box = preparation.objects
    lines = [
        f"A box of {box.side:g} {box.unit} is cut out around each object; neighbours in it are "
        f"{box.neighbours}."
        if box
        else f"Every image is scaled to {width} × {height} pixels.",
        f"Intensities are {INTENSITIES[preparation.intensity]}.",
    ]
    if preparation.each != "plane":
        lines.append(f"Of a Z stack it sees {PROJECTIONS[preparation.projection]}.")
    if description.answers_from:
        lines.append(f"Below a confidence of {description.answers_from:g} it says unsure.")
    if description.gate is not None:
        lines.append("Images unlike those of the training are told.")
    return "\n".join(lines)


def _channels(preparation: Preparation) -> str:
    names = _listed(preparation.channel_names)
    return names if preparation.channels_named else f"{names} (by their order)"


def _items(preparation: Preparation) -> str:
    if preparation.objects is not None:
        return "objects" if preparation.each != "plane" else "the objects of every plane"
    return CLASSIFIES[preparation.each]


def _training(training: Mapping[str, Any]) -> str:
    counts = training.get("items_per_class")
    if not isinstance(counts, Mapping) or not counts:
        return ""
    told = _listed([f"{count} {name}" for name, count in counts.items()])
    accuracy = training.get("validation_accuracy")
    split = training.get("split") or {}
    n_learnt = split.get("training_items")
    if not isinstance(accuracy, int | float) or not isinstance(n_learnt, int):
        return told
    n_kept_aside = split.get("validation_items", sum(counts.values()) - n_learnt)
    return f"{told}; right for {accuracy:.0%} of the {n_kept_aside} kept aside to check it"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
