"""sorted_copies: every image in the folder of its class, and nothing else changed."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile

from helpers.micro_manager import ome_of, pointing_to, write_stack
from napari_image_classifier.batch.predictions_csv import write_predictions
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.images.discovery import ImageFolderError, find_images
from napari_image_classifier.images.image import read_image
from napari_image_classifier.plates import sort_images as sorted_copies
from napari_image_classifier.plates.columns import SummaryError
from napari_image_classifier.plates.sort_images import SortingError, sort_images

CLASSES = ("G1", "G2/M")


def said(file, class_name="G1", status="ok", item=""):
    """A prediction of that class."""
    if status == "error":
        return Prediction(file, item, "error", message="can't be read")
    return Prediction(file, item, status, class_name, 0.9, {class_name: 0.9})


def write_table(path, predictions):
    """Write predictions as classify does."""
    write_predictions(path, [[one] for one in predictions], CLASSES, "0" * 64)
    return path


def write_images(folder, names):
    """Write files with names and contents of their own."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        os.utime(path, (1_000_000_000, 1_000_000_000))


def files_below(folder):
    """Every file below a folder with its content, by its name."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in paths}


@pytest.fixture
def images(tmp_path):
    """Six files in two sub-folders, with names that come twice."""
    names = ["1/a.tif", "1/b.tif", "1/c.tif", "2/a.tif", "2/b.tif", "2/c.png"]
    write_images(tmp_path / "images", names)
    return tmp_path / "images"


@pytest.fixture
def table(tmp_path, images):
    """A prediction of every image, with every kind of status."""
    return write_table(
        tmp_path / "predictions.csv",
        [
            said("1/a.tif"),
            said("1/b.tif", "G2/M"),
            said("1/c.tif", status="unsure"),
            said("2/a.tif"),
            said("2/b.tif", status="unlike-training"),
            said("2/c.png", status="error"),
        ],
    )


def test_every_image_is_copied_into_the_folder_of_its_class(table, images, tmp_path):
    """With its sub-folders; doubts and errors beside the classes; the images stay as they are."""
    before = files_below(images)
    steps = []
    result = sort_images(
        table, images, tmp_path / "sorted", on_progress=lambda *step: steps.append(step)
    )
    assert files_below(tmp_path / "sorted") == {
        "G1/1/a.tif": "1/a.tif",
        "G1/2/a.tif": "2/a.tif",
        "G2_M/1/b.tif": "1/b.tif",
        "unsure/1/c.tif": "1/c.tif",
        "unlike-training/2/b.tif": "2/b.tif",
        "error/2/c.png": "2/c.png",
    }
    assert files_below(images) == before
    assert result.message == (
        "6 of 6 images copied: 2 to G1, 1 to G2_M, 1 to error, 1 to unlike-training, 1 to unsure."
    )
    assert steps == [(done, 6) for done in range(7)]
    copy = tmp_path / "sorted" / "G1" / "1" / "a.tif"
    assert copy.stat().st_mtime == 1_000_000_000


def test_an_image_in_several_files_is_copied_whole(tmp_path):
    """By the name pattern that it was classified with."""
    names = [f"{well}_w{channel}.tif" for well in ("A01", "A02") for channel in (1, 2)]
    write_images(tmp_path / "images", [*names, "notes.tif"])
    predictions = [said("A01_w{channel}.tif"), said("A02_w{channel}.tif", "G2/M")]
    table = write_table(tmp_path / "predictions.csv", predictions)
    with pytest.raises(SortingError, match="several files there: give the name pattern"):
        sort_images(table, tmp_path / "images", tmp_path / "sorted")
    result = sort_images(
        table, tmp_path / "images", tmp_path / "sorted", pattern="{well}_w{channel}.tif"
    )
    assert sorted(files_below(tmp_path / "sorted")) == [
        "G1/A01_w1.tif", "G1/A01_w2.tif", "G2_M/A02_w1.tif", "G2_M/A02_w2.tif",
    ]  # fmt: skip
    assert result.counts == {"G1": 1, "G2_M": 1}


def test_an_ome_image_takes_its_other_files_with_it(tmp_path):
    """Those that its description names, as it can't be opened without."""
    folder = tmp_path / "images"
    folder.mkdir()
    uuids = [f"urn:uuid:00000000-0000-0000-0000-00000000000{number}" for number in range(2)]
    data = "".join(
        f'<TiffData FirstZ="{z}" IFD="0" PlaneCount="1"><UUID FileName="z{z}.ome.tif">{uuid}</UUID>'
        "</TiffData>"
        for z, uuid in enumerate(uuids)
    )
    for z, uuid in enumerate(uuids):
        description = (
            f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{uuid}">'
            '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" '
            'SizeX="9" SizeY="8" SizeZ="2" SizeC="1" SizeT="1"><Channel ID="Channel:0:0"/>'
            f"{data}</Pixels></Image></OME>"
        )
        tifffile.imwrite(
            folder / f"z{z}.ome.tif", np.zeros((8, 9), np.uint8), description=description,
            metadata=None, photometric="minisblack",
        )  # fmt: skip
    table = write_table(tmp_path / "predictions.csv", [said("z0.ome.tif")])
    result = sort_images(table, folder, tmp_path / "sorted")
    copied = sorted(path.name for path in (tmp_path / "sorted" / "G1").iterdir())
    assert copied == ["z0.ome.tif", "z1.ome.tif"]
    assert result.n_images == 1


