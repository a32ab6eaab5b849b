"""Networks of every kind of layer, and what Keras says of random images.

A program of its own, run by test_onnx_export.py, as TensorFlow must not share a process with a
napari window."""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers

from napari_image_classifier.networks.export.graph import GraphError
from napari_image_classifier.networks.export.onnx_export import export_graph

RANDOM = np.random.default_rng(11)
# One with which no network here is so sure of a class that nothing could change it.
SEED = 1
FREE = (None, None, 2)


def network_of(body, shape=FREE, head=True):
    """A network around ``body``, which maps a tensor to a tensor."""
    images = keras.Input(shape)
    x = body(images)
    if head:
        x = layers.GlobalAveragePooling2D()(x) if len(x.shape) == 4 else x
        x = layers.Dense(3, activation="softmax")(x)
    return keras.Model(images, x)


def plain(x):
    """Convolutions, pooling and dense layers on images of one size."""
    for filters in (4, 6):
        x = layers.Conv2D(filters, 3, activation="relu", padding="same")(x)
        x = layers.MaxPooling2D()(x)
    return layers.Dense(5, activation="tanh")(layers.Dropout(0.3)(layers.Flatten()(x)))


def residual(x):
    """Strided convolutions around a sum, with batch normalisation."""
    shortcut = layers.Conv2D(4, 1, strides=2, padding="same")(x)
    x = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(scale=False)(x)
    x = layers.Conv2D(4, 3, padding="same", groups=2)(layers.ReLU()(x))
    return layers.ReLU()(layers.Add()([layers.BatchNormalization(center=False)(x), shortcut]))


