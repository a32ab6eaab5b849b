"""What several test files share."""

import gc
import importlib
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from unittest import mock

import pytest
from filelock import FileLock
from npe2 import PluginManifest

from helpers.flushing import really_flush, unflushed
from helpers.keras_forks import KerasForks


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens a window or needs Keras; what takes long comes first, as it is waited for."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & {"qapp", "qtbot", "make_napari_viewer"}:
            item.add_marker("window")
        if "keras_forks" in fixtures:
            item.add_marker("keras")
    long = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session", autouse=True)
def unflushed_files() -> Iterator[None]:
    """The tests' many small files are not waited for; see `really_flushed_files`."""
    with unflushed():
        yield


@pytest.fixture
def really_flushed_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what is on the disk."""
    monkeypatch.setattr(os, "fsync", really_flush)


@pytest.fixture(scope="session")
def napari_loaded(qapp: object) -> Iterator[None]:
    """What is loaded for a viewer is not searched for garbage after each one, nor read anew."""
    importlib.import_module("napari._qt.qt_main_window")
    gc.collect()
    gc.freeze()
    read = cache(PluginManifest.from_file)

    def from_file(path: Path | str) -> PluginManifest:
        return read(path).model_copy(deep=True)

    with mock.patch.object(PluginManifest, "from_file", from_file):
        yield


@pytest.fixture
def make_napari_viewer(
    napari_loaded: None, make_napari_viewer: Callable[..., object]
) -> Callable[..., object]:
    """Napari's own."""
    return make_napari_viewer


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
from napari_image_classifier.classifiers.description import ClassifierDescription
from napari_image_classifier.networks.files import save_classifier
from napari_image_classifier.items.crops import ObjectBox
from napari_image_classifier.items.preparation import Preparation

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
def keras_forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KerasForks]:
    """Runs programs that need Keras, as TensorFlow beside a napari window is a crash."""
    forks = KerasForks(tmp_path_factory.mktemp("keras"))
    yield forks
    forks.close()


@pytest.fixture
def warm_children(keras_forks: KerasForks, request: pytest.FixtureRequest) -> Iterator[None]:
    """Children of the product are forked, for tests of what they do, not of how they start."""
    if request.node.get_closest_marker("real_start"):
        yield
    else:
        with keras_forks.for_children():
            yield


@pytest.fixture(scope="session")
def tiny_classifier_path(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """An untrained classifier: channels GFP and DNA, classes control and depleted, 32 x 32 px."""
    return made_once(tmp_path_factory, "tiny.keras", lambda path: make_tiny(request, path))


@pytest.fixture(scope="session")
def tiny_object_classifier_path(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """The same for objects, cut out in boxes of 16 px."""
    return made_once(
        tmp_path_factory, "tiny objects.keras", lambda path: make_tiny(request, path, "16")
    )


def made_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]
) -> Path:
    """A file in a folder of its own that the first of all workers makes that asks for it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    path = shared / f"{name}.folder" / name
    path.parent.mkdir(exist_ok=True)
    with FileLock(shared / f"{name}.lock"):
        if not path.exists():
            make(path)
    return path


def make_tiny(request: pytest.FixtureRequest, path: Path, *arguments: str) -> None:
    """Make it; Keras is asked for only by the worker that does."""
    forks: KerasForks = request.getfixturevalue("keras_forks")
    forks.succeed("-c", MAKE_TINY_CLASSIFIER, path, *arguments)
