"""Texture classifiers: their training, and their files, which have no network."""

import hashlib
import zipfile
from pathlib import Path

import numpy as np
from scipy.special import softmax

from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.description import (
    TEXTURE,
    Architecture,
    ClassifierDescription,
    Member,
)
from napari_image_classifier.classifiers.file import write_description
from napari_image_classifier.classifiers.manifest_records import Run, this_run
from napari_image_classifier.classifiers.texture_model import TextureModel, measured_texture
from napari_image_classifier.errors import Cancelled, ClassifierFileError
from napari_image_classifier.system.atomic_files import replace_file
from napari_image_classifier.system.events import Progress
from napari_image_classifier.training.learner import Ensemble, Learner, Learnt, Lesson
from napari_image_classifier.training.novelty_fitting import ClassFeatures, fitted_distance
from napari_image_classifier.training.record import machine
from napari_image_classifier.typing import Float64Array, IntArray

PACKAGES = ("scikit-learn", "scikit-image", "scipy")


class TextureLearner(Learner):
    """Logistic regression on texture features.

    All that it needs is always installed, and it calculates the same with any number of threads.
    """

    def learn(self, lesson: Lesson, kept_in: Path) -> Ensemble:
        """Fit a model for each split, and in the end on its validation part, too.

        Nothing is ``kept_in`` that folder: it takes seconds.
        """
        textures, classes = _measured(lesson), lesson.data.classes

        def fitted(items: IntArray) -> tuple[TextureModel, ClassFeatures]:
            model = TextureModel.fitted(textures[items], classes[items])
            return model, ClassFeatures(model.judge(textures[items])[1], classes[items])

        finish = self._config.finish
        ensemble = Ensemble(architecture=Architecture(TEXTURE, {}))
        for training, validation in lesson.splits:
            model, learnt = fitted(training)
            logits, held_out = model.judge(textures[validation])
            finished = None
            if finish:
                model, finished = fitted(np.union1d(training, validation))
            ensemble.networks.append(model)
            ensemble.splits.append((training, validation))
            probabilities = softmax(logits.astype(np.float64), axis=1)
            ensemble.learnt.append(Learnt(probabilities=probabilities, finished=finish))
            ensemble.distances.append(fitted_distance(learnt, held_out, finished))
        lesson.on_something_to_keep()
        return ensemble

    def runnable(self, ensemble: Ensemble) -> list[TextureModel]:
        """Return the models as they are."""
        return ensemble.networks

    def save(self, path: Path, ensemble: Ensemble, description: ClassifierDescription) -> None:
        """Write a classifier file that `load_classifier` opens; Keras does not.

        It is the same kind of archive as that of a network, without Keras's own parts. What is
        written is opened again before it takes the place of a file already at ``path``.

        Raises
        ------
        ClassifierFileError
            The name does not end in .keras, or a model is of other classes.
        """
        models = ensemble.networks
        if path.suffix != ".keras":
            raise ClassifierFileError(f"{path.name} must end in .keras.")
        if any(len(model.offsets) != len(description.class_names) for model in models):
            raise ClassifierFileError("A texture model tells other classes apart than were named.")
        with replace_file(path) as temporary:
            with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
                members = [_add_member(archive, model, index) for index, model in enumerate(models)]
                write_description(archive, description, members)
            load_classifier(temporary)

    def run(self) -> Run:
        """Return what the manifest says of this run."""
        return this_run(threads=None, backend="scikit-learn", packages=PACKAGES)

    def versions(self) -> dict[str, str]:
        """Return the versions; the processor is the device."""
        return {**machine(*PACKAGES), "backend": "scikit-learn", "device": "processor"}


def _measured(lesson: Lesson) -> Float64Array:
    textures: list[Float64Array] = []
    for pixels in lesson.data.pixels:
        if lesson.should_stop():
            raise Cancelled
        textures.append(measured_texture(pixels))
        total = len(lesson.data.pixels)
        lesson.emit(Progress(stage="measuring", done=len(textures), total=total))
    return np.stack(textures)


def _add_member(archive: zipfile.ZipFile, model: TextureModel, index: int) -> Member:
    name, content = f"members/{index}/texture.json", model.to_bytes()
    archive.writestr(name, content)
    # It is weights and graph at once.
    sha256 = hashlib.sha256(content).hexdigest()
    return Member(weights=name, graph=name, weights_sha256=sha256, graph_sha256=sha256)
