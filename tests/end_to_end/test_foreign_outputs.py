"""Outputs never take the place of what is read, or of what this program did not write."""

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.batch.shards import Shard
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.cli.commands import app
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.plates.figures import new_figure, write_figure

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")

LABELS = "file,class,rater\n" + "".join(f"{n}.tif,{'ab'[n % 2]},Ada\n" for n in range(4))
PREDICTIONS = "file,item,status,class,confidence,p_a,p_b,message,code,classifier\n" + "".join(
    f"{n}.tif,,ok,{'ab'[n % 2]},0.9,0.9,0.1,,,0123456789ab\n" for n in range(4)
)


@pytest.fixture
def place(tmp_path, tiny_classifier_path):
    """A folder with two images, a classifier, labels and predictions."""
    for folder in ("images", "other"):
        for number in range(2):
            pixels = np.full((2, 16, 16), 50 * number + len(folder), np.uint8)
            image = Image.from_array(pixels, "CYX", channel_names=("DNA", "GFP"))
            write_image(tmp_path / folder / f"{number}.tif", image)
            os.utime(tmp_path / folder / f"{number}.tif", (1_700_000_000,) * 2)
    shutil.copy(tiny_classifier_path, tmp_path / "cells.keras")
    (tmp_path / "labels.csv").write_text(LABELS)
    (tmp_path / "more.csv").write_text(LABELS.replace("Ada", "Bob"))
    (tmp_path / "predictions.csv").write_text(PREDICTIONS)
    return tmp_path


# Each with what it reads, its output last.
COMMANDS = {
    "classify": (["classify", "images", "--classifier", "cells.keras", "--output"], "cells.keras"),
    "train": (["train", "images", "--items", "labels.csv", "--output"], "labels.csv"),
    "evaluate": (["evaluate", "images", "--items", "labels.csv", "--report"], "labels.csv"),
    "agreement": (["agreement", "labels.csv", "more.csv", "--report"], "labels.csv"),
    "summarize": (["summarize", "predictions.csv", "--by", "class", "--output"], "predictions.csv"),
    "plate map": (
        ["summarize", "predictions.csv", "--output", "new.csv", "--plate-map"],
        "predictions.csv",
    ),
    "import": (
        ["import", "cells.keras", "--classes", "a,b", "--channels", "DNA,GFP", "--output"],
        "cells.keras",
    ),
}


def lies_there(place, kind, read):
    """Put something where the output goes; return the path that is given for it."""
    output = place / f"output{Path(read).suffix}"
    if kind == "input":
        return place / read
    if kind == "other spelling":
        return place / "images" / ".." / read
    if kind == "hard link":
        output.hardlink_to(place / read)
    if kind == "link":
        output.symlink_to(place / read)
    if kind == "by a linked folder":
        (place / "linked").symlink_to(place)
        return place / "linked" / read
    if kind == "folder":
        output.mkdir()
    if kind == "pipe":
        os.mkfifo(output)
    if kind == "device":
        return Path("/dev/null")
    if kind == "link to a device":
        output.symlink_to("/dev/null")
    return output


@posix
@pytest.mark.parametrize("kind", ["input", "other spelling", "hard link", "link", "folder", "pipe",
                                  "by a linked folder", "device", "link to a device"])  # fmt: skip
