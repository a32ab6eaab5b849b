"""Damage of any kind in a table or a JSON file that people keep: understood, or one sentence.

`FUZZ_SECONDS=1800 pytest tests/fuzz/test_tables.py` looks further than the usual run.
"""

import json
import shutil

import pytest
from hypothesis import strategies as st

from helpers.fuzzing import LONG, damages, json_edits, try_at_random
from helpers.wells import train_on_half, write_wells
from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.batch.journal import (
    journal_path,
    predictions_at,
    read_journal,
    read_runs,
    was_finished,
)
from napari_image_classifier.batch.predictions_csv import classifier_of_table
from napari_image_classifier.batch.shards import Shard, merge_shards
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.description import description_of
from napari_image_classifier.classifiers.manifest import check_place, manifest_path, read_manifest
from napari_image_classifier.classifiers.texture_model import TextureModel
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.evaluation.execution import KeptRuns
from napari_image_classifier.evaluation.report import earlier_evaluations
from napari_image_classifier.items.annotations import ItemKey
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.jobs import prepare_session
from napari_image_classifier.plates.summary import summarize
from napari_image_classifier.raters.annotation_log import AnnotationLog
from napari_image_classifier.raters.blinded_session import ANSWERS, PLAN, BlindedSession
from napari_image_classifier.raters.compare_raters import read_rater_tables
from napari_image_classifier.raters.session_jobs import SessionRequest

SETTINGS = {"images": "these"}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A folder with a good file of every kind."""
    folder = tmp_path_factory.mktemp("good")
    images = write_wells(folder / "images")
    classifier = train_on_half(images, folder / "noise.keras")
    table = folder / "predictions.csv"
    classify_folder(images, classifier, table, pattern="{class}/W{well}/{site}.tif")
    classify_folder(images, classifier, folder / "share.csv", shard=Shard(1, 1))
    log = AnnotationLog(folder / "labels.csv", "Ada")
    for name in ("a.tif", "b/cé.tif", "d.tif"):
        log.give([ItemKey(name, "")], "fine", seconds=1.5)
    log.undo()
    rows = [f"{kind}/W{well}/0.tif,{kind},{well}" for well in range(4) for kind in ["fine"]]
    folder.joinpath("items.csv").write_text("\n".join(["file,class,well", *rows]) + "\n")
    folder.joinpath("wells.csv").write_text("well;dose\n0;1,5\n1;2\n2;\n3;x\n")
    KeptRuns(folder / "kept.json", SETTINGS).put("run", load_probabilities())
    session = folder / "session"
    request = SessionRequest(
        session=session, rater="Ada", truth="condition", labels=None, classifier=classifier,
        margin=0.1, number=12, second_arm=False, seed=3,
        items=ItemsQuery(images, group="folder:2"),
    )  # fmt: skip
    prepare_session.run(request, lambda event: None, lambda: False)
    BlindedSession(session).answer("fine", 1.0)
    return folder


def load_probabilities():
    """Of two items."""
    import numpy as np

    return np.array([[0.25, 0.75], [0.5, 0.5]])


def journalled(path):
    """All that is read of a journal."""
    _, entries = read_journal(path)
    list(predictions_at(path, (entry.offset for entry in entries.values())))
    read_runs(path)
    was_finished(path)


def merged(path):
    """A share and its journal are read."""
    merge_shards(path.with_name("share.csv"))


def kept_runs(path):
    """The runs of a stopped evaluation."""
    kept = KeptRuns(path, SETTINGS)
    kept.get("run")


def ways(folder):
    """(file, what reads it, further files that it needs)."""
    return [
        ("labels.csv", lambda path: AnnotationLog(path, "Ada").undo(), ()),
        ("labels.csv", lambda path: read_rater_tables([path]), ()),
        ("items.csv", lambda path: read_items(folder / "images", items_csv=path, group="well"), ()),
        ("predictions.csv", summarize, ()),
        ("predictions.csv", classifier_of_table, ()),
        ("predictions.csv", lambda path: read_rater_tables([path]), ()),
        ("wells.csv", lambda path: summarize(folder / "predictions.csv", wells=path), ()),
        ("predictions.csv.journal", journalled, ()),
        ("share.1-of-1.csv", merged, ("share.1-of-1.csv.journal",)),
        ("share.1-of-1.csv.journal", merged, ("share.1-of-1.csv",)),
        (manifest_path(folder / "noise.keras").name, read_manifest, ()),
        (manifest_path(folder / "noise.keras").name,
         lambda path: check_place(path.with_name("noise.keras")), ()),
        ("kept.json", kept_runs, ()),
        (f"session/{PLAN}", lambda path: BlindedSession(path.parent), ("session/predictions.csv",)),
        (f"session/{ANSWERS}", lambda path: BlindedSession(path.parent),
         ("session/predictions.csv", f"session/{PLAN}")),
    ]  # fmt: skip


@LONG
def test_damaged_tables_are_understood_or_refused(good, tmp_path):
    """Bytes were changed, lost or doubled, and nothing but an error with a sentence comes out."""
    every = ways(good)

    def read(damaged):
        number, damage = damaged
        name, reads, further = every[number]
        for one in (name, *further):
            tmp_path.joinpath(one).parent.mkdir(exist_ok=True)
            shutil.copy(good / one, tmp_path / one)
        path = tmp_path / name
        path.write_bytes(damage.of((good / name).read_bytes()))
        try:
            reads(path)
        except ImageClassifierError as error:
            assert str(error)

    inputs = [
        st.tuples(st.just(number), damages((good / name).stat().st_size, front=300))
        for number, (name, _, _) in enumerate(every)
    ]
    try_at_random(read, st.one_of(inputs), 300)


@LONG
def test_json_that_says_something_else_is_understood_or_refused(good, tmp_path):
    """Nothing but an error with a sentence comes out of values that are others, or not there."""
    described = load_classifier(good / "noise.keras").description.stored()
    texture = json.loads(_texture(good / "noise.keras"))
    journal = journal_path(good / "predictions.csv").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in journal.splitlines()]

    def described_by(stored):
        description_of(stored)

    def of_texture(stored):
        TextureModel.from_bytes(json.dumps(stored).encode())

    def in_file(name, reads):
        def read(stored):
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(stored))
            reads(path)

        return read

    def journal_lines(stored):
        path = tmp_path / "lines.journal"
        lines = stored if isinstance(stored, list) else [stored]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        journalled(path)

    def session(path):
        shutil.copy(good / "session" / "predictions.csv", path.parent)
        BlindedSession(path.parent)

    manifest = manifest_path(good / "noise.keras")
    every = [
        (described, described_by),
        (texture, of_texture),
        (lines[:4], journal_lines),
        (json.loads(manifest.read_text()), in_file(manifest.name, read_manifest)),
        (json.loads((good / "kept.json").read_text()), in_file("kept.json", kept_runs)),
        (json.loads((good / "kept.json").read_text()),
         in_file("a.evaluation.json", lambda path: earlier_evaluations(path.parent, "x"))),
        (json.loads((good / "session" / PLAN).read_text()), in_file(f"session/{PLAN}", session)),
    ]  # fmt: skip

    def read(change):
        number, edits = change
        stored, reads = every[number]
        try:
            reads(edits.of(stored))
        except ImageClassifierError as error:
            assert str(error)

    try_at_random(read, st.tuples(st.integers(0, len(every) - 1), json_edits()), 300)


def _texture(path):
    import zipfile

    with zipfile.ZipFile(path) as archive:
        description = json.loads(archive.read("classifier.json"))
        return archive.read(description["members"][0]["graph"])
