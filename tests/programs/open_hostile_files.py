"""Opens hostile and good Keras files in every way there is, and says what came of it.

A program of its own, run by test_keras_file.py, as TensorFlow must not share a process with a
napari window, and as an audit hook can't be taken away again."""

import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from napari_image_classifier.networks.backend import start_keras

keras = start_keras()
sys.path.insert(0, str(Path(__file__).parents[1]))

from hostile import classifier_sizes, classifiers  # noqa: E402
from napari_image_classifier.classifiers.classifier import load_classifier  # noqa: E402
from napari_image_classifier.errors import ImageClassifierError  # noqa: E402
from napari_image_classifier.jobs import import_network  # noqa: E402
from napari_image_classifier.networks.files import load_network  # noqa: E402
from napari_image_classifier.training.import_network import ImportRequest  # noqa: E402

FOLDER = Path(sys.argv[1])
_RELEASED = "network", "texture"
happened: list[str] = []


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Hear of files opened for writing, sockets and programs."""
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn")):
        happened.append(event)
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        path = str(arguments[0])
        if not path.startswith((tempfile.gettempdir(), str(FOLDER), "/proc/self")):
            happened.append(f"write {path}")


def settings() -> dict[str, Any]:
    """What Keras is set to."""
    config = keras.config
    return {
        "floatx": config.floatx(),
        "epsilon": config.epsilon(),
        "format": config.image_data_format(),
        "policy": config.dtype_policy().name,
        "unsafe": keras.src.saving.serialization_lib.in_safe_mode(),
    }


def peak() -> float:
    """Megabytes that were in use at most since `forget_peak`; 0 where only Linux would know."""
    if sys.platform != "linux":
        return 0.0
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def forget_peak() -> None:
    """Begin to look for the peak anew."""
    gc.collect()
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")


def said_of(path: Path, ways: Mapping[str, Callable[[Path], Any]]) -> dict[str, Any]:
    """What each way to open the file said, and what that took."""
    found = {}
    for name, way in ways.items():
        forget_peak()
        before, began = peak(), time.process_time()
        happened.clear()
        try:
            way(path)
            error, kind = "", ""
        except ImageClassifierError as raised:
            error, kind = str(raised), type(raised).__name__
        except BaseException as raised:  # noqa: BLE001 - what must not be is told
            error, kind = str(raised), f"UNEXPECTED {type(raised).__name__}"
        found[name] = {
            "error": error,
            "kind": kind,
            "seconds": time.process_time() - began,
            "megabytes": peak() - before,
            "happened": list(happened),
            "settings": settings(),
            "left": sorted(p.name for p in FOLDER.iterdir() if p != path),
        }
    return found


def imported(path: Path) -> None:
    """Make a classifier of a foreign network."""
    import_network.run(
        ImportRequest(str(path), FOLDER / "imported.keras", ("quiet", "loud"), ("GFP", "DNA")),
        lambda event: None,
        lambda: False,
    )


def imported_for_colours(path: Path) -> None:
    """Make a classifier of a foreign network for three channels."""
    request = ImportRequest(str(path), FOLDER / "imported.keras", ("quiet", "loud"), tuple("rgb"))
    import_network.run(request, lambda event: None, lambda: False)


def main(good: Path, classifier: Path, old: Path, released: Path) -> None:
    """Open everything made of a good foreign network, one of Keras 2, and good classifiers.

    ``released`` is a folder of classifiers that have a novelty detection.
    """
    os.chdir(FOLDER)
    load_network(classifier)
    FOLDER.joinpath("first.keras").write_bytes(good.read_bytes())
    imported(FOLDER / "first.keras")
    FOLDER.joinpath("first.h5").write_bytes(old.read_bytes())
    imported_for_colours(FOLDER / "first.h5")
    for file in list(FOLDER.iterdir()):
        file.unlink()
    # Of all that Keras has loaded nothing is looked at again before each file.
    gc.collect()
    gc.freeze()
    sys.addaudithook(watch)
    found: dict[str, Any] = {"settings": settings()}
    found |= {"foreign": {}, "hdf5": {}, "classifiers": {}}
    path = FOLDER / "file.keras"
    used = {"load": load_classifier, "train on": load_network}
    keras_3, keras_2 = good.read_bytes(), old.read_bytes()
    network, texture = (released.joinpath(f"{name}.keras").read_bytes() for name in _RELEASED)
    for kind, ways, files in (
        ("foreign", {"import": imported}, classifiers.foreign(keras_3)),
        ("foreign", {"import": imported}, classifier_sizes.foreign(keras_3)),
        ("hdf5", {"import": imported_for_colours}, classifiers.hdf5(keras_2)),
        ("hdf5", {"import": imported_for_colours}, classifier_sizes.hdf5(keras_2)),
        ("classifiers", used, classifiers.classifiers(classifier.read_bytes())),
        ("classifiers", used, classifier_sizes.classifiers(network)),
        ("classifiers", used, classifier_sizes.textures(texture)),
    ):
        for name, content in files:
            path.write_bytes(content)
            # The sets are made by themselves, and may have names in common.
            called = f"{name}, again" if name in found[kind] else name
            found[kind][called] = said_of(path, {**ways, "load": load_classifier})
    path.write_bytes(classifiers.with_other_outputs(classifier.read_bytes()))
    shape = (1, *load_classifier(path).preparation.size, 2)

    def predict(path: Path) -> Any:
        import numpy as np

        return load_classifier(path).predict_prepared(np.zeros(shape, np.float32))

    found["classifiers"]["another network"] = said_of(
        path, {"predict": predict, "train on": load_network}
    )
    path.unlink()
    print(json.dumps(found), file=sys.__stdout__)


if __name__ == "__main__":
    main(*map(Path, sys.argv[2:]))
