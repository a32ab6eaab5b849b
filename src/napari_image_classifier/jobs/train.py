"""The training of a classifier, from the items to its file.

What learns is a network (`networks.learner`) or a line through texture features
(`texture_learner`); all else is the same for both, and here. Found by name (`Job.run`), never
imported by anything the viewer imports.
"""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.description import TEXTURE
from napari_image_classifier.classifiers.file import is_classifier
from napari_image_classifier.classifiers.manifest import check_place, manifest_path
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.images.channel_matching import split_pairs
from napari_image_classifier.items.groups import check_enough, group_numbers, joins_named
from napari_image_classifier.items.item import Item
from napari_image_classifier.system.abandonable_work import run_abandonable
from napari_image_classifier.system.atomic_files import replace_file, told_when_refused
from napari_image_classifier.system.events import Emit, Event, Note, Progress
from napari_image_classifier.system.output_lock import only_run
from napari_image_classifier.system.outputs import check_folder, check_output
from napari_image_classifier.system.progress import throttled
from napari_image_classifier.system.records import as_json
from napari_image_classifier.training import record as training_record
from napari_image_classifier.training.answer_threshold import fitted_answer_rule
from napari_image_classifier.training.config import TrainingConfig, check_request
from napari_image_classifier.training.dataset import training_parts, training_set
from napari_image_classifier.training.images import read_training_images
from napari_image_classifier.training.learner import Learner, Lesson
from napari_image_classifier.training.left_out import check_rest
from napari_image_classifier.training.manifest import check_unchanged, write_training_manifest
from napari_image_classifier.training.novelty_fitting import fitted_gate
from napari_image_classifier.training.train_job import TRAIN, TrainRequest, TrainResult
from napari_image_classifier.typing import ShouldStop

JOB = TRAIN


def run(request: TrainRequest, emit: Emit, should_stop: ShouldStop) -> TrainResult:
    """Train a classifier and save it.

    Parameters
    ----------
    request
        The items, how to learn from them, and where the classifier is saved.
    emit
        Hears `Progress` ("looking", "reading", "comparing", "starting", "measuring" and
        "finishing"), `Batch` and `Epoch`, and each `Note`, which is also in the result.
    should_stop
        Returns True when training is to end; the best epoch so far is kept.

    Returns
    -------
    TrainResult
        The classifier's file, and its scores on the images kept aside.

    Raises
    ------
    TrainingRefused
        Anything that can be seen before training, and training that came to nothing.
    RunningError
        Another training is writing the output.
    Cancelled
        ``should_stop`` returned True before an epoch had ended.
    """
    check_request(request.config, request.output)
    something_to_keep = threading.Event()
    with only_run(request.output, manifest_path(request.output)):
        return run_abandonable(
            lambda: _train(request, throttled(emit), should_stop, something_to_keep),
            lambda: should_stop() and not something_to_keep.is_set(),
        )


