"""How sure a new classifier has to be to answer, seen on images that were kept for nothing else."""

import numpy as np

from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.description import ClassifierDescription
from napari_image_classifier.training.answer_threshold import AnswerRule, answer_rule
from napari_image_classifier.training.images import TrainingImages
from napari_image_classifier.training.training_set import TrainingSet
from napari_image_classifier.typing import Flags, IntArray

IMAGES_AT_ONCE = 32
NO_ANSWER = -1.0


def rule_seen_on(
    reserved: IntArray,
    images: TrainingImages,
    data: TrainingSet,
    classifier: Classifier,
    risk: float,
) -> AnswerRule:
    """Return the rule that keeps ``risk`` for the classifier.

    ``reserved`` are indices of the items; those that are unlike the training are not answered.
    """
    judged = [
        classifier.judge_prepared(data.pixels[reserved[start : start + IMAGES_AT_ONCE]])
        for start in range(0, len(reserved), IMAGES_AT_ONCE)
    ]
    probabilities, how_far = (np.concatenate(parts) for parts in zip(*judged, strict=True))
    confidences = np.where(
        (how_far > 1) | _of_another_kind(reserved, images, classifier.description),
        NO_ANSWER,
        probabilities.max(axis=1),
    )
    right = probabilities.argmax(axis=1) == data.classes[reserved]
    return answer_rule(np.asarray(confidences, np.float64), right, data.units[reserved], risk)


def _of_another_kind(
    reserved: IntArray, images: TrainingImages, description: ClassifierDescription
) -> Flags:
    gate = description.gate
    names = description.preparation.channel_names
    return np.array(
        [
            gate is not None and bool(gate.why_unlike(images.kinds[i], images.pixels[i], names))
            for i in reserved
        ],
        bool,
    )
