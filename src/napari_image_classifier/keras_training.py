"""Training on the Keras side: one job of the compute process.

Started by name (`compute.JOBS`), never imported by anything the viewer imports. Only Keras is
used, no backend of it, so PyTorch serves where TensorFlow can't.
"""

import importlib.metadata
import math
import os
import platform
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_image_classifier.classifier import load_classifier
from napari_image_classifier.compute import Cancelled, Emit, ShouldStop
from napari_image_classifier.description import ClassifierDescription
from napari_image_classifier.items import EACH_STANDS_ALONE, Item, ItemTable
from napari_image_classifier.messages import Event
from napari_image_classifier.networks import build_network
from napari_image_classifier.splitting import (
    GROUPS_FOR_MORE_THAN_EXPLORATION,
    units_of,
    units_per_class,
    validation_split,
)
from napari_image_classifier.training import TrainingConfig, TrainingRefused, check_request
from napari_image_classifier.training_loop import Learnt, TrainingLoop
from napari_image_classifier.training_set import TrainingSet, read_training_set

if TYPE_CHECKING:
    import keras

WEIGHT_DECAY = 0.05
SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_BETWEEN_EVENTS = 0.25

# Random numbers are Keras's own and global: a training that was left behind must end first.
_one_at_a_time = threading.Lock()


def train_job(request: Event, emit: Emit, should_stop: ShouldStop) -> Event:
    """Train a classifier and save it.

    ``request`` holds "items" (`ItemTable.to_json`), "config" (`TrainingConfig.to_json`) and
    "output", a path. Events on the way are "progress" (stage "looking", "reading" or "starting"),
    "batch" and "epoch". The result holds "classifier" (path), "class_names", "confusion" (rows:
    annotated, columns: predicted, of the validation part), "validation_accuracy",
    "balanced_accuracy", "best_epoch", "history", "messages" and "cancelled".

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
    items = [item for item in table.items if item.class_name is not None]
    split = validation_split(items, config.validation_fraction, config.seed)
    earlier = _earlier(config, items)
    data = read_training_set(
        items,
        split,
        config,
        axes=table.axes,
        preparation=earlier.preparation if earlier else None,
        on_progress=lambda stage, done, total: emit(
            {"event": "progress", "stage": stage, "done": done, "total": total}
        ),
        should_stop=should_stop,
    )
    emit({"event": "progress", "stage": "starting", "done": 0, "total": 1})
    network, architecture = _network(config, data, earlier)
    emit({"event": "progress", "stage": "starting", "done": 1, "total": 1})
    learnt = TrainingLoop(network, data, config, emit, should_stop).run(something_to_keep.set)
    if learnt.probabilities is None:
        if learnt.cancelled:
            raise Cancelled
        raise TrainingRefused(
            "Training came to nothing: the loss is no number. Try a lower learning rate, and look "
            "for images with extreme intensities."
        )
    found = _found(data, learnt)
    found["messages"] = _messages(table, data, learnt, earlier)
    description = ClassifierDescription(
        class_names=data.class_names,
        preparation=data.preparation,
        architecture=architecture,
        training=_training_record(config, data, found),
    )
    from napari_image_classifier.keras_files import save_classifier

    try:
        save_classifier(output, [network], description)
    except OSError as error:
        raise TrainingRefused(f"The classifier can't be written to {output}: {error}.") from error
    return {**found, "classifier": str(output), "class_names": list(data.class_names)}


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


def _network(
    config: TrainingConfig, data: TrainingSet, earlier: ClassifierDescription | None
) -> tuple["keras.Model", Mapping[str, Any] | None]:
    """Return the compiled network and its architecture."""
    keras = _keras()
    keras.utils.set_random_seed(config.seed)
    if earlier is not None:
        from napari_image_classifier.keras_files import load_network

        network, architecture = load_network(Path(str(config.start_from))), earlier.architecture
    else:
        network, architecture = build_network(
            config.network,
            data.preparation.n_channels,
            len(data.class_names),
            max(data.preparation.size),
        )
    optimizer = keras.optimizers.AdamW(config.learning_rate, weight_decay=WEIGHT_DECAY)
    # Scales and offsets have nothing to gain from being small.
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    # XLA makes this slower on a processor.
    network.compile(
        optimizer, loss="categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    return network, architecture


def _keras() -> Any:
    try:
        import keras
    except ImportError as error:
        raise TrainingRefused(
            f"Keras can't start, as its backend is missing ({error}). Install one: pip install "
            "tensorflow, or, where that has no version, pip install torch and set the environment "
            "variable KERAS_BACKEND to torch."
        ) from error
    # A person's own Keras settings must not change what a classifier file holds.
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    return keras


def _found(data: TrainingSet, learnt: Learnt) -> Event:
    assert learnt.probabilities is not None
    truth = data.classes[data.validation]
    confusion = np.zeros((len(data.class_names),) * 2, int)
    np.add.at(confusion, (truth, learnt.probabilities.argmax(axis=1)), 1)
    recalls = confusion.diagonal() / confusion.sum(axis=1)
    return {
        "confusion": confusion.tolist(),
        "validation_accuracy": float(confusion.trace() / confusion.sum()),
        "balanced_accuracy": float(recalls.mean()),
        "best_epoch": learnt.best_epoch,
        "history": learnt.history,
        "cancelled": learnt.cancelled,
    }


def _messages(
    table: ItemTable, data: TrainingSet, learnt: Learnt, earlier: ClassifierDescription | None
) -> list[str]:
    said = [text for text in table.assumptions if text != EACH_STANDS_ALONE]
    said += data.assumptions
    units = units_of(data.items)
    n_training, n_validation = (len(set(units[part])) for part in (data.training, data.validation))
    if all(item.group is None for item in data.items):
        said.append(EACH_STANDS_ALONE)
    else:
        said.append(
            f"Images of one group were never parted: {n_training} groups to learn from, "
            f"{n_validation} to check with."
        )
    counts = units_per_class(data.items)
    few = [name for name, n in counts.items() if n < GROUPS_FOR_MORE_THAN_EXPLORATION]
    if few:
        said.append(
            f"The scores are exploratory: fewer than {GROUPS_FOR_MORE_THAN_EXPLORATION} "
            f"independent groups in {', '.join(f'{name} ({counts[name]})' for name in few)}."
        )
    left_out = len(table.items) - len(data.items)
    if left_out:
        said.append(f"{left_out} images without a class were left out.")
    if earlier is not None:
        said.append("Training went on from an existing classifier, with its preparation.")
    if learnt.cancelled:
        said.append(f"Training was stopped; the network of epoch {learnt.best_epoch} is kept.")
    return said


def _training_record(config: TrainingConfig, data: TrainingSet, found: Event) -> dict[str, Any]:
    units = units_of(data.items)
    return {
        **found,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": config.to_json(),
        "seed": config.seed,
        "versions": versions(),
        "items_per_class": dict(Counter(item.class_name for item in data.items)),
        "groups_per_class": units_per_class(data.items),
        "groups": len(set(units)),
        "split": {
            "training_items": len(data.training),
            "validation": sorted(
                {data.items[i].group or data.items[i].file for i in data.validation}
            ),
        },
    }


def versions() -> dict[str, str]:
    """Return the versions that a training depends on, as far as they are known."""
    import keras

    backend = keras.backend.backend()
    found = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": str(os.cpu_count()),
        "backend": backend,
    }
    for name in ("napari-image-classifier", "keras", backend, "numpy", "scikit-learn"):
        # TensorFlow has other names, such as tensorflow-cpu; a record is not worth failing for.
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
