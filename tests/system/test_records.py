"""Records: what is read is of the types that the data class names."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from napari_image_classifier.system.records import RecordError, as_json, from_json


@dataclass(frozen=True)
class Part:
    name: str
    limits: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    note: str | None = None
    places: tuple[Path, ...] = ()


def test_what_is_written_is_read():
    """By way of JSON, with numbers that are none and a file name that is no text."""
    whole = Whole((Part("a"), Part("b", (2, math.inf))), note="ü", places=(Path("a", "b\udcff"),))
    assert from_json(Whole, json.loads(json.dumps(as_json(whole)))) == whole


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (None, "object"),
        ([], "object"),
        ({}, "parts"),
        ({"parts": {}}, "parts"),
        ({"parts": [{}]}, r"name.*parts\[0\]|parts\[0\].*name"),
        ({"parts": [{"name": 3}]}, r"parts\[0\]\.name"),
        ({"parts": [{"name": "a", "limits": [1]}]}, r"limits"),
        ({"parts": [], "note": True}, "note"),
        ({"parts": [], "places": [3]}, "places"),
    ],
)
def test_another_form_is_told_with_its_place(stored, told):
    with pytest.raises(RecordError, match=told):
        from_json(Whole, stored)


def test_what_a_newer_version_adds_is_passed_over():
    assert from_json(Part, {"name": "a", "colour": "red"}) == Part("a")
