"""Images a second: a folder of 512 × 512 images of two channels and 16 bits, three ways stored.

Contenders: ours (`classify_folder`, from listing to the written table), the tutorial's loop, the
same in batches, and the bound: the fastest known way to decode, to prepare and to predict, each
timed by itself on one core, on all cores at once without any loss. For deflated stacks the bound
is decoding alone.
"""

import functools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import tifffile
from rows import Row, by_turns
from tutorial_script import classify_in_batches, classify_one_by_one

import napari_image_classifier as nic
from napari_image_classifier.classifiers.novelty import (
    FeatureDistance,
    ImageKind,
    KnownKinds,
    Novelty,
    brightness_of,
    detail_of,
    planes_of,
)
from napari_image_classifier.images.sample_data import make_sample_image
from napari_image_classifier.items.preparation import Preparation, finished, measured_pixels
from napari_image_classifier.statistics.conformal_ranges import KnownRanges

SIDE = 512
DISTINCT = 8
IMAGES = 1_000
TUTORIAL_IMAGES = 16
BATCHED_IMAGES = 64
SIZE = (256, 256)
KINDS: dict[str, dict[str, Any]] = {
    "one plane, raw": {"z": 1, "compression": None},
    "one plane, ZSTD": {"z": 1, "compression": "zstd"},
    "eight planes, deflate": {"z": 8, "compression": "deflate"},
}


