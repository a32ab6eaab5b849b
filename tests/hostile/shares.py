"""Shares of a folder that are not what they were, or not of one folder: none makes a wrong table.

`CHANGED` are shares of a sound division, of which something was changed; `OTHERWISE` are divisions
that came about in another way. Each says whether it is merged all the same.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.batch.journal import journal_path
from napari_image_classifier.batch.shards import Shard
from napari_image_classifier.classifiers.classifier import Classifier
from napari_image_classifier.classifiers.manifest import manifest_path
from napari_image_classifier.classifiers.prediction import Prediction

PATTERN = "{plate}/{well}.tif"
NAMES = tuple(f"p{n % 2}/{row}{n // 2 + 1:02}.tif" for n in range(12) for row in "AB")
N_SHARES = 3
OF_LATER = ("share",)


@dataclass(frozen=True)
class Study:
    """A folder of images, empty files of which predictions are told, and a table of shares."""

    folder: Path
    classifier: Classifier

    @property
    def table(self) -> Path:
        """Where the shares are merged."""
        return self.folder / "predictions.csv"

    def share(self, number: int, of: int = N_SHARES) -> Path:
        """The table of a share."""
        return Shard(number, of).output(self.table)

    def add(self, *names: str, images: str = "images") -> None:
        """Put files into the folder of images."""
        for name in names:
            path = self.folder / images / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            # What was changed just now is waited for.
            os.utime(path, (1e9, 1e9))

    def classify(
        self, *numbers: int, of: int = N_SHARES, images: str = "images", **options: Any
    ) -> None:
        """Classify these shares, all of them where none is named, as `told` does."""
        options = {"pattern": PATTERN, "predict": told, **options}
        for number in numbers or range(1, of + 1):
            classify_folder(
                self.folder / images, self.classifier, options.pop("table", self.table),
                shard=Shard(number, of), **options,
            )  # fmt: skip

    def whole(self) -> bytes:
        """The table of a single run."""
        table = self.folder / "whole.csv"
        classify_folder(
            self.folder / "images", self.classifier, table, pattern=PATTERN, predict=told
        )
        return table.read_bytes()

    def edit(self, change: Callable[[bytes], bytes], number: int = 2) -> None:
        """Change the bytes of a share's table."""
        path = self.share(number)
        path.write_bytes(change(path.read_bytes()))

    def edit_lines(self, change: Callable[[list[str]], object], number: int = 2) -> None:
        """Change the lines of a share's table; the first are the titles."""
        lines = self.share(number).read_text("utf-8").splitlines()
        change(lines)
        self.share(number).write_text("".join(f"{line}\n" for line in lines), "utf-8")

    def edit_journal(self, change: Callable[[list[Any]], object], number: int = 2) -> None:
        """Change what the lines of a share's journal say."""
        path = journal_path(self.share(number))
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        change(lines)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")

    def copy(self, source: Path, target: Path) -> None:
        """Copy a table with its journal."""
        shutil.copy(source, target)
        shutil.copy(journal_path(source), journal_path(target))

    def as_of_before(self) -> None:
        """Take from all journals what the first release did not write."""
        for number in range(1, N_SHARES + 1):
            if journal_path(self.share(number)).exists():
                self.edit_journal(_as_before, number)


def told(classifier, images, axes, should_stop):
    """Predictions that depend on nothing but names; some images are series, one can't be read."""
    for n, files in enumerate(images):
        if "A03" in files.name:
            message = "It can't be read, “really”."
            yield [Prediction(files.name, "", "error", message=message, code="damaged")]
            continue
        items = [f"t={t}" for t in range(12)] if "B05" in files.name else [""]
        share = (sum(files.name.encode()) % 97) / 97
        first, second = classifier.class_names
        yield [
            Prediction(
                files.name, item, "ok", first, share, {first: share, second: 1 - share},
                pixels=f"{n:032}",
            )
            for item in items
        ]  # fmt: skip


def _as_before(lines: list[Any]) -> None:
    for name in OF_LATER:
        lines[-1].pop(name, None)


def _swap(lines: list[str]) -> None:
    lines[3], lines[4] = lines[4], lines[3]


