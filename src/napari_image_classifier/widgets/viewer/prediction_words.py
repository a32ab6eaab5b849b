"""What a prediction comes to, in the words of the docks."""

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
