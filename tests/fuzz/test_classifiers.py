"""Damage of any kind in a classifier or a Keras network: used as it is, or refused in a sentence.

`FUZZ_SECONDS=1800 pytest tests/fuzz/test_classifiers.py` looks further than the usual run.
"""

import hashlib
import json

import h5py
import numpy as np
import pytest
from hypothesis import strategies as st

from helpers.fuzzing import LONG, damages, json_edits, try_at_random
from helpers.hostile_files import CONFIGURATION, DESCRIPTION, GRAPH, WEIGHTS, parts_of, zipped
from helpers.paths import KERAS_FILES
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.errors import ClassifierFileError
from napari_image_classifier.networks.guard.keras_file import (
    stored_network,
    weights_of_layers,
    written_anew,
)

FOREIGN = KERAS_FILES / "keras-3.15.1.keras"


@pytest.fixture(scope="module")
def good(tiny_classifier_path):
    """A classifier and a foreign network, as bytes."""
    return {"classifier": tiny_classifier_path.read_bytes(), "network": FOREIGN.read_bytes()}


def bound(parts):
    """The parts of a classifier whose hashes are those of its weights and graph, as damaged."""
    try:
        described = json.loads(parts[DESCRIPTION])
        for member in described["members"]:
            for of, kept in (("weights", WEIGHTS), ("graph", GRAPH)):
                digest = hashlib.sha256(parts[kept]).hexdigest()
                member[f"{of}_sha256"] = digest
    except (ValueError, LookupError, TypeError):
        return parts
    return {**parts, DESCRIPTION: json.dumps(described).encode()}


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
