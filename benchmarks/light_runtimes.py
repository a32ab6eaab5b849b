"""ONNX Runtime against OpenVINO: start, speed, memory, agreement with Keras.

    pip install openvino
    python benchmarks/light_runtimes.py

Every figure comes from a fresh process; take the best of several runs on a quiet machine.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from napari_image_classifier.classifiers.onnx_runtime import Graph

SIZES = {1: 64, 2: 128}
SECONDS = 3.0


def write_cases(folder):
    """Write graph, images and Keras's probabilities for one and for two channels."""
    import keras

    from napari_image_classifier.networks.architectures import residual
    from napari_image_classifier.networks.export.onnx_export import export_graph

    random = np.random.default_rng(0)
    for channels, size in SIZES.items():
        network = residual(channels, 11)
        images = random.normal(0.3, 0.3, (64, size, size, channels)).astype(np.float32)
        said = keras.ops.convert_to_numpy(network(images, training=False))
        (folder / f"{channels}.onnx").write_bytes(export_graph(network))
        np.savez(folder / f"{channels}.npz", images=images, probabilities=said)


def started(runtime, graph, threads):
    """Return a function from images to logits."""
    if runtime == "openvino":
        import openvino

        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
        compiled = openvino.Core().compile_model(str(graph), "CPU", settings)
        return lambda images: compiled(images)["logits"]
    run = Graph(graph.read_bytes(), threads).run
    return lambda images: run(images)[0]


def measure(folder, runtime, channels, threads):
    """Print one line."""
    case = np.load(folder / f"{channels}.npz")
    images = case["images"]
    start = time.perf_counter()
    logits_of = started(runtime, folder / f"{channels}.onnx", threads)
    logits_of(images[:1])
    start = time.perf_counter() - start
    powers = np.exp(logits_of(images))
    difference = np.abs(powers / powers.sum(axis=1, keepdims=True) - case["probabilities"]).max()
    n_images, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < SECONDS:
        logits_of(images[:16])
        n_images += 16
    rate = n_images / (time.perf_counter() - begun)
    print(
        f"{runtime:12} {SIZES[channels]:4} px  {channels} channels  {threads} threads  "
        f"start {start:.2f} s  {rate:5.0f} images/s  difference {difference:.0e}"
    )


def main():
    """Make the cases, then measure each in a process of its own."""
    if len(sys.argv) > 1:
        folder, runtime, channels, threads = sys.argv[1:]
        measure(Path(folder), runtime, int(channels), int(threads))
        return
    with tempfile.TemporaryDirectory() as directory:
        write_cases(Path(directory))
        for runtime in ("onnxruntime", "openvino"):
            for channels in SIZES:
                for threads in (1, 2):
                    command = [__file__, directory, runtime, str(channels), str(threads)]
                    subprocess.run([sys.executable, *command], check=True)


if __name__ == "__main__":
    main()
