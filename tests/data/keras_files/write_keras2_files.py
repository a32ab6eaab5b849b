"""Writes the small files of Keras 2 beside it, and `keras2.json`: what Keras 2 says of images.

They are written once, by a program that is no dependency here. Where TensorFlow is:

    pip install --no-deps tf_keras && python write_keras2_files.py
    pip install tensorflow-cpu==2.12.1 && python write_keras2_files.py 2.12

(each in a virtual environment of its own). The second one adds files of the Keras 2 that came with
TensorFlow, in which layers have other names.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf  # noqa: TID253

OF_TENSORFLOW = sys.argv[1:] == ["2.12"]
if OF_TENSORFLOW:
    keras = tf.keras
else:
    import tf_keras as keras
layers = keras.layers

FOLDER = Path(__file__).parent
SAID = FOLDER / "keras2.json"
VERSION = keras.__version__.rpartition(".")[0]
SHAPE = (16, 16, 3)


def nested():
    """As in the tutorial on transfer learning: a frozen network between others, and logits."""
    images = keras.Input(SHAPE)
    x = layers.Conv2D(4, 3, name="conv1/conv", use_bias=False)(images)
    x = layers.ReLU(6.0)(layers.BatchNormalization(name="conv1/bn")(x))
    x = layers.LeakyReLU()(layers.SeparableConv2D(5, 3, activation="swish")(x))
    x = layers.BatchNormalization(scale=False)(layers.DepthwiseConv2D(3)(x))
    base = keras.Model(images, x, name="base")
    base.trainable = False
    images = keras.Input(SHAPE)
    x = layers.RandomRotation(0.1)(layers.RandomFlip("horizontal")(images))
    x = keras.applications.mobilenet_v2.preprocess_input(x)
    x = layers.GlobalAveragePooling2D()(base(x, training=False))
    return keras.Model(images, layers.Dense(2)(layers.Dropout(0.2)(x)))


def operations():
    """What preprocess_input and arithmetic leave in a network, slopes, and one logit."""
    images = keras.Input(SHAPE)
    x = keras.applications.vgg16.preprocess_input(images)
    x = layers.Conv2D(3, 3)(x) / 50
    x = 1.0 - tf.nn.relu(x * 2.0 + 1.0)[:, 1:, ..., :2] / 3
    x = layers.PReLU(shared_axes=[1, 2])(
        tf.concat([x, tf.reduce_mean(x, axis=-1, keepdims=True)], -1)
    )
    shortcut = layers.Conv2D(3, 1)(x)
    x = layers.Flatten()(layers.Concatenate()([layers.Add()([x, shortcut]), shortcut]))
    return keras.Model(images, layers.Dense(1)(x))


def sequential():
    """Networks in networks in a network, as Teachable Machine writes them, trained for a step."""
    images = keras.Input(SHAPE)
    x = layers.GroupNormalization(2)(layers.Conv2D(4, 3, padding="same")(images))
    x = layers.Permute((2, 1, 3))(layers.LayerNormalization()(layers.PReLU()(x)))
    inner = keras.Sequential([keras.Model(images, x), layers.GlobalAveragePooling2D()])
    head = keras.Sequential([layers.Dense(5, activation="relu"), layers.Dense(2, "softmax")])
    head.build((None, 4))
    measured = layers.Normalization()
    measured.adapt(images_shown())
    network = keras.Sequential(
        [layers.Resizing(16, 16, input_shape=(20, 20, 3)), layers.Rescaling(1 / 255), measured]
    )
    for layer in (inner, head):
        network.add(layer)
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(np.zeros((4, 20, 20, 3)), np.zeros(4), verbose=0)
    return network


def softmax():
    """The network ends in an operation of TensorFlow."""
    images = keras.Input(SHAPE)
    x = layers.Conv2D(4, 3, activation="relu")(layers.Rescaling(1 / 255)(images))
    return keras.Model(images, tf.nn.softmax(layers.Dense(2)(layers.GlobalMaxPooling2D()(x))))


def images_shown(side=16):
    """Random images, float32 (3, y, x, channel), from 0 to 255."""
    return np.random.default_rng(0).uniform(0, 255, (3, side, side, 3)).astype(np.float32)


def with_random_weights(network):
    """Weights far from their start, so that one in another's place shows; not what was measured."""
    random = np.random.default_rng(5)
    for array in network.weights:
        name = array.name.rpartition("/")[2].partition(":")[0]
        if name not in ("count", "mean", "variance"):
            values = random.normal(0, 0.4, array.shape)
            positive = name == "moving_variance"
            array.assign(np.abs(values) + 0.5 if positive else array.numpy() + values)
    return network


def main():
    """Write the files of this version."""
    said = json.loads(SAID.read_text()) if SAID.exists() else {}
    kinds = {"nested.h5": (nested, "h5")}
    if OF_TENSORFLOW:
        # Named .keras, it is HDF5 all the same; only `keras_v3` means the archive.
        kinds |= {"nested-hdf5.keras": (nested, "h5"), "nested.keras": (nested, "keras_v3")}
        kinds |= {"sequential.keras": (sequential, "keras_v3")}
    else:
        kinds |= {"nested.keras": (nested, "keras"), "operations.h5": (operations, "h5")}
        kinds |= {"sequential.h5": (sequential, "h5"), "softmax.h5": (softmax, "h5")}
    for name, (make, how) in kinds.items():
        keras.backend.clear_session()
        network = with_random_weights(make())
        path = FOLDER / f"keras-{VERSION}-{name}"
        network.save(path, save_format=how)
        images = images_shown(network.input_shape[1])
        said[path.name] = network(images, training=False).numpy().tolist()
    if not OF_TENSORFLOW:
        network.save_weights(FOLDER / f"keras-{VERSION}-weights.h5")
    SAID.write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()
