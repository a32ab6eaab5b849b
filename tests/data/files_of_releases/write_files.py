"""The set of small files that a release writes, kept for the tests of all later ones.

    python tests/data/files_of_releases/write_files.py

writes the folder of the installed version beside this script; what is in it, README.md says.
"""

import json
import os
import platform
import shutil
import tempfile
import zipfile
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

import numpy as np
import tifffile
from qtpy.QtCore import QSettings

import napari_image_classifier as nic
from napari_image_classifier.items.annotations import CANNOT_TELL
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.raters.annotation_log import AnnotationLog
from napari_image_classifier.raters.blinded_session import BlindedSession
from napari_image_classifier.raters.object_annotations import ObjectAnnotations, export_annotations
from napari_image_classifier.raters.session_jobs import PREPARE_SESSION, SessionRequest
from napari_image_classifier.system.compute_process import run_job
from napari_image_classifier.widgets.qt import settings

HERE = Path(__file__).resolve().parent
# In the files, in place of the folder in which they were written.
ROOT = "/study"
# Of all images, 2020-01-01: journals know an image by size and time, and Git keeps no times.
TIME = 1_577_836_800 * 10**9
CLASSES = ("coarse", "fine")
N_LEARNT, N_NEW = 8, 6
CHANNELS = ("DNA", "GFP")
# With it, no image lies where rounding decides whether it is like those of the training.
SEED = 7
TEXTURE = nic.TrainingConfig(network="texture")
EVALUATION = {"folds": 2, "seeds": 1, "controls": False, "curve": False}


class _Stop(Exception):  # noqa: N818
    """Raised where a power cut would end the program."""


def main() -> None:
    """Write the set of the installed version."""
    released = HERE / version("napari-image-classifier")
    if released.exists():
        raise SystemExit(f"{released} is there already, and stays as it is.")
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as temporary:
        study = Path(temporary).resolve()
        # Relative paths that are given below stay relative in the files.
        os.chdir(study)
        try:
            # A kernel's name is nothing to keep.
            with patch("platform.platform", platform.system):
                _write(study)
        finally:
            os.chdir(here)
        _leave_no_trace(study)
        shutil.copytree(study, released)
    print(f"Written: {released}")  # noqa: T201


def _write(study: Path) -> None:
    _write_images(study)
    _write_classifiers(study)
    _write_tables(study)
    _write_labels(study)
    _write_objects(study)
    _write_session(study)
    _write_evaluation(study)
    _write_settings(study)
    (study / "expected.json").write_text(
        json.dumps({"time": TIME, **_expected(study)}, indent=1) + "\n", encoding="utf-8"
    )


