"""`reproduce`: makes a result again from its manifest, and says what came out the same.

Nothing here needs Keras; a training runs in the compute process.
"""

from pathlib import Path

from napari_image_classifier.classifiers.manifest import Manifest, read_manifest
from napari_image_classifier.evaluation.reproduction import ReproducingError, Reproduction
from napari_image_classifier.system.events import Emit
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
    threads, and its weights are compared; it is kept at ``output``, where nothing may lie yet. A
    table's images are classified again, and their classes are compared. ``images`` is the folder
    where the images lie now, ``classifier`` the table's classifier, where either has moved.
    ``on_event`` receives the events of `training.job.TRAIN`, or "progress" with the stage
    "classifying"; ``in_process`` is as in `training.train`. Nothing is overwritten.

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

        kept = Path(output).expanduser().absolute() if output else None
        return reproduce_training(
            opened, folder, kept, on_event, should_stop, in_process=in_process
        )
    if opened.kind == "table":
        from napari_image_classifier.evaluation.reproduce_table import reproduce_table

        return reproduce_table(opened, folder, classifier, on_event, should_stop)
    raise ReproducingError(_why_not(opened))


def _why_not(opened: Manifest) -> str:
    if opened.kind == "import":
        return (
            f"{opened.path.name} is of a network that was trained elsewhere and imported, so it "
            "says nothing that a training could be repeated from; tables made with it can be "
            "reproduced."
        )
    return (
        f"{opened.path.name} is of the kind “{opened.kind}”; classifiers and tables can be "
        "reproduced."
    )
