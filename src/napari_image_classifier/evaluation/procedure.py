"""The procedure of an evaluation: images read, everything trained and tested, a report written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.description import TEXTURE as TEXTURE_NETWORK
from napari_image_classifier.classifiers.leakage import LearntFrom
from napari_image_classifier.classifiers.manifest import check_place, write_manifest
from napari_image_classifier.classifiers.manifest_records import (
    ImagesRead,
    OfLearntItems,
    ResultFile,
    images_read,
    this_run,
)
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.evaluation.baselines import SIMPLE, TEXTURE, Features, Subjects
from napari_image_classifier.evaluation.controls import Controls
from napari_image_classifier.evaluation.evaluate import (
    EvaluateRequest,
    EvaluationChoices,
    EvaluationResult,
)
from napari_image_classifier.evaluation.execution import (
    KeptRuns,
    Lane,
    OneLane,
    Tell,
    done_runs,
    read_kept,
)
from napari_image_classifier.evaluation.outcome import Evaluation, MadeWith
from napari_image_classifier.evaluation.plan import Plan, Run, plan_of, plan_of_finished
from napari_image_classifier.evaluation.report import write_report
from napari_image_classifier.items.consensus import unassisted
from napari_image_classifier.items.groups import (
    check_enough,
    group_numbers,
    groups_per_class,
    joins_named,
)
from napari_image_classifier.items.item import Item, ItemTable
from napari_image_classifier.items.splits import digest
from napari_image_classifier.networks.learner import keras_run, keras_versions
from napari_image_classifier.system.atomic_files import told_when_refused
from napari_image_classifier.system.events import Emit, Progress
from napari_image_classifier.system.records import as_json
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import TrainingSet, training_set
from napari_image_classifier.training.images import TrainingImages, read_training_images
from napari_image_classifier.training.left_out import LeftOut, check_rest
from napari_image_classifier.training.manifest import file_entries
from napari_image_classifier.training.record import machine
from napari_image_classifier.typing import Float64Array, IntArray, ShouldStop
from napari_image_classifier.wording import quoted

GO_ON = (
    "What was trained and tested is kept; make room there, or mend the drive, and evaluate again "
    "with the same settings: it goes on where it was."
)

# Makes what trains and tests networks, for these images.
MakeLanes = Callable[[TrainingImages, TrainingConfig, ShouldStop], Sequence[Lane]]


def evaluated(
    request: EvaluateRequest, make_lanes: MakeLanes, emit: Emit, should_stop: ShouldStop
) -> EvaluationResult:
    """Evaluate, and write the report with its numbers, its predictions and its manifest.

    Parameters
    ----------
    request
        The items, the choices and the path of the report.
    make_lanes
        Makes what trains and tests; asked where neither a finished classifier nor texture features
        are evaluated.
    emit
        Receives "progress" with the stages that `jobs.evaluate.run` names.
    should_stop
        Asked often.

    Returns
    -------
    EvaluationResult
        The files that were written, and the answer in a sentence.

    Raises
    ------
    TrainingRefused
        The items or the output can't be used, or training came to nothing.
    Cancelled
        ``should_stop`` returned True; what was done is taken up by the next run.
    """
    report = request.report
    check_place(report)
    unfinished = report.with_name(report.name + ".runs")
    # Before images are read.
    read_kept(unfinished)
    case = _Case.read(request, emit, should_stop)
    subjects, plan = case.subjects, case.plan
    name, lanes = case.lanes(make_lanes, should_stop)
    kept = KeptRuns(unfinished, case.settings(), len(subjects.class_names))
    with told_when_refused(report, TrainingRefused, GO_ON):
        results = done_runs(plan.runs, lanes, kept, emit)
    evaluation = Evaluation(
        items=subjects.images.items,
        class_names=subjects.class_names,
        truth=subjects.classes,
        units=subjects.images.units,
        copies=subjects.images.copies,
        acquisitions=subjects.acquisitions,
        method=name,
        plan=plan,
        results=results,
        baselines=case.baselines,
        refitted=subjects.refitted(),
        sealed_simple=case.sealed_simple(),
        controls=subjects.controls() if request.choices.controls else Controls(None, None),
    )
    # Before the report: an evaluation that can't be begun again is complete.
    with told_when_refused(report, TrainingRefused, GO_ON):
        _write_manifest(report, evaluation, case)
        result = write_report(evaluation, case.data.pixels, report, case.made_with())
        kept.remove()
    return result


class EvaluationManifest(OfLearntItems, frozen=True, kw_only=True, omit_defaults=True):
    """What an evaluation was made of; ``split_sha256`` has a hash for the folds of each seed."""

    config: TrainingConfig
    classifier_sha256: str | None
    balanced_accuracy_of_seeds: tuple[float, ...]
    split_sha256: tuple[str, ...]
    images: ImagesRead
    left_out: tuple[LeftOut, ...] = ()


def _write_manifest(report: Path, evaluation: Evaluation, case: "_Case") -> None:
    images = case.subjects.images
    head = EvaluationManifest(
        result=ResultFile(report.name, verdict=evaluation.verdict.kind),
        runs=(keras_run() if case.trains_networks else this_run(threads=None),),
        config=case.config,
        classifier_sha256=case.finished.sha256 if case.finished else None,
        balanced_accuracy_of_seeds=tuple(evaluation.over_seeds),
        split_sha256=tuple(digest(images.items, folds.splits) for folds in evaluation.plan.seeds),
        images=images_read(case.table.root, case.table.axes, case.data.preparation),
        left_out=images.left_out,
    )
    write_manifest(report, "evaluation", head, file_entries(images, case.table.root))


@dataclass(frozen=True)
class _Case:
    """What was asked, and the images that it was asked of.

    ``finished`` is the classifier to be evaluated, None where one is to be trained, and
    ``seen_known`` whether its manifest says what it has learnt from. ``data`` are
    all images, prepared: for a finished classifier, and for pictures in the report. Whatever is
    trained prepares the images for itself.
    """

    choices: EvaluationChoices
    table: ItemTable
    config: TrainingConfig
    finished: Classifier | None
    data: TrainingSet
    seen_known: bool
    plan: Plan
    subjects: Subjects

    @classmethod
    def read(cls, request: EvaluateRequest, emit: Emit, should_stop: ShouldStop) -> "_Case":
        given, config, choices = request.items, request.config, request.choices
        table = unassisted(given)
        items = [item for item in table.items if item.class_name is not None]
        finished = load_classifier(choices.classifier) if choices.classifier else None
        assisted = table.assumptions[len(given.assumptions) :]
        check = partial(_check_testable, finished=finished, left_out=assisted)
        check(items)

        def tell(stage: str, done: int, total: int) -> None:
            emit(Progress(stage=stage, done=done, total=total))

        images = read_training_images(
            items,
            config,
            axes=table.axes,
            preparation=finished.preparation if finished else None,
            on_progress=tell,
            should_stop=should_stop,
        )
        check_rest(images.left_out, items, images.items, check)
        items = list(images.items)
        seen_known = finished is not None and _check_not_seen(finished, images)
        data = training_set(images, (np.arange(len(items)), np.arange(0)))
        class_names = finished.class_names if finished else data.class_names
        classes = np.array([class_names.index(str(item.class_name)) for item in items], np.intp)
        acquisitions = _acquisitions(items)
        # Before anything is measured, as it may be refused.
        grouped, seed = (images.items, images.units, classes), config.seed
        if finished:
            plan = plan_of_finished(*grouped, n_folds=choices.folds, seed=seed)
        else:
            with joins_named(images.items, images.copies):
                plan = plan_of(*grouped, acquisitions, choices, seed)
        features = Features.of(images, tell, should_stop)
        subjects = Subjects(images, features, classes, class_names, acquisitions)
        return cls(choices, table, config, finished, data, seen_known, plan, subjects)

    @property
    def trains_networks(self) -> bool:
        """Whether Keras is needed."""
        return self.finished is None and not self._by_texture

    @property
    def _by_texture(self) -> bool:
        return TEXTURE_NETWORK in (self.choices.method, self.config.network)

    def lanes(self, make_lanes: MakeLanes, should_stop: ShouldStop) -> tuple[str, Sequence[Lane]]:
        """Return what is evaluated, in words, and what trains and tests it."""
        if self.finished is not None:
            return f"the classifier {self.finished.path.name}", [OneLane(self._predict_by_finished)]
        if self._by_texture:
            return TEXTURE, [OneLane(self.subjects.predict_by_texture)]
        return "the network", make_lanes(self.subjects.images, self.config, should_stop)

    @cached_property
    def baselines(self) -> dict[str, Float64Array]:
        """The probabilities (item, class) of simpler methods, by name; without groups none."""
        return self.subjects.baselines(self.plan.simple) if self.plan.simple else {}

    def sealed_simple(self) -> dict[str, Float64Array]:
        """Return the probabilities of the sealed items by brightness, by the run's name."""
        if not self.baselines:
            return {}
        if self.finished is not None:
            return {run.name: self.baselines[SIMPLE] for run in self.plan.sealed}
        return {run.name: self.subjects.predict_by_brightness(run) for run in self.plan.sealed}

    def settings(self) -> dict[str, Any]:
        """Return what must be the same for a stopped evaluation to be gone on with."""
        images = self.subjects.images
        return {
            "config": as_json(self.config),
            "method": self.choices.method,
            "classifier": self.finished and self.finished.sha256,
            "splits": [digest(images.items, folds.splits) for folds in self.plan.seeds],
            # By their pixels: open images are written anew, at another time, for every run.
            "items": [
                (item.file, item.selection, item.class_name, item.acquisition, pixels)
                for item, pixels in zip(images.items, images.pixel_hashes, strict=True)
            ],
        }

    def made_with(self) -> MadeWith:
        """Return what it needs to be done again."""
        finished = self.finished
        return MadeWith(
            config=finished.description.training if finished else as_json(self.config),
            seeds=tuple(folds.runs[0].seed for folds in self.plan.seeds),
            versions=keras_versions() if self.trains_networks else machine(),
            assumptions=(*self.table.assumptions, *self.subjects.images.assumptions),
            seen_known=self.seen_known,
        )

    def _predict_by_finished(self, run: Run, tell: Tell) -> Float64Array:
        assert self.finished is not None
        probabilities: list[Float64Array] = []
        for pixels in self.data.batches(run.tested):
            tell(sum(map(len, probabilities)) / len(run.tested))
            probabilities.append(self.finished.predict_prepared(pixels))
        tell(1.0)
        return np.concatenate(probabilities)


