"""The guard: hostile Keras files are refused before anything of theirs is used, good ones are not.

`GUARD_NETWORKS=all pytest tests/networks/guard/test_keras_file.py` also opens the networks of
keras.applications.
"""

import json
import os

import pytest

from helpers.paths import KERAS_FILES, PROGRAMS, RELEASES
from napari_image_classifier.networks.export import layers, operations
from napari_image_classifier.networks.export.operations import MERGES
from napari_image_classifier.networks.guard.configuration import NETWORKS
from napari_image_classifier.networks.guard.layer_settings import LAYERS
from napari_image_classifier.networks.guard.operations import OPERATIONS, said_as_layer
from napari_image_classifier.system.bounded_json import JsonRefused, read_bounded_json

SECONDS, MEGABYTES = 2.0, 300.0


def run_apart(keras_forks, program, *arguments):
    """What a program of this folder prints, as JSON."""
    return keras_forks.answer(PROGRAMS / program, *arguments)


@pytest.fixture(scope="module")
def refusals(keras_forks, tmp_path_factory, tiny_classifier_path):
    """What became of each hostile file, opened in every way there is."""
    folder = tmp_path_factory.mktemp("hostile")
    good = KERAS_FILES / "keras-3.15.1.keras"
    old = KERAS_FILES / "keras-2.21-nested.h5"
    released = RELEASES / "0.1.0"
    found = run_apart(
        keras_forks, "open_hostile_files.py", folder, good, tiny_classifier_path, old, released
    )
    tell(found)
    return found


def tell(found):
    """With ``pytest -s``: how many files there are, and which took most."""
    counts = {kind: len(found[kind]) for kind in ("foreign", "hdf5", "classifiers")}
    openings = dict(each(found))
    print(f"{counts}, {sum(counts.values())} files in all, {len(openings)} openings")  # noqa: T201
    for what in ("seconds", "megabytes"):
        total = sum(said[what] for said in openings.values())
        most = sorted(openings, key=lambda name: -openings[name][what])[:12]
        print(f"{what}, {total:.1f} in all:")  # noqa: T201
        for name in most:
            print(f"  {openings[name][what]:.2f} {name}")  # noqa: T201


def each(refusals):
    """(name and way, what became of it) of every opening."""
    for kind in ("foreign", "hdf5", "classifiers"):
        for name, ways in refusals[kind].items():
            for way, said in ways.items():
                yield f"{kind}: {name} ({way})", said


def test_every_hostile_file_is_refused_in_one_sentence(refusals):
    """More than three hundred files, each opened in two ways."""
    assert len(refusals["foreign"]) + len(refusals["classifiers"]) > 290
    assert len(refusals["hdf5"]) > 70
    for name, said in each(refusals):
        assert said["kind"] == "ClassifierFileError", name
        assert said["error"].endswith("."), name
        assert len(said["error"]) < 500, name


def test_nothing_of_them_is_done(refusals):
    """No Keras setting changed, no file left or written elsewhere, no socket, no program."""
    for name, said in each(refusals):
        assert said["settings"] == refusals["settings"], name
        assert said["happened"] == [], name
        assert said["left"] == [], name


def test_they_take_neither_memory_nor_time(refusals):
    """Seconds of the processor, with room for one of half the speed."""
    for name, said in each(refusals):
        assert said["seconds"] < 2 * SECONDS, name
        assert said["megabytes"] < MEGABYTES, name


def test_good_networks_are_opened_and_say_the_same(keras_forks, tmp_path):
    """Of three versions of Keras, of every way to write a network, and as a classifier."""
    more = filter(None, [os.environ.get("GUARD_NETWORKS")])
    found = run_apart(keras_forks, "good_networks.py", tmp_path, *more)
    assert len(found) >= 24
    for name, said in found.items():
        assert said["error"] == "", name
        # Three digits is what a network of half precision calculates with; here it has seven.
        allowed = 0.01 if name == "half precision.keras" else 1e-5
        assert max(said["keras"], said["classifier"]) < allowed, name


def test_every_layer_that_passes_can_be_written_as_a_graph():
    """The guard and the graph know the same layers."""
    assert set(LAYERS) - {"InputLayer"} == set(layers._LAYERS) | set(MERGES) - {"Stack"}
    assert not set(LAYERS) & set(NETWORKS)


def test_every_operation_that_passes_can_be_written_as_a_graph():
    """Whatever an operation is said to be as a layer, a graph can have."""
    usual = {"axis": -1, "keepdims": False, "pool_size": 2, "padding": "same", "size": [2, 2]}
    settings = {**usual, "newshape": [-1, 2], "axes": [0, 1]}
    known = set(layers._LAYERS) | set(operations.OPERATIONS) | set(MERGES)
    for module, kind in OPERATIONS:
        said, _ = said_as_layer({"module": module, "class_name": kind, "config": settings})
        assert said in known, kind


def test_bounded_json_is_json():
    """What is within the bounds is read as ever; brackets in strings don't count."""
    stored = {"a": [1, 2.5, None, True], "b": {"c": "[[[[{{" * 100 + '\\"'}}
    content = json.dumps(stored).encode()
    assert read_bounded_json(content, largest=10_000) == stored
    assert read_bounded_json(b"[NaN]", largest=100, allow_nan=True)[0] != 0
    with pytest.raises(JsonRefused, match="too large"):
        read_bounded_json(content, largest=10)