def sort_by_number(folder, names, tmp_path):
    """Sort images into a class for each, and return the values of the images in each folder."""
    predictions = [said(name, f"class {number}") for number, name in enumerate(names)]
    write_predictions(
        tmp_path / "predictions.csv", [[one] for one in predictions],
        tuple(f"class {number}" for number in range(len(names))), "0" * 64,
    )  # fmt: skip
    sort_images(tmp_path / "predictions.csv", folder, tmp_path / "sorted")
    found = {}
    for number in range(len(names)):
        images, _ = find_images(tmp_path / "sorted" / f"class {number}")
        found[number] = []
        for files in images:
            with read_image(files) as image:
                found[number].append((files.name, image.asarray()[..., 0, 0].tolist()))
    return found


def test_positions_of_micro_manager_can_be_read_where_they_are_sorted(tmp_path):
    """Each alone, though one of them has the description of all."""
    folder = tmp_path / "images"
    folder.mkdir()
    names = [f"a_MMStack_Pos{number}.ome.tif" for number in range(3)]
    places = [(0, 0, 0), (0, 1, 0)]
    text = ome_of([(name, {name: places}) for name in names])
    for number, name in enumerate(names):
        write_stack(
            folder / name, {place: 10 * number + place[1] for place in places}, position=number,
            Positions=3, description=pointing_to(names[0]) if number else text,
        )  # fmt: skip
    found = sort_by_number(folder, names, tmp_path)
    assert found == {n: [(name, [10 * n, 10 * n + 1])] for n, name in enumerate(names)}


def test_an_image_that_another_one_describes_takes_the_description_alone(tmp_path):
    """The other image would be one of the wrong class."""
    folder = tmp_path / "images"
    folder.mkdir()
    names = [f"{letter}.ome.tif" for letter in "abc"]
    head = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{}">'
    described = "".join(
        f'<Image ID="Image:{n}"><Pixels ID="Pixels:{n}" DimensionOrder="XYZCT" Type="uint8" '
        f'SizeX="9" SizeY="8" SizeZ="1" SizeC="1" SizeT="1"><Channel ID="Channel:{n}:0"/>'
        f'<TiffData IFD="0" PlaneCount="1"><UUID FileName="{name}">urn:uuid:{name}</UUID>'
        "</TiffData></Pixels></Image>"
        for n, name in enumerate(names)
    )
    for n, name in enumerate(names):
        only = '<BinaryOnly MetadataFile="a.ome.tif" UUID="urn:uuid:a.ome.tif"/>'
        text = head.format(name) + (only if n else described) + "</OME>"
        tifffile.imwrite(
            folder / name, np.full((8, 9), n, np.uint8), description=text, metadata=None,
            photometric="minisblack",
        )  # fmt: skip
    found = sort_by_number(folder, names, tmp_path)
    assert found == {n: [(name, n)] for n, name in enumerate(names)}


def test_a_class_can_lead_nowhere_else(tmp_path):
    """Whatever it is called, its folder is below the output; "error" is told from errors."""
    write_images(tmp_path / "images", ["a.tif", "b.tif", "c.tif", "d.tif"])
    predictions = [
        said("a.tif", "../../x"), said("b.tif", "CON"), said("c.tif", "error"),
        said("d.tif", status="error"),
    ]  # fmt: skip
    table = tmp_path / "predictions.csv"
    write_predictions(table, [[one] for one in predictions], ("../../x", "CON", "error"), "0" * 64)
    sort_images(table, tmp_path / "images", tmp_path / "sorted")
    assert files_below(tmp_path / "sorted") == {
        "__.._x/a.tif": "a.tif",
        "_CON/b.tif": "b.tif",
        "error (2)/c.tif": "c.tif",
        "error/d.tif": "d.tif",
    }
    assert {path.name for path in tmp_path.iterdir()} == {"images", "sorted", "predictions.csv"}


