"""widgets.forms: forms that show a dataclass's own defaults and fit the functions they feed."""

from dataclasses import dataclass, fields
from inspect import signature
from pathlib import Path
from typing import Literal

import pytest

from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.widgets.classify_folder.dock import FolderChoices
from napari_image_classifier.widgets.qt.forms import Ask, Form
from napari_image_classifier.widgets.train.fields import TRAINING_ASKS, TRAINING_ASKS_FOLDED
from napari_image_classifier.widgets.train.source import LearnFrom


@dataclass(frozen=True)
class Choices:
    """One field of every kind a form can hold."""

    where: Path | None = None
    size: int | None = None
    rate: float = 0.25
    kind: Literal["a", "b"] = "b"
    flag: bool = True
    words: str = ""
    library: str | None = None


ASKS = (
    Ask("where", "Where", "A file.", {"mode": "r", "nullable": True}),
    Ask("size", "Size", "A number.", none_means="any"),
    Ask("rate", "Rate", "A number.", {"max": 1.0, "step": 0.01}),
    Ask("kind", "Kind", "One of two.", {"choices": [("first", "a"), ("second", "b")]}),
    Ask("flag", "Flag", "Yes or no."),
    Ask("words", "Words", "Any."),
    Ask("library", "Library", "One or none.", {"choices": [("A", "a")]}, none_means="any"),
)


def test_a_form_starts_with_the_defaults_of_its_dataclass(qapp):
    """Values that nobody changed make an equal instance."""
    assert Choices(**Form(Choices(), ASKS).values()) == Choices()


def test_none_is_shown_in_words(qapp):
    """A person who sees 0 pixels would wonder, and a size that was chosen is a whole number."""
    form = Form(Choices(), ASKS)
    assert form["size"].native.text() == "any"
    form["size"].value = 64
    assert form["size"].native.text() == "64"
    assert isinstance(form.values()["size"], int)


def test_a_form_gives_what_was_filled_in(qapp, tmp_path):
    """Every kind of field comes back as the type that the dataclass wants."""
    form = Form(Choices(), ASKS)
    chosen = Choices(tmp_path, 64, 0.5, "a", False, "GFP", "a")
    for field in fields(chosen):
        form[field.name].value = getattr(chosen, field.name)
    assert Choices(**form.values()) == chosen


def test_every_field_has_a_tooltip(qapp):
    """A person who waits with the mouse learns what a field means."""
    form = Form(TrainingConfig(), TRAINING_ASKS, TRAINING_ASKS_FOLDED)
    assert all(form[name].native.toolTip() for name in form.values())


@pytest.mark.parametrize(
    ("form", "function"), [(FolderChoices, classify_folder), (LearnFrom, read_items)]
)
def test_a_forms_fields_are_its_functions_parameters(form, function):
    """A renamed parameter is noticed here."""
    assert {field.name for field in fields(form)} <= set(signature(function).parameters)


def test_the_training_form_shows_the_configs_own_defaults(qapp):
    """An untouched form is the default training."""
    form = Form(TrainingConfig(), TRAINING_ASKS, TRAINING_ASKS_FOLDED)
    assert TrainingConfig(**form.values()) == TrainingConfig()
