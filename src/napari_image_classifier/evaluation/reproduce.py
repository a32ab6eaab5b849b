"""The reproduction of a result from its manifest, compared with the first one.

Nothing here needs Keras; a training runs in the compute process.
"""

from pathlib import Path

from napari_image_classifier.classifiers.manifest import read_manifest
from napari_image_classifier.evaluation.reproduction import ReproducingError, Reproduction
from napari_image_classifier.system.compute_process import run_job
from napari_image_classifier.system.events import Emit
from napari_image_classifier.training.train_job import TRAIN, TrainRequest, TrainResult
from napari_image_classifier.typing import ShouldStop


def reproduce(
    manifest: str | Path,
    *,
    images: str | Path | None = None,
    classifier: str | Path | None = None,
    output: str | Path | None = None,
    on_event: Emit | None = None,
    should_stop: ShouldStop | None = None,
    in_process: bool = False,
) -> Reproduction:
    """Make again what ``manifest`` is of, and compare.

    A classifier is trained again, with the same images, configuration, seed, backend and number of
    threads, and its weights are compared. A table's images are classified again, and their classes
    are compared. Nothing is overwritten.

    Parameters
    ----------
    manifest
        The manifest of a classifier or of a table.
    images
        The folder where the images lie now; where they lay unless given.
    classifier
        The table's classifier, where it has moved.
    output
        Where a classifier that is trained again is kept; nothing may lie there yet. Not kept unless
        given.
    on_event
        Receives the events of `training.job.TRAIN`, or "progress" with the stage "classifying".
    should_stop
        Asked often; it ends when it returns True.
    in_process
        Whether a training runs in this process, as in `train`.

    Returns
    -------
    Reproduction
        What came out, and what was checked.

    Raises
    ------
    ManifestError
        The manifest can't be read.
    ReproducingError
        Images or a classifier are not there or are not the same, the result can't be made again at
        all, or it was stopped.
    TrainingRefused
        Pixels have changed since, or training is not possible here.
    """
    path = Path(manifest).expanduser().absolute()
    opened = read_manifest(path)
    if opened.kind != "classifier" and output is not None:
        raise ReproducingError(
            f"{path.name} is not of a classifier that was trained, so there is nothing to keep at "
            "an output."
        )
    if opened.kind != "table" and classifier is not None:
        raise ReproducingError(f"{path.name} is not of a table, so it needs no classifier.")
    folder = Path(images).expanduser().absolute() if images else None
    if opened.kind == "classifier":
        from napari_image_classifier.evaluation.reproduce_training import reproduce_training

        def train(request: TrainRequest) -> TrainResult:
            return run_job(TRAIN, request, on_event, should_stop, in_process=in_process)

        kept = Path(output).expanduser().absolute() if output else None
        return reproduce_training(opened, folder, kept, train)
    if opened.kind == "table":
        from napari_image_classifier.evaluation.reproduce_table import reproduce_table

        return reproduce_table(opened, folder, classifier, on_event, should_stop)
    raise ReproducingError(
        f"{path.name} is of a network that was trained elsewhere and imported, so it says nothing "
        "that a training could be repeated from; tables made with it can be reproduced."
        if opened.kind == "import"
        else f"{path.name} is of the kind “{opened.kind}”; classifiers and tables can be "
        "reproduced."
    )
