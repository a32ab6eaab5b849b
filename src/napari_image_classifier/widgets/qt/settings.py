"""Choices that are remembered from one session to the next: folders, classifier, output."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from qtpy.QtCore import QSettings

from napari_image_classifier.system.records import RecordError, parsed_json

FOLDER = "folder"
CLASSIFIER = "classifier"
OUTPUT = "output"
TRAINING_FOLDER = "training_folder"
BACKEND = "backend"
RATER = "rater"
LABELLED_FOLDER = "labelled_folder"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def remembered(key: str) -> str:
    """Return what was last remembered under ``key``; "" when nothing was."""
    value = _settings().value(key, "")
    # A comma that somebody wrote into the file makes a list of it; no name goes over two lines.
    return value if isinstance(value, str) and not _CONTROL.search(value) else ""


def remember(**choices: object) -> None:
    """Remember each choice under its keyword, as text."""
    settings = _settings()
    for key, value in choices.items():
        settings.setValue(key, str(value))


def remembered_channels(classifier: str) -> dict[str, str]:
    """Return what images call channels of a classifier, given the hash of its file."""
    try:
        stored = parsed_json(remembered(_channels_key(classifier)) or "{}")
    except RecordError:
        # Anybody may have edited the file.
        return {}
    pairs = stored.items() if isinstance(stored, dict) else ()
    return {name: called for name, called in pairs if isinstance(called, str)}


def remember_channels(classifier: str, channel_map: Mapping[str, str]) -> None:
    """Remember what images call channels of a classifier, besides what is remembered of others."""
    known = {**remembered_channels(classifier), **channel_map}
    remember(**{_channels_key(classifier): json.dumps(known)})


def _channels_key(classifier: str) -> str:
    return f"channels_{classifier[:16]}"


def folder() -> Path:
    """Return the folder that what is remembered lies in; it need not be there yet."""
    return Path(_settings().fileName()).parent


def _settings() -> QSettings:
    # A file, on Windows too: what is remembered can be looked at and thrown away.
    return QSettings(
        QSettings.Format.IniFormat,
        QSettings.Scope.UserScope,
        "napari-image-classifier",
        "napari-image-classifier",
    )
