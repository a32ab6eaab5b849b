"""A colour for every class, and grey for what has none."""

from collections.abc import Sequence

from napari_image_classifier.classifiers.prediction import Prediction

UNSURE = "unsure"
UNLIKE = "unlike the training"
NOT_CLASSIFIED = "not classified"
# What a prediction that is no plain answer comes to, by its status.
NO_OBJECTS = "no objects"
DOUBTS = {
    "unsure": UNSURE,
    "unlike-training": UNLIKE,
    "error": NOT_CLASSIFIED,
    "empty": NO_OBJECTS,
}


def label_of(prediction: Prediction) -> str:
    """Return the class, or why there is no answer."""
    return DOUBTS.get(prediction.status) or prediction.class_name or NOT_CLASSIFIED


Colour = tuple[float, float, float]
# Okabe & Ito (2008), which colour-blind eyes tell apart; beyond eight classes they come again.
_CLASSES: tuple[Colour, ...] = (
    (0.90, 0.62, 0.00),
    (0.34, 0.71, 0.91),
    (0.00, 0.62, 0.45),
    (0.94, 0.89, 0.26),
    (0.80, 0.47, 0.65),
    (0.84, 0.37, 0.00),
    (0.00, 0.45, 0.70),
    (1.00, 1.00, 1.00),
)
_DOUBTS: dict[str, Colour] = {
    UNSURE: (0.62, 0.62, 0.62),
    UNLIKE: (0.45, 0.45, 0.45),
    NOT_CLASSIFIED: (0.30, 0.30, 0.30),
}


def class_colours(class_names: Sequence[str]) -> dict[str, Colour]:
    """Return red, green and blue, 0 to 1, for each class and each doubt."""
    classes = {name: _CLASSES[i % len(_CLASSES)] for i, name in enumerate(class_names)}
    return {**classes, **_DOUBTS}
