"""Files that only Keras can make or judge; run by test_files.py.

A program of its own, as TensorFlow must not share a process with a napari window.
"""

import json
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from keras import layers

from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.description import ClassifierDescription
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.jobs import import_network
from napari_image_classifier.networks.files import load_network, save_classifier
from napari_image_classifier.training.import_network import ImportRequest

RANDOM = np.random.default_rng(5)
SIZES = ((32, 32), (47, 29), (64, 80))


def network_of(n_outputs=2, activation="softmax", shape=(None, None, 2), first=None):
    """A small network with random weights."""
    images = keras.Input(shape)
    x = first(images) if first else images
    x = layers.Conv2D(4, 3, padding="same", strides=2, activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(n_outputs, activation=activation)(x)
    network = keras.Model(images, x)
    network.set_weights([RANDOM.normal(0, 0.7, array.shape) for array in network.get_weights()])
    return network


def keras_of(network, images):
    """What Keras says, as an array."""
    choices = {"training": False} if isinstance(network, layers.Layer) else {}
    return np.asarray(keras.ops.convert_to_numpy(network(images, **choices)))


def largest_differences(classifier, network):
    """Per size, the largest difference of the probabilities of random images to Keras."""
    differences = []
    for height, width in SIZES:
        images = RANDOM.normal(0.3, 0.5, (40, height, width, 2)).astype(np.float32)
        difference = classifier.predict_prepared(images) - keras_of(network, images)
        differences.append(float(np.abs(difference).max()))
    return differences


def saved(folder, description):
    """Save one network and an ensemble of two; load them in every way."""
    networks = [network_of(), network_of()]
    networks[0].compile("adam", "categorical_crossentropy")
    save_classifier(folder / "one.keras", networks[:1], description)
    save_classifier(folder / "two.keras", networks, replace(description, temperature=2.0))
    images = RANDOM.normal(0.3, 0.5, (6, 32, 32, 2)).astype(np.float32)
    plain = keras.models.load_model(folder / "one.keras")
    averaged = np.mean([keras_of(network, images) for network in networks], axis=0)
    softened = np.sqrt(averaged) / np.sqrt(averaged).sum(axis=1, keepdims=True)
    ensemble = load_classifier(folder / "two.keras").predict_prepared(images)
    again = load_network(folder / "two.keras", member=1)
    return {
        "differences": largest_differences(load_classifier(folder / "one.keras"), plain),
        "plain keras": float(np.abs(keras_of(plain, images) - keras_of(networks[0], images)).max()),
        "ensemble": float(np.abs(ensemble - softened).max()),
        "second member": float(
            np.abs(keras_of(again, images) - keras_of(networks[1], images)).max()
        ),
    }


def refused_to_save(folder, description):
    """What save_classifier says of networks that don't fit, an earlier file being there."""
    earlier = folder / "earlier.keras"
    earlier.write_bytes(b"an earlier file")
    cases = {
        "classes": network_of(5),
        "channels": network_of(shape=(None, None, 3)),
        "no softmax": network_of(activation="sigmoid"),
    }
    said = {}
    for name, network in cases.items():
        try:
            save_classifier(earlier, [network], description)
        except ImageClassifierError as error:
            said[name] = str(error)
    said["left"] = [path.name for path in folder.iterdir()]
    said["earlier"] = earlier.read_text()
    return said


@keras.saving.register_keras_serializable(package="theirs")
class TheirLayer(layers.Layer):
    """A layer that needs its author's code."""

    def call(self, inputs):
        """Do nothing."""
        return inputs


def write_foreign(folder):
    """Networks saved by plain Keras, as somebody else would."""
    network_of().save(folder / "free.keras")
    network_of(shape=(48, 40, 2)).save(folder / "fixed.keras")
    network_of(1, "sigmoid").save(folder / "sigmoid.keras")
    network_of(2, None).save(folder / "logits.keras")
    network_of(1, None).save(folder / "logit.keras")
    images = keras.Input((32, 32, 2))
    sigmoid = keras.Model(images, keras.ops.sigmoid(network_of(1, None)(images)))
    keras.Sequential([keras.Input((32, 32, 2)), sigmoid]).save(folder / "wrapped.keras")
    network_of(1, None).save(folder / "old.h5")
    network_of(2, "log_softmax").save(folder / "logarithms.keras")
    network_of(5).save(folder / "five.keras")
    network_of(2, "sigmoid").save(folder / "sigmoids.keras")
    network_of(first=TheirLayer()).save(folder / "custom.keras")
    network_of(first=layers.Lambda(lambda x: x * 2)).save(folder / "lambda.keras")
    channels_first = keras.Sequential([keras.Input((2, 32, 32)), layers.Flatten("channels_first")])
    channels_first.save(folder / "first.keras")
    one, two = keras.Input((8, 8, 2)), keras.Input((8, 8, 2))
    sums = layers.GlobalAveragePooling2D()(layers.Add()([one, two]))
    keras.Model([one, two], layers.Softmax()(sums)).save(folder / "inputs.keras")
    keras.Model(one, [layers.Softmax()(layers.Flatten()(one))] * 2).save(folder / "outputs.keras")
    layers_only = keras.Sequential([layers.Conv2D(2, 3), layers.GlobalMaxPooling2D()])
    layers_only.save(folder / "unbuilt.keras")
    network_of().save_weights(folder / "weights.weights.h5")
    (folder / "none.keras").write_bytes(b"not an archive")
    with zipfile.ZipFile(folder / "free.keras") as free:
        with zipfile.ZipFile(folder / "packed.keras", "w", zipfile.ZIP_DEFLATED) as packed:
            for name in free.namelist():
                packed.writestr(name, free.read(name))
        with zipfile.ZipFile(folder / "no_json.keras", "w") as broken:
            for name in free.namelist():
                broken.writestr(name, b"{" if name == "config.json" else free.read(name))


def imported(folder, ours):
    """What the job says of each foreign file: an error, or what became of it."""
    write_foreign(folder)
    said = {}
    sources = [*folder.glob("*.keras"), *folder.glob("*.h5"), folder, ours]
    for source in sources:
        request = ImportRequest(
            source=str(source),
            output=folder / "imported" / f"{source.stem}.keras",
            class_names=("a", "b"),
            channel_names=("GFP", "DNA"),
            preparation={} if source.stem in ("fixed", "unbuilt") else {"size": [32, 32]},
        )
        try:
            result = import_network.run(request, lambda event: None, lambda: False)
        except ImageClassifierError as error:
            said[source.stem] = {"error": str(error)}
            continue
        classifier = load_classifier(result.classifier)
        height, width = classifier.preparation.size
        images = RANDOM.normal(0.3, 0.5, (6, height, width, 2)).astype(np.float32)
        network = keras.models.load_model(source)
        expected = keras_of(network, images)
        if source.stem in ("logit", "old"):
            expected = keras_of(keras.ops.sigmoid, expected)
        if expected.shape[1] == 1:
            expected = np.hstack([1 - expected, expected])
        if source.stem in ("logits", "logarithms"):
            expected = keras_of(layers.Softmax(), expected)
        difference = np.abs(classifier.predict_prepared(images) - expected).max()
        said[source.stem] = {
            "size": [height, width],
            "intensity": classifier.preparation.intensity,
            "difference": float(difference),
            "messages": classifier.description.training["messages"],
        }
    try:
        request = replace(request, source=str(folder / "free.keras"), preparation={})
        import_network.run(request, lambda event: None, lambda: False)
    except ImageClassifierError as error:
        said["no size"] = {"error": str(error)}
    return said


def main(folder):
    """Do everything and write what was found."""
    description = ClassifierDescription(
        class_names=("a", "b"),
        preparation=Preparation(
            channel_names=("GFP", "DNA"), ranges=((0, 1000), (0, 1000)), size=(32, 32)
        ),
    )
    for name in ("foreign", "refused"):
        (folder / name).mkdir()
    found = {
        "saved": saved(folder, description),
        "refused": refused_to_save(folder / "refused", description),
        "imported": imported(folder / "foreign", folder / "one.keras"),
    }
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
