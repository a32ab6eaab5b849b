"""One classifier file means the same from the widget, the command line, Python and plain Keras."""

import csv
import subprocess
import sys

import numpy as np
import pytest

from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image

TOLERANCE = 1e-4

# In a process of its own: TensorFlow beside a window is a segmentation fault.
PLAIN_KERAS = """
import json, sys
import keras
import numpy as np
from napari_image_classifier import Preparation, prepare, read_image
from napari_image_classifier.system.records import from_json

classifier, *images = sys.argv[1:]
network = keras.models.load_model(classifier)
import zipfile
stored = json.loads(zipfile.ZipFile(classifier).read("classifier.json"))["preparation"]
preparation = from_json(Preparation, stored)
pixels = np.stack([prepare(read_image(path), preparation) for path in images])
print(json.dumps(network.predict(pixels, verbose=0).tolist()))
"""


@pytest.fixture
def images(tmp_path):
    """Stacks of several sizes and depths, with the tiny classifier's channels in any order."""
    folder = tmp_path / "images"
    folder.mkdir()
    random = np.random.default_rng(5)
    for number, (names, dtype) in enumerate(
        [(("GFP", "DNA"), np.uint8), (("DNA", "GFP"), np.uint16), (("GFP", "DNA"), np.float32)]
    ):
        pixels = random.gamma(2, 30, (2, 3, 40 + 9 * number, 50)).astype(dtype)
        image = Image.from_array(pixels, "CZYX", channel_names=names)
        write_image(folder / f"{number}.tif", image)
    return sorted(folder.iterdir())


@pytest.fixture
def python_says(images, tiny_classifier_path):
    """Probabilities of classifier.predict, shape (image, class)."""
    classifier = load_classifier(tiny_classifier_path)
    return np.array([list(classifier.predict(path).probabilities.values()) for path in images])


def test_plain_keras_says_the_same(keras_forks, images, tiny_classifier_path, python_says):
    """keras.models.load_model of the very file, fed with our preparation."""
    keras_says = np.array(keras_forks.answer("-c", PLAIN_KERAS, tiny_classifier_path, *images))
    np.testing.assert_allclose(keras_says, python_says, atol=TOLERANCE)
    assert np.ptp(python_says[:, 0]) > 100 * TOLERANCE


def test_the_command_line_says_the_same(images, tiny_classifier_path, python_says, tmp_path):
    """napari-image-classifier classify, in a process of its own."""
    output = tmp_path / "predictions.csv"
    subprocess.run(
        [sys.executable, "-m", "napari_image_classifier.cli.app", "classify", str(images[0].parent),
         "--classifier", str(tiny_classifier_path), "--output", str(output)],
        capture_output=True,
        check=True,
    )  # fmt: skip
    with output.open(newline="") as file:
        rows = [[float(row["p_control"]), float(row["p_depleted"])] for row in csv.DictReader(file)]
    np.testing.assert_allclose(rows, python_says, atol=TOLERANCE)


def test_the_widget_says_the_same(
    images, tiny_classifier_path, python_says, make_napari_viewer, qtbot
):
    """Layers that our reader opened, classified by the dock widget."""
    viewer = make_napari_viewer()
    for path in images:
        viewer.open(path, plugin="napari-image-classifier")
    _, widget = viewer.window.add_plugin_dock_widget("napari-image-classifier", "Classify images")
    with qtbot.waitSignal(widget.classifier_changed, timeout=20_000):
        widget.use_classifier(tiny_classifier_path)
    with qtbot.waitSignal(widget.ended, timeout=20_000):
        widget.classify()
    predictions = {}
    for layer in viewer.layers:
        ours = layer.metadata["napari_image_classifier"]
        predictions[ours["path"]] = ours["predictions"][0]
    widget_says = [list(predictions[str(path)]["probabilities"].values()) for path in images]
    np.testing.assert_allclose(widget_says, python_says, atol=TOLERANCE)
