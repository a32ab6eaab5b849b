"""Damage of any kind in a classifier or a Keras network: used as it is, or refused in a sentence.

`FUZZ_SECONDS=1800 pytest tests/fuzz/test_classifiers.py` looks further than the usual run.
"""

import hashlib
import json
from copy import deepcopy

import h5py
import numpy as np
import pytest
from hypothesis import strategies as st

from helpers.fuzzing import LONG, damages, json_edits, try_at_random
from helpers.paths import KERAS_FILES, RELEASES
from hostile.classifiers import CONFIGURATION, DESCRIPTION, GRAPH, WEIGHTS, parts_of, zipped
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.keras_file import (
    stored_network,
    weights_of_layers,
    written_anew,
)

FOREIGN = KERAS_FILES / "keras-3.15.1.keras"
# Parts of `classifier.json` that state sizes and numbers, each edited by itself.
FIELDS = (
    ("class_names",), ("preparation",), ("architecture",), ("members",), ("thresholds",),
    ("gate",), ("gate", "kinds"), ("gate", "brightness"), ("gate", "detail"),
    ("gate", "distances"), ("training",), ("training", "members"), ("training", "history"),
    ("training", "config"),
)  # fmt: skip
_ODD_SIZES = [
    -1, 0, 1, 2, 3, 64, 257, 1001, 2**31, 2**63, 10**19, 10**400, 0.5, 1e-320, 1e300,
    float("nan"), float("inf"), float("-inf"), None, True, "", "NaN", "a" * 1000, "\ud800",
    [], {}, [[]], [0] * 100_000, ["a"] * 100_000, ["a" * 500_000, *["b"] * 5000],
    {str(number): 0 for number in range(50_000)},
]  # fmt: skip
# A list of millions is the fuzzer's own memory.
_MOST_REPEATED = 1000
# What becomes of a value that is there: other numbers, longer and shorter lists, other nestings.
_CHANGES = {
    "negated": lambda value: -value if isinstance(value, int | float) else value,
    "a million times": lambda value: value * 10**6 if isinstance(value, int | float) else value,
    "half": lambda value: value[: len(value) // 2] if isinstance(value, str | list) else value,
    "twice": lambda value: value * 2 if isinstance(value, str | list) else value,
    "often": lambda value: (
        value * 2000 if isinstance(value, str | list) and len(value) < _MOST_REPEATED else value
    ),
    "turned": lambda value: value[::-1] if isinstance(value, str | list) else value,
    "within": lambda value: [value],
    "keyed": lambda value: {"confidence": value},
}


@pytest.fixture(scope="module")
def good(tiny_classifier_path):
    """A classifier and a foreign network, as bytes."""
    return {"classifier": tiny_classifier_path.read_bytes(), "network": FOREIGN.read_bytes()}


def bound(parts):
    """The parts of a classifier whose hashes are those of its weights and graph, as damaged."""
    try:
        described = json.loads(parts[DESCRIPTION])
        for member in described["members"]:
            for of in ("weights", "graph"):
                digest = hashlib.sha256(parts[member[of]]).hexdigest()
                member[f"{of}_sha256"] = digest
    except (ValueError, LookupError, TypeError):
        return parts
    return {**parts, DESCRIPTION: json.dumps(described).encode()}


def field_edits(fields):
    """A few (field, place within it, what becomes of it); a place is found as in `json_edits`."""
    places = st.lists(st.integers(0, 2000), max_size=4)
    becomes = st.sampled_from(sorted(_CHANGES)) | st.integers(0, len(_ODD_SIZES) - 1)
    return st.lists(st.tuples(st.sampled_from(fields), places, becomes), min_size=1, max_size=3)


def edited(stored, edits):
    """What a description says after them."""
    for field, place, becomes in edits:
        into, key = stored, field[0]
        for name in field[1:]:
            if not isinstance(into.get(key), dict):
                break
            into, key = into[key], name
        for number in place:
            inner = into.get(key) if isinstance(into, dict) else into[key]
            if not isinstance(inner, dict | list) or not inner:
                break
            at = number % len(inner)
            into, key = inner, list(inner)[at] if isinstance(inner, dict) else at
        before = into.get(key) if isinstance(into, dict) else into[key]
        into[key] = (
            _CHANGES[becomes](before) if becomes in _CHANGES else deepcopy(_ODD_SIZES[becomes])
        )
    return stored


def use(path, kind):
    """Open the file in every way that needs no Keras, and let a classifier predict."""
    if kind == "old network":
        weights_of_layers(path, stored_network(path))
        return
    if kind == "network":
        with written_anew(path, stored_network(path)):
            return
    classifier = load_classifier(path)
    size, channels = classifier.preparation.size, classifier.preparation.n_channels
    said = classifier.predict_prepared(np.zeros((1, *size, channels), np.float32))
    assert said.shape == (1, len(classifier.class_names))


def used_or_refused(path, kind, content):
    """Nothing but a classifier or a `ClassifierFileError` comes out."""
    path.write_bytes(content)
    try:
        use(path, kind)
    except ClassifierFileError as error:
        assert path.name in str(error)
        assert len(str(error)) < 500


@LONG
def test_damaged_archives_are_refused(tmp_path, good):
    """Bytes changed, lost or doubled anywhere in the file."""

    def read(damaged):
        kind, damage = damaged
        used_or_refused(tmp_path / "a.keras", kind, damage.of(good[kind]))

    # Where each part begins stands at the end.
    kinds = [st.tuples(st.just(kind), damages(len(file))) for kind, file in good.items()]
    try_at_random(read, st.one_of(kinds), 60)


@LONG
def test_damaged_parts_are_refused(tmp_path, good):
    """The archive is whole and its hashes fit: the guard of each part has to find it."""
    parts = {kind: parts_of(file) for kind, file in good.items()}
    places = [("network", CONFIGURATION), ("network", WEIGHTS), ("classifier", GRAPH),
              ("classifier", WEIGHTS), ("classifier", DESCRIPTION)]  # fmt: skip

    def read(damaged):
        (kind, name), damage = damaged
        changed = {**parts[kind], name: damage.of(parts[kind][name])}
        if kind == "classifier":
            changed = bound(changed)
        used_or_refused(tmp_path / "a.keras", kind, zipped(changed))

    each = [
        st.tuples(st.just((kind, name)), damages(len(parts[kind][name]), front=2000))
        for kind, name in places
    ]
    try_at_random(read, st.one_of(each), 150)


@LONG
def test_what_says_something_else_is_refused(tmp_path, good):
    """Values of its JSON are others, or not there."""
    parts = {kind: parts_of(file) for kind, file in good.items()}
    places = [("network", CONFIGURATION), ("classifier", DESCRIPTION)]

    def read(changed):
        (kind, name), edits = changed
        said = json.dumps(edits.of(json.loads(parts[kind][name]))).encode()
        used_or_refused(tmp_path / "a.keras", kind, zipped({**parts[kind], name: said}))

    try_at_random(read, st.tuples(st.sampled_from(places), json_edits()), 150)


@LONG
@pytest.mark.parametrize("name", ["network", "texture"])
def test_sizes_and_numbers_of_each_field_are_refused(tmp_path, name):
    """Of a classifier with a novelty detection: its limits, record, preparation and thresholds."""
    parts = parts_of((RELEASES / "0.1.0" / f"{name}.keras").read_bytes())
    described = parts[DESCRIPTION]

    def read(edits):
        said = json.dumps(edited(json.loads(described), edits)).encode()
        used_or_refused(tmp_path / "a.keras", "classifier", zipped({**parts, DESCRIPTION: said}))

    try_at_random(read, field_edits(FIELDS), 50)


@LONG
def test_a_texture_model_that_says_otherwise_is_refused(tmp_path):
    """Its lengths and numbers are others; the hashes fit."""
    parts = parts_of((RELEASES / "0.1.0" / "texture.keras").read_bytes())
    name = next(each for each in parts if each.endswith("texture.json"))
    fields = tuple((field,) for field in json.loads(parts[name]))

    def read(edits):
        model = edited(json.loads(parts[name]), edits)
        changed = bound({**parts, name: json.dumps(model).encode()})
        used_or_refused(tmp_path / "a.keras", "classifier", zipped(changed))

    try_at_random(read, field_edits(fields), 25)


@LONG
@pytest.mark.parametrize("name", ["keras-2.21-nested.h5", "keras-2.21-operations.h5"])
def test_what_an_old_network_says_otherwise_is_refused(tmp_path, name):
    """Values of the configuration of Keras 2 are others, or not there."""
    good, path = (KERAS_FILES / name).read_bytes(), tmp_path / "a.h5"
    path.write_bytes(good)
    with h5py.File(path) as file:
        said = json.loads(file.attrs["model_config"])

    def read(edits):
        path.write_bytes(good)
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = json.dumps(edits.of(said))
        used_or_refused(path, "old network", path.read_bytes())

    try_at_random(read, json_edits(), 100)
