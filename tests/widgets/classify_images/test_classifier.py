"""What a person reads about a classifier."""

from napari_image_classifier.classifiers.description import ClassifierDescription
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.widgets.classify_images.classifier import (
    description_in_words,
    details_in_words,
)


def describe(each="image", **options):
    """Return a description of a classifier of two channels."""
    preparation = Preparation(("GFP", "DNA"), ranges=((0, 1), (0, 1)), each=each)
    return ClassifierDescription(("control", "depleted"), preparation, **options)


def test_tells_classes_channels_and_what_is_classified():
    """One line each."""
    told = description_in_words(describe(each="time"))
    assert "control, depleted" in told
    assert "GFP, DNA" in told
    assert "every time point" in told
    assert "Trained" not in told


def test_tells_what_it_was_trained_and_checked_on():
    """With the number of images behind the percentage."""
    record = {
        "items_per_class": {"control": 16, "depleted": 8},
        "validation_accuracy": 0.8,
        "split": {"training_items": 19},
    }
    told = description_in_words(describe(training=record))
    assert "16 control, 8 depleted; right for 80% of the 5 kept aside to check it" in told


def test_names_are_shown_as_they_are():
    """A class called <b> is no mark-up."""
    description = ClassifierDescription(("<b>", "c"), Preparation(("1",), ranges=((0, 1),)))
    assert "&lt;b&gt;" in description_in_words(description)


def test_tells_how_an_image_is_prepared():
    """Size, intensities and planes."""
    told = details_in_words(describe())
    assert "128 × 128 pixels" in told
    assert "brightest" in told


def test_tells_when_it_does_not_answer():
    """Only of a classifier that has such a rule."""
    assert "unsure" not in details_in_words(describe())
    told = details_in_words(describe(thresholds={"confidence": 0.8}))
    assert "Below a confidence of 0.8 it says unsure" in told
