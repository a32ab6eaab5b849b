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
    from napari_image_classifier.batch.classify_folder import classify_folder
    from napari_image_classifier.batch.dask_cluster import Cluster
    from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
    from napari_image_classifier.classifiers.prediction import Prediction
    from napari_image_classifier.errors import ImageClassifierError
    from napari_image_classifier.evaluation.evaluate import evaluate
    from napari_image_classifier.evaluation.reproduce import reproduce
    from napari_image_classifier.images.image import Image, read_image
    from napari_image_classifier.images.read_errors import ImageReadError
    from napari_image_classifier.images.tiff.writer import write_image
    from napari_image_classifier.items.item import Item, ItemTable
    from napari_image_classifier.items.preparation import Preparation, prepare
    from napari_image_classifier.items.reading import read_items
    from napari_image_classifier.plates.dose_plot import draw_dose_response
    from napari_image_classifier.plates.doses import dose_correlation
    from napari_image_classifier.plates.plate_map import draw_plate_maps
    from napari_image_classifier.plates.sort_images import sort_images
    from napari_image_classifier.plates.summary import summarize
    from napari_image_classifier.plates.tracks import (
        classes_of_tracks,
        classes_over_time,
        track_ids_of,
    )
    from napari_image_classifier.raters.compare_raters import compare_raters
    from napari_image_classifier.training.config import TrainingConfig
    from napari_image_classifier.training.import_network import import_network
    from napari_image_classifier.training.train import train

# Loaded when first used, so that importing the package costs next to nothing.
_HOMES = {
    "Classifier": "classifiers.classifier",
    "Cluster": "batch.dask_cluster",
    "Image": "images.image",
    "ImageClassifierError": "errors",
    "ImageReadError": "images.read_errors",
    "Item": "items.item",
    "ItemTable": "items.item",
    "Prediction": "classifiers.prediction",
    "Preparation": "items.preparation",
    "TrainingConfig": "training.config",
    "classes_of_tracks": "plates.tracks",
    "classes_over_time": "plates.tracks",
    "classify_folder": "batch.classify_folder",
    "compare_raters": "raters.compare_raters",
    "dose_correlation": "plates.doses",
    "draw_dose_response": "plates.dose_plot",
    "draw_plate_maps": "plates.plate_map",
    "evaluate": "evaluation.evaluate",
    "import_network": "training.import_network",
    "load_classifier": "classifiers.classifier",
    "prepare": "items.preparation",
    "read_image": "images.image",
    "read_items": "items.reading",
    "reproduce": "evaluation.reproduce",
    "sort_images": "plates.sort_images",
    "summarize": "plates.summary",
    "track_ids_of": "plates.tracks",
    "train": "training.train",
    "write_image": "images.tiff.writer",
}

__all__ = [
    "Classifier",
    "Cluster",
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
    "write_image",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