def _check_testable(
    items: Sequence[Item], finished: Classifier | None, left_out: Sequence[str]
) -> None:
    """Refuse too few items, and say what was left out of them."""
    try:
        if finished is None:
            with joins_named(items):
                check_enough(items, group_numbers(items), needed=3)
        else:
            _check_known(items, finished)
    except TrainingRefused as refused:
        raise TrainingRefused(" ".join([str(refused), *left_out])) from refused


def _check_known(items: Sequence[Item], finished: Classifier) -> None:
    """Refuse classes that the classifier has never heard of, and images of one class."""
    classes = set(groups_per_class(items, group_numbers(items)))
    unknown = sorted(classes - set(finished.class_names))
    if unknown:
        raise TrainingRefused(
            f"{finished.path.name} knows the classes {', '.join(finished.class_names)}; it can't "
            f"be tested on {quoted(unknown)}. Name the classes of the "
            "images as the classifier does."
        )
    if len(classes) < 2:
        raise TrainingRefused("A test needs images of at least two classes.")


def _check_not_seen(finished: Classifier, images: TrainingImages) -> bool:
    """Refuse images that the classifier has learnt from; return whether its manifest could tell."""
    learnt = LearntFrom.of(finished.path, finished.sha256)
    pairs = zip(images.items, images.pixel_hashes, strict=True)
    seen = [item.file for item, pixels in pairs if pixels in learnt.pixels]
    if seen:
        raise TrainingRefused(
            f"{finished.path.name} has learnt from {len(seen)} of these "
            f"{len(images.items)} images, such as {seen[0]}; a test needs images that it has "
            "never seen. Leave them out, or evaluate without --classifier."
        )
    return learnt.known


def _acquisitions(items: Sequence[Item]) -> IntArray | None:
    if all(item.acquisition is None for item in items):
        return None
    names = [item.acquisition or "" for item in items]
    return np.asarray(np.unique(names, return_inverse=True)[1], np.intp)
