"""The confidence from which on a classifier answers, so that few of its answers are wrong."""

from dataclasses import dataclass

import numpy as np

from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.statistics.intervals import proportion_interval
from napari_image_classifier.training.dataset import TrainingSet
from napari_image_classifier.typing import Flags, Float64Array, IntArray

# How certain the promise is that no more than the risk is wrong.
CERTAINTY = 0.95
# Tried from the strictest on; they are fixed beforehand, as the promise rests on it.
CONFIDENCES = (0.999, 0.995, *(round(0.99 - step / 100, 2) for step in range(99)), 0.0)


@dataclass(frozen=True)
class AnswerRule:
    """When a classifier answers, and on how many images that rests.

    Of answers with at least the ``confidence`` no larger part than ``risk`` is wrong; where it is
    None, the images were too few to promise that, or too many of them were taken for others.
    ``n_answered`` of ``n_items`` images in ``n_groups`` groups were answered, ``n_wrong`` of these
    wrongly, and ``at_most`` is the upper bound of the part that is. Without a confidence these are
    what is found when all are answered.
    """

    risk: float
    confidence: float | None
    n_items: int
    n_groups: int
    n_answered: int
    n_wrong: int
    at_most: float

    def in_words(self) -> str:
        """Return the rule in a sentence or two."""
        reserved = f"{self.n_items} images of {self.n_groups} groups, kept for nothing else"
        if self.confidence is None:
            return (
                f"It can't be promised that at most {self.risk:.0%} of the answers are wrong: of "
                f"{reserved}, {self.n_wrong} were wrong, and so few groups tell no more than that "
                f"at most {self.at_most:.0%} are. So the classifier always answers. More "
                "independent groups would help."
            )
        return (
            f"It answers from a confidence of {self.confidence:g} on: of {reserved}, "
            f"{self.n_answered} were answered and {self.n_wrong} of these wrongly, so at most "
            f"{self.at_most:.1%} of its answers are wrong (with {CERTAINTY:.0%} certainty, in "
            "images of the same kind)."
        )


def answer_rule(
    confidences: Float64Array, right: Flags, groups: IntArray, risk: float
) -> AnswerRule:
    """Return the least strict rule that keeps the risk, for images that nothing was learnt from.

    The arrays hold one entry per image; a negative confidence stands for an image that is not
    answered whatever the rule. A threshold keeps the risk where the upper end of
    `statistics.intervals.proportion_interval`, which respects groups, is within it. Thresholds are
    tried from the strictest on until one fails, so that trying many costs nothing (fixed sequence
    testing;
    Angelopoulos et al., 2021, “Learn then Test”). The first is the strictest that could hold if
    every answer were right, which does not depend on which are.
    """
    chosen: float | None = None
    for confidence in CONFIDENCES:
        answered = confidences >= confidence
        if chosen is None and _at_most(np.zeros(answered.sum(), bool), groups[answered]) > risk:
            continue
        if _at_most(~right[answered], groups[answered]) > risk:
            break
        chosen = confidence
    answered = confidences >= (chosen or 0.0)
    return AnswerRule(
        risk=risk,
        confidence=chosen,
        n_items=len(right),
        n_groups=len(np.unique(groups)),
        n_answered=int(answered.sum()),
        n_wrong=int((~right[answered]).sum()),
        at_most=_at_most(~right[answered], groups[answered]),
    )


def _at_most(wrong: Flags, groups: IntArray) -> float:
    """Return the upper bound of the part that is wrong; 1 where too little is known."""
    if len(wrong) == 0:
        return 1.0
    # A bound on one side: the other tail of the interval is not used.
    return proportion_interval(wrong, groups, 2 * CERTAINTY - 1).high


NO_ANSWER = -1.0


def fitted_answer_rule(
    reserved: IntArray, data: TrainingSet, classifier: Classifier, risk: float
) -> AnswerRule:
    """Return the least strict rule that keeps the risk for a classifier.

    Parameters
    ----------
    reserved
        Indices of the items that it has nothing to do with; those that are unlike the training are
        not answered.
    data
        All items, prepared.
    classifier
        The classifier.
    risk
        The part of its answers that may be wrong at most, 0 to 1.

    Returns
    -------
    AnswerRule
        The rule, and on how many images it rests.
    """
    judged = map(classifier.judge_prepared, data.batches(reserved))
    probabilities, distances = map(np.concatenate, zip(*judged, strict=True))
    gate, images = classifier.description.gate, data.images
    of_another_kind = [
        gate is not None
        and gate.why_unlike(images.kinds[i], images.pixels[i], classifier.channel_names) != ""
        for i in reserved
    ]
    unlike = (distances > 1) | np.array(of_another_kind, bool)
    confidences = np.where(unlike, NO_ANSWER, probabilities.max(axis=1)).astype(np.float64)
    right = probabilities.argmax(axis=1) == data.classes[reserved]
    return answer_rule(confidences, right, images.units[reserved], risk)
