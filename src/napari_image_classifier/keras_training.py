"""Training on the Keras side: one job of the compute process.

Started by name (`compute.JOBS`), never imported by anything the viewer imports. Only Keras is
used, no backend of it, so that any of them serves.
"""

import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np

from napari_image_classifier import training_record
from napari_image_classifier.classifier import load_classifier
from napari_image_classifier.compute import Cancelled, Emit, ShouldStop
from napari_image_classifier.description import ClassifierDescription
from napari_image_classifier.ensemble import train_members
from napari_image_classifier.items import Item, ItemTable
from napari_image_classifier.keras_start import backend_here
from napari_image_classifier.messages import Event
from napari_image_classifier.orientations import EVERY
from napari_image_classifier.splitting import IntArray, Split, validation_splits
from napari_image_classifier.training import TrainingConfig, TrainingRefused, check_request
from napari_image_classifier.training_set import read_training_set

SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_BETWEEN_EVENTS = 0.25

# Random numbers are Keras's own and global: a training that was left behind must end first.
_one_at_a_time = threading.Lock()


def train_job(request: Event, emit: Emit, should_stop: ShouldStop) -> Event:
    """Train a classifier and save it.

    ``request`` holds "items" (`ItemTable.to_json`), "config" (`TrainingConfig.to_json`) and
    "output", a path. Events on the way are "progress" (stage "looking", "reading", "starting" or
    "finishing"), "batch" and "epoch". The result holds "classifier" (path), "class_names",
    "confusion" (rows: annotated, columns: predicted, of the validation part),
    "validation_accuracy", "balanced_accuracy", "best_epoch" of the first network, "members" (of
    every one), "history", "messages" and "cancelled".

    Raises
    ------
    TrainingRefused
        Anything that can be seen before training, and training that came to nothing.
    Cancelled
        ``should_stop`` returned True before an epoch had ended.
    """
    something_to_keep = threading.Event()
    # On a thread of its own: importing Keras and its first batch take seconds in which nothing
    # else could notice that the person has changed their mind.
    pool = ThreadPoolExecutor(1)
    work: Future[Event] = pool.submit(
        _train_alone, request, _throttled(emit), should_stop, something_to_keep
    )
    pool.shutdown(wait=False)
    while wait([work], SECONDS_BETWEEN_LOOKS).not_done:
        if should_stop() and not something_to_keep.is_set():
            raise Cancelled
    return work.result()


def _throttled(emit: Emit) -> Emit:
    """Return ``emit`` with "batch" and "progress" events at most about four times a second.

    The first and the last one of a series always pass, and so does every other event.
    """
    series, last = "", -math.inf

    def emit_some(event: Event) -> None:
        nonlocal series, last
        if event["event"] in ("batch", "progress"):
            before, series = series, str(event.get("stage"))
            now = time.monotonic()
            same = series == before
            if same and event["done"] < event["total"] and now - last < SECONDS_BETWEEN_EVENTS:
                return
            last = now
        emit(event)

    return emit_some


def _train_alone(*request: Any) -> Event:
    with _one_at_a_time:
        return _train(*request)


def _train(
    request: Event, emit: Emit, should_stop: ShouldStop, something_to_keep: threading.Event
) -> Event:
    table = ItemTable.from_json(request["items"])
    config = TrainingConfig.from_json(request["config"])
    output = Path(request["output"])
    check_request(config, output)
    backend_here(config.backend)
    items = [item for item in table.items if item.class_name is not None]
    splits = validation_splits(items, config.validation_fraction, config.seed, config.members)
    earlier = _earlier(config, items)
    data = read_training_set(
        items,
        (_learnt_from(splits), splits[0][1]),
        config,
        axes=table.axes,
        preparation=earlier.preparation if earlier else None,
        on_progress=lambda stage, done, total: emit(
            {"event": "progress", "stage": stage, "done": done, "total": total}
        ),
        should_stop=should_stop,
    )
    ensemble = train_members(
        data, splits, config, earlier, emit, should_stop, something_to_keep.set
    )
    found = training_record.outcome(data, ensemble)
    found["messages"] = training_record.messages(config, table, data, ensemble, earlier)
    description = ClassifierDescription(
        class_names=data.class_names,
        preparation=data.preparation,
        architecture=ensemble.architecture,
        orientations=EVERY if config.orientations else 1,
        training=training_record.record(config, data, found),
    )
    from napari_image_classifier.keras_files import save_classifier

    try:
        save_classifier(output, ensemble.networks, description)
    except OSError as error:
        raise TrainingRefused(f"The classifier can't be written to {output}: {error}.") from error
    return {**found, "classifier": str(output), "class_names": list(data.class_names)}


def _learnt_from(splits: Sequence[Split]) -> IntArray:
    """Return the items that any network learns from, on which intensities are measured."""
    return np.unique(np.concatenate([training for training, _ in splits]))


def _earlier(config: TrainingConfig, items: list[Item]) -> ClassifierDescription | None:
    """Return the description of the classifier to go on from, if it is of the same classes."""
    if config.start_from is None:
        return None
    earlier = load_classifier(Path(config.start_from)).description
    class_names = tuple(sorted({str(item.class_name) for item in items}))
    if earlier.class_names != class_names:
        raise TrainingRefused(
            f"{Path(config.start_from).name} knows the classes {', '.join(earlier.class_names)}, "
            f"and these images have {', '.join(class_names)}; training can only go on with the "
            "same ones. Train a new classifier instead."
        )
    if config.channels and config.channels != earlier.preparation.channel_names:
        raise TrainingRefused(
            f"{Path(config.start_from).name} sees the channels "
            f"{', '.join(earlier.preparation.channel_names)}, not {', '.join(config.channels)}; "
            "training can only go on with the same ones."
        )
    return earlier