def test_images_that_are_gone_are_told(table, images, tmp_path):
    """The others are copied; without any it is the wrong folder."""
    (images / "1" / "a.tif").unlink()
    result = sort_images(table, images, tmp_path / "sorted")
    assert result.missing == ("1/a.tif",)
    assert "5 of 5 images copied" in result.message
    assert "No longer in the folder: 1 image of the table, the first is 1/a.tif." in result.message
    write_images(tmp_path / "others", ["x.tif"])
    with pytest.raises(SortingError, match=r"None of the images .* give the folder that was class"):
        sort_images(table, tmp_path / "others", tmp_path / "again")


def test_a_stop_leaves_whole_images_only(tmp_path, monkeypatch):
    """Also between two files of one image, and within a file."""
    monkeypatch.setattr(sorted_copies, "BYTES_AT_ONCE", 4)
    names = [f"{well}_w{channel}.tif" for well in ("A01", "A02", "A03") for channel in (1, 2)]
    write_images(tmp_path / "images", names)
    predictions = [said(f"{well}_w{{channel}}.tif") for well in ("A01", "A02", "A03")]
    table = write_table(tmp_path / "predictions.csv", predictions)
    blocks = 0

    def should_stop():
        nonlocal blocks
        blocks += 1
        # In the middle of the second file of the second image.
        return blocks > 11

    result = sort_images(
        table, tmp_path / "images", tmp_path / "sorted", pattern="{well}_w{channel}.tif",
        should_stop=should_stop,
    )  # fmt: skip
    assert result.stopped
    assert "1 of 3 images copied: 1 to G1. Stopped before the end" in result.message
    assert sorted(files_below(tmp_path / "sorted")) == ["G1/A01_w1.tif", "G1/A01_w2.tif"]


def test_a_file_that_cannot_be_copied_is_named(table, images, tmp_path, monkeypatch):
    """With how far it came, and without a half file."""
    copy_file = sorted_copies._copy_file

    def fail_at_the_third(source, target, should_stop):
        if source.name == "c.tif":
            raise OSError(28, "No space left on device", str(target))
        copy_file(source, target, should_stop)

    monkeypatch.setattr(sorted_copies, "_copy_file", fail_at_the_third)
    with pytest.raises(SortingError, match=r"c\.tif could not be copied: No space .* 2 of 6 image"):
        sort_images(table, images, tmp_path / "sorted")
    assert sorted(files_below(tmp_path / "sorted")) == ["G1/1/a.tif", "G2_M/1/b.tif"]


def test_parts_of_images_are_refused(images, tmp_path):
    """A movie may be of several classes."""
    table = write_table(tmp_path / "parts.csv", [said("1/a.tif", item="t=3")])
    with pytest.raises(SortingError, match=r"parts of images \(t=3 of 1/a\.tif\).* whole images"):
        sort_images(table, images, tmp_path / "sorted")
    assert not (tmp_path / "sorted").exists()


def test_outputs_that_are_refused(table, images, tmp_path, monkeypatch):
    """Nothing is mixed with what is there, nor copied into what is classified next time."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    (tmp_path / "looked at").mkdir()
    (tmp_path / "looked at" / ".DS_Store").touch()
    within = images / "1"
    if sys.platform != "win32":
        within = tmp_path / "way in"
        within.symlink_to(images / "1", target_is_directory=True)
    for output, why in (
        (images, "lies within the images' folder"),
        (images / "1" / "sorted", "lies within the images' folder"),
        (within / "sorted", "lies within the images' folder"),
        (tmp_path / "full", "is not empty; choose an empty folder"),
        (tmp_path, "is not empty"),
        (table, "is a file; choose an empty folder"),
    ):
        with pytest.raises(SortingError, match=why):
            sort_images(table, images, output)
    assert sort_images(table, images, tmp_path / "looked at").n_images == 6
    monkeypatch.setattr(sorted_copies.shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(SortingError, match="choose a folder on another disk"):
        sort_images(table, images, tmp_path / "sorted")


def test_inputs_that_are_refused(table, images, tmp_path):
    """No folder, no table."""
    with pytest.raises(ImageFolderError):
        sort_images(table, tmp_path / "none", tmp_path / "sorted")
    with pytest.raises(SummaryError, match="is no table of predictions"):
        (tmp_path / "other.csv").write_text("a,b\n1,2\n")
        sort_images(tmp_path / "other.csv", images, tmp_path / "sorted")


def test_the_command(table, images, tmp_path):
    """Says what it did; a second time it refuses."""
    command = [sys.executable, "-m", "napari_image_classifier.cli.app", "sort", table, images]
    command.append(tmp_path / "sorted")
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("6 of 6 images copied: 2 to G1")
    assert Path(done.stdout.splitlines()[1].removeprefix("Written: ")) == tmp_path / "sorted"
    again = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    assert again.returncode == 1
    assert "is not empty" in again.stderr
