"""Records: what is read is of the types that the data class names."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from napari_image_classifier.system.records import (
    RecordError,
    as_json,
    check_file_name,
    check_format,
    format_of,
    from_json,
    parsed_json,
    read_json,
)
from napari_image_classifier.typing import Float64Array, FloatArray


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


@dataclass(frozen=True)
class Measured:
    folder: Path
    table: Float64Array
    features: FloatArray


def test_paths_and_arrays_are_parts_of_records():
    """Lists of numbers, but for long ones of float32, which have one axis when they are read."""
    table = np.array([[0.1, math.nan], [3, -math.inf]])
    features = np.arange(6, dtype=np.float32).reshape(2, 3)
    stored = json.loads(json.dumps(as_json(Measured(Path("a"), table, features))))
    assert stored["folder"] == "a"
    assert stored["table"][1][0] == 3
    again = from_json(Measured, stored)
    assert again.folder == Path("a")
    np.testing.assert_array_equal(again.table, table)
    np.testing.assert_array_equal(again.features, features.ravel())
    assert (again.table.dtype, again.features.dtype) == (np.float64, np.float32)


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("folder", 3), ("table", [[1], [2, 3]]), ("table", "x"), ("table", [None]),
        ("table", [True]), ("features", "§"), ("features", [1.0]), ("features", "AAA="),
    ],
)  # fmt: skip
def test_other_paths_and_arrays_are_told_with_their_place(name, odd):
    stored = {"folder": "a", "table": [], "features": "", name: odd}
    with pytest.raises(RecordError, match=rf"\$\.{name}"):
        from_json(Measured, stored)


def test_names_that_are_no_text_are_kept_as_values_only():
    """Names of files may hold bytes that are no text; no key is such a name."""
    assert from_json(Part, {"name": "caf\udce9"}).name == "caf\udce9"
    with pytest.raises(RecordError):
        from_json(dict[str, Part], {"\udce9": {"name": "a", "\udce9": 1}})


@pytest.mark.parametrize(
    ("stored", "found"),
    [({"schema": 2}, 2), ({"schema": True}, None), ({"schema": "1"}, None), ([], None), ({}, None)],
)
def test_the_number_of_a_format(stored, found):
    assert format_of(stored) == found


@pytest.mark.parametrize("text", ["", "{", b"\xff", "[" * 100_000])
def test_what_is_no_json_is_told(text):
    with pytest.raises(RecordError, match="not JSON"):
        parsed_json(text)


def test_a_key_stands_once():
    """Nobody can tell which of two is meant."""
    with pytest.raises(RecordError, match="twice"):
        parsed_json('{"a": [{"b": 1, "b": 2}]}')


def test_numbers_that_are_none_may_be_refused():
    assert math.isnan(parsed_json(b"[NaN]")[0])
    with pytest.raises(RecordError, match="NaN"):
        parsed_json(b"[NaN]", allow_nan=False)


def test_only_ordinary_files_are_read(tmp_path):
    """A pipe would be waited for; a name may be none."""
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf[1]\r\n")
    assert read_json(tmp_path / "a.json") == [1]
    with pytest.raises(RecordError, match="no ordinary file"):
        read_json(tmp_path)
    with pytest.raises(OSError, match="no file can be called so"):
        read_json(Path("a\0b"))


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ({"schema": 3}, "newer version.*update"),
        ({"schema": 10**4000}, "newer version"),
        ({"schema": 0}, "format"),
        ({"schema": 1.5}, "format"),
        ({}, "format"),
        (None, "format"),
    ],
)
def test_formats_that_are_not_read_are_told(stored, told):
    check_format({"schema": 2}, 2)
    check_format({"schema": 1}, 2)
    with pytest.raises(RecordError, match=told):
        check_format(stored, 2)


@pytest.mark.parametrize("name", ["", "/a.keras", "../a.keras", "a/b.keras", "..", "a\0b", "b/"])
def test_names_of_files_lead_nowhere(name):
    check_file_name("a b.keras")
    with pytest.raises(ValueError, match="no name of a file"):
        check_file_name(name)
