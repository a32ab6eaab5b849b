"""Evaluation on the Keras side: one job of the compute process.

Every network is trained as `keras_training` trains, on the images of its folds alone: the epoch,
the intensity ranges and everything else come from there, and the images that it is tested on are
looked at once.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_image_classifier import baselines
from napari_image_classifier.arrays import Float64Array, IntArray
from napari_image_classifier.chance import SIGNIFICANT, smallest_p
from napari_image_classifier.classifier import load_classifier
from napari_image_classifier.compute import Cancelled, Emit, ShouldStop
from napari_image_classifier.description import ClassifierDescription
from napari_image_classifier.ensemble import train_members
from napari_image_classifier.evaluation import MOST_FREQUENT, SIMPLE, TEXTURE, Evaluation, Sealed
from napari_image_classifier.evaluation_report import write_report
from napari_image_classifier.evaluation_runs import KeptRuns, within
from napari_image_classifier.independence import check_enough, units_of, units_per_class
from napari_image_classifier.items import ItemTable
from napari_image_classifier.journal import stamp
from napari_image_classifier.keras_jobs import run_stoppable, throttled
from napari_image_classifier.keras_start import backend_here
from napari_image_classifier.messages import Event
from napari_image_classifier.orientations import EVERY
from napari_image_classifier.splitting import (
    Split,
    cross_validation,
    digest,
    validation_split,
    validation_splits,
)
from napari_image_classifier.training_config import TrainingConfig, TrainingRefused
from napari_image_classifier.training_images import OnProgress, TrainingImages, read_training_images
from napari_image_classifier.training_record import versions
from napari_image_classifier.training_set import TrainingSet, training_set

# For the test against chance: so many of the groups, if a class has enough for two on each side.
SEALED_PART = 0.5
UNITS_FOR_SEALING = 4


def evaluate_job(request: Event, emit: Emit, should_stop: ShouldStop) -> Event:
    """Train and test on folds, and write the report.

    ``request`` holds "items" (`ItemTable.to_json`), "config" (`TrainingConfig.to_json`), "folds"
    and "seeds" (numbers) and "report", the path of the HTML file. Events on the way are
    "progress" (stage "looking", "reading", "comparing", "measuring" or "evaluating"). The result
    holds "report", "json" and "csv" (paths), "sentence" and "verdict".

    Raises
    ------
    TrainingRefused
        Anything that can be seen before training, and training that came to nothing.
    Cancelled
        ``should_stop`` returned True; what was done is taken up by the next run.
    """
    return run_stoppable(lambda: _evaluate(request, throttled(emit), should_stop), should_stop)


def _evaluate(request: Event, emit: Emit, should_stop: ShouldStop) -> Event:
    table = ItemTable.from_json(request["items"])
    config = TrainingConfig.from_json(request["config"])
    report = Path(request["report"])
    backend_here(config.backend)
    items = [item for item in table.items if item.class_name is not None]
    check_enough(items, units_of(items), needed=3)

    def tell(stage: str, done: int, total: int) -> None:
        emit({"event": "progress", "stage": stage, "done": done, "total": total})

    images = read_training_images(
        items, config, axes=table.axes, on_progress=tell, should_stop=should_stop
    )
    seeds = [config.seed + number for number in range(request["seeds"])]
    splits = [cross_validation(items, images.units, request["folds"], seed) for seed in seeds]
    data = training_set(images, splits[0][0])
    features = _features(images, tell, should_stop)
    kept = KeptRuns(
        report.with_name(report.name + ".runs"),
        {
            "config": config.to_json(),
            "splits": [digest(items, one) for one in splits],
            "items": [
                (item.file, stamp(item.image), item.selection, item.class_name) for item in items
            ],
        },
    )
    learnt, sealed = _sealed(images, data, config.seed)
    runs = sum(map(len, splits)) + (len(learnt) > 0)
    networks = _Networks(images, config, kept, emit, should_stop, runs)
    evaluation = Evaluation(
        items=images.items,
        class_names=data.class_names,
        truth=data.classes,
        units=images.units,
        copies=images.copies,
        splits=tuple(tuple(one) for one in splits),
        networks=tuple(networks.tested(seed, one) for seed, one in zip(seeds, splits, strict=True)),
        baselines=_baselines(features, data, splits[0]),
        sealed=Sealed(
            sealed,
            networks.said(config.seed, "sealed", learnt, sealed) if len(learnt) else None,
            _simple(features, data, learnt, sealed) if len(learnt) else None,
        ),
    )
    written = write_report(
        evaluation,
        data.pixels,
        report,
        {
            "config": config.to_json(),
            "seeds": seeds,
            "versions": versions(),
            "assumptions": [*table.assumptions, *images.assumptions],
        },
    )
    kept.remove()
    return {
        **{name: str(path) for name, path in written.items()},
        "verdict": evaluation.verdict.kind,
        "sentence": evaluation.verdict.sentence,
    }


def _features(
    images: TrainingImages, tell: OnProgress, should_stop: ShouldStop
) -> dict[str, Float64Array]:
    """Return what the simpler methods measure on every item, one row each."""
    simple, texture = [], []
    for number, (item, pixels) in enumerate(zip(images.items, images.pixels, strict=True), 1):
        if should_stop():
            raise Cancelled
        brightness = baselines.intensity_features(pixels)
        simple.append(np.concatenate([brightness, baselines.file_features(item)]))
        texture.append(np.concatenate([brightness, baselines.texture_features(pixels)]))
        tell("measuring", number, len(images.items))
    return {
        SIMPLE: baselines.feature_table(simple),
        TEXTURE: baselines.feature_table(texture),
    }


def _baselines(
    features: dict[str, Float64Array], data: TrainingSet, splits: Sequence[Split]
) -> dict[str, Float64Array]:
    """Return what the simpler methods say of every item, on the same folds."""
    n_classes = len(data.class_names)
    found = {name: np.zeros((len(data.items), n_classes)) for name in (*features, MOST_FREQUENT)}
    for learnt, tested in splits:
        found[MOST_FREQUENT][tested] = baselines.most_frequent(
            data.classes, learnt, tested, n_classes
        )
        for name, table in features.items():
            found[name][tested] = baselines.predicted_by_features(
                table, data.classes, learnt, tested, n_classes
            )
    return found


def _simple(
    features: dict[str, Float64Array], data: TrainingSet, learnt: IntArray, tested: IntArray
) -> Float64Array:
    return baselines.predicted_by_features(
        features[SIMPLE], data.classes, learnt, tested, len(data.class_names)
    )


def _sealed(images: TrainingImages, data: TrainingSet, seed: int) -> Split:
    """Return what to learn from and what to test on for the test against chance.

    About half of the groups are sealed; where that is too few, nothing is to be learnt from.
    """
    nothing = np.array([], np.intp)
    if min(units_per_class(images.items, images.units).values()) < UNITS_FOR_SEALING:
        return nothing, nothing
    learnt, sealed = validation_split(images.items, images.units, SEALED_PART, seed)
    if smallest_p(data.classes[sealed], images.units[sealed]) > SIGNIFICANT:
        return nothing, sealed
    try:
        check_enough([images.items[i] for i in learnt], images.units[learnt])
    except TrainingRefused:
        return nothing, sealed
    return learnt, sealed


class _Networks:
    """Trains and tests networks, fold by fold, and tells how far it is."""

    def __init__(
        self,
        images: TrainingImages,
        config: TrainingConfig,
        kept: KeptRuns,
        emit: Emit,
        should_stop: ShouldStop,
        runs: int,
    ) -> None:
        self._images = images
        self._config = config
        self._kept = kept
        self._emit = emit
        self._should_stop = should_stop
        self._runs = runs
        self._run = 0
        self._n_trained = 0
        self._began = time.monotonic()

    def tested(self, seed: int, splits: Sequence[Split]) -> Float64Array:
        """Return the probabilities (item, class) of every item, from the fold that tests it."""
        n_classes = len({item.class_name for item in self._images.items})
        found = np.zeros((len(self._images.items), n_classes))
        for fold, (learnt, tested) in enumerate(splits, start=1):
            found[tested] = self.said(seed, fold, learnt, tested)
        return found

    def said(self, seed: int, fold: int | str, learnt: IntArray, tested: IntArray) -> Float64Array:
        """Return the probabilities (tested item, class), from an earlier run where there are."""
        said = self._kept.get(seed, fold)
        if said is None:
            said = self._trained_and_tested(seed, learnt, tested)
            self._kept.put(seed, fold, said)
            self._n_trained += 1
        self._run += 1
        return said

    def _trained_and_tested(self, seed: int, learnt: IntArray, tested: IntArray) -> Float64Array:
        config = replace(self._config, seed=seed)
        items = [self._images.items[i] for i in learnt]
        inner = validation_splits(
            items, self._images.units[learnt], config.validation_fraction, seed, config.members
        )
        splits = list(within(learnt, inner))
        data = training_set(self._images, splits[0], learnt)
        ensemble = train_members(
            data, splits, config, None, self._hear(), self._should_stop, lambda: None
        )
        if ensemble.cancelled:
            raise Cancelled
        from napari_image_classifier.keras_files import save_classifier

        description = ClassifierDescription(
            class_names=data.class_names,
            preparation=data.preparation,
            architecture=ensemble.architecture,
            orientations=EVERY if config.orientations else 1,
            training={},
        )
        # Through its file, so that what is tested is what a person would get.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "fold.keras"
            save_classifier(path, ensemble.networks, description)
            classifier = load_classifier(path)
            parts = [classifier.predict_prepared(data.pixels[part]) for part in _parts(tested)]
        return np.concatenate(parts)

    def _hear(self) -> Emit:
        """Return what hears a training, and tells how far the whole evaluation is."""
        epochs_per_run = self._config.epochs * self._config.members
        total = self._runs * epochs_per_run

        def hear(event: Event) -> None:
            if event["event"] != "epoch":
                return
            done = self._run * epochs_per_run + event["epoch"]
            trained = self._n_trained * epochs_per_run + event["epoch"]
            each = (time.monotonic() - self._began) / trained
            self._emit({"event": "progress", "stage": "evaluating", "done": done, "total": total,
                        "seconds_left": each * (total - done)})  # fmt: skip

        return hear


def _parts(indices: IntArray, size: int = 32) -> Iterator[IntArray]:
    for start in range(0, len(indices), size):
        yield indices[start : start + size]
