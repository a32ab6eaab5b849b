"""Opens networks of many kinds through the guard, and says whether they are still the same.

A program of its own, run by test_keras_file.py, as TensorFlow must not share a process with a
napari window. ``good_networks.py FOLDER`` opens small networks; ``good_networks.py FOLDER all``
also those of keras.applications, which takes some minutes."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from napari_image_classifier.networks.backend import start_keras

keras = start_keras()
layers = keras.layers

from napari_image_classifier.classifiers.classifier import load_classifier  # noqa: E402
from napari_image_classifier.jobs import import_network  # noqa: E402
from napari_image_classifier.networks.architectures import build_network  # noqa: E402
from napari_image_classifier.networks.files import opened_by_keras  # noqa: E402
from napari_image_classifier.networks.guard.keras_file import stored_network  # noqa: E402
from napari_image_classifier.training.import_network import ImportRequest  # noqa: E402

RANDOM = np.random.default_rng(3)
VERSIONS = Path(__file__).parents[1] / "data" / "keras_files"
APPLICATIONS = (
    "ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionV3",
    "MobileNet", "MobileNetV2", "MobileNetV3Small", "NASNetMobile", "ResNet50", "ResNet50V2",
    "VGG16", "Xception",
)  # fmt: skip


def sequential() -> Any:
    """As in most tutorials."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.1),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, activation=keras.activations.relu, kernel_regularizer="l2"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(2, activation="softmax"),
        ]
    )


def functional() -> Any:
    """Two ways that meet again, and a number."""
    images = keras.Input((None, None, 3))
    left = layers.SeparableConv2D(6, 3, padding="same", activation="gelu")(images)
    right = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(images)
    x = layers.LeakyReLU()(layers.Concatenate()([left * 0.5, right]))
    x = layers.LayerNormalization()(layers.ZeroPadding2D(1)(x))
    x = layers.Cropping2D(((1, 0), (0, 2)))(layers.ELU()(x))
    return keras.Model(images, layers.Dense(2)(layers.GlobalMaxPooling2D()(x)))


def trained() -> Any:
    """Compiled, trained for a step, with the optimiser's numbers."""
    network = sequential()
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    network.fit(RANDOM.normal(size=(8, 32, 32, 3)), RANDOM.integers(0, 2, 8), verbose=0)
    return network


def normalised() -> Any:
    """A normalisation that measured its images."""
    measured = layers.Normalization()
    measured.adapt(RANDOM.normal(3, 2, (20, 16, 16, 2)))
    images = keras.Input((16, 16, 2))
    x = layers.BatchNormalization(scale=False)(measured(images))
    return keras.Model(images, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))


def nested() -> Any:
    """A network in a network, one of them called twice."""
    part = keras.Sequential([keras.Input((16, 16, 2)), layers.Conv2D(2, 3, padding="same")])
    images = keras.Input((16, 16, 2))
    x = layers.Average()([part(images), part(layers.ReLU()(images))])
    return keras.Model(images, layers.Dense(2)(layers.Flatten()(x)))