def _train(
    request: TrainRequest,
    emit: Emit,
    should_stop: ShouldStop,
    something_to_keep: threading.Event,
) -> TrainResult:
    table, config, output = request.items, request.config, request.output
    learner = _learner(config)
    kept_in = _check_output(request)
    learner.check()
    items = [item for item in table.items if item.class_name is not None]
    with joins_named(items):
        check_enough(items, group_numbers(items))
    class_names = sorted({str(item.class_name) for item in items})
    # Of channels that are not named, one is known to be there.
    config.check_can_be_saved(class_names, max(1, len(config.channels)))
    going_on = _earlier(config, items)
    earlier = going_on.description if going_on else None
    images = read_training_images(
        items,
        config,
        axes=table.axes,
        preparation=earlier.preparation if earlier else None,
        on_progress=lambda stage, done, total: emit(Progress(stage=stage, done=done, total=total)),
        should_stop=should_stop,
    )
    with joins_named(images.items, images.copies):
        check_rest(
            images.left_out, items, images.items, lambda rest: check_enough(rest, images.units)
        )
    gate_before = earlier.gate if earlier else None
    config.check_can_be_saved(
        class_names,
        images.preparation.n_channels,
        gate_before.distances[0].means.shape[1] if gate_before else None,
    )
    if request.pixels is not None:
        check_unchanged(images, request.pixels)
    learner.prepare(request.threads)
    with joins_named(images.items, images.copies):
        parts = training_parts(images.items, images.units, config)
    data = training_set(images, parts.splits[0], parts.learnt_from)
    noted: list[str] = []

    def tell(event: Event) -> None:
        if isinstance(event, Note) and event.message not in noted:
            noted.append(event.message)
        emit(event)

    lesson = Lesson(data, parts.splits, tell, should_stop, earlier, something_to_keep.set)
    ensemble = learner.learn(lesson, kept_in)
    messages = [*training_record.messages(config, table, data, ensemble), *noted]
    gate = fitted_gate(data, parts.used, ensemble.distances)
    description = ensemble.description(data, config, gate)
    if config.risk is not None:
        new = Classifier(output, "", description, learner.runnable(ensemble))
        rule = fitted_answer_rule(parts.reserved, data, new, config.risk)
        description = replace(description, thresholds=as_json(rule))
        messages.append(rule.in_words())
    scores = training_record.outcome(data, ensemble, messages)
    record = training_record.record(config, data, scores, learner.versions())
    remark = "What was learnt is kept beside it. " if kept_in.is_dir() else ""
    what_now = f"{remark}Make room there, and train again to the same place with the same settings."
    with told_when_refused(output, TrainingRefused, what_now), replace_file(output) as temporary:
        learner.save(temporary, ensemble, replace(description, training=record))
        # Before it has its name: a training that can't be begun again is complete.
        write_training_manifest(
            output,
            load_classifier(temporary),
            learner.run(),
            table,
            data,
            ensemble,
            going_on.sha256 if going_on else None,
        )
    shutil.rmtree(kept_in, ignore_errors=True)
    return TrainResult(**vars(scores), classifier=str(output), class_names=list(data.class_names))


def _check_output(request: TrainRequest) -> Path:
    """Return where a training that is ended from outside leaves its checkpoints."""
    output, earlier = request.output, request.config.start_from
    check_place(output)
    check_output(
        output,
        inputs=[Path(earlier) if earlier else None],
        many_inputs=(part.path for item in request.items.items for part in item.image.all_parts),
        is_own=is_classifier,
        what="classifier",
    )
    kept_in = output.with_name(output.name + ".unfinished")
    check_folder(kept_in, "*.checkpoint")
    return kept_in


def _learner(config: TrainingConfig) -> Learner:
    if config.network == TEXTURE:
        from napari_image_classifier.training.texture_learner import TextureLearner

        return TextureLearner(config)
    from napari_image_classifier.networks.learner import KerasLearner

    return KerasLearner(config)


def _earlier(config: TrainingConfig, items: list[Item]) -> Classifier | None:
    """Return the classifier to go on from, if it is of the same classes."""
    if config.start_from is None:
        return None
    earlier = load_classifier(Path(config.start_from))
    if earlier.description.by_texture:
        raise TrainingRefused(
            f"{Path(config.start_from).name} has texture features in place of a network, and "
            "there is nothing to go on with. Train a new classifier instead."
        )
    class_names = tuple(sorted({str(item.class_name) for item in items}))
    if earlier.class_names != class_names:
        raise TrainingRefused(
            f"{Path(config.start_from).name} knows the classes {', '.join(earlier.class_names)}, "
            f"and these images have {', '.join(class_names)}; training can only go on with the "
            "same ones. Train a new classifier instead."
        )
    if config.channels and earlier.channel_names not in (
        config.channels,
        split_pairs(config.channels)[0],
    ):
        raise TrainingRefused(
            f"{Path(config.start_from).name} sees the channels "
            f"{', '.join(earlier.channel_names)}, not {', '.join(config.channels)}; "
            "training can only go on with the same ones."
        )
    return earlier
