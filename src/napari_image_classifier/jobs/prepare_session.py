"""The preparation of a blinded session: what is shown, and the classifier's sealed answers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.classifiers.leakage import LearntFrom
from napari_image_classifier.classifiers.predict import predict_image
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import Cancelled, ImageClassifierError
from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.pixel_hash import PixelHash
from napari_image_classifier.items.annotations import ASSISTED, CANNOT_TELL, read_annotations
from napari_image_classifier.items.consensus import consensus
from napari_image_classifier.items.item import Item, ItemTable
from napari_image_classifier.items.reading import read_query
from napari_image_classifier.raters import session_jobs
from napari_image_classifier.raters.blinded_session import (
    SessionError,
    SessionPlan,
    create_session,
    in_turn,
    showings_of,
)
from napari_image_classifier.system.events import Emit, Progress
from napari_image_classifier.typing import ShouldStop

JOB = session_jobs.PREPARE_SESSION
FEWEST_ITEMS = 10
UNKNOWN_TRAINING = (
    "The classifier's manifest is not beside it, so nothing here can know whether it had learnt "
    "from these images: the comparison is fair only if it had not."
)


def run(
    request: session_jobs.SessionRequest, emit: Emit, should_stop: ShouldStop
) -> session_jobs.PreparedSession:
    """Choose what a session shows, seal the classifier's answers, and write it.

    Parameters
    ----------
    request
        Who rates what, how many items, and where the session is written.
    emit
        Hears `Progress` ("looking"), in items that were chosen.
    should_stop
        Returns True when nobody wants the session.

    Returns
    -------
    PreparedSession
        Its folder, the numbers of items and of showings, and notes on what it rests on.

    Raises
    ------
    SessionError
        Too few images are left, or there is a session in the folder.
    Cancelled
        ``should_stop`` returned True.
    """
    classifier = load_classifier(request.classifier)
    table = items_with_truth(request, classifier)
    learnt = LearntFrom.of(classifier.path, classifier.sha256)
    chosen = _choose(request, table, classifier, learnt, emit, should_stop)
    classes = {item.class_name for item in chosen.items}
    if len(chosen.items) < FEWEST_ITEMS or len(classes) < 2:
        raise SessionError(_too_few(table, chosen))
    plan = SessionPlan(
        rater=request.rater,
        truth=request.truth,
        margin=request.margin,
        seed=request.seed,
        class_names=tuple(sorted({*classifier.class_names, *filter(None, classes)})),
        classifier=str(classifier.path),
        classifier_sha256=classifier.sha256,
        each=classifier.preparation.each,
        items=replace(table, items=chosen.items),
        showings=tuple(showings_of(len(chosen.items), request.seed, second_arm=request.second_arm)),
        limits=_limits(classifier),
        notes=(*table.assumptions, *_notes(learnt, chosen)),
    )
    session = create_session(request.session, plan, chosen.predictions)
    return session_jobs.PreparedSession(
        session.folder, len(chosen.items), len(plan.showings), plan.notes
    )


def items_with_truth(request: session_jobs.SessionRequest, classifier: Classifier) -> ItemTable:
    """Return the items that have a truth, as their class.

    A condition comes with the items; what the person herself said, or most others did, from the
    table of labels, without assisted answers.

    Parameters
    ----------
    request
        Which items, and what is their truth.
    classifier
        Whose items they are: whole images, time points, planes or objects.

    Returns
    -------
    ItemTable
        Only the items that have a truth.

    Raises
    ------
    SessionError
        Nobody gave such labels.
    """
    query = replace(request.items, each=classifier.preparation.each)
    labels, rater, truth = request.labels, request.rater, request.truth
    if truth == "condition":
        table = read_query(replace(query, items_csv=labels))
        known = tuple(item for item in table.items if item.class_name)
        return replace(table, items=known)
    if labels is None:
        raise SessionError("Choose the table of labels that are to be the truth.")
    unassisted = [label for label in read_annotations(labels) if label.mode != ASSISTED]
    chosen = [label for label in unassisted if (label.rater == rater) == (truth == "own")]
    if not chosen:
        raters = ", ".join(sorted({label.rater for label in unassisted})) or "nobody"
        whose = (
            f"no labels of {rater}" if truth == "own" else f"nobody else's labels than {rater}'s"
        )
        raise SessionError(f"{labels} holds {whose}; it holds labels of {raters}.")
    truth_of = consensus(chosen)
    table = read_query(replace(query, annotated=False))
    with_truth = [
        replace(item, class_name=name)
        for item in table.items
        if (name := truth_of.get(item.key, "")) not in ("", CANNOT_TELL)
    ]
    return replace(table, items=tuple(with_truth))


@dataclass(frozen=True)
class _Chosen:
    items: tuple[Item, ...]
    predictions: tuple[Prediction, ...]
    n_learnt: int
    n_unreadable: int


def _choose(
    request: session_jobs.SessionRequest,
    table: ItemTable,
    classifier: Classifier,
    learnt: LearntFrom,
    emit: Emit,
    should_stop: ShouldStop,
) -> _Chosen:
    """Classify items, classes in turn, until there are enough that were not learnt from."""
    chosen: dict[int, Prediction] = {}
    spoilt: set[str] = set()
    items = [item for item in table.items if item.group not in learnt.groups]
    n_learnt, n_unreadable = len(table.items) - len(items), 0
    for index in in_turn(items, request.seed):
        if should_stop():
            raise Cancelled
        item = items[index]
        if len(chosen) == request.number:
            break
        if _group(item) in spoilt:
            n_learnt += 1
            continue
        prediction = _classified(classifier, item, table.axes)
        if prediction.status == "error":
            n_unreadable += 1
        elif prediction.pixels in learnt.pixels:
            # What was learnt from once spoils all that is not independent of it.
            spoilt.add(_group(item))
            dependent = [position for position in chosen if _group(items[position]) in spoilt]
            n_learnt += 1 + len(dependent)
            for position in dependent:
                chosen.pop(position)
        else:
            chosen[index] = prediction
        emit(Progress(stage="looking", done=len(chosen), total=request.number))
    return _Chosen(
        tuple(items[index] for index in chosen), tuple(chosen.values()), n_learnt, n_unreadable
    )


def _classified(classifier: Classifier, item: Item, axes: str | None) -> Prediction:
    try:
        with read_image(item.image, axes=axes) as image:
            read = PixelHash(image)
            (prediction,) = predict_image(classifier, image, item.file, selections=[item.selection])
            return replace(prediction, pixels=read.hexdigest())
    except ImageClassifierError as error:
        return Prediction.of_failure(item.file, error, item.selection)


def _limits(classifier: Classifier) -> dict[str, tuple[float, float]]:
    """Return between which intensities each channel is seen, if it is the same for all images."""
    preparation = classifier.preparation
    if not preparation.ranges or preparation.intensity != "fixed":
        return {}
    return dict(zip(preparation.channel_names, preparation.ranges, strict=True))


def _group(item: Item) -> str:
    return item.group or item.file


def _notes(learnt: LearntFrom, chosen: _Chosen) -> Iterator[str]:
    """Yield sentences on what the session rests on."""
    if not learnt.known:
        yield UNKNOWN_TRAINING
    if chosen.n_learnt:
        yield (
            f"{chosen.n_learnt} images were not shown, as the classifier had learnt from them or "
            "from others of their groups."
        )
    if chosen.n_unreadable:
        yield f"{chosen.n_unreadable} images could not be read, and were not shown."


def _too_few(table: ItemTable, chosen: _Chosen) -> str:
    return (
        f"Only {len(chosen.items)} of {len(table.items)} images can be shown, and at least "
        f"{FEWEST_ITEMS} of two classes are needed: {chosen.n_learnt} are of "
        f"groups that the classifier has learnt from, {chosen.n_unreadable} can't be read. "
        "Take images that it has never seen."
    )
