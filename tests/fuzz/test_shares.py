"""Shares whose tables and journals were changed at random: the right table, or one sentence.

`FUZZ_SECONDS=1800 pytest tests/fuzz/test_shares.py` looks further than the usual run.
"""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import strategies as st

from helpers.fuzzing import LONG, Damage, damages, json_edits, try_at_random
from helpers.paths import TESTS
from hostile.shares import N_SHARES, NAMES, Study
from napari_image_classifier.batch.journal import journal_path
from napari_image_classifier.batch.shards import merge_shards
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.errors import ImageClassifierError

CLASSIFIER = TESTS / "data" / "files_of_releases" / "0.1.0" / "network.keras"
ODD = ("", "0", "t=1", "p0/A01.tif", "p1/Z.tif", "1e999", "nan", "\0", "\r", '"', ",", "é", "ok")
OF_PATTERN = ("plate", "well")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A sound division, and the table of a single run."""
    study = Study(tmp_path_factory.mktemp("sound"), load_classifier(CLASSIFIER, threads=1))
    study.add(*NAMES)
    study.classify()
    whole = study.whole()
    shutil.rmtree(study.folder / "images")
    return study, whole


def edited(lines: list[str], edits: list[tuple[str, int, int, str]], elsewhere: list[str]) -> None:
    """Change lines of a table: the one at a place, cells of it, or one from elsewhere."""
    for what, one, another, odd in edits:
        if not lines:
            return
        at, other = one % len(lines), another % len(lines)
        match what:
            case "gone":
                del lines[at]
            case "twice":
                lines.insert(other, lines[at])
            case "moved":
                lines.insert(other, lines.pop(at))
            case "from elsewhere":
                lines.insert(at, elsewhere[other % len(elsewhere)])
            case "cell":
                cells = next(csv.reader([lines[at]]), [""])
                cells[other % len(cells)] = odd
                text = io.StringIO()
                csv.writer(text, lineterminator="").writerow(cells)
                lines[at] = text.getvalue()


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["gone", "twice", "moved", "from elsewhere", "cell"]),
        st.integers(0, 40), st.integers(0, 40), st.sampled_from(ODD),
    ),
    max_size=4,
)  # fmt: skip
NUMBER = st.integers(1, N_SHARES)
CHANGES = st.lists(
    st.tuples(NUMBER, st.just("table"), EDITS)
    | st.tuples(NUMBER, st.just("table"), damages(900, front=300))
    | st.tuples(NUMBER, st.just("journal"), EDITS)
    | st.tuples(NUMBER, st.just("journal"), damages(6000, front=3000))
    | st.tuples(NUMBER, st.just("line"), st.tuples(st.integers(0, 30), json_edits()))
    | st.tuples(NUMBER, st.sampled_from(["table copied", "journal copied", "copied"]), NUMBER),
    min_size=1,
    max_size=3,
)


def change(study: Study, number: int, what: str, how: object) -> None:
    """Do one of `CHANGES`."""
    table = study.share(number)
    path = journal_path(table) if what in ("journal", "line") else table
    if what.endswith("copied"):
        source = study.share(how)
        copied = {source: table, journal_path(source): journal_path(table)}
        chosen = {"table copied": [source], "journal copied": [journal_path(source)]}
        for one in chosen.get(what, copied):
            if source != table:
                shutil.copy(one, copied[one])
    elif isinstance(how, Damage):
        path.write_bytes(how.of(path.read_bytes()))
    else:
        lines = path.read_text("utf-8", "surrogateescape").splitlines()
        if what == "line":
            at, edits = how
            if lines:
                stored = lines[at % len(lines)]
                lines[at % len(lines)] = json.dumps(edits.of(json.loads(stored)))
        else:
            elsewhere = study.share(number % N_SHARES + 1)
            elsewhere = journal_path(elsewhere) if what == "journal" else elsewhere
            further = elsewhere.read_text("utf-8", "surrogateescape").splitlines()
            edited(lines, how, further or [""])
        text = "".join(f"{line}\n" for line in lines)
        path.write_text(text, "utf-8", "surrogateescape")


def without_columns_of_pattern(table: Path) -> list[dict[str, str]]:
    """The rows of a table, but for what an earlier version left unverified."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [{k: text for k, text in row.items() if k not in OF_PATTERN} for row in rows]


@LONG
@pytest.mark.parametrize("release", ["this one", "the first"])
def test_changed_shares_make_the_right_table_or_none(sound, tmp_path, release):
    """Rows, cells, bytes, values of journals and whole files."""
    good, whole = sound
    study = Study(tmp_path / "copy", good.classifier)
    expected = tmp_path / "whole.csv"
    expected.write_bytes(whole)

    def check(changes):
        shutil.rmtree(study.folder, ignore_errors=True)
        shutil.copytree(good.folder, study.folder)
        if release == "the first":
            study.as_of_before()
        for one in changes:
            try:
                change(study, *one)
            except (ValueError, csv.Error):
                # A line that was damaged before can't be changed on purpose any more.
                return
        try:
            merge_shards(study.table)
        except ImageClassifierError as error:
            assert str(error)
            assert not study.table.exists()
        else:
            if release == "the first":
                assert without_columns_of_pattern(study.table) == without_columns_of_pattern(
                    expected
                )
            else:
                assert study.table.read_bytes() == whole

    try_at_random(check, CHANGES, 40)