def half_precision() -> Any:
    """Trained in mixed precision, as on a graphics card."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        return functional()
    finally:
        keras.config.set_dtype_policy("float32")


def augmented() -> Any:
    """Layers that change images in training only, of which Keras is told nothing more."""
    images = keras.Input((24, 24, 3))
    x = layers.Rescaling(1 / 255)(images)
    for layer in (
        layers.RandomShear(0.2), layers.RandomHue(0.1), layers.RandomSaturation(0.5),
        layers.RandomGrayscale(0.5), layers.RandomInvert(0.5), layers.RandomErasing(0.5),
        layers.RandomColorJitter(brightness_factor=0.2), layers.RandomSharpness(0.2),
        layers.RandomPosterization(4), layers.RandomGaussianBlur(0.5), layers.RandomPerspective(),
        layers.RandomElasticTransform(), layers.RandomColorDegeneration(0.5), layers.AugMix(),
        layers.RandAugment(),
    ):  # fmt: skip
        x = layer(x)
    x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(4, 3)(layers.Resizing(20, 20)(x)))
    return keras.Model(images, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))


def preprocessed() -> Any:
    """A network that was trained on prepared images, in one that prepares them."""
    images = keras.Input((24, 24, 3))
    x = keras.applications.vgg16.preprocess_input(images)
    x = layers.GroupNormalization(2)(layers.Conv2D(4, 3)(x[:, 2:, ::2]))
    x = keras.ops.mean(layers.Permute((2, 1, 3))(x), axis=(1, 2))
    inner = keras.Model(images, layers.Dense(2)(x))
    images = keras.Input((24, 24, 3))
    return keras.Model(images, inner(images * 255.0))


def cut_to_size() -> Any:
    """It takes images of any size and cuts them to one."""
    images = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3)(layers.CenterCrop(20, 24)(images))
    return keras.Model(images, layers.Dense(2)(layers.Flatten()(x)))


SMALL: Mapping[str, Callable[[], Any]] = {
    "residual": lambda: build_network("residual", 2, 3, 128)[0],
    "vgg": lambda: build_network("vgg", 1, 2, 64)[0],
    "sequential": sequential,
    "functional": functional,
    "trained": trained,
    "normalised": normalised,
    "nested": nested,
    "half precision": half_precision,
    "augmented": augmented,
    "preprocessed": preprocessed,
    "cut to size": cut_to_size,
}


# Saved in the old format, too.
IN_HDF5 = ("functional", "nested", "preprocessed")


def _application(name: str) -> Any:
    size = 224 if name == "NASNetMobile" else 96
    return getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classes=2)


def networks(all_of_them: bool) -> Iterator[tuple[str, Any]]:
    """Networks by name."""
    for name, make in SMALL.items():
        yield name, make()
    yield "MobileNet as a backbone", build_network("MobileNetV2", 4, 2, 96)[0]
    if all_of_them:
        for name in APPLICATIONS:
            yield name, _application(name)


def kept_from_before(path: Path, said: Any) -> dict[str, Any]:
    """How far a network of Keras 2 is from what Keras 2 said of the same images."""
    found = opened(path, None)
    if found["error"]:
        return found
    classifier = load_classifier(path.with_name("imported.keras"))
    shape = (3, *classifier.preparation.size, 3)
    images = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    network = opened_by_keras(path, stored_network(path))
    numbers = np.asarray(keras.ops.convert_to_numpy(network(images, training=False)), np.float64)
    expected = np.array(said)
    found["keras"] = float(np.abs(numbers - expected).max())
    if expected.shape[1] == 1:
        expected = np.hstack([np.zeros_like(expected), expected])
    if not np.allclose(expected.sum(axis=1), 1):
        expected = softmax(expected, axis=1)
    difference = np.abs(classifier.predict_prepared(images) - expected).max()
    return {**found, "classifier": float(difference)}


def images_for(network: Any) -> Any:
    """Random images, float32 (2, y, x, channel), for a network."""
    _, height, width, channels = network.inputs[0].shape
    shape = (2, height or 40, width or 40, channels)
    return np.random.default_rng(0).normal(0.3, 0.5, shape).astype(np.float32)


def probabilities(network: Any, images: Any) -> Any:
    """What a network says of images, with a softmax where it has none."""
    said = np.asarray(keras.ops.convert_to_numpy(network(images, training=False)), np.float64)
    if said.shape[1] == 1:
        said = np.hstack([np.zeros_like(said), said])
    return said if np.allclose(said.sum(axis=1), 1) else softmax(said, axis=1)


def opened(path: Path, original: Any) -> dict[str, Any]:
    """How far the network of a file is from what it was, opened through the guard.

    "keras" is the difference of Keras's network, "classifier" that of the classifier made of it.
    """
    began = time.perf_counter()
    try:
        network = opened_by_keras(path, stored_network(path))
        seconds = time.perf_counter() - began
        original = original or network
        images = images_for(network)
        imported = path.with_name("imported.keras")
        request = ImportRequest(
            str(path),
            imported,
            tuple(f"class {n}" for n in range(max(2, network.outputs[0].shape[1]))),
            tuple(f"colour {n}" for n in range(images.shape[3])),
            {"size": list(images.shape[1:3])},
        )
        import_network.run(request, lambda event: None, lambda: False)
        classifier = load_classifier(imported)
    except Exception as error:  # noqa: BLE001 - what must not be is told
        return {"error": f"{type(error).__name__}: {error}"}
    expected = probabilities(original, images)
    return {
        "error": "",
        "keras": float(np.abs(probabilities(network, images) - expected).max()),
        "classifier": float(np.abs(classifier.predict_prepared(images) - expected).max()),
        "seconds": seconds,
    }


def main(folder: Path, all_of_them: bool) -> None:
    """Open each of them."""
    found = {}
    for version in sorted(VERSIONS.glob("keras-3*.keras")):
        found[version.stem] = opened(Path(shutil.copy(version, folder)), None)
    for name, said in json.loads((VERSIONS / "keras2.json").read_text()).items():
        found[name] = kept_from_before(Path(shutil.copy(VERSIONS / name, folder)), said)
    for name, network in networks(all_of_them):
        for end in ("keras", "h5") if name in IN_HDF5 else ("keras",):
            path = folder / f"{name}.{end}"
            network.save(path)
            found[path.name] = opened(path, network)
            path.unlink()
    print(json.dumps(found), file=sys.__stdout__)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] == ["all"])
