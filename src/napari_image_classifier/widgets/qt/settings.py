"""Choices that are remembered from one session to the next: folders, classifier, output."""

from pathlib import Path

from qtpy.QtCore import QSettings

FOLDER = "folder"
CLASSIFIER = "classifier"
OUTPUT = "output"
TRAINING_FOLDER = "training_folder"
BACKEND = "backend"
RATER = "rater"
LABELLED_FOLDER = "labelled_folder"


def remembered(key: str) -> str:
    """Return what was last remembered under ``key``; "" when nothing was."""
    return str(_settings().value(key, "") or "")


def remember(**choices: object) -> None:
    """Remember each choice under its keyword, as text."""
    settings = _settings()
    for key, value in choices.items():
        settings.setValue(key, str(value))


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