def _cells(line: int, *changes: tuple[str, str]) -> Callable[[list[str]], None]:
    def change(lines: list[str]) -> None:
        for old, new in changes:
            assert old in lines[line]
            lines[line] = lines[line].replace(old, new, 1)

    return change


def _series(lines: list[str]) -> list[int]:
    return [n for n, line in enumerate(lines) if ",t=" in line]


def _without_a_time_point(lines: list[str]) -> None:
    del lines[_series(lines)[3]]


def _with_a_time_point(lines: list[str]) -> None:
    at = _series(lines)[-1]
    lines.insert(at + 1, lines[at].replace("t=11", "t=12"))


def _number_of_series(study: Study) -> int:
    return next(
        n for n in range(1, N_SHARES + 1) if ",t=3," in study.share(n).read_text("utf-8")
    )  # fmt: skip


def _of_series(change: Callable[[list[str]], object]) -> Callable[[Study], None]:
    return lambda study: study.edit_lines(change, _number_of_series(study))


def _series_divided(study: Study) -> None:
    number = _number_of_series(study)
    moved: list[str] = []

    def take(lines: list[str]) -> None:
        moved.extend(lines[at] for at in _series(lines)[6:])
        for at in reversed(_series(lines)[6:]):
            del lines[at]

    study.edit_lines(take, number)
    study.edit_lines(lambda lines: lines.extend(moved), number % N_SHARES + 1)


def _row_of_another_share(study: Study) -> None:
    row = study.share(1).read_text("utf-8").splitlines()[2]
    study.edit_lines(lambda lines: lines.insert(3, row))


def _row_moved(study: Study) -> None:
    row = study.share(1).read_text("utf-8").splitlines()[2]
    study.edit_lines(lambda lines: lines.pop(2), 1)
    study.edit_lines(lambda lines: lines.insert(3, row))


def _image_gone_everywhere(study: Study) -> None:
    """From table and journal, and the journal's count; the listing knows of it."""
    study.edit_lines(lambda lines: lines.pop(), 3)

    def leave(lines: list[Any]) -> None:
        last = max(line["file"] for line in lines if "file" in line)
        lines[:] = [line for line in lines if line.get("file") != last]
        table = hashlib.sha256(study.share(3).read_bytes()).hexdigest()
        lines[-1].update(finished=7, share={**lines[-1]["share"], "table_sha256": table})

    study.edit_journal(leave, 3)


def _written_as(number: int, **changed: Any) -> Callable[[Study], None]:
    def change(study: Study) -> None:
        study.edit_journal(lambda lines: lines[0].update(changed), number)

    return change


def _copied(source: str, target: str) -> Callable[[Study], None]:
    return lambda study: study.copy(study.folder / source, study.folder / target)


def _empty(name: str) -> Callable[[Study], None]:
    return lambda study: (study.folder / name).write_bytes(b"")


def _another_version(study: Study) -> None:
    study.edit_journal(lambda lines: lines[1]["run"]["versions"].update(numpy="1.0"))


def _renamed(number: int, name: str) -> Callable[[Study], None]:
    return lambda study: (
        study.share(number).rename(study.folder / name),
        journal_path(study.share(number)).rename(study.folder / f"{name}.journal"),
    )


def _entry(change: Callable[[dict[str, Any]], object]) -> Callable[[Study], None]:
    return lambda study: study.edit_journal(lambda lines: change(lines[3]))


