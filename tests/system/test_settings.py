"""system.settings: fields that say what they mean and which values they may have."""

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from napari_image_classifier.system.settings import Setting, settings_of, why_not_allowed
from napari_image_classifier.training.config import TrainingConfig


@dataclass(frozen=True)
class Settings:
    """A field of every kind.

    Parameters
    ----------
    steps
        How many steps
        are taken.

        Nothing more.
    kind
        One of two.
    """

    steps: Annotated[int, Setting(at_least=1)] = 3
    share: Annotated[float | None, Setting(above=0, below=1)] = None
    part: Annotated[float, Setting(at_least=0, at_most=0.5)] = 0.25
    rate: Annotated[float, Setting(above=0, at_most=1)] = 0.5
    kind: Literal["a", "b"] = "a"
    size: Annotated[int, Setting(works=lambda size: size % 2 == 0, rule="even")] = 2
    anything: str = ""


def test_a_setting_knows_its_field():
    """Type, default and the first paragraph of what it means."""
    settings = settings_of(Settings)
    assert settings["steps"].meaning == "How many steps are taken."
    assert (settings["steps"].type, settings["steps"].default) == (int, 3)
    assert (settings["kind"].meaning, settings["kind"].choices) == ("One of two.", ("a", "b"))
    assert settings["anything"].meaning == ""


@pytest.mark.parametrize(("values", "sentence"), [
    ({}, None),
    ({"share": 0.5, "anything": "else"}, None),
    ({"steps": 0}, "The steps must be at least 1, not 0."),
    ({"steps": None}, "The steps must be at least 1, not None."),
    ({"share": 1}, "The share must be above 0 and below 1, not 1."),
    ({"share": float("nan")}, "The share must be above 0 and below 1, not nan."),
    ({"part": -1}, "The part must be between 0 and 0.5, not -1."),
    ({"rate": 0}, "The rate must be above 0 and at most 1, not 0."),
    ({"kind": "c"}, "The kind must be a or b, not 'c'."),
    ({"size": 3}, "The size must be even, not 3."),
    ({"steps": 0, "kind": "c"}, "The steps must be at least 1, not 0."),
])  # fmt: skip
def test_a_value_that_is_not_allowed_is_said_with_its_rule(values, sentence):
    """The first one, in the order of the fields."""
    assert why_not_allowed(Settings(**values)) == sentence


def test_what_a_setting_means_names_its_choices():
    """A person who reads the help knows what can be chosen."""
    for setting in settings_of(TrainingConfig).values():
        assert all(choice in setting.meaning for choice in setting.choices), setting.name
