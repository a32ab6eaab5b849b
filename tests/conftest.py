"""What several test files share."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images with human annotations beside the repository."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the folder of real images is not here: {folder.name} beside the repository")
    return folder


MAKE_TINY_CLASSIFIER = """
import sys
import keras
from napari_image_classifier.classifier import ClassifierDescription
from napari_image_classifier.keras_files import save_classifier
from napari_image_classifier.object_boxes import ObjectBox
from napari_image_classifier.preparation import Preparation

keras.utils.set_random_seed(7)
images = keras.Input((None, None, 2))
x = keras.layers.Conv2D(4, 3, padding="same", strides=2)(images)
x = keras.layers.BatchNormalization()(x)
x = keras.layers.ReLU()(x)
x = keras.layers.GlobalAveragePooling2D()(x)
network = keras.Model(images, keras.layers.Dense(2, activation="softmax")(x))
# Untrained, it would give every image nearly the same probabilities, and a test could not fail.
network.layers[-1].set_weights([30 * weights for weights in network.layers[-1].get_weights()])
preparation = Preparation(
    channel_names=("GFP", "DNA"), ranges=((0.0, 1000.0), (0.0, 1000.0)), size=(32, 32),
    objects=ObjectBox.parse(sys.argv[2]) if sys.argv[2:] else None,
)
description = ClassifierDescription(
    class_names=("control", "depleted"), preparation=preparation, training={"epochs": 0}
)
save_classifier(sys.argv[1], [network], description)
"""


@pytest.fixture(scope="session")
def tiny_classifier_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained classifier: channels GFP and DNA, classes control and depleted, 32 x 32 px.

    Made in a process of its own, as TensorFlow beside a napari window is a crash.
    """
    path = tmp_path_factory.mktemp("classifier") / "tiny.keras"
    subprocess.run([sys.executable, "-c", MAKE_TINY_CLASSIFIER, str(path)], check=True)
    return path


@pytest.fixture(scope="session")
def tiny_object_classifier_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for objects, cut out in boxes of 16 px."""
    path = tmp_path_factory.mktemp("classifier") / "tiny objects.keras"
    subprocess.run([sys.executable, "-c", MAKE_TINY_CLASSIFIER, str(path), "16"], check=True)
    return path
