"""Every value of every file that is kept, replaced by what it should not be: a sentence at most."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from helpers.paths import TESTS
from napari_image_classifier.batch.journal import (
    predictions_at,
    read_journal,
    read_runs,
    was_finished,
)
from napari_image_classifier.batch.manifest import TableManifest
from napari_image_classifier.classifiers.file import read_description
from napari_image_classifier.classifiers.leakage import LearntFrom
from napari_image_classifier.classifiers.manifest import read_manifest
from napari_image_classifier.classifiers.texture_model import TextureModel
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.evaluation.execution import KeptRuns
from napari_image_classifier.evaluation.report import earlier_evaluations
from napari_image_classifier.evaluation.reproduce_training import OfTraining, items_of
from napari_image_classifier.raters.blinded_session import PLAN, BlindedSession
from napari_image_classifier.training.manifest import ImportManifest, TrainingManifest

FILES = TESTS / "data" / "files_of_releases" / "0.1.0"
ABSENT = "is to be taken out"
DEEP = "is to be nested deep"
ODD = [
    ABSENT, DEEP, None, True, -1, 0, 7, 2**70, 0.5, float("nan"), "", "x", "\ud800", [], [None],
    [[[1]]], {}, {"x": 1}, {"\ud800": 1},
]  # fmt: skip


def places(stored: Any) -> Iterator[tuple]:
    """Every place in JSON, as the keys that lead there; of a list, its first and its last."""
    yield ()
    inner = stored.items() if isinstance(stored, dict) else ()
    if isinstance(stored, list):
        inner = [(n, one) for n, one in enumerate(stored) if n in (0, len(stored) - 1)]
    for key, value in inner:
        yield from ((key, *rest) for rest in places(value))


def damaged(stored: Any) -> Iterator[tuple[tuple, Any, str]]:
    """A place, what is put there, and the file's text with it."""
    for place in places(stored):
        for odd in ODD:
            whole = {"all": deepcopy(stored)}
            *path, last = ("all", *place)
            inner = whole
            for key in path:
                inner = inner[key]
            if odd is not ABSENT:
                inner[last] = odd
            elif place:
                del inner[last]
            text = json.dumps(whole["all"])
            yield place, odd, text.replace(f'"{DEEP}"', "[" * 3000 + "]" * 3000)


def description(name, **changed):
    """What a classifier's file says of it; of its training nothing is read but by a person."""
    with zipfile.ZipFile(FILES / name) as archive:
        stored = json.loads(archive.read("classifier.json"))
    return {**stored, "training": {"history": [{"loss": 0.5}]}, **changed}


def in_file(path, reads):
    """Read a text by way of a file."""

    def read(text):
        path.write_text(text, encoding="utf-8")
        reads(path)

    return read


def journal(path):
    """All that is read of it."""
    _, entries = read_journal(path)
    list(predictions_at(path, (entry.offset for entry in entries.values())))
    read_runs(path)
    was_finished(path)


def learnt(path):
    """All that is read of the manifest of a training, which is of that classifier or not."""
    manifest = read_manifest(path)
    manifest.read(OfTraining)
    items_of(manifest.read(TrainingManifest), FILES / "cells")


def of_texture():
    """A texture model, a part of its classifier's file."""
    with zipfile.ZipFile(FILES / "texture.keras") as archive:
        return json.loads(archive.read("members/0/texture.json"))


def manifest_of(name):
    """A manifest, of a few images."""
    text = (FILES / name).read_text(encoding="utf-8")
    stored = json.loads(text.replace("/study", FILES.as_posix()))
    return {**stored, "files": stored["files"][:2]}


def kinds(folder):
    """By name: what a good file says, and what reads its text."""
    shutil.copy(FILES / "session" / "predictions.csv", folder)
    KeptRuns(folder / "kept", {}).put("run", np.array([[0.25, 0.75], [0.5, 0.5]]))
    kept = json.loads((folder / "kept").read_text(encoding="utf-8"))
    lines = (FILES / "stopped" / "predictions.csv.journal").read_text(encoding="utf-8").splitlines()
    objects = (FILES / "finished" / "objects.csv.journal").read_text(encoding="utf-8").splitlines()
    session = json.loads((FILES / "session" / PLAN).read_text(encoding="utf-8"))
    training = manifest_of("objects.manifest.json")
    sha256 = training["result"]["sha256"]
    briefly = {**training, "classifier": {}}

    def line_of(number, lines=lines):
        def read(text):
            every = [*lines[:number], text, *lines[number + 1 : 4]]
            (folder / "journal").write_text("".join(f"{line}\n" for line in every))
            journal(folder / "journal")

        return read

    def leakage(path):
        LearntFrom.of(path.with_name("cells.keras"), sha256)

    manifest = folder / "cells.manifest.json"
    return {
        "classifier.json": (
            description("network.keras"), lambda text: read_description(text.encode())
        ),
        "classifier.json of objects": (
            description("objects.keras", gate=None), lambda text: read_description(text.encode())
        ),
        "texture.json": (of_texture(), lambda text: TextureModel.from_bytes(text.encode())),
        "a journal's first line": (json.loads(lines[0]), line_of(0)),
        "a journal's run": (json.loads(lines[1]), line_of(1)),
        "a journal's image": (json.loads(lines[2]), line_of(2)),
        "a journal's image with objects": (json.loads(objects[2]), line_of(2, objects)),
        "a journal's last line": (json.loads(objects[-1]), line_of(2)),
        "the manifest of a training": (training, in_file(manifest, learnt)),
        "the manifest of what was learnt from": (briefly, in_file(manifest, leakage)),
        "the manifest of an import": (
            json.loads((FILES / "imported.manifest.json").read_text(encoding="utf-8")),
            in_file(manifest, lambda path: read_manifest(path).read(ImportManifest)),
        ),
        "the manifest of a table": (
            manifest_of("finished/objects.manifest.json"),
            in_file(manifest, lambda path: read_manifest(path).read(TableManifest)),
        ),
        "a blinded session": (
            session, in_file(folder / PLAN, lambda path: BlindedSession(path.parent))
        ),
        "a stopped evaluation": (
            kept, in_file(folder / "kept", lambda path: KeptRuns(path, {}).get("run"))
        ),
        "an evaluation": (
            {"images_digest": "x"},
            in_file(folder / "a.evaluation.json", lambda path: earlier_evaluations(folder, "x")),
        ),
    }  # fmt: skip


KINDS = (
    "classifier.json", "classifier.json of objects", "texture.json", "a journal's first line",
    "a journal's run", "a journal's image", "a journal's image with objects",
    "a journal's last line", "the manifest of a training", "the manifest of what was learnt from",
    "the manifest of an import", "the manifest of a table", "a blinded session",
    "a stopped evaluation", "an evaluation",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_may_be_another_one(kind, tmp_path):
    """Missing, null, of another type, nested too deep: it is read, or there is a sentence."""
    stored, read = kinds(tmp_path)[kind]
    read(json.dumps(stored))
    for place, odd, text in damaged(stored):
        try:
            read(text)
        except ImageClassifierError as error:
            assert str(error)
        except Exception as error:
            raise AssertionError(f"{odd!r} at {place}: {error!r}") from error
