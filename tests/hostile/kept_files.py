"""Files that are kept, as hands, spreadsheets, broken disks and newer versions leave them.

Each is a file of the release 0.1.0, changed in one way, and opened as a person opens it.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import napari_image_classifier as nic
from helpers.paths import TESTS
from napari_image_classifier.batch.journal import journal_path
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.raters.annotation_log import AnnotationLog
from napari_image_classifier.raters.blinded_session import ANSWERS, PLAN, BlindedSession
from napari_image_classifier.raters.compare_raters import read_rater_tables
from napari_image_classifier.raters.object_annotations import ObjectAnnotations
from napari_image_classifier.raters.session_jobs import SCORE_SESSION, ScoreRequest
from napari_image_classifier.system.compute_process import run_job

RELEASE = TESTS / "data" / "files_of_releases" / "0.1.0"
# In the files, in place of the folder in which they were written.
ROOT = "/study"
AS_BYTES = (".tif", ".keras")
Damage = Callable[[bytes], bytes]
ABSENT = "is to be taken out"


class WorkBeganError(Exception):
    """A file was believed, and work began."""


class Hostile(NamedTuple):
    """One way in which a file was changed.

    ``way`` names what opens it. One that is ``harmless`` may be opened if it says what it said.
    """

    name: str
    way: str
    damage: Damage
    harmless: bool = False


class Way(NamedTuple):
    """A file of the study, and what a person does with it; it returns what the file says.

    ``needs`` are the other files and folders of the study that it takes.
    """

    file: str
    opens: Callable[[Path], Any]
    needs: tuple[str, ...]


def write_study(folder: Path, release: Path = RELEASE, only: tuple[str, ...] = ("*",)) -> Path:
    """Write the files of a release as if they had been written in this folder."""
    folder.mkdir()
    for path in (path for name in only for path in release.glob(name)):
        to = folder / path.relative_to(release)
        to.parent.mkdir(exist_ok=True)
        shutil.copytree(path, to) if path.is_dir() else shutil.copy(path, to)
    time = json.loads((release / "expected.json").read_text(encoding="utf-8"))["time"]
    for path in folder.rglob("*.*"):
        if path.suffix == ".tif":
            os.utime(path, ns=(time, time))
        elif path.is_file() and path.suffix not in AS_BYTES:
            content = path.read_bytes()
            path.write_bytes(content.replace(ROOT.encode(), folder.as_posix().encode()))
    return folder


def _no_work(event: object) -> None:
    raise WorkBeganError


def _goes_on(study: Path) -> Any:
    table = study / "stopped" / "predictions.csv"
    nic.classify_folder(study / "new", study / "network.keras", table, workers=1)
    return table.read_text(encoding="utf-8")


def _made_again(study: Path, manifest: str) -> Any:
    try:
        nic.reproduce(study / manifest, in_process=True, on_event=_no_work)
    except WorkBeganError:
        return "work began"
    return "made"


def _session(study: Path) -> Any:
    session = BlindedSession(study / "session")
    session.comparisons()
    request = ScoreRequest((session.folder,), study / "score.html")
    run_job(SCORE_SESSION, request, in_process=True)
    return session.plan, sorted(session.answers.items())


def _labels(study: Path) -> Any:
    path = study / "labels.csv"
    log = AnnotationLog(path, "Ada")
    learnt = nic.read_items(study / "images", items_csv=path, group="group").items
    read_rater_tables([path])
    return log.annotations, log.of_others, [(one.key, one.class_name, one.group) for one in learnt]


def _predictions(study: Path) -> Any:
    table = study / "finished" / "predictions.csv"
    read_rater_tables([table])
    nic.sort_images(table, study / "new", study / "sorted")
    return nic.summarize(table, by="classifier").to_csv()


def _runs(study: Path) -> Any:
    report = study / "evaluation" / "report.html"
    texture = nic.TrainingConfig(network="texture")
    items = nic.read_items(study / "images", group="folder:2")
    choices: dict[str, Any] = {"folds": 2, "seeds": 1, "controls": False, "curve": False}
    result = nic.evaluate(items, report, texture, in_process=True, **choices)
    return result.sentence, result.csv.read_text()


def _objects(study: Path) -> Any:
    path = study / "annotations" / "0.csv"
    given = ObjectAnnotations(path, "0.tif", [f"label={n}" for n in range(1, 5)])
    if (aside := path.with_name("0 unreadable 1.csv")).exists():
        # The window goes on without it, and nothing of it is lost.
        aside.rename(path)
        raise ImageClassifierError(f"{path.name} was moved aside.")
    return given.classes


def _items(study: Path) -> Any:
    items = nic.read_items(study / "cells", items_csv=study / "objects.csv", masks="../masks").items
    return [(one.key, one.class_name) for one in items]


def _of_manifest(name: str, *needs: str) -> Way:
    return Way(name, partial(_made_again, manifest=name), needs)


WAYS = {
    "journal": Way("stopped/predictions.csv.journal", _goes_on, ("stopped/*", "new", "network.*")),
    "training": _of_manifest("texture.manifest.json", "images", "texture.keras"),
    "network": _of_manifest("network.manifest.json", "images", "network.keras", "imported.keras"),
    "table": _of_manifest("finished/predictions.manifest.json", "new", "network.keras"),
    "session": Way(f"session/{PLAN}", _session, ("session/*.csv", "new", "network.keras")),
    "answers": Way(
        f"session/{ANSWERS}",
        _session,
        ("session/predictions.csv", f"session/{PLAN}", "new", "network.keras"),
    ),
    "labels": Way("labels.csv", _labels, ("images",)),
    "predictions": Way("finished/predictions.csv", _predictions, ("new",)),
    "runs": Way("evaluation/report.html.runs", _runs, ("images",)),
    "objects": Way("annotations/0.csv", _objects, ()),
    "items": Way("objects.csv", _items, ("cells", "masks")),
}
assert WAYS["journal"].file == journal_path(Path("stopped/predictions.csv")).as_posix()


def _put(*place: Any, value: Any) -> Damage:
    """Return what puts a value at a place in JSON."""

    def damage(content: bytes) -> bytes:
        stored = json.loads(content)
        _set(stored, place, value)
        return json.dumps(stored).encode()

    return damage


def _set(stored: Any, place: tuple[Any, ...], value: Any) -> None:
    *path, last = place
    for key in path:
        stored = stored[key]
    if value is ABSENT:
        del stored[last]
    else:
        stored[last] = value


def _line(number: int, *place: Any, value: Any) -> Damage:
    """Return what puts a value at a place in one line of a journal."""

    def damage(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        stored = json.loads(lines[number])
        _set(stored, place, value)
        lines[number] = json.dumps(stored).encode() + b"\n"
        return b"".join(lines)

    return damage


def _lines(change: Callable[[list[bytes]], list[bytes]]) -> Damage:
    return lambda content: b"".join(change(content.splitlines(keepends=True)))


def _swap(old: str, new: str, count: int = 1) -> Damage:
    def damage(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode("utf-8", "surrogateescape"), count)

    return damage


def _recode(encoding: str, errors: str = "strict") -> Damage:
    return lambda content: content.decode().encode(encoding, errors)


def _cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def _nul(content: bytes) -> bytes:
    return content[: len(content) // 2] + bytes(32) + content[len(content) // 2 + 32 :]


def _deep(content: bytes) -> bytes:
    return b"[" * 100_000 + b"]" * 100_000


def _table(change: Callable[[list[list[str]]], list[list[str]]]) -> Damage:
    """Return what changes the cells of a table none of which has a comma."""

    def damage(content: bytes) -> bytes:
        rows = [line.split(",") for line in content.decode().splitlines()]
        return ("\n".join(",".join(row) for row in change(rows)) + "\n").encode()

    return damage


def _cell(row: int, column: str, text: str) -> Damage:
    def change(rows: list[list[str]]) -> list[list[str]]:
        rows[row][rows[0].index(column)] = text
        return rows

    return _table(change)


def _column(name: str, change: Callable[[list[str]], list[str] | None]) -> Damage:
    """Return what changes a column, its title first; None takes it out."""

    def damage(rows: list[list[str]]) -> list[list[str]]:
        place = rows[0].index(name)
        cells = change([row[place] for row in rows])
        if cells is None:
            return [[*row[:place], *row[place + 1 :]] for row in rows]
        return [
            [*row[:place], cell, *row[place + 1 :]] for row, cell in zip(rows, cells, strict=True)
        ]

    return _table(damage)


def _of_any_text(way: str) -> Iterator[Hostile]:
    # Of a log only a row is lost that was being written, and others that nobody knows of.
    if way not in ("answers", "labels"):
        yield Hostile("half of it", way, _cut, harmless=way == "journal")
    yield Hostile("zeros in the middle", way, _nul)
    yield Hostile("another kind of file", way, lambda _: b"\x89PNG\r\n\x1a\n" + bytes(range(256)))


def _of_any_json(way: str, version: str = "schema") -> Iterator[Hostile]:
    yield from _of_any_text(way)
    yield Hostile("a hundred thousand brackets", way, _deep)
    yield Hostile("a list", way, lambda _: b"[1]\n")
    yield Hostile("YAML", way, lambda _: b"schema: 1\nkind: table\n")
    yield Hostile("a byte order mark", way, lambda one: b"\xef\xbb\xbf" + one, harmless=True)
    yield Hostile("line ends of Windows", way, lambda one: one.replace(b"\n", b"\r\n"), True)
    yield Hostile("a number of 10,000 digits", way, _swap('": 1', '": ' + "1" * 10_000))
    if version:
        yield Hostile("of a newer version", way, _swap(f'"{version}": 1', f'"{version}": 2'))
        key = f'"{version}": 1'
        yield Hostile("a key twice", way, _swap(key, f"{key}, {key}"))
        yield Hostile("version 1.5", way, _swap(key, f'"{version}": 1.5'))


def _journals() -> Iterator[Hostile]:
    way = "journal"
    row = ("rows", 0)
    yield from _of_any_json(way, "journal")
    yield Hostile("no end of line", way, lambda one: one.rstrip(b"\n"), harmless=True)
    yield Hostile("a foreign note", way, lambda _: b"what I did on Monday")
    yield Hostile("UTF-16", way, _recode("utf-16"))
    yield Hostile("first line lost", way, _lines(lambda lines: lines[1:]))
    yield Hostile("run lost", way, _lines(lambda lines: [lines[0], *lines[2:]]))
    yield Hostile("run written otherwise", way, _swap('{"run": ', '{ "run" : '), harmless=True)
    yield Hostile("two first lines", way, _lines(lambda lines: [lines[0], *lines]))
    yield Hostile("two journals in one", way, lambda one: one + one, harmless=True)
    yield Hostile("in other order", way, _lines(lambda lines: lines[:2] + lines[:1:-1]), True)
    yield Hostile("setting of a newer version", way, _line(0, "sharpen", value=2))
    for name, place, value in (
        ("a selection that is none", "item", "well=3"),
        ("a selection of 5,000 digits", "item", "t=" + "9" * 5000),
        ("a class of another classifier", "class_name", "mitotic"),
        ("no class though ok", "class_name", None),
        ("sure beyond 1", "confidence", 17.0),
        ("confidence that is none", "confidence", float("nan")),
        ("probability of 10^400", "probabilities", {"coarse": float("inf"), "fine": 0.0}),
        ("probabilities of other classes", "probabilities", {"a": 0.5, "b": 0.5}),
        ("probabilities that sum to 2", "probabilities", {"coarse": 1.0, "fine": 1.0}),
        ("no probabilities", "probabilities", {}),
        ("another status", "status", "excellent"),
        ("a class that is not the likeliest", "class_name", "fine"),
    ):
        key = "class" if place == "class_name" else place
        yield Hostile(name, way, _line(2, *row, key, value=value))
    yield Hostile("no rows", way, _line(2, "rows", value=[]))
    yield Hostile("one item twice", way, _twice)
    yield Hostile("a time of the year 10^20", way, _line(2, "stamp", value=[[2870, 10**40]]), True)
    yield Hostile("a date as text", way, _line(2, "stamp", value=[["2870", "now"]]))
    yield Hostile("a million threads", way, _line(1, "run", "threads", value=10**6))
    yield Hostile("no versions", way, _line(1, "run", "versions", value=ABSENT))
    yield Hostile("finished, minus one", way, lambda one: one + b'{"finished": -1}\n')


def _twice(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    stored = json.loads(lines[2])
    stored["rows"] *= 2
    return b"".join([*lines[:2], json.dumps(stored).encode() + b"\n", *lines[3:]])


def _trainings() -> Iterator[Hostile]:
    way = "training"
    config = ("classifier", "training", "config")
    yield from _of_any_json(way)
    for key, value in (
        ("epochs", 10**9), ("epochs", 0), ("epochs", 1e18), ("batch_size", 0),
        ("batch_size", 10**12), ("learning_rate", float("nan")), ("learning_rate", 1e308),
        ("validation_fraction", -1), ("seed", 2**70), ("seed", -1), ("members", 10**6),
        ("size", 10**9), ("risk", float("nan")), ("shift", float("inf")), ("patience", 10**9),
        ("network", "../../network"), ("channels", ["DNA", "DNA"]), ("channels", ["Ph3"]),
        ("weights", ["imagenet"]), ("turns", "no"), ("start_from", "/gone/earlier.keras"),
        ("mixup", 0.4),
    ):  # fmt: skip
        yield Hostile(f"{key} {value!r:.20}", way, _put(*config, key, value=value))
    for name, parts in (("no file", []), ("a file of nothing known", [{"of": "moon", "size": 1,
                        "modified": None}])):  # fmt: skip
        yield Hostile(f"an image with {name}", way, _put("files", 0, "parts", value=parts))
    yield Hostile("no configuration", way, _put(*config, value=ABSENT))
    yield Hostile("a result elsewhere", way, _put("result", "file", value="../other/cells.keras"))
    yield Hostile("a result without name", way, _put("result", "file", value=""))
    yield Hostile("a result by address", way, _put("result", "file", value="https://x.org/a.keras"))
    yield Hostile("no runs", way, _put("runs", value=[]))
    yield Hostile("other hashes", way, _put("images", "hash", value="sha512"))
    yield Hostile("no images", way, _put("files", value=[]))
    yield Hostile("a number twice", way, _put("files", 1, "items", 0, "number", value=0))
    yield Hostile("a number too many", way, _put("files", 1, "items", 0, "number", value=10**9))
    yield Hostile("another item", way, _put("files", 0, "items", 0, "item", value="well=3"))
    yield Hostile("a class without name", way, _put("files", 0, "items", 0, "class", value=""))
    yield Hostile("a class of no set", way, _put("files", 0, "items", 0, "class", value="spare"))
    yield Hostile("a file that is gone", way, _put("files", 0, "parts", 0, "path", value="no.tif"))
    yield Hostile("a device", way, _put("files", 0, "parts", 0, "path", value="/dev/zero"))
    yield Hostile("a folder with NUL", way, _put("images", "folder", value="a\0b"))
    yield Hostile("axes", way, _put("images", "axes", value="Q" * 1000))
    score = ("classifier", "training", "balanced_accuracy")
    yield Hostile("a score of 10^400", way, _put(*score, value=float("inf")))
    yield Hostile("no score", way, _put(*score, value=ABSENT))
    yield Hostile("scores of seeds in words", way, _put("balanced_accuracy_of_seeds", value=["a"]))
    way = "network"
    yield Hostile("a million threads", way, _put("runs", 0, "threads", value=10**6))
    yield Hostile("threads -1", way, _put("runs", 0, "threads", value=-1))
    yield Hostile("another backend", way, _put("runs", 0, "backend", value="os"))


def _tables_of_manifests() -> Iterator[Hostile]:
    way = "table"
    yield from _of_any_json(way)
    yield Hostile("another kind", way, _put("kind", value="spreadsheet"))
    yield Hostile("a kind that is a list", way, _put("kind", value=["table"]))
    yield Hostile("no classifier", way, _put("classifier", "file", value=""))
    yield Hostile("another classifier", way, _put("classifier", "sha256", value="0" * 64))
    yield Hostile("a folder as classifier", way, _put("classifier", "file", value="/"))
    yield Hostile("a pattern that is none", way, _put("images", "pattern", value="{w{ell}"))
    yield Hostile("a map of no channel", way, _put("images", "channel_map", value={"X": "405"}))
    yield Hostile("masks of whole images", way, _put("images", "masks", value="../../.."))
    yield Hostile("other hashes", way, _put("images", "hash", value="crc32"))
    yield Hostile("no images", way, _put("files", value=[]))
    yield Hostile("an image twice", way, _with_twice)
    yield Hostile("sure beyond 1", way, _put("files", 0, "items", 0, "confidence", value=10.0))
    yield Hostile("another status", way, _put("files", 0, "items", 0, "status", value="fine"))
    yield Hostile("a class of no set", way, _put("files", 0, "items", 0, "class", value="spare"))


def _with_twice(content: bytes) -> bytes:
    stored = json.loads(content)
    stored["files"].append(stored["files"][0])
    return json.dumps(stored).encode()


def _sessions() -> Iterator[Hostile]:
    way = "session"
    yield from _of_any_json(way)
    for place, value in (
        (("margin",), 5.0), (("margin",), float("nan")), (("margin",), -0.1),
        (("seed",), 10**30), (("class_names",), []), (("class_names",), ["fine", "fine"]),
        (("class_names",), ["coarse", "fine", ""]), (("truth",), "guess"), (("each",), "voxel"),
        (("rater",), ""), (("showings",), []), (("showings", 0, "orientation"), 8),
        (("showings", 0, "orientation"), -10**9), (("showings", 0, "item"), 10**9),
        (("showings", 0, "arm"), "left"), (("items", "items"), []),
        (("items", "items", 0, "class_name"), "spare"), (("items", "items", 0, "class_name"), None),
        (("items", "items", 0, "selection"), "t=first"),
        (("items", "items", 0, "image", "parts"), []),
        (("limits",), {"DNA": [5, float("nan")]}), (("limits",), {"DNA": [9, 2]}),
        (("predictions_sha256",), "0" * 64), (("classifier",), ["x"]), (("created",), 7),
    ):  # fmt: skip
        yield Hostile(f"{place[-1]} {value!r:.30}", way, _put(*place, value=value))
    yield Hostile("a showing twice", way, _showing_twice)


def _showing_twice(content: bytes) -> bytes:
    stored = json.loads(content)
    stored["showings"].append(stored["showings"][0])
    return json.dumps(stored).encode()


def _of_any_table(way: str, swapped: str, heads: int = 1) -> Iterator[Hostile]:
    yield from _of_any_text(way)
    yield Hostile("two headers", way, _lines(lambda rows: [*rows, *rows[:heads]]))
    yield Hostile("a quotation mark", way, _swap(swapped, f'"{swapped}'))
    yield Hostile("a row that was cut in two", way, _lines(_cut_second))
    yield Hostile("a title twice", way, _column(swapped, lambda cells: ["file", *cells[1:]]))
    yield Hostile("a column out", way, _column("file", lambda cells: None))
    yield Hostile("as Excel saves it", way, _as_excel, harmless=True)
    yield Hostile("as Unicode text", way, _as_unicode, harmless=True)
    yield Hostile("Mac line ends", way, lambda one: one.replace(b"\n", b"\r"), harmless=True)
    yield Hostile("empty lines between", way, lambda one: one.replace(b"\n", b"\n\n"), True)


def _cut_second(rows: list[bytes]) -> list[bytes]:
    return [rows[0], rows[1][: len(rows[1]) // 3] + b"\n", *rows[2:]]


def _as_excel(content: bytes) -> bytes:
    return b"\xef\xbb\xbf" + content.replace(b",", b";").replace(b"\n", b"\r\n")


def _as_unicode(content: bytes) -> bytes:
    return content.decode().replace(",", "\t").replace("\n", "\r\n").encode("utf-16")


def _answers() -> Iterator[Hostile]:
    way = "answers"
    yield from _of_any_table(way, "class")
    for column, text in (
        ("position", "0"), ("position", "10000000000"), ("position", "one"), ("position", ""),
        ("position", "9" * 5000), ("class", "spare"), ("class", "Coarse"),
        ("file", "other.tif"), ("item", "t=4"), ("arm", "classifier's view"), ("rater", "Bob"),
        ("seconds", "nan"), ("seconds", "-5"), ("seconds", "1e400"), ("seconds", "long"),
        ("seen_before", "maybe"), ("mode", "assisted"),
    ):  # fmt: skip
        yield Hostile(f"{column} {text:.20}", way, _cell(1, column, text))
    yield Hostile("sorted otherwise", way, _lines(lambda rows: [rows[0], *rows[:0:-1]]), True)
    yield Hostile("no end of line", way, lambda one: one.rstrip(b"\n"), harmless=True)


def _labels_of_persons() -> Iterator[Hostile]:
    way = "labels"
    yield from _of_any_table(way, "class")
    for column, text in (
        ("action", "merged"), ("mode", "half-blind"), ("item", "q=7"), ("rater", ""),
        ("file", ""), ("time", ""),
    ):  # fmt: skip
        yield Hostile(f"{column} {text}", way, _cell(1, column, text))
    for column, text in (("seconds", "inf"), ("seconds", "-1"), ("time", "yesterday")):
        yield Hostile(f"{column} {text}", way, _cell(1, column, text), harmless=True)
    yield Hostile("sorted otherwise", way, _lines(lambda rows: [rows[0], *sorted(rows[1:])]), True)
    yield Hostile("no end of line", way, lambda one: one.rstrip(b"\n"), harmless=True)
    yield Hostile("a date of Excel in the last row, no end", way, _last_time("30.11.2026 18:52"))
    yield Hostile("a last row by hand", way, _last_time("2026-11-30T18:52:01.4Zx"))
    # As a power cut leaves it: it was never acknowledged.
    yield Hostile("a row that was cut", way, lambda one: one + b"a.tif,,fine,Ada,,,,,", True)
    yield Hostile("a note", way, lambda _: b"what I did on Monday")


def _last_time(text: str) -> Damage:
    def damage(content: bytes) -> bytes:
        head = content.rstrip(b"\n").rpartition(b",")[0]
        return head + b"," + text.encode()

    return damage


def _predictions_of_tables() -> Iterator[Hostile]:
    way = "predictions"
    yield from _of_any_table(way, "class")
    for column, text in (
        ("status", "fine"), ("status", ""), ("class", "spare"), ("class", ""),
        ("p_fine", "nan"), ("p_fine", "7"), ("p_fine", "inf"), ("p_fine", "-0.2"), ("p_fine", ""),
        ("item", "well=3"), ("file", ""), ("confidence", "high"),
    ):  # fmt: skip
        yield Hostile(f"{column} {text}", way, _cell(1, column, text))
    yield Hostile("a row twice", way, _lines(lambda rows: [*rows, rows[1]]))
    yield Hostile("a cell of 200,000", way, _cell(1, "message", "x" * 200_000), harmless=True)


def _kept_runs() -> Iterator[Hostile]:
    way, run = "runs", ("runs", "seed 0, fold 1")
    yield from _of_any_text(way)
    yield Hostile("a hundred thousand brackets", way, _deep)
    yield Hostile("probabilities of 7", way, _put(*run, 0, value=[7.0, -6.0]))
    yield Hostile("probabilities that are none", way, _put(*run, 0, value=[float("nan")] * 2))
    yield Hostile("three classes", way, _put(*run, value=[[0.2, 0.3, 0.5]] * 8))
    yield Hostile("a run too short", way, _put(*run, value=[[0.5, 0.5]]))
    yield Hostile("words", way, _put(*run, value="done"))
    yield Hostile("no runs", way, _put("runs", value=None))
    yield Hostile("of other images", way, _put("evaluation", value="0" * 64))


def _objects_of_images() -> Iterator[Hostile]:
    yield from _of_any_table("objects", "class")
    yield Hostile("an object twice", "objects", _lines(lambda rows: [*rows, *rows[1:2]]), True)
    yield Hostile("an object that is none", "objects", _cell(1, "item", "nucleus 1"))
    yield Hostile("an object in two classes", "objects", lambda one: one + b"0.tif,label=1,dim\n")
    yield from _of_any_table("items", "class")
    for column, text in (
        ("item", "label=0"), ("item", "label=" + "9" * 5000),
        ("item", "object 3"), ("file", "gone.tif"), ("file", "a\0b.tif"),
        ("file", "/dev/zero"),
    ):  # fmt: skip
        yield Hostile(f"{column} {text:.12}", "items", _cell(1, column, text))
    yield Hostile("two classes", "items", lambda one: one + b"0.tif,label=1,dim\n")


HOSTILE = [
    *_journals(), *_trainings(), *_tables_of_manifests(), *_sessions(), *_answers(),
    *_labels_of_persons(), *_predictions_of_tables(), *_kept_runs(), *_objects_of_images(),
]  # fmt: skip
