"""How many threads Keras's backend calculates with: rounding depends on it, and so do weights.

Never imported by anything the viewer imports.
"""

import os
from typing import Any

from napari_image_classifier.networks.backend import start_keras
from napari_image_classifier.system.machine import cores
from napari_image_classifier.training.config import TrainingRefused

TENSORFLOW_SETTING = "TF_NUM_INTRAOP_THREADS"


def threads_in_use(keras: Any) -> int:
    """Return the number of threads that one operation of the running backend is spread over."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        chosen = tf.config.threading.get_intra_op_parallelism_threads()
        return int(chosen or os.environ.get(TENSORFLOW_SETTING) or cores())
    if backend == "torch":
        import torch

        return int(torch.get_num_threads())
    return cores()


def use_threads(backend: str, number: int) -> None:
    """Start Keras on ``backend`` and have it calculate with that number of threads.

    JAX can't be told; what it uses stands in the manifest.

    Raises
    ------
    TrainingRefused
        TensorFlow has calculated with another number before, and keeps it until its process ends.
    """
    keras = start_keras(backend)
    if threads_in_use(keras) == number:
        return
    if backend == "tensorflow":
        import tensorflow as tf

        try:
            tf.config.threading.set_intra_op_parallelism_threads(number)
        except RuntimeError as error:
            raise TrainingRefused(
                f"TensorFlow already calculates in this program with {threads_in_use(keras)} "
                f"threads and can't change to {number}; start the program anew, or work without "
                "in_process."
            ) from error
    elif backend == "torch":
        import torch

        torch.set_num_threads(number)
