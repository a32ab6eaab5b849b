"""Manifests, journals, sessions and labels that say something else: refused, or sound to the end.

`FUZZ_SECONDS=1800 pytest tests/fuzz/test_kept_contents.py` looks further than the usual run.
"""

import json
from math import isclose

import pytest
from hypothesis import strategies as st

import napari_image_classifier as nic
from helpers.fuzzing import LONG, json_edits, try_at_random
from hostile.kept_files import WorkBeganError, write_study
from napari_image_classifier.batch.journal import (
    predictions_at,
    read_journal,
    read_runs,
    was_finished,
)
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.transforms import N_ORIENTATIONS
from napari_image_classifier.items.selection import parse_selection
from napari_image_classifier.raters.annotation_log import AnnotationLog
from napari_image_classifier.raters.blinded_session import ANSWERS, PLAN, BlindedSession
from napari_image_classifier.training.config import MOST_EPOCHS, TrainingConfig

# What hands, spreadsheets and newer versions put where something else was.
CELLS = st.sampled_from([
    "", " ", "0", "1", "-1", "2", "1e400", "nan", "inf", "9" * 5000, "fine", "Fine", "coarse",
    "cannot tell", "spare", "by-eye", "assisted", "blinded", "given", "undone", "merged", "Ada",
    "t=3", "label=0", "q=1", "../x.tif", "a\0b", '"', "=1+1", "30.11.2026", "2026-11-30",
    "2026-11-30T18:52:01.408708Z", "x,y", "ä", "\udcff", "a\nb", "everything",
]) | st.text(max_size=6)  # fmt: skip
NUMBERS = st.sampled_from([
    0, 1, -1, 2, 7, 8, 0.5, 1.0, 1.5, -0.0, 1e308, float("inf"), float("nan"), 2**31, 2**63, 10**40,
    MOST_EPOCHS + 1, True, None, "1", [], {},
])  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The files of a release."""
    return write_study(tmp_path_factory.mktemp("fuzz") / "study")


def changed_numbers(stored, changes):
    """JSON some of whose numbers, texts and switches are others; lists are turned or doubled."""
    leaves = []

    def walk(inner):
        pairs = inner.items() if isinstance(inner, dict) else enumerate(inner)
        for key, value in list(pairs):
            leaves.append((inner, key))
            if isinstance(value, dict | list):
                walk(value)

    stored = json.loads(json.dumps(stored))
    walk(stored)
    for number, value, how in changes:
        inner, key = leaves[number % len(leaves)]
        old = inner.get(key) if isinstance(inner, dict) else (inner[key : key + 1] or [None])[0]
        if isinstance(old, list) and how == "turned":
            old.reverse()
        elif isinstance(old, list) and how == "doubled":
            old.extend(old[:3])
        elif isinstance(inner, dict) and how == "renamed":
            inner[f"{key}s"] = inner.pop(key, None)
        elif isinstance(inner, dict) or key < len(inner):
            inner[key] = value
    return stored


HOWS = st.sampled_from(["other", "other", "turned", "doubled", "renamed"])
CHANGES = st.lists(st.tuples(st.integers(0, 5000), NUMBERS | CELLS, HOWS), max_size=3)
LINES = st.lists(
    st.tuples(
        st.sampled_from(["out", "double", "last", "cut", "windows", "blank", "join"]),
        st.integers(0, 50),
        st.integers(0, 400),
    ),
    max_size=2,
)


def changed_lines(content, changes):
    """Lines that are taken out, doubled, sorted otherwise, cut, joined or ended otherwise."""
    lines = content.splitlines(keepends=True)
    for how, number, place in changes:
        at = number % len(lines)
        match how:
            case "out":
                lines[at] = b""
            case "double":
                lines.insert(at, lines[at])
            case "last":
                lines.append(lines.pop(at))
            case "cut":
                lines[at] = lines[at][:place]
            case "windows":
                lines = [line.rstrip(b"\r\n") + b"\r\n" for line in lines]
            case "blank":
                lines.insert(at, b"\n")
            case "join":
                lines[at] = lines[at].rstrip(b"\n")
    return b"".join(lines)


@LONG
def test_journals(study, tmp_path):
    """What is gone on from is what a classifier says, of classes that it knows."""
    stored = (study / "finished" / "objects.csv.journal").read_bytes().splitlines()[:6]
    lines = [json.loads(line) for line in stored]
    path = tmp_path / "objects.csv.journal"

    def read(one):
        changes, edits, of_lines = one
        changed = edits.of(changed_numbers(lines, changes))
        each = changed if isinstance(changed, list) else [changed]
        text = "".join(json.dumps(line) + "\n" for line in each)
        path.write_bytes(changed_lines(text.encode() or b"\n", of_lines))
        before = path.read_bytes()
        try:
            header, entries = read_journal(path)
            said = list(predictions_at(path, (entry.offset for entry in entries.values())))
            if header is not None and entries:
                read_runs(path)
            was_finished(path)
        except ImageClassifierError as error:
            assert str(error)
            assert path.read_bytes() == before
            return
        for prediction in (one for of_image in said for one in of_image):
            parse_selection(prediction.item)
            if prediction.class_name is not None:
                shares = prediction.probabilities
                assert isclose(sum(shares.values()), 1, abs_tol=0.01)
                assert set(shares) == {"bright", "dim"}
                assert 0 <= prediction.confidence <= 1

    try_at_random(read, st.tuples(CHANGES, json_edits(), LINES), 400)


@LONG
def test_manifests(study):
    """Nothing begins that no person can have chosen."""
    names = ("texture.manifest.json", "network.manifest.json", "finished/objects.manifest.json")
    stored = [json.loads((study / name).read_text(encoding="utf-8")) for name in names]

    def no_work(event):
        raise WorkBeganError

    def read(one):
        number, changes, edits = one
        path = (study / names[number]).with_name("changed.manifest.json")
        path.write_text(json.dumps(edits.of(changed_numbers(stored[number], changes))))
        before = path.read_bytes()
        try:
            nic.reproduce(path, in_process=True, on_event=no_work)
        except ImageClassifierError as error:
            assert str(error)
        except WorkBeganError:
            said = json.loads(before)
            if said["kind"] == "classifier":
                config = said["classifier"]["training"]["config"]
                assert TrainingConfig(**config).epochs <= MOST_EPOCHS
        assert path.read_bytes() == before

    # A network would really be trained: what is tried of it is what is refused.
    numbers = st.sampled_from([0, 2])
    try_at_random(read, st.tuples(numbers, CHANGES, json_edits()), 250)


@LONG
def test_sessions(study, tmp_path):
    """What opens can be shown and scored."""
    session = study / "session"
    stored = json.loads((session / PLAN).read_text(encoding="utf-8"))
    answers = (session / ANSWERS).read_bytes()
    (tmp_path / "predictions.csv").write_bytes((session / "predictions.csv").read_bytes())

    def read(one):
        changes, edits, of_lines, cells = one
        plan = json.dumps(edits.of(changed_numbers(stored, changes)))
        (tmp_path / PLAN).write_text(plan)
        given = changed_cells(changed_lines(answers, of_lines), cells)
        (tmp_path / ANSWERS).write_bytes(given)
        try:
            opened = BlindedSession(tmp_path)
            opened.comparisons()
        except ImageClassifierError as error:
            assert str(error)
            assert (tmp_path / PLAN).read_text() == plan
            return
        assert 0 <= opened.plan.margin <= 1
        assert all(0 <= one.orientation < N_ORIENTATIONS for one in opened.plan.showings)
        assert {one.class_name for one in opened.answers.values()} <= {
            *opened.plan.class_names, "cannot tell"
        }  # fmt: skip

    try_at_random(read, st.tuples(CHANGES, json_edits(), LINES, EDITED), 250)


def changed_cells(content, cells):
    """A table some of whose cells are others."""
    rows = [line.split(b",") for line in content.split(b"\n")]
    for row, column, text in cells:
        of_row = rows[row % len(rows)]
        of_row[column % len(of_row)] = text.encode(
            "utf-8", "surrogateescape" if "\udcff" in text else "ignore"
        )
    return b"\n".join(b",".join(row) for row in rows)


EDITED = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12), CELLS), max_size=3)


@LONG
def test_labels(study, tmp_path):
    """What was acknowledged stays in the file, and a step back is one step."""
    content = (study / "labels.csv").read_bytes()
    path = tmp_path / "labels.csv"

    def read(one):
        of_lines, cells = one
        given = changed_cells(changed_lines(content, of_lines), cells)
        path.write_bytes(given)
        try:
            log = AnnotationLog(path, "Ada")
        except ImageClassifierError as error:
            assert str(error)
            assert path.read_bytes() == given
            return
        before = dict(log.annotations)
        log.give([next(iter(before))] if before else [], "fine")
        if log.can_undo and before:
            log.undo()
            assert log.annotations == before
        again = AnnotationLog(path, "Ada").annotations
        assert again == log.annotations
        whole = given[: given.rfind(b"\n") + 1]
        as_ours = b"\r" not in whole and b"\n\n" not in whole and b"\xff" not in whole
        if as_ours:
            assert all(line in path.read_bytes() for line in whole.split(b"\n"))

    try_at_random(read, st.tuples(LINES, EDITED), 300)