def separable(x):
    """Depthwise and separable convolutions, dilated and strided."""
    x = layers.ZeroPadding2D(((0, 1), (2, 3)))(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", strides=2)(x)
    x = layers.SeparableConv2D(5, 3, activation="silu", padding="valid")(x)
    return layers.Conv2D(3, 3, dilation_rate=2, padding="same")(x)


def squeeze_and_excite(x):
    """A product with a reshaped vector, and a mean kept as an image."""
    x = layers.Conv2D(4, 3)(x)
    y = layers.Dense(4, activation="sigmoid")(layers.GlobalMaxPooling2D()(x))
    x = layers.Multiply()([x, layers.Reshape((1, 1, 4))(y)])
    return layers.Multiply()([x, layers.GlobalAveragePooling2D(keepdims=True)(x)])


def branches(x):
    """Pooled branches put side by side."""
    parts = [
        layers.AveragePooling2D(3, strides=2, padding="same")(x),
        layers.MaxPooling2D(3, strides=2, padding="same")(x),
        layers.Conv2D(3, 5, strides=2, padding="same")(x),
    ]
    return layers.Dense(4)(layers.Concatenate()(parts))


def merged(x):
    """The other merging layers, and arithmetic written with operators."""
    a, b, c = (layers.Conv2D(3, 1)(x) for _ in range(3))
    x = layers.Average()([layers.Maximum()([a, b, c]), layers.Minimum()([a, b])])
    return (layers.Subtract()([x, c]) + a * 2.0 - b) / 3.0


def in_training_only(x):
    """Scaling of the input, and layers that do nothing in prediction."""
    x = layers.Rescaling([0.5, 2.0], offset=[-0.1, 0.2])(x)
    x = layers.Normalization(mean=[0.1, 0.2], variance=[0.5, 2.0])(x)
    for layer in (
        layers.RandomFlip(), layers.RandomRotation(0.5), layers.RandomZoom(0.2),
        layers.RandomTranslation(0.1, 0.1), layers.RandomContrast(0.2),
        layers.GaussianNoise(0.5), layers.SpatialDropout2D(0.5), layers.Identity(),
    ):  # fmt: skip
        x = layer(x)
    return layers.Conv2D(4, 3, activation="gelu")(x)


def activations(x):
    """Every activation, as a name and as a layer, side by side."""
    names = (
        "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "leaky_relu", "linear", "mish",
        "relu6", "selu", "sigmoid", "silu", "softplus", "softsign", "softmax", "tanh",
        "log_softmax",
    )  # fmt: skip
    kinds = [
        *(layers.Activation(name) for name in names),
        layers.ReLU(max_value=0.6), layers.ReLU(negative_slope=0.1), layers.LeakyReLU(0.2),
        layers.ELU(0.7), layers.Softmax(), layers.LayerNormalization(),
        layers.LayerNormalization(scale=False), layers.LayerNormalization(center=False),
        keras.ops.log_softmax,
    ]  # fmt: skip
    return layers.Concatenate()([kind(layers.Conv2D(4, 3)(x)) for kind in kinds])


def nested(x):
    """A network in a network, used twice, the second time after a later layer."""
    inner = keras.Sequential([layers.Conv2D(2, 1), layers.ReLU()], name="inner")
    outer = network_of(lambda y: inner(layers.Conv2D(2, 3)(inner(y))), head=False)
    return outer(outer(x))


def preprocessing(x):
    """What keras.applications and the layers for preprocessing put in front of a network."""
    x = layers.Resizing(40, 30, crop_to_aspect_ratio=True)(layers.CenterCrop(40, 28)(x))
    parts = [layers.Resizing(20, 17, interpolation=how)(x) for how in ("nearest", "bilinear")]
    parts += [layers.Resizing(33, 50, interpolation="bicubic")(x), layers.CenterCrop(60, 50)(x)]
    x = layers.Concatenate()([layers.CenterCrop(12, 13)(part) for part in parts])
    measured = layers.Normalization(mean=[0.1] * 8, variance=[2.0] * 8, invert=True)
    return layers.Conv2D(4, 3, activation="gelu")(measured(x))


def colours(x):
    """The three ways of preprocess_input, turned round, and in grey."""
    applications = keras.applications
    parts = [
        applications.vgg16.preprocess_input(100 * x),
        applications.mobilenet_v2.preprocess_input(100 * x),
        applications.densenet.preprocess_input(100 * x),
        keras.ops.image.rgb_to_grayscale(x),
        x[..., ::-1] - np.array([0.1, 0.2, 0.3], "float32"),
        keras.ops.image.resize(keras.ops.flip(x, axis=1), (24, 24), interpolation="nearest"),
    ]
    return layers.Conv2D(4, 3)(layers.Rescaling(0.01)(layers.Concatenate()(parts)))


def groups(x):
    """Normalisations over groups of channels, and slopes that are learnt."""
    x = layers.Conv2D(6, 3)(x)
    kinds = [layers.GroupNormalization(3), layers.GroupNormalization(-1, scale=False)]
    kinds += [layers.GroupNormalization(1, center=False), layers.PReLU(shared_axes=[1, 2])]
    x = layers.PReLU()(layers.Concatenate()([kind(x) for kind in kinds]))
    return layers.GroupNormalization(2)(layers.Dense(6)(layers.GlobalAveragePooling2D()(x)))


def axes(x):
    """Axes that are exchanged, joined, added and taken away."""
    ops = keras.ops
    shuffled = layers.Reshape((24, 24, 3, 2))(layers.Conv2D(6, 1)(x))
    shuffled = layers.Reshape((24, 24, 6))(layers.Permute((1, 2, 4, 3))(shuffled))
    first = ops.transpose(layers.Permute((3, 1, 2))(x), (0, 2, 3, 1))
    stacked = ops.stack([first[..., 0], first[:, :, :, 1], x[..., -1]], axis=-1)
    columns = ops.concatenate([stacked[:, 2:14, ::2], stacked[:, -12:, 1::2]], axis=2)
    single = ops.squeeze(ops.expand_dims(columns[..., 1], 1)[:, 0, :, :, None], -1)
    means = ops.mean(shuffled, axis=(1, 2))
    spread = ops.std(x, axis=[1, 2]) + ops.var(x, axis=(1, 2))
    largest = ops.max(shuffled, axis=1, keepdims=True) - ops.min(shuffled, axis=1, keepdims=True)
    total = ops.sum(ops.reshape(single, (-1, 12, 24)), axis=-1) / 24
    largest = layers.GlobalAveragePooling2D()(largest)
    padded = layers.Flatten()(ops.pad(total, [[0, 0], [1, 2]]))
    return layers.Concatenate()([means, spread, largest, padded])


def arithmetic(x):
    """Arithmetic with numbers and arrays, and Keras's own functions."""
    ops = keras.ops
    x = ops.clip(ops.cast(x, "float32") / 0.9, -3, 3)
    x = (1.0 - x) ** 2 + ops.sqrt(ops.abs(-x) + 0.1) + ops.log1p(ops.square(x))
    x = ops.maximum(ops.log(x + 1.5), ops.minimum(x, 0.5)) * np.ones((1, 1, 1, 2), "float32")
    kinds = [
        ops.relu, ops.relu6, ops.sigmoid, ops.silu, ops.tanh, ops.softplus, ops.softsign,
        ops.hard_sigmoid, ops.hard_silu, ops.selu, ops.elu, ops.leaky_relu, ops.softmax, ops.exp,
        ops.gelu, lambda y: ops.gelu(y, approximate=False), keras.activations.relu,
        lambda y: ops.max_pool(y, 2, strides=1, padding="same"),
        lambda y: ops.average_pool(y, 3, strides=1, padding="same"),
    ]  # fmt: skip
    x = layers.Concatenate()([kind(layers.Conv2D(2, 3)(x)) for kind in kinds])
    return layers.LayerNormalization()(x)


def nested_last():
    """A network that scales its images, and then is another network."""
    images = keras.Input(FREE)
    inner = network_of(layers.Conv2D(3, 3))
    return keras.Model(images, inner(layers.Rescaling(2.0)(images)))


NETWORKS = {
    "plain": lambda: network_of(plain, (24, 24, 2)),
    "residual": lambda: network_of(residual),
    "separable": lambda: network_of(separable),
    "squeeze and excite": lambda: network_of(squeeze_and_excite),
    "branches": lambda: network_of(branches),
    "merged": lambda: network_of(merged),
    "in training only": lambda: network_of(in_training_only),
    "activations": lambda: network_of(activations),
    "nested": lambda: network_of(nested),
    "nested last": nested_last,
    "preprocessing": lambda: network_of(preprocessing, (45, 64, 2)),
    "colours": lambda: network_of(colours, (24, 24, 3)),
    "groups": lambda: network_of(groups, (24, 24, 2)),
    "axes": lambda: network_of(axes, (24, 24, 3)),
    "arithmetic": lambda: network_of(arithmetic),
    "softmax as an operation": lambda: network_of(
        lambda x: keras.ops.softmax(layers.Dense(3)(layers.GlobalMaxPooling2D()(x))), head=False
    ),
    "sequential": lambda: keras.Sequential(
        [keras.Input(FREE), layers.Conv2D(3, 3), layers.GlobalMaxPooling2D(), layers.Softmax()]
    ),
    "softmax of its own": lambda: network_of(
        lambda x: layers.Activation("softmax")(layers.Dense(3)(layers.GlobalMaxPooling2D()(x))),
        head=False,
    ),
}

REFUSED = {
    "no softmax": lambda: network_of(layers.GlobalAveragePooling2D(), head=False),
    "a layer not known": lambda: network_of(layers.Conv2DTranspose(3, 3)),
    "channels first": lambda: network_of(
        layers.MaxPooling2D(data_format="channels_first"), (8, 8, 8)
    ),
    "normalised over y": lambda: network_of(layers.BatchNormalization(axis=1), (8, 8, 2)),
    "an operation not known": lambda: network_of(keras.ops.sin),
}


def with_random_weights(network):
    """Weights far from their start, so that a part left out shows."""
    network.set_weights(
        [
            np.abs(array + RANDOM.normal(0, 0.3, array.shape)) if array.ndim == 1
            else array + RANDOM.normal(0, 0.5, array.shape)
            for array in network.get_weights()
        ]
    )  # fmt: skip
    return network


def sizes_of(network):
    """The one size a network takes, or several."""
    fixed = network.inputs[0].shape[1:3]
    return [fixed] if fixed[0] else [(24, 24), (31, 18), (45, 64)]


def main(folder):
    """Write each network's graph, random images, and Keras's probabilities of them."""
    for name, make in NETWORKS.items():
        keras.utils.set_random_seed(SEED)
        network = with_random_weights(make())
        (folder / f"{name}.onnx").write_bytes(export_graph(network))
        said, channels = {}, network.inputs[0].shape[3]
        for height, width in sizes_of(network):
            images = RANDOM.normal(0.3, 0.5, (5, height, width, channels)).astype(np.float32)
            said[f"images {height}"] = images
            said[f"probabilities {height}"] = keras.ops.convert_to_numpy(
                network(images, training=False)
            )
        np.savez(folder / f"{name}.npz", **said)
    refusals = {}
    for name, make in REFUSED.items():
        try:
            export_graph(make())
        except GraphError as error:
            refusals[name] = str(error)
    (folder / "refusals.json").write_text(json.dumps(refusals))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