# Each with what the sentence says; None where the table is the one of a single run.
CHANGED: dict[str, tuple[Callable[[Study], object], str | None]] = {
    "a row cut out": (lambda s: s.edit_lines(lambda x: x.pop(3)), "7 images of 8"),
    "the last row cut out": (lambda s: s.edit_lines(lambda x: x.pop()), "7 images of 8|missing"),
    "all rows cut out": (lambda s: s.edit(lambda x: x.split(b"\n")[0] + b"\n"), "0 images of 8"),
    "nothing left": (_empty("predictions.2-of-3.csv"), "columns"),
    "a row twice": (lambda s: s.edit_lines(lambda x: x.insert(3, x[3])), "too many"),
    "a row twice, apart": (lambda s: s.edit_lines(lambda x: x.append(x[2])), "behind"),
    "rows exchanged": (lambda s: s.edit_lines(_swap), "behind|missing"),
    "another class": (lambda s: s.edit_lines(_cells(4, ("control", "depleted"))), "class"),
    "a probability": (lambda s: s.edit_lines(_cells(4, (",0.", ",0.9"))), "not as it was"),
    "a message": (lambda s: s.edit_lines(lambda x: x.__setitem__(
        4, x[4].replace(",,,", ",well,,"))), "message"),
    "a well": (lambda s: s.edit_lines(_cells(4, (",p", ",q"))), "not as it was"),
    "a name": (lambda s: s.edit_lines(_cells(4, ("p0/", "p0/x"))), "knows of no"),
    "a row of another share": (_row_of_another_share, "knows of no|behind"),
    "a row moved to another share": (_row_moved, "7 images of 8"),
    "a time point cut out": (_of_series(_without_a_time_point), r"B05.tif \(item\)"),
    "a time point added": (_of_series(_with_a_time_point), "too many"),
    "a series divided": (_series_divided, "missing"),
    "cut in the last line": (lambda s: s.edit(lambda x: x[:-30]), "cells of"),
    "cut in the last cell": (lambda s: s.edit(lambda x: x[:-5]), "cells of|different classifiers"),
    "no line break at the end": (lambda s: s.edit(lambda x: x[:-1]), "another program"),
    "ends of lines of Windows": (
        lambda s: s.edit(lambda x: x.replace(b"\n", b"\r\n")), "another program"),
    "a byte order mark": (lambda s: s.edit(lambda x: b"\xef\xbb\xbf" + x), "columns"),
    "UTF-16": (lambda s: s.edit(lambda x: x.decode().encode("utf-16")), "columns"),
    "semicolons": (lambda s: s.edit(lambda x: x.replace(b",", b";")), "columns"),
    "tabs": (lambda s: s.edit(lambda x: x.replace(b",", b"\t")), "columns"),
    "decimal commas": (
        lambda s: s.edit(lambda x: x.replace(b",", b";").replace(b".", b",")), "columns"),
    "fewer digits": (
        lambda s: s.edit(lambda x: re.sub(rb"(0\.\d)\d{5}", rb"\1", x)), "not as it was"),
    "a column more": (
        lambda s: s.edit_lines(lambda x: x.__setitem__(slice(None), [f"{y},1" for y in x])),
        "another program"),
    "a column less": (
        lambda s: s.edit_lines(lambda x: x.__setitem__(
            slice(None), [y.split(",", 1)[1] for y in x])), "columns"),
    "a column renamed": (lambda s: s.edit(lambda x: x.replace(b"p_control", b"p_Control")),
                         "columns"),
    "a column twice": (lambda s: s.edit(lambda x: x.replace(b"well", b"plate", 1)), "columns"),
    "columns exchanged": (
        lambda s: s.edit(lambda x: x.replace(b"p_control,p_depleted", b"p_depleted,p_control")),
        "columns"),
    "another classifier": (
        lambda s: s.edit_lines(lambda x: x.__setitem__(
            slice(1, None), [y.replace(s.classifier.sha256[:12], "0" * 12) for y in x[1:]])),
        "different classifiers"),
    "NUL": (lambda s: s.edit(lambda x: x[:200] + b"\0" * 50 + x[200:]), "not as it was|damaged"),
    "one endless cell": (
        lambda s: s.edit(lambda x: x + b'"' + b"a" * 2_000_000), "damaged|cells of"),
    "not closed quotes": (lambda s: s.edit(lambda x: x[:150] + b'"' + x[150:]), "not as it was"),
    "binary": (lambda s: s.edit(lambda x: bytes(range(256)) * 40), "columns|damaged"),
    "a folder": (
        lambda s: (s.share(2).unlink(), s.share(2).mkdir()), "1 of 3 shares are not done: 2/3"),
    "no table": (lambda s: s.share(2).unlink(), "1 of 3 shares are not done: 2/3"),
    "no journal": (lambda s: journal_path(s.share(2)).unlink(), "not done: 2/3"),
    "an empty journal": (_empty("predictions.2-of-3.csv.journal"), "not done: 2/3"),
    "not finished": (lambda s: s.edit_journal(lambda x: x.pop()), "not done: 2/3"),
    "begun again": (lambda s: s.edit_journal(lambda x: x.append(x[1])), "not done: 2/3"),
    "a journal cut in the last line": (
        lambda s: journal_path(s.share(2)).write_bytes(
            journal_path(s.share(2)).read_bytes()[:-3]), "not done: 2/3"),
    "a journal of another share": (
        lambda s: shutil.copy(journal_path(s.share(1)), journal_path(s.share(2))),
        "written as share 1/3"),
    "a table of another share": (
        lambda s: shutil.copy(s.share(1), s.share(2)), "knows of no"),
    "a share under two names": (
        _copied("predictions.1-of-3.csv", "predictions.2-of-3.csv"), "written as share 1/3"),
    "two shares exchanged": (
        lambda s: (s.copy(s.share(1), s.folder / "x.csv"), s.copy(s.share(2), s.share(1)),
                   s.copy(s.folder / "x.csv", s.share(2))), "written as share 2/3"),
    "a journal of a newer version": (_written_as(2, journal=2), "can't be read"),
    "a journal that is none": (
        lambda s: journal_path(s.share(2)).write_text("{}\n" * 9), "not done|can't be read"),
    "another pattern": (_written_as(2, pattern="{well}.tif"), "different name patterns"),
    "other axes": (_written_as(2, axes="ZYX"), "different meaning of the axess?"),
    "other masks": (_written_as(2, masks="masks"), "different set of maskss?"),
    "parts as objects": (_written_as(2, split_masks=True), "different choice"),
    "a map of channels": (_written_as(2, channel_map={"GFP": "488"}), "different map of channels"),
    "the sum of another classifier": (_written_as(2, classifier="0" * 64), "another classifier"),
    "all of another folder": (
        lambda s: s.edit_journal(lambda x: x[1]["run"]["images"].update(folder="/other")),
        "of two folders"),
    "an image gone everywhere": (
        _image_gone_everywhere, "have 23 images, and are to have 24"),
    "another number of images": (
        lambda s: s.edit_journal(lambda x: x[-1].update(finished=99)), "8 images of 99"),
    "another listing": (
        lambda s: s.edit_journal(lambda x: x[-1]["share"]["listing"].update(images=25)),
        "changed between the starts"),
    "every listing another one": (
        lambda s: [s.edit_journal(lambda x: x[-1]["share"]["listing"].update(sha256="0" * 64), n)
                   for n in (1, 2, 3)], "are to have"),
    "a listing that is none": (
        lambda s: s.edit_journal(lambda x: x[-1]["share"].update(listing=[])), "can't be read"),
    "a share that is none": (
        lambda s: s.edit_journal(lambda x: x[-1].update(share=3)), "can't be read"),
    "an image gone from the journal": (
        lambda s: s.edit_journal(lambda x: x.pop(3)), "knows of no"),
    "an image more in the journal": (
        lambda s: s.edit_journal(lambda x: x.insert(3, {**x[3], "file": "p9/Z01.tif"})), None),
    "an answer changed in the journal": (
        _entry(lambda x: x["rows"][0].update(confidence=0.5)), "not the probability"),
    "an item twice in the journal": (
        _entry(lambda x: x["rows"].append(x["rows"][0])), "two of one item"),
    "an item that is none": (
        _entry(lambda x: x["rows"][0].update(item="t=")), "which part of an image"),
    "an item of many digits": (
        _entry(lambda x: x["rows"][0].update(item="t=" + "9" * 5000)), "which part of an image"),
    "no rows in the journal": (_entry(lambda x: x.update(rows=[])), "no prediction"),
    "other classes in the journal": (
        lambda s: s.edit_journal(lambda x: x[1]["run"]["classifier"].update(
            class_names=["a", "b"])), "knows no class"),
    "another version": (_another_version, None),
    "no manifest": (lambda s: manifest_path(s.share(2)).unlink(), None),
    "a foreign manifest": (
        lambda s: shutil.copy(manifest_path(s.share(1)), manifest_path(s.share(2))), None),
    "a manifest that is none": (lambda s: manifest_path(s.share(2)).write_text("{"), None),
    "share 0": (_copied("predictions.1-of-3.csv", "predictions.0-of-3.csv"), "can't be a share"),
    "share 4 of 3": (
        _copied("predictions.1-of-3.csv", "predictions.4-of-3.csv"), "can't be a share"),
    "share -1": (
        _copied("predictions.1-of-3.csv", "predictions.-1-of-3.csv"), "can't be a share"),
    "zeros in front": (
        _copied("predictions.1-of-3.csv", "predictions.01-of-3.csv"), "can't be a share"),
    "a share of more": (
        _copied("predictions.1-of-3.csv", "predictions.1-of-4.csv"), "shares of 3 and of 4"),
    "a share of three milliards": (
        _copied("predictions.1-of-3.csv", "predictions.1-of-3000000000.csv"), "at most 1,000,000"),
    "a share of very many digits": (
        lambda s: (s.folder / f"predictions.1-of-{'9' * 200}.csv").touch(), "can't be a share"),
    "shares of a million": (
        lambda s: [_renamed(n, f"predictions.{n}-of-1000000.csv")(s) for n in (1, 2, 3)],
        "999997 of 1000000 shares are not done"),
}  # fmt: skip


