"""The evaluation job: reads the images, has everything trained and tested, writes the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.description import TEXTURE as TEXTURE_NETWORK
from napari_image_classifier.classifiers.leakage import Seen
from napari_image_classifier.classifiers.manifest import (
    ImagesRead,
    OfLearntItems,
    Result,
    check_place,
    images_read,
    this_run,
    write_manifest,
)
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.evaluation.baselines import SIMPLE, TEXTURE, Features, Subjects
from napari_image_classifier.evaluation.controls import Controls
from napari_image_classifier.evaluation.evaluate import (
    EvaluateRequest,
    EvaluationChoices,
    EvaluationResult,
)
from napari_image_classifier.evaluation.execution import KeptRuns, done_runs
from napari_image_classifier.evaluation.lanes import Lane, OneLane, Tell
from napari_image_classifier.evaluation.outcome import Evaluation, MadeWith
from napari_image_classifier.evaluation.plan import Plan, Run, plan_of, plan_of_finished
from napari_image_classifier.evaluation.report import predictions_path, surest_errors, write_report
from napari_image_classifier.items.consensus import unassisted
from napari_image_classifier.items.groups import check_enough, units_of, units_per_class
from napari_image_classifier.items.item import Item, ItemTable
from napari_image_classifier.items.splits import digest
from napari_image_classifier.networks.learner import keras_run, keras_versions
from napari_image_classifier.system.atomic_files import told_when_refused, why_elsewhere
from napari_image_classifier.system.events import Emit, Progress
from napari_image_classifier.system.records import as_json
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import TrainingSet, training_set
from napari_image_classifier.training.image_reader import LeftOut, check_rest
from napari_image_classifier.training.images import TrainingImages, read_training_images
from napari_image_classifier.training.manifest import file_entries
from napari_image_classifier.training.record import machine
from napari_image_classifier.typing import Float64Array, IntArray, ShouldStop
from napari_image_classifier.wording import quoted

IMAGES_AT_ONCE = 32
GO_ON = (
    "What was trained and tested is kept; make room there, or mend the drive, and evaluate again "
    "with the same settings: it goes on where it was."
)

# Makes what trains and tests networks, for these images.
MakeLanes = Callable[[TrainingImages, TrainingConfig, ShouldStop], Sequence[Lane]]


def evaluated(
    request: EvaluateRequest, make_lanes: MakeLanes, emit: Emit, should_stop: ShouldStop
) -> EvaluationResult:
    """Do what `jobs.evaluate.run` says.

    ``make_lanes`` is asked where networks are to be trained, and neither a finished classifier
    nor texture features are evaluated.
    """
    report = request.report
    check_place(report)
    case = _Case.read(request, emit, should_stop)
    subjects = case.subjects
    plan = case.plan
    name, lanes = case.lanes(make_lanes, should_stop)
    kept = KeptRuns(report.with_name(report.name + ".runs"), case.settings())
    with told_when_refused(report, TrainingRefused, GO_ON):
        said = done_runs(plan.runs, lanes, kept, emit)
    evaluation = Evaluation(
        items=subjects.images.items,
        class_names=case.class_names,
        truth=subjects.classes,
        units=subjects.images.units,
        copies=subjects.images.copies,
        acquisitions=subjects.acquisitions,
        method=name,
        plan=plan,
        said=said,
        baselines=subjects.baselines(plan.simple) if plan.simple else {},
        refitted=subjects.refitted(),
        sealed_simple=case.sealed_simple(),
        controls=subjects.controls() if request.choices.controls else Controls(None, None),
    )
    # Before the report: an evaluation that can't be begun again is complete.
    with told_when_refused(report, TrainingRefused, GO_ON):
        _write_manifest(report, evaluation, case)
        written = write_report(evaluation, case.data.pixels, report, case.made_with())
        kept.remove()
    return EvaluationResult(
        written["report"],
        written["json"],
        written["csv"],
        verdict=evaluation.verdict.kind,
        sentence=evaluation.verdict.sentence,
        elsewhere=why_elsewhere(predictions_path(report), written["csv"]),
        errors=surest_errors(evaluation, case.data.pixels),
    )


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
        result=Result(report.name, verdict=evaluation.verdict.kind),
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
    class_names: tuple[str, ...]
    plan: Plan
    subjects: Subjects

    @classmethod
    def read(cls, request: EvaluateRequest, emit: Emit, should_stop: ShouldStop) -> "_Case":
        given, config, choices = request.items, request.config, request.choices
        table = unassisted(given)
        items = [item for item in table.items if item.class_name is not None]
        finished = load_classifier(choices.classifier) if choices.classifier else None
        assisted = table.assumptions[len(given.assumptions) :]
        _check_testable(items, finished, assisted)

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
        check_rest(
            images.left_out,
            items,
            images.items,
            lambda rest: _check_testable(rest, finished, assisted),
        )
        items = list(images.items)
        seen_known = finished is not None and _check_not_seen(finished, images)
        data = training_set(images, (np.arange(len(items)), np.arange(0)))
        class_names = finished.class_names if finished else data.class_names
        classes = np.array([class_names.index(str(item.class_name)) for item in items], np.intp)
        acquisitions = _acquisitions(items)
        # Before anything is measured, as it may be refused.
        plan = _plan(choices, config, images, classes, acquisitions)
        features = Features.of(images, tell, should_stop)
        subjects = Subjects(images, features, classes, len(class_names), acquisitions)
        return cls(choices, table, config, finished, data, seen_known, class_names, plan, subjects)

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
            return f"the classifier {self.finished.path.name}", [OneLane(self._said_by_finished)]
        if self._by_texture:
            return TEXTURE, [OneLane(self.subjects.said_by_texture)]
        return "the network", make_lanes(self.subjects.images, self.config, should_stop)

    def sealed_simple(self) -> dict[str, Float64Array]:
        """Return what brightness and file facts say of the sealed items, by the run's name."""
        plan = self.plan
        if plan.simple is None:
            return {}
        if self.finished is not None:
            said = self.subjects.baselines(plan.simple)[SIMPLE]
            return {run.name: said for run in plan.sealed}
        return {run.name: self.subjects.said_by_brightness(run) for run in plan.sealed}

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

    def _said_by_finished(self, run: Run, tell: Tell) -> Float64Array:
        assert self.finished is not None
        found = []
        for start in range(0, len(run.tested), IMAGES_AT_ONCE):
            tell(start / len(run.tested))
            part = run.tested[start : start + IMAGES_AT_ONCE]
            found.append(self.finished.predict_prepared(self.data.pixels[part]))
        tell(1.0)
        return np.concatenate(found)