def measure(data: Path) -> list[Row]:
    """Return a row per kind of file, and one for the real fields in ``data``."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        classifier = write_classifier(folder / "two channels.keras")
        rows = []
        for kind, stored in KINDS.items():
            images = folder / kind.replace(" ", "_")
            write_images(folder / "few" / kind, **stored)
            link_copies(folder / "few" / kind, images, IMAGES)
            rows.append(measure_folder(f"folder, {kind}", images, classifier, stored["z"]))
        fields = data / "translocation"
        if fields.is_dir():
            link_copies(fields, folder / "fields", IMAGES)
            rows.append(
                measure_folder("folder, real fields of 640 × 640", folder / "fields", classifier, 1)
            )
        return rows


def measure_folder(what: str, images: Path, classifier: Path, n_z: int) -> Row:
    import keras

    paths = sorted(images.rglob("*.tif"))
    network = keras.saving.load_model(classifier)
    figures = by_turns(
        {
            "ours": lambda: rate(len(paths), lambda: ours(images, classifier)),
            "tutorial loop": lambda: rate(
                TUTORIAL_IMAGES,
                lambda: classify_one_by_one(network, paths[:TUTORIAL_IMAGES], SIZE),
            ),
            "tutorial in batches": lambda: rate(
                BATCHED_IMAGES,
                lambda: classify_in_batches(network, paths[:BATCHED_IMAGES], SIZE),
            ),
            "bound": lambda: bound(paths[:32], classifier, n_z),
        }
    )
    return Row(what, "images a second", figures)


def ours(images: Path, classifier: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = nic.classify_folder(images, classifier, Path(folder) / "predictions.csv")
        assert not result.n_errors


def rate(images: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return images / (time.perf_counter() - began)


def bound(paths: Sequence[Path], classifier: Path, n_z: int) -> float:
    """Return images a second if nothing but the work itself took time."""
    stacks = [tifffile.imread(path, maxworkers=1) for path in paths]
    decode = min(
        seconds_each(paths, lambda path: tifffile.imread(path, maxworkers=1)),
        seconds_each(paths, decode_pages),
    )
    cores = os.cpu_count() or 1
    if n_z > 1:
        return cores / decode
    prepare = min(seconds_each(stacks, way) for way in ways_to_prepare())
    batch = np.random.default_rng(0).random((16, *SIZE, 2), np.float32)
    predict = min(seconds_per_image(run, batch) for run in ways_to_predict(classifier))
    return cores / (decode + prepare + predict)


def decode_pages(path: Path) -> list[np.ndarray]:
    with tifffile.TiffFile(path) as file:
        return [page.asarray() for page in file.pages]


def ways_to_prepare() -> list[Callable[[np.ndarray], np.ndarray]]:
    """Return functions from (channel, y, x) to a reduced float32 (y, x, channel)."""
    ways = [reduce_by_pillow]
    try:
        import cv2
    except ImportError:
        return ways
    cv2.setNumThreads(1)

    def reduce_by_opencv(stack: np.ndarray) -> np.ndarray:
        reduced = [cv2.resize(plane, SIZE, interpolation=cv2.INTER_AREA) for plane in stack]
        return (np.stack(reduced, axis=-1) - np.float32(100)) * np.float32(0.001)

    return [*ways, reduce_by_opencv]


def reduce_by_pillow(stack: np.ndarray) -> np.ndarray:
    from PIL import Image, ImageFile  # noqa: F401 - the second registers the decoders

    planes = [Image.fromarray(plane.astype(np.float32)) for plane in stack]
    reduced = [np.asarray(p.resize(SIZE, Image.Resampling.BOX, reducing_gap=2)) for p in planes]
    return (np.stack(reduced, axis=-1) - np.float32(100)) * np.float32(0.001)


def ways_to_predict(classifier: Path) -> list[Callable[[np.ndarray], object]]:
    """Return functions of a batch that use one core."""
    graph = graph_of(classifier)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    ways: list[Callable[[np.ndarray], object]] = [
        lambda batch: session.run(None, {"images": batch})
    ]
    try:
        import openvino
    except ImportError:
        return ways
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(graph), "CPU", settings)
    return [*ways, lambda batch: compiled(batch)["logits"]]


def graph_of(classifier: Path) -> bytes:
    import zipfile

    member = nic.load_classifier(classifier).description.members[0]
    with zipfile.ZipFile(classifier) as archive:
        return archive.read(member.graph)


def seconds_each(things: Sequence[Any], work: Callable[[Any], object]) -> float:
    work(things[0])
    began = time.perf_counter()
    for thing in things:
        work(thing)
    return (time.perf_counter() - began) / len(things)


def seconds_per_image(run: Callable[[np.ndarray], object], batch: np.ndarray) -> float:
    """Return the better of whole batches and single images."""
    run(batch)
    began = time.perf_counter()
    for _ in range(4):
        run(batch)
    whole = (time.perf_counter() - began) / 4 / len(batch)
    return min(whole, seconds_each([batch[i : i + 1] for i in range(len(batch))], run))


def write_images(folder: Path, z: int, compression: str | None) -> None:
    """Write a few images of synthetic cells."""
    folder.mkdir(parents=True)
    for number in range(DISTINCT):
        tifffile.imwrite(
            folder / f"{number:04}.tif",
            mosaic(number, z),
            imagej=compression is None,
            metadata={"axes": "ZCYX" if z > 1 else "CYX"},
            compression=compression,
        )


def link_copies(source: Path, folder: Path, number: int) -> None:
    """Fill a folder with hard links, a thousand to a sub-folder."""
    originals = sorted(source.rglob("*.tif"))
    for index in range(number):
        below = folder / f"{index // 1000:03}"
        below.mkdir(parents=True, exist_ok=True)
        original, path = originals[index % len(originals)], below / f"{index:06}.tif"
        try:
            os.link(original, path)
        except OSError:
            # Another drive.
            shutil.copy(original, path)


def mosaic(number: int, n_z: int) -> np.ndarray:
    """Return sample cells side by side, shape ([z,] channel, y, x)."""
    tiles = [
        np.asarray(make_sample_image("control", 100 * number + tile).asarray())
        for tile in range(16)
    ]
    rows = [np.concatenate(tiles[i : i + 4], axis=-1) for i in range(0, 16, 4)]
    stack = np.concatenate(rows, axis=-2)[..., :SIDE, :SIDE]
    planes = np.swapaxes(stack, 0, 1)
    planes = np.concatenate([planes] * (n_z // len(planes) + 1))[:n_z]
    return planes if n_z > 1 else planes[0]


@functools.cache
def sample_tile(seed: int) -> np.ndarray:
    return make_sample_image("control", seed).asarray()


def write_classifier(path: Path, channels: int = 2) -> Path:
    """Write an untrained classifier with the default network, and a gate as training makes it."""
    import keras

    from napari_image_classifier.classifiers.description import ClassifierDescription
    from napari_image_classifier.networks.architectures import build_network
    from napari_image_classifier.networks.files import save_classifier

    keras.utils.set_random_seed(0)
    names = tuple(f"Channel {number}" for number in range(1, channels + 1))
    network, architecture = build_network("residual", channels, 3, SIZE[0])
    preparation = Preparation(
        names, channels_named=False, ranges=((100.0, 1100.0),) * channels, size=SIZE
    )
    description = ClassifierDescription(
        class_names=("a", "b", "c"), preparation=preparation, architecture=architecture,
        training={},
    )  # fmt: skip
    save_classifier(path, [network], description)
    gate = gate_for(nic.load_classifier(path))
    save_classifier(path, [network], replace(description, gate=gate))
    return path


def gate_for(classifier: nic.Classifier) -> Novelty:
    """Return a gate fitted to samples, so that every image is looked at as by a trained one."""
    n_channels = classifier.preparation.n_channels
    samples = [
        nic.Image.from_array(mosaic(number, 1)[[0] * n_channels], "CYX")
        for number in range(DISTINCT)
    ]
    pixels = np.stack([measured_pixels(one, classifier.preparation) for one in samples])
    planes = [planes_of(one) for one in pixels]
    ranges, units = classifier.preparation.ranges, np.arange(DISTINCT)
    assert ranges is not None
    prepared = np.stack([finished(one, classifier.preparation) for one in pixels])
    _, features = classifier.graphs[0].run(prepared)
    distance = FeatureDistance.fitted(features, units % len(classifier.class_names))
    return Novelty(
        KnownKinds.of([ImageKind.of(one) for one in samples]),
        ranges,
        KnownRanges.fitted(np.stack([brightness_of(one, ranges) for one in planes]), units, 0.01),
        KnownRanges.fitted(np.stack([detail_of(one) for one in planes]), units, 0.01),
        (replace(distance, limit=1e9),),
    )
