"""The training and test of a network in one run of an evaluation, on the Keras side.

It is trained as the job `jobs.train` trains, on the images of its run alone: the epoch, the
intensity ranges and everything else come from there, and the images that it is tested on are looked
at once.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.errors import Cancelled
from napari_image_classifier.evaluation.execution import Tell
from napari_image_classifier.evaluation.perturbations import changed
from napari_image_classifier.evaluation.plan import Run
from napari_image_classifier.items.splits import validation_splits
from napari_image_classifier.networks.fit.schedule import LearningRate
from napari_image_classifier.networks.members import train_members
from napari_image_classifier.system.events import Emit, Event, Progress
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.dataset import training_set
from napari_image_classifier.training.images import TrainingImages
from napari_image_classifier.training.learner import Lesson
from napari_image_classifier.training.train_job import Batch
from napari_image_classifier.typing import Float64Array, ShouldStop


def trained_and_tested(
    run: Run,
    images: TrainingImages,
    config: TrainingConfig,
    tell: Tell,
    should_stop: ShouldStop,
) -> Float64Array:
    """Train a network on some items and test it on others.

    Parameters
    ----------
    run
        What is learnt from and what is tested, the seed, and what is taken from the images.
    images
        All images of the evaluation.
    config
        How networks are trained; its seed is that of the run.
    tell
        Receives which part of the training is done, from 0 to 1.
    should_stop
        Asked after every batch.

    Returns
    -------
    Float64Array
        Probabilities, shape (tested item, class).

    Raises
    ------
    Cancelled
        ``should_stop`` returned True.
    """
    from napari_image_classifier.networks.files import save_classifier

    config = replace(config, seed=run.seed)
    inner = validation_splits(
        [images.items[i] for i in run.learnt],
        images.units[run.learnt],
        config.validation_fraction,
        config.seed,
        config.members,
    )
    splits = [(run.learnt[training], run.learnt[validation]) for training, validation in inner]
    data = training_set(images, splits[0], run.learnt)
    if run.change is not None:
        data = replace(data, pixels=changed(data.pixels, run.change, run.seed))
    ensemble = train_members(Lesson(data, splits, _heard(tell, config), should_stop), config)
    if ensemble.cancelled:
        raise Cancelled
    description = ensemble.description(data, config)
    # Through its file, so that what is tested is what a person would get.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fold.keras"
        save_classifier(path, ensemble.networks, description)
        classifier = load_classifier(path, threads=1)
        parts = list(map(classifier.predict_prepared, data.batches(run.tested)))
    return np.concatenate(parts)


def _heard(tell: Tell, config: TrainingConfig) -> Emit:
    """Return what hears the events of a training, and tells which part of it is done."""
    finishing = LearningRate(config).finishing_epochs if config.finish else 0
    of_a_member = config.epochs + finishing
    total = config.members * of_a_member
    begun = 0

    def hear(event: Event) -> None:
        nonlocal begun
        if isinstance(event, Batch):
            begun, epochs = divmod(event.epoch - 1, config.epochs)
            tell((begun * of_a_member + epochs + event.done / event.total) / total)
        elif isinstance(event, Progress) and event.stage == "finishing":
            finished = finishing * event.done / event.total
            tell((begun * of_a_member + config.epochs + finished) / total)

    return hear
