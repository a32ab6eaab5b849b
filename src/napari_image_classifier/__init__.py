"""Sort fluorescence images into classes with a network trained on your own.

The verbs are the same here, on the command line and in napari::

    import napari_image_classifier as nic

    items = nic.read_items("images", group="folder:2")
    classifier = nic.train(items, output="cells.keras")
    prediction = classifier.predict("new.tif")
    nic.classify_folder("new images", classifier, "predictions.csv")
    nic.summarize("predictions.csv", by="well")
    nic.evaluate(items, "report.html")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_image_classifier.classifier import Classifier, load_classifier
    from napari_image_classifier.dose_response import draw_dose_response
    from napari_image_classifier.doses import dose_correlation
    from napari_image_classifier.errors import ImageClassifierError
    from napari_image_classifier.evaluating import evaluate
    from napari_image_classifier.folder import classify_folder
    from napari_image_classifier.images import Image, ImageReadError, read_image
    from napari_image_classifier.items import Item, ItemTable, read_items
    from napari_image_classifier.network_import import import_network
    from napari_image_classifier.plate_map import draw_plate_maps
    from napari_image_classifier.prediction import Prediction
    from napari_image_classifier.preparation import Preparation, prepare
    from napari_image_classifier.rater_comparison import compare_raters
    from napari_image_classifier.reproducing import reproduce
    from napari_image_classifier.sorted_copies import sort_images
    from napari_image_classifier.summary import summarize
    from napari_image_classifier.track_ids import track_ids_of
    from napari_image_classifier.tracks import classes_of_tracks, classes_over_time
    from napari_image_classifier.training import train
    from napari_image_classifier.training_config import TrainingConfig

# Loaded when first used, so that importing the package costs next to nothing.
_HOMES = {
    "Classifier": "classifier",
    "Image": "images",
    "ImageClassifierError": "errors",
    "ImageReadError": "images",
    "Item": "items",
    "ItemTable": "items",
    "Prediction": "prediction",
    "Preparation": "preparation",
    "TrainingConfig": "training_config",
    "classes_of_tracks": "tracks",
    "classes_over_time": "tracks",
    "classify_folder": "folder",
    "compare_raters": "rater_comparison",
    "dose_correlation": "doses",
    "draw_dose_response": "dose_response",
    "draw_plate_maps": "plate_map",
    "evaluate": "evaluating",
    "import_network": "network_import",
    "load_classifier": "classifier",
    "prepare": "preparation",
    "read_image": "images",
    "read_items": "items",
    "reproduce": "reproducing",
    "sort_images": "sorted_copies",
    "summarize": "summary",
    "track_ids_of": "track_ids",
    "train": "training",
}

__all__ = [
    "Classifier",
    "Image",
    "ImageClassifierError",
    "ImageReadError",
    "Item",
    "ItemTable",
    "Prediction",
    "Preparation",
    "TrainingConfig",
    "classes_of_tracks",
    "classes_over_time",
    "classify_folder",
    "compare_raters",
    "dose_correlation",
    "draw_dose_response",
    "draw_plate_maps",
    "evaluate",
    "import_network",
    "load_classifier",
    "prepare",
    "read_image",
    "read_items",
    "reproduce",
    "sort_images",
    "summarize",
    "track_ids_of",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