def _image_comes_between(study: Study) -> None:
    study.add(*NAMES)
    study.classify(1, 2)
    study.add("p0/A00.tif")
    study.classify(3)


def _image_goes_between(study: Study) -> None:
    study.add(*NAMES)
    study.classify(1)
    (study.folder / "images" / NAMES[0]).unlink()
    study.classify(2, 3)


def _image_comes_last(study: Study) -> None:
    study.add(*NAMES)
    study.classify(1, 2)
    study.add("p9/Z99.tif")
    study.classify(3)


def _image_renamed(study: Study) -> None:
    study.add(*NAMES)
    study.classify(1, 2)
    path = study.folder / "images" / NAMES[0]
    path.rename(path.with_name("A00.tif"))
    study.classify(3)


def _mended(study: Study) -> None:
    _image_comes_between(study)
    study.classify(1, 2)


def _two_folders(study: Study) -> None:
    study.add(*NAMES)
    study.add(*NAMES, images="other")
    study.classify(1, 2)
    study.classify(3, images="other")


def _a_link_to_the_folder(study: Study) -> None:
    study.add(*NAMES)
    study.classify(1, 2)
    (study.folder / "images").rename(study.folder / "moved")
    (study.folder / "images").symlink_to(study.folder / "moved")
    study.classify(3)