def _plan(
    choices: EvaluationChoices,
    config: TrainingConfig,
    images: TrainingImages,
    classes: IntArray,
    acquisitions: IntArray | None,
) -> Plan:
    if choices.classifier:
        return plan_of_finished(
            images.items, images.units, classes, n_folds=choices.folds, seed=config.seed
        )
    return plan_of(
        images.items,
        images.units,
        classes,
        acquisitions,
        n_folds=choices.folds,
        seeds=[config.seed + number for number in range(choices.seeds)],
        controls=choices.controls,
        curve=choices.curve,
    )


def _check_testable(
    items: Sequence[Item], finished: Classifier | None, left_out: Sequence[str]
) -> None:
    """Refuse too few items, and say what was left out of them."""
    try:
        if finished is None:
            check_enough(items, units_of(items), needed=3)
        else:
            _check_known(items, finished)
    except TrainingRefused as refused:
        raise TrainingRefused(" ".join([str(refused), *left_out])) from refused


def _check_known(items: Sequence[Item], finished: Classifier) -> None:
    """Refuse classes that the classifier has never heard of, and images of one class."""
    found = units_per_class(items, units_of(items))
    unknown = sorted(set(found) - set(finished.class_names))
    if unknown:
        raise TrainingRefused(
            f"{finished.path.name} knows the classes {', '.join(finished.class_names)}; it can't "
            f"be tested on {quoted(unknown)}. Name the classes of the "
            "images as the classifier does."
        )
    if len(found) < 2:
        raise TrainingRefused("A test needs images of at least two classes.")


def _check_not_seen(finished: Classifier, images: TrainingImages) -> bool:
    """Refuse images that the classifier has learnt from; return whether its manifest could tell."""
    seen = Seen.by(finished.path, finished.sha256, images.items, images.pixel_hashes)
    if seen.files:
        raise TrainingRefused(
            f"{finished.path.name} has learnt from {len(seen.files)} of these "
            f"{len(images.items)} images, such as {seen.files[0]}; a test needs images that it has "
            "never seen. Leave them out, or evaluate without --classifier."
        )
    return seen.known


def _acquisitions(items: Sequence[Item]) -> IntArray | None:
    if all(item.acquisition is None for item in items):
        return None
    names = [item.acquisition or "" for item in items]
    return np.asarray(np.unique(names, return_inverse=True)[1], np.intp)