def _write_images(study: Path) -> None:
    random = np.random.default_rng(0)
    for well in range(N_LEARNT + N_NEW):
        name = CLASSES[well % 2]
        for site in range(2):
            grain = 4 if name == "coarse" else 1
            small = random.integers(0, 1000, (24 // grain, 24 // grain))
            texture = np.kron(small, np.ones((grain, grain), int))
            folder = study / ("images" if well < N_LEARNT else "new") / name / f"W{well}"
            _write_image(folder / f"{site}.tif", np.stack([random.poisson(300, (24, 24)), texture]))
    for number in range(4):
        labels = np.zeros((24, 24), np.uint16)
        pixels = random.poisson(100, (2, 24, 24))
        for label in range(1, 5):
            y, x = divmod(label - 1, 2)
            spot = np.s_[2 + 12 * y : 10 + 12 * y, 2 + 12 * x : 10 + 12 * x]
            labels[spot] = label
            pixels[1][spot] += 800 if label % 2 else 200
        _write_image(study / "cells" / f"{number}.tif", pixels)
        _write_image(study / "masks" / f"{number}.tif", labels)


def _write_image(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    several = pixels.ndim == 3
    metadata = {"axes": "CYX", "Labels": list(CHANNELS)} if several else {"axes": "YX"}
    tifffile.imwrite(path, pixels.astype(np.uint16), imagej=True, metadata=metadata)
    os.utime(path, ns=(TIME, TIME))


def _write_classifiers(study: Path) -> None:
    """Networks far smaller than those of the program: they begin with an imported one."""
    import keras

    keras.utils.set_random_seed(7)
    images = keras.Input((None, None, 2))
    x = keras.layers.Conv2D(4, 3, padding="same", strides=2)(images)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    network = keras.Model(images, keras.layers.Dense(2, activation="softmax")(x))
    network.save("elsewhere.keras")
    nic.import_network(
        "elsewhere.keras",
        study / "imported.keras",
        class_names=CLASSES,
        channel_names=CHANNELS,
        preparation={
            "size": (16, 16),
            "intensity": "fixed",
            "ranges": ((0.0, 1000.0), (0.0, 1000.0)),
        },
    )
    Path("elsewhere.keras").unlink()
    items = nic.read_items(study / "images", group="folder:2")
    config = nic.TrainingConfig(
        epochs=8, batch_size=4, learning_rate=0.02, seed=SEED, start_from="imported.keras"
    )
    nic.train(items, config, output=study / "network.keras", in_process=True)
    several = replace(config, members=2, orientations=True)
    nic.train(items, several, output=study / "ensemble.keras", in_process=True)
    nic.train(items, TEXTURE, output=study / "texture.keras", in_process=True)


def _write_tables(study: Path) -> None:
    nic.classify_folder(study / "new", study / "network.keras", study / "finished/predictions.csv")
    done: list[object] = []
    nic.classify_folder(
        study / "new",
        study / "network.keras",
        study / "stopped/predictions.csv",
        workers=1,
        on_predictions=lambda rows, *_: done.extend(rows),
        should_stop=lambda: len(done) >= 5,
    )


def _write_labels(study: Path) -> None:
    items = nic.read_items(study / "images", group="folder:2").items
    group_of = {item.key: item.group or "" for item in items}
    path = study / "labels.csv"
    ada = AnnotationLog(path, "Ada", group_of)
    for item in items:
        ada.give([item.key], "rough" if item.class_name == "coarse" else "fine", seconds=1.5)
    ada.rename("rough", "coarse")
    ada.give([items[0].key], CANNOT_TELL)
    ada.undo()
    grace = AnnotationLog(path, "Grace", group_of)
    grace.give([item.key for item in items[:4]], "coarse", "assisted")
    grace.take_away([items[3].key])


def _write_objects(study: Path) -> None:
    items = [f"label={label}" for label in range(1, 5)]
    classes_of = {}
    for number in range(4):
        name = f"{number}.tif"
        given = ObjectAnnotations(study / "annotations" / f"{number}.csv", name, items)
        given.give(dict(zip(items, ("bright", "dim", "bright", "dim"), strict=True)))
        classes_of[name] = given.classes
    export_annotations(study / "objects.csv", classes_of)
    objects = nic.read_items(study / "cells", items_csv=study / "objects.csv", masks="../masks")
    config = replace(TEXTURE, box="12")
    nic.train(objects, config, output=study / "objects.keras", in_process=True)
    nic.classify_folder(
        study / "cells",
        study / "objects.keras",
        study / "finished/objects.csv",
        masks="../masks",
    )


def _write_session(study: Path) -> None:
    request = SessionRequest(
        session=study / "session",
        rater="Ada",
        truth="condition",
        labels=None,
        classifier=study / "network.keras",
        margin=0.1,
        number=12,
        second_arm=False,
        seed=3,
        items=ItemsQuery(study / "new", group="folder:2"),
    )
    run_job(PREPARE_SESSION, request, in_process=True)
    session = BlindedSession(study / "session")
    for class_name in ("fine", "coarse", "fine", CANNOT_TELL, "coarse"):
        session.answer(class_name, 2.5)
    session.undo()


def _write_evaluation(study: Path) -> None:
    kept = study / "evaluation/report.html.runs"

    def stop(event: object) -> None:
        if kept.is_file():
            raise _Stop

    try:
        nic.evaluate(
            nic.read_items(study / "images", group="folder:2"),
            study / "evaluation/report.html",
            TEXTURE,
            on_event=stop,
            in_process=True,
            **EVALUATION,
        )
    except _Stop:
        return
    raise SystemExit("The evaluation came to its end before it was stopped.")


def _write_settings(study: Path) -> None:
    QSettings.setPath(
        QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(study / "settings")
    )
    settings.remember(
        folder=study / "new",
        classifier=study / "network.keras",
        output=study / "finished/predictions.csv",
        training_folder=study / "images",
        backend="tensorflow",
        rater="Ada",
        labelled_folder=study / "images",
    )


def _expected(study: Path) -> dict[str, object]:
    """Return what the files say when they are opened by the version that wrote them."""
    images = sorted((study / "new").rglob("*.tif"))
    names = [path.relative_to(study).as_posix() for path in images]
    probabilities = {}
    for path in sorted(study.glob("*.keras")):
        classifier = nic.load_classifier(path)
        if path.stem != "objects":
            said = [dict(classifier.predict(image).probabilities) for image in images]
            probabilities[path.name] = dict(zip(names, said, strict=True))
    evaluated = nic.evaluate(
        nic.read_items(study / "images", group="folder:2"),
        study.with_name(study.name + " evaluated") / "report.html",
        TEXTURE,
        in_process=True,
        **EVALUATION,
    )
    shutil.copy(evaluated.csv, study / "evaluation/expected.csv")
    shutil.rmtree(evaluated.report.parent)
    session = BlindedSession(study / "session")
    return {
        "probabilities": probabilities,
        "session": {
            "showings": [asdict(one) for one in session.plan.showings],
            "answers": {str(one): said.class_name for one, said in session.answers.items()},
        },
        "evaluation": {"verdict": evaluated.verdict, "sentence": evaluated.sentence},
    }


def _leave_no_trace(study: Path) -> None:
    """Put `ROOT` in place of the folder that all was written in, and name no kernel."""
    for path in sorted(study.rglob("*")):
        if path.is_dir():
            continue
        if path.name.endswith(".lock"):
            path.unlink()
            continue
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                content = b"".join(archive.read(name) for name in archive.namelist())
        else:
            content = path.read_bytes().replace(str(study).encode(), ROOT.encode())
            content = content.replace(platform.platform().encode(), platform.system().encode())
            if path.suffix != ".tif":
                path.write_bytes(content)
        if str(study).encode() in content or str(Path.home()).encode() in content:
            raise SystemExit(f"{path.relative_to(study)} names a folder of this machine.")


if __name__ == "__main__":
    main()
