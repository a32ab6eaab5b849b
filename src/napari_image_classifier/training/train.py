"""The verb `train`, as the command line and a script ask for it. Nothing here needs Keras.

The work itself is in `jobs.train`, which runs in the compute process.
"""

import tempfile
from pathlib import Path

from napari_image_classifier.classifiers.classifier import Classifier, load_classifier
from napari_image_classifier.errors import Cancelled, TrainingRefused
from napari_image_classifier.items.item import ItemTable
from napari_image_classifier.system.compute_process import run_job
from napari_image_classifier.system.events import Emit
from napari_image_classifier.training.config import TrainingConfig, check_request
from napari_image_classifier.training.train_job import TRAIN, TrainRequest
from napari_image_classifier.typing import ShouldStop


def train(
    items: ItemTable,
    config: TrainingConfig | None = None,
    *,
    output: str | Path | None = None,
    on_event: Emit | None = None,
    should_stop: ShouldStop | None = None,
    in_process: bool = False,
) -> Classifier:
    """Train a classifier on items that have a class, write it to a file and return it.

    Parameters
    ----------
    items
        What is learnt from; items without a class are left out.
    config
        How it is trained; `TrainingConfig` as it is unless given.
    output
        The classifier to write, a .keras file. Without it the file is written to a temporary
        folder; `Classifier.save` copies it.
    on_event
        Receives the events of `training.job.TRAIN` as they happen, and in the end its result.
    should_stop
        Asked often; when it returns True, training ends and the best network so far is kept.
    in_process
        Whether the work runs in this process, for programs that never open a viewer: TensorFlow
        and a napari window in one process can crash it.

    Returns
    -------
    Classifier
        The classifier, as its file holds it.

    Raises
    ------
    TrainingRefused
        The items, the configuration or the output can't be used, or training was stopped before
        its first epoch ended; the text says which.
    """
    if output is None:
        output = Path(tempfile.mkdtemp(prefix="napari-image-classifier-")) / "classifier.keras"
    config = config or TrainingConfig()
    output = Path(output).expanduser().absolute()
    check_request(config, output)
    request = TrainRequest(items, config, output)
    try:
        result = run_job(TRAIN, request, on_event, should_stop, in_process=in_process)
    except Cancelled:
        raise TrainingRefused(
            "Training was stopped before its first epoch ended, so there is no classifier to keep."
        ) from None
    if on_event is not None:
        on_event(result)
    return load_classifier(Path(result.classifier))
