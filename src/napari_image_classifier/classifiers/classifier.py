"""Classifiers that are trained, without Keras: `load_classifier`, then `Classifier.predict`."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_image_classifier.classifiers.archive import (
    named,
    opened,
    opened_archive,
    read_from,
    sha256_of,
)
from napari_image_classifier.classifiers.confidence import divergence, tempered
from napari_image_classifier.classifiers.description import ClassifierDescription
from napari_image_classifier.classifiers.file import checked_path, read_parts
from napari_image_classifier.classifiers.onnx_runtime import Graph, Probe, Runnable
from napari_image_classifier.classifiers.predict import predict_image
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.images.channel_matching import check_channel_map
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.images.transforms import orientations_of
from napari_image_classifier.items.preparation import Channels, Preparation
from napari_image_classifier.items.selection import is_object
from napari_image_classifier.system.atomic_files import replace_file
from napari_image_classifier.typing import Float64Array, FloatArray


@dataclass(eq=False, repr=False)
class Classifier:
    """A network with its class names, channel names and preparation; made by `load_classifier`.

    Its methods may be called from several threads at once.

    Parameters
    ----------
    path
        The file that it was loaded from.
    sha256
        Of that file, in hexadecimal digits.
    description
        All of it that is not numbers in a network.
    graphs
        What runs each of its networks.
    """

    path: Path
    sha256: str
    description: ClassifierDescription
    graphs: Sequence[Runnable]

    def __repr__(self) -> str:
        return f"<Classifier {self.path.name}: {', '.join(self.class_names)}>"

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of every row of probabilities."""
        return self.description.class_names

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The channels it was trained on, in the network's order."""
        return self.preparation.channel_names

    @property
    def preparation(self) -> Preparation:
        """How an image becomes the network's input."""
        return self.description.preparation

    def predict(
        self,
        image: Image | npt.NDArray[Any] | str | Path | ImageFiles,
        *,
        selection: str = "",
        channels: Channels = None,
    ) -> Prediction:
        """Classify one image.

        Parameters
        ----------
        image
            An image, its file, or an array of shape (channel, y, x) or (channel, z, y, x); for a
            classifier of one channel (y, x) will do.
        selection
            Which time point ("t=3"), plane ("z=5") or object ("label=12") is meant, counted from 0.
        channels
            What the image calls channels of the classifier, such as {"DNA": "405"}, or the index in
            the image of each of them; those that are not said are matched by name.

        Returns
        -------
        Prediction
            The class, the probabilities and the status.

        Raises
        ------
        ClassifierFileError
            The classifier learnt from objects and none is selected, or an array has another shape.
        ImageClassifierError
            The image can't be read, lacks a channel, or has several time points and none was
            selected.
        """
        if isinstance(image, (str, Path, ImageFiles)):
            with read_image(image) as read:
                return self.predict(read, selection=selection, channels=channels)
        if self.preparation.objects is not None and not is_object(selection):
            raise ClassifierFileError(
                f"{self.path.name} learnt from objects in images; use predict_objects, or select "
                "one of them, such as label=12."
            )
        self._check(channels)
        image = self._image_from(image)
        selected = predict_image(self, image, image.name, channels=channels, selections=[selection])
        return next(selected)

    def predict_objects(
        self,
        image: Image | npt.NDArray[Any],
        mask: Image | npt.NDArray[Any] | None = None,
        *,
        channels: Channels = None,
    ) -> list[Prediction]:
        """Classify the objects of one image, for a classifier that learnt from objects.

        Parameters
        ----------
        image
            An image, with or without a mask, or an array as in `predict`.
        mask
            An image or an array of shape (y, x), or (z, y, x) with the planes of the image, in
            which each object has its number; between them it is 0. None: the image's own.
        channels
            As in `predict`.

        Returns
        -------
        list of Prediction
            One for each object, sorted by time point, plane and label.

        Raises
        ------
        ClassifierFileError
            The classifier learnt from whole images, or an array has another shape.
        ImageClassifierError
            The image or its mask can't be used.
        """
        if self.preparation.objects is None:
            raise ClassifierFileError(
                f"{self.path.name} learnt from whole images, not from objects in them; use "
                "predict, or train one on objects."
            )
        self._check(channels)
        image = self._image_from(image)
        if mask is not None:
            image.mask = _from_array(mask, {2: "YX", 3: "ZYX"}, _MASK_SHAPE, "the array given")
        return list(predict_image(self, image, image.name, channels=channels))

    def predict_prepared(self, batch: FloatArray) -> Float64Array:
        """Return probabilities of prepared images.

        Those of several members and orientations are averaged, and then calibrated by the
        temperature.

        Parameters
        ----------
        batch
            Prepared images, float32 of shape (n, y, x, channel).

        Returns
        -------
        array
            float64 of shape (n, class), each row summing to 1.
        """
        return self.judge_prepared(batch)[0]

    def judge_prepared(self, batch: FloatArray) -> tuple[Float64Array, Float64Array]:
        """Return probabilities of prepared images, and their novelty.

        Parameters
        ----------
        batch
            Prepared images, float32 of shape (n, y, x, channel).

        Returns
        -------
        tuple
            Probabilities as `predict_prepared` returns them, and the novelty, shape (n,): above 1,
            the networks find an image unlike every class that was learnt from. It is 0 where the
            classifier has no novelty detection.
        """
        return self.judge_by_members(batch)[:2]

    def judge_by_members(
        self, batch: FloatArray
    ) -> tuple[Float64Array, Float64Array, Float64Array]:
        """Return probabilities of prepared images, their novelty, and how far the members disagree.

        Parameters
        ----------
        batch
            Prepared images, float32 of shape (n, y, x, channel).

        Returns
        -------
        tuple
            What `judge_prepared` returns, and the disagreement, shape (n,), see
            `confidence.divergence`.
        """
        from scipy.special import softmax

        members = self._run(batch)
        logits = [[logits for logits, _ in views] for views in members]
        views = softmax(np.array(logits, np.float64), axis=-1)
        probabilities = tempered(views.mean(axis=(0, 1)), self.description.temperature)
        disagreement = divergence(views.mean(axis=1))
        gate = self.description.gate
        if gate is None:
            return probabilities, np.zeros(len(probabilities)), disagreement
        # Its limit is that of images as they are, not turned.
        how_far = gate.how_far([views[0][1] for views in members])
        return probabilities, how_far, disagreement

    def save(self, path: str | Path) -> None:
        """Copy the classifier's file, whole or not at all.

        Parameters
        ----------
        path
            The copy.

        Raises
        ------
        ClassifierFileError
            The file is gone, or is another one by now.
        """
        with opened(self.path) as source, replace_file(Path(path)) as temporary:
            with temporary.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            with temporary.open("rb") as copy:
                if sha256_of(copy) != self.sha256:
                    raise ClassifierFileError(
                        f"{self.path} has changed since it was opened; open it again."
                    )

    def _run(self, batch: FloatArray) -> list[list[tuple[FloatArray, FloatArray]]]:
        """Return logits and features, for each member and each orientation."""
        images = np.ascontiguousarray(batch, np.float32)
        if images.ndim != 4 or images.shape[3] != self.preparation.n_channels:
            raise ValueError(
                f"Prepared images have shape (n, y, x, {self.preparation.n_channels}), "
                f"not {images.shape}."
            )
        views = list(orientations_of(images, self.description.orientations))
        with named(self.path):
            return [
                [graph.run(np.ascontiguousarray(view)) for view in views] for graph in self.graphs
            ]

    def _check(self, channels: Channels) -> None:
        if isinstance(channels, Mapping):
            check_channel_map(self.channel_names, channels)

    def _image_from(self, image: Image | npt.NDArray[Any]) -> Image:
        axes = {3: "CYX", 4: "CZYX"} | ({2: "YX"} if self.preparation.n_channels == 1 else {})
        return _from_array(image, axes, _IMAGE_SHAPE)


