"""The file of a classifier that has texture features in place of a network."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.classifier_parts import DESCRIPTION
from napari_image_classifier.classifiers.description import (
    ClassifierDescription,
    ClassifierFileError,
    Member,
)
from napari_image_classifier.classifiers.texture_model import TextureModel
from napari_image_classifier.system.atomic_files import replace_file


def save_texture_classifier(
    path: str | Path, models: Sequence[TextureModel], description: ClassifierDescription
) -> None:
    """Write a classifier file that `load_classifier` opens; Keras does not.

    It is the same kind of archive as that of a network, without Keras's own parts. What is written
    is opened again before it takes the place of a file already at ``path``.

    Raises
    ------
    ClassifierFileError
        The name does not end in .keras, or a model is of other classes.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ClassifierFileError(f"{path.name} must end in .keras.")
    if any(len(model.offsets) != len(description.class_names) for model in models):
        raise ClassifierFileError("A texture model tells other classes apart than were named.")
    with replace_file(path) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            members = tuple(
                _add_member(archive, model, index) for index, model in enumerate(models)
            )
            written = replace(description, members=members)
            archive.writestr(DESCRIPTION, json.dumps(written.to_json(), indent=1))
        load_classifier(temporary)


def _add_member(archive: zipfile.ZipFile, model: TextureModel, index: int) -> Member:
    name, content = f"members/{index}/texture.json", model.to_bytes()
    archive.writestr(name, content)
    # It is weights and graph at once.
    sha256 = hashlib.sha256(content).hexdigest()
    return Member(weights=name, graph=name, weights_sha256=sha256, graph_sha256=sha256)
