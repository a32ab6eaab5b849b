"""Keras, started on the backend that was chosen, and the device that it computes on.

Never imported by anything the viewer imports.
"""

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.system.machine import cores
from napari_image_classifier.training.backends import (
    BACKENDS,
    SETTING,
    backend_to_use,
    why_unusable,
)

HOW_THREADS_WAIT = "OMP_WAIT_POLICY"


def backend_here(asked: str | None = None) -> str:
    """Return the backend of this process: of the Keras that runs in it, or that would start.

    Parameters
    ----------
    asked
        The backend that is asked for; None leaves it to `training.backends.backend_to_use`.

    Returns
    -------
    str
        One of `training.backends.BACKENDS`.

    Raises
    ------
    TrainingRefused
        The backend ``asked`` for, or the one that Keras is set to, is not installed, or Keras
        already runs with another one, which it keeps until its process ends.
    """
    keras = sys.modules.get("keras")
    running = None if keras is None else str(keras.backend.backend())
    if running and asked and asked != running:
        raise TrainingRefused(
            f"Keras already runs in this program with {BACKENDS.get(running, running)} and can't "
            f"change to {BACKENDS[asked]}; start the program anew, or train without in_process."
        )
    problem = why_unusable(running or asked)
    if problem is not None:
        raise TrainingRefused(problem)
    return backend_to_use(running or asked)


def start_keras(asked: str | None = None) -> Any:
    """Start Keras, if it does not run yet.

    Parameters
    ----------
    asked
        The backend that is asked for; None leaves it to `training.backends.backend_to_use`.

    Returns
    -------
    Any
        The module `keras`, set to float32 and channels last.

    Raises
    ------
    TrainingRefused
        The backend is not installed or does not start, or Keras already runs with another one.
    """
    backend = backend_here(asked)
    # PyTorch's threads would wait for each other awake: six times slower beside a busy program.
    waiting = os.environ.get(HOW_THREADS_WAIT, "passive")
    try:
        with _environment({SETTING: backend, HOW_THREADS_WAIT: waiting}), _without_a_port():
            import keras
    except (ImportError, OSError, RuntimeError, ValueError, SystemError) as error:
        if isinstance(error, SystemError) or "failed to map segment" in str(error):
            raise MemoryError(str(error)) from error
        raise TrainingRefused(
            f"Keras can't start with {BACKENDS[backend]} ({error}). Install that anew, or choose "
            "another backend."
        ) from error
    # A start that failed leaves its backend chosen for the next one.
    backend_here(backend)
    # A person's own Keras settings must not change what a classifier file holds.
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    return keras


def describe_device(asked: str | None = None) -> dict[str, str]:
    """Start Keras and say what it computes with.

    Parameters
    ----------
    asked
        The backend that is asked for; None leaves it to `training.backends.backend_to_use`.

    Returns
    -------
    dict
        Its "backend", and in words the "device" that it computes on.
    """
    keras = start_keras(asked)
    return {"backend": keras.backend.backend(), "device": device_in_words(keras)}


def device_in_words(keras: Any) -> str:
    """Return the device that Keras computes on, such as "processor, 8 cores"."""
    return accelerator(keras) or f"processor, {os.cpu_count()} cores"


def accelerator(keras: Any) -> str:
    """Return what Keras computes on besides the processor.

    Parameters
    ----------
    keras
        The module, as `start_keras` returns it.

    Returns
    -------
    str
        A graphics card or the like, in words; "" where there is none.
    """
    find = {"tensorflow": _tensorflow_device, "torch": _torch_device, "jax": _jax_device}
    return find[keras.backend.backend()](keras)


@contextmanager
def _without_a_port() -> Iterator[None]:
    """Keep urllib3, which TensorFlow imports, from taking a port for a moment.

    It does so at import, to see whether the computer has IPv6.
    """
    before = socket.has_ipv6
    socket.has_ipv6 = False
    try:
        yield
    finally:
        socket.has_ipv6 = before


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    # Read once, at an import; programs that are started later must not inherit them.
    before = {name: os.environ[name] for name in settings if name in os.environ}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name in settings:
            del os.environ[name]
        os.environ.update(before)


def _tensorflow_device(keras: Any) -> str:
    import tensorflow as tf

    # Only listed: a device that is used takes nearly all of its memory.
    devices = tf.config.list_physical_devices("GPU")
    if not devices:
        return ""
    details = tf.config.experimental.get_device_details(devices[0])
    return f"{details.get('device_name', devices[0].name)} (GPU)"


def _torch_device(keras: Any) -> str:
    import torch

    # Keras has rules of its own for which device it takes; where it puts a number is the truth.
    device = keras.ops.convert_to_tensor(0.0).device
    if device.type == "cpu":
        return ""
    if device.type == "mps":
        return "Apple GPU"
    return f"{getattr(torch, device.type).get_device_name(device)} (GPU)"


def _jax_device(keras: Any) -> str:
    import jax

    device = jax.devices()[0]
    return "" if device.platform == "cpu" else f"{device.device_kind} ({device.platform.upper()})"


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
    """Start Keras and have it calculate with a number of threads.

    JAX can't be told; what it uses stands in the manifest.

    Parameters
    ----------
    backend
        One of `training.backends.BACKENDS`.
    number
        Over how many threads one operation is spread.

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
