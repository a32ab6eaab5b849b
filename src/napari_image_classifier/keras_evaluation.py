"""Networks to be evaluated, on the Keras side: one job of the compute process.

Every network is trained as `keras_training` trains, on the images of its run alone: the epoch, the
intensity ranges and everything else come from there, and the images that it is tested on are looked
at once.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_image_classifier.arrays import Float64Array, IntArray
from napari_image_classifier.changed_images import changed
from napari_image_classifier.classifier import load_classifier
from napari_image_classifier.compute import Cancelled, Emit, ShouldStop
from napari_image_classifier.description import ClassifierDescription
from napari_image_classifier.evaluation_job import evaluated
from napari_image_classifier.evaluation_plan import Run
from napari_image_classifier.evaluation_runs import Method
from napari_image_classifier.keras_jobs import run_stoppable, throttled
from napari_image_classifier.keras_start import backend_here
from napari_image_classifier.messages import Event
from napari_image_classifier.network_training import train_members
from napari_image_classifier.orientations import EVERY
from napari_image_classifier.splitting import validation_splits
from napari_image_classifier.training_config import TrainingConfig
from napari_image_classifier.training_images import TrainingImages
from napari_image_classifier.training_set import TrainingSet, training_set

IMAGES_AT_ONCE = 32


def evaluate_job(request: Event, emit: Emit, should_stop: ShouldStop) -> Event:
    """Train and test on folds, and write the report.

    ``request`` holds "items" (`ItemTable.to_json`), "config" (`TrainingConfig.to_json`), "folds"
    and "seeds" (numbers), "method" ("network" or "texture"), "classifier" (the path of a finished
    one, or None), "controls" and "curve" (whether these are wanted) and "report", the path of the
    HTML file. Events on the way are "progress"
    (stage "looking", "reading", "comparing", "measuring" or "evaluating"). The result holds
    "report", "json" and "csv" (paths), "sentence", "verdict" and "errors" (the surest ones, with
    pictures, see `evaluation_report.surest_errors`).

    Raises
    ------
    TrainingRefused
        Anything that can be seen before training, and training that came to nothing.
    Cancelled
        ``should_stop`` returned True; what was done is taken up by the next run.
    """
    return run_stoppable(
        lambda: evaluated(request, _network_method, throttled(emit), should_stop), should_stop
    )


def _network_method(
    images: TrainingImages, config: TrainingConfig, should_stop: ShouldStop
) -> Method:
    backend_here(config.backend)
    n_epochs = config.epochs * config.members

    def said(run: Run, tell: Callable[[float], None]) -> Float64Array:
        def hear(event: Event) -> None:
            if event["event"] == "epoch":
                tell(min(event["epoch"] / n_epochs, 1.0))

        return _trained_and_tested(run, images, replace(config, seed=run.seed), hear, should_stop)

    return said


def _trained_and_tested(
    run: Run,
    images: TrainingImages,
    config: TrainingConfig,
    hear: Emit,
    should_stop: ShouldStop,
) -> Float64Array:
    """Return the probabilities (tested item, class) of a classifier of the other items.

    Raises
    ------
    Cancelled
        ``should_stop`` returned True.
    """
    from napari_image_classifier.keras_files import save_classifier

    inner = validation_splits(
        [images.items[i] for i in run.learnt],
        images.units[run.learnt],
        config.validation_fraction,
        config.seed,
        config.members,
    )
    splits = [(run.learnt[training], run.learnt[validation]) for training, validation in inner]
    data = _as_changed(training_set(images, splits[0], run.learnt), run)
    ensemble = train_members(data, splits, config, None, hear, should_stop, lambda: None)
    if ensemble.cancelled:
        raise Cancelled
    description = ClassifierDescription(
        class_names=data.class_names,
        preparation=data.preparation,
        architecture=ensemble.architecture,
        orientations=EVERY if config.orientations else 1,
        temperature=ensemble.temperature(data),
        training={},
    )
    # Through its file, so that what is tested is what a person would get.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fold.keras"
        save_classifier(path, ensemble.networks, description)
        classifier = load_classifier(path)
        parts = [classifier.predict_prepared(data.pixels[part]) for part in _parts(run.tested)]
    return np.concatenate(parts)


def _as_changed(data: TrainingSet, run: Run) -> TrainingSet:
    if run.change is None:
        return data
    return replace(data, pixels=changed(data.pixels, run.change, run.seed))


def _parts(indices: IntArray) -> Iterator[IntArray]:
    for start in range(0, len(indices), IMAGES_AT_ONCE):
        yield indices[start : start + IMAGES_AT_ONCE]