def _more_shares_than_images(study: Study) -> None:
    study.add(NAMES[0])
    study.classify()


def _other_options(study: Study) -> None:
    study.add(*NAMES)
    study.classify(1, 2)
    study.classify(3, pattern="{folder}/{well}.tif")


def _other_division(study: Study) -> None:
    study.add(*NAMES)
    study.classify(1, 2)
    study.classify(3, of=4)


def _two_tables(study: Study) -> None:
    study.add(*NAMES)
    study.classify(1, 2)
    study.classify(3, table=study.folder / "other.csv")
    for name in ("other.3-of-3.csv", "other.3-of-3.csv.journal"):
        (study.folder / name).rename(study.folder / name.replace("other", "predictions"))


OTHERWISE: dict[str, tuple[Callable[[Study], object], str | None]] = {
    "an image comes between": (_image_comes_between, "changed between.*24 images.*25.*1/3, 2/3"),
    "and the shares are run again": (_mended, None),
    "an image goes between": (_image_goes_between, "changed between.*24 images.*23"),
    "an image comes last": (_image_comes_last, "changed between"),
    "an image is renamed": (_image_renamed, "changed between.*24 images.*others"),
    "two folders with the same names": (_two_folders, "of two folders"),
    "one folder under two names": (_a_link_to_the_folder, None),
    "more shares than images": (_more_shares_than_images, None),
    "another pattern": (_other_options, "different name patterns"),
    "another division": (_other_division, "shares of 3 and of 4"),
    "shares of two tables": (_two_tables, None),
}

# As above, where the first release had written the shares.
OF_BEFORE: dict[str, str | None] = {
    "a row cut out": "7 images of 8",
    "a row moved to another share": "7 images of 8",
    "a share under two names": "is in two shares",
    "two shares exchanged": "belongs into the share",
    "a probability": "not as it was",
    "ends of lines of Windows": None,
    "no line break at the end": None,
    "an image comes between": "is in two shares|belongs into the share",
    "an image goes between": "is in two shares|belongs into the share",
    "more shares than images": None,
}