_IMAGE_SHAPE = (
    "An array of shape {} can't be classified: (channel, y, x) or (channel, z, y, x) is expected."
)
_MASK_SHAPE = "A mask of shape {} can't be used: (y, x) or (z, y, x) is expected."


def _from_array(
    image: Image | npt.NDArray[Any], axes: Mapping[int, str], refusal: str, name: str = ""
) -> Image:
    """Return an image as it is, and an array with the axes that stand for its number of them."""
    if isinstance(image, Image):
        return image
    array = np.asarray(image)
    if array.ndim not in axes:
        raise ClassifierFileError(refusal.format(array.shape))
    return Image.from_array(array, axes[array.ndim], name=name)


def load_classifier(path: str | Path, *, threads: int | None = None) -> Classifier:
    """Open a classifier file.

    Parameters
    ----------
    path
        A `.keras` file.
    threads
        How many a single prediction uses; None means one per core. Take 1 where predictions already
        run side by side.

    Returns
    -------
    Classifier
        Its networks start when they are first used.

    Raises
    ------
    ClassifierFileError
        There is no such file, it is no classifier, or it is damaged.
    """
    path = checked_path(path)
    with opened(path) as file:
        with opened_archive(file, path) as archive, read_from(path):
            description, graphs = read_parts(archive)
        # After all that may be wrong with it was looked for, as it may be large.
        file.seek(0)
        sha256 = sha256_of(file)
    models: list[Runnable]
    if description.by_texture:
        from napari_image_classifier.classifiers.texture_model import TextureModel

        with named(path):
            textures = [TextureModel.from_bytes(content) for content in graphs]
            for texture in textures:
                texture.check(len(description.class_names), description.preparation.n_channels)
        models = [*textures]
    else:
        models = [
            Graph(content, threads, Probe(description.preparation, member.probe))
            for content, member in zip(graphs, description.members, strict=True)
        ]
    return Classifier(path, sha256, description, models)
