"""Keras's backends: which are installed, which one trains, and what to do where it is missing.

Nothing here imports Keras or a backend, so the viewer may ask.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from napari_image_classifier.system.events import Result
from napari_image_classifier.system.job import Job

# What can train and how people call it, in the order in which it is taken where nothing was chosen.
BACKENDS: Mapping[str, str] = {"tensorflow": "TensorFlow", "torch": "PyTorch", "jax": "JAX"}
USUAL = "tensorflow"
SETTING = "KERAS_BACKEND"


@dataclass(frozen=True)
class DeviceRequest:
    """The question what a training would compute with, and on.

    Parameters
    ----------
    backend
        One of `BACKENDS`, None for the one that would be used.
    """

    backend: str | None


@dataclass(frozen=True)
class Device(Result):
    """What a training computes with and on.

    Parameters
    ----------
    backend
        One of `BACKENDS`.
    device
        In words, such as "processor, 8 cores".
    """

    backend: str
    device: str


DEVICE = Job("device", DeviceRequest, Device)


def installed_backends() -> tuple[str, ...]:
    """Return the names of the backends that are installed, in the order of `BACKENDS`."""
    return tuple(name for name in BACKENDS if _is_installed(name))


def backend_to_use(asked: str | None = None) -> str:
    """Return the backend that Keras is to run on.

    Parameters
    ----------
    asked
        The one that is asked for. Without it, it is the one that a person set Keras to, with
        KERAS_BACKEND or in keras.json; else the first that is installed.

    Returns
    -------
    str
        One of `BACKENDS`, or what a person wrote in its place.
    """
    return asked or _set_for_keras() or next(iter(installed_backends()), USUAL)


def why_unusable(asked: str | None = None) -> str | None:
    """Return why `backend_to_use` can't train here.

    Parameters
    ----------
    asked
        The backend that is asked for, None for the one that would be used.

    Returns
    -------
    str or None
        A sentence; None where it can.
    """
    backend = backend_to_use(asked)
    installed = installed_backends()
    if backend in installed:
        return None
    if backend not in BACKENDS:
        return (
            f"Keras is set to {backend} (by {SETTING} or keras.json), which can't train; "
            f"choose the backend {' or '.join(BACKENDS)}."
        )
    if not installed:
        return (
            "Keras has no backend here; install one: pip install tensorflow, or, where that has "
            "no version, pip install torch."
        )
    return (
        f"{BACKENDS[backend]} is not installed; install it (pip install {backend}), or choose a "
        f"backend that is: {', '.join(BACKENDS[name] for name in installed)}."
    )


def assumption(asked: str | None = None) -> str | None:
    """Return the sentence that tells of a backend that nobody chose and few expect."""
    backend = backend_to_use(asked)
    if asked or _set_for_keras() or backend == USUAL:
        return None
    return f"{BACKENDS[backend]} did the training, as {BACKENDS[USUAL]} is not installed."


def _is_installed(name: str) -> bool:
    spec = find_spec(name)
    # A folder of that name, such as an uninstall may leave, is found as well, without an origin.
    return spec is not None and spec.origin is not None


def _set_for_keras() -> str | None:
    return os.environ.get(SETTING) or _in_keras_json()


def _in_keras_json() -> str | None:
    folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        stored = json.loads((folder / "keras.json").read_text(encoding="utf-8"))["backend"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    # Keras writes this file itself at its first start, with its default: that is nobody's choice.
    return None if stored == USUAL else str(stored)