@pytest.mark.parametrize("command", COMMANDS)
def test_what_must_stay_stays(place, monkeypatch, command, kind):
    """Also where it may be overwritten; said in a sentence before any work."""
    monkeypatch.chdir(place)
    arguments, read = COMMANDS[command]
    output = lies_there(place, kind, read)
    before = (place / read).read_bytes()
    result = CliRunner().invoke(app, [*arguments, str(output), "--overwrite"])
    assert isinstance(result.exception, ImageClassifierError), result.output
    assert any(name in str(result.exception) for name in (Path(read).name, output.name, "null"))
    assert (place / read).read_bytes() == before
    assert kind != "pipe" or output.is_fifo()
    assert "device" not in kind or Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("agreement", "r.answers.csv"),
        ("agreement", "r.agreement.json"),
        ("evaluate", "r.predictions.csv"),
        ("evaluate", "r.evaluation.json"),
        ("evaluate", "r.html.runs"),
        ("evaluate", "r.manifest.json"),
        ("classify", "r.csv.journal"),
        ("classify", "r.manifest.json"),
        ("train", "r.keras.unfinished"),
        ("train", "r.manifest.json"),
    ],
)
@pytest.mark.parametrize("content", [LABELS, '{"mine": 1}', "no end of a line", "\0\1"])
def test_what_lies_beside_an_output_stays(place, monkeypatch, command, name, content):
    """Nobody has named it, so it is never overwritten."""
    monkeypatch.chdir(place)
    for number in range(2):
        target = place / "images" / "ab"[number] / f"{number}.tif"
        target.parent.mkdir()
        (place / "images" / f"{number}.tif").rename(target)
    (place / name).write_text(content)
    arguments, _ = COMMANDS[command]
    arguments = [one for one in arguments if one not in ("--items", "labels.csv")]
    if command == "agreement":
        arguments = ["agreement", "labels.csv", "more.csv", "--report"]
    ending = {"classify": "csv", "train": "keras"}.get(command, "html")
    result = CliRunner().invoke(app, [*arguments, f"r.{ending}", "--overwrite"])
    assert isinstance(result.exception, ImageClassifierError), (result.output, result.exception)
    assert (place / name).read_text() == content


def test_two_pictures_under_one_name(place, monkeypatch):
    """One would replace the other, however it is spelled."""
    monkeypatch.chdir(place)
    result = CliRunner().invoke(
        app, ["summarize", "predictions.csv", "--dose", "dose", "--plate-map", "a.png",
              "--dose-response", "images/../a.png"],
    )  # fmt: skip
    assert "the same file" in str(result.exception)


def classified(folder, output, place, **choices):
    return classify_folder(folder, place / "cells.keras", output, workers=1, **choices)


def test_a_table_is_of_one_folder(place, tmp_path):
    """Images of another folder may have the same names, sizes and times."""
    output = tmp_path / "p.csv"
    classified(place / "images", output, place)
    before = output.read_bytes()
    with pytest.raises(ImageClassifierError, match="begun with the images in"):
        classified(place / "other", output, place)
    assert output.read_bytes() == before
    # Renamed, and reached by another way, it is the same folder.
    (place / "images").rename(place / "renamed")
    assert classified(place / "renamed", output, place).n_resumed == 2
    (place / "renamed").rename(place / "gone")
    with pytest.raises(ImageClassifierError, match="begun with the images in"):
        classified(place / "other", output, place)
    assert classified(place / "other", output, place, overwrite=True).n_resumed == 0


def test_a_table_that_a_person_has_put_there_stays(place, tmp_path):
    """Though there is a journal to make it of."""
    output = tmp_path / "p.csv"
    classified(place / "images", output, place)
    output.write_text(LABELS)
    with pytest.raises(ImageClassifierError, match="not a table of predictions"):
        classified(place / "images", output, place)
    assert output.read_text() == LABELS
    output.rename(tmp_path / "mine.csv")
    assert classified(place / "images", output, place).n_resumed == 2


@pytest.mark.parametrize("foreign", [LABELS, PREDICTIONS, "II*\0"])
def test_merging_replaces_only_what_was_merged_of_the_same_shares(place, foreign):
    """A foreign table, one of another classifier, an image."""
    output = place / "all.csv"
    for number in (1, 2):
        classified(place / "images", output, place, shard=Shard(number, 2))
    output.write_text(foreign)
    result = CliRunner().invoke(app, ["merge", "--output", str(output)])
    assert isinstance(result.exception, ImageClassifierError)
    assert output.read_text() == foreign
    output.unlink()
    for _ in range(2):
        assert CliRunner().invoke(app, ["merge", "--output", str(output)]).exit_code == 0


def test_python_refuses_what_the_commands_refuse(place):
    """Copies of classifiers, and pictures."""
    image = place / "images" / "0.tif"
    before = image.read_bytes()
    with pytest.raises(ImageClassifierError, match="is not a classifier"):
        load_classifier(place / "cells.keras").save(image)
    picture = place / "cell.png"
    picture.write_bytes(b"\x89PNG of a microscope")
    with pytest.raises(ImageClassifierError, match="is not a picture"):
        write_figure(new_figure(1, 1), picture)
    for _ in range(2):
        load_classifier(place / "cells.keras").save(place / "copy.keras")
        write_figure(new_figure(1, 1), place / "new.png")
    assert image.read_bytes() == before
    assert time.time() > image.stat().st_mtime
