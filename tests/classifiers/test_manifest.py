"""manifest: what lies beside a table, and the hashes of pixels in it."""

import csv
import json
import os

import numpy as np
import pytest
import tifffile

from helpers.manifests import read_manifest
from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.batch.shards import Shard, merge_shards
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.manifest import (
    ManifestError,
    check_place,
    manifest_path,
    write_manifest,
)
from napari_image_classifier.classifiers.manifest_records import file_entry
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.images.pixel_hash import PixelHash
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.system.machine import name_in_cpuinfo, processor
from napari_image_classifier.system.records import as_json

RANDOM = np.random.default_rng(11)


def hash_of(image):
    """The hash of all planes of an image."""
    read = PixelHash(image)
    image.asarray()
    return read.hexdigest()


def hash_of_file(path):
    with read_image(path) as image:
        return hash_of(image)


def save_image(path, shape=(2, 32, 32), axes="CYX"):
    """A random image with the tiny classifier's channels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RANDOM.integers(0, 4000, shape).astype(np.uint16)
    write_image(path, Image.from_array(pixels, axes, channel_names=("GFP", "DNA")))


@pytest.fixture
def images(tmp_path):
    """Three images, a time series, and a file that is no image."""
    folder = tmp_path / "images"
    for name in ("0.tif", "1.tif", "day 2/2.tif"):
        save_image(folder / name)
    save_image(folder / "movie.tif", (3, 2, 32, 32), "TCYX")
    (folder / "broken.tif").write_bytes(b"II*\0 not really")
    return folder


@pytest.mark.parametrize(
    "stored",
    [
        {"compression": "zlib"},
        {"compression": "lzw", "tile": (16, 16)},
        {"byteorder": ">"},
        {"bigtiff": True, "rowsperstrip": 3},
    ],
)
def test_the_same_pixels_hash_alike_however_they_are_stored(tmp_path, stored):
    """Compressed, in tiles, in the other byte order."""
    pixels = RANDOM.integers(0, 4000, (3, 40, 50)).astype(np.uint16)
    usual = {"metadata": {"axes": "ZYX"}, "photometric": "minisblack"}
    tifffile.imwrite(tmp_path / "plain.tif", pixels, **usual)
    tifffile.imwrite(tmp_path / "other.tif", pixels, **usual, **stored)
    assert hash_of_file(tmp_path / "plain.tif") == hash_of_file(tmp_path / "other.tif")


@pytest.mark.parametrize("place", [(0, 0, 0), (2, 39, 49), (1, 7, 30)])
def test_one_changed_pixel_changes_the_hash(place):
    """By one, wherever it is."""
    pixels = RANDOM.integers(0, 4000, (3, 40, 50)).astype(np.uint16)
    changed = pixels.copy()
    changed[place] += 1
    assert hash_of(Image.from_array(pixels, "ZYX")) != hash_of(Image.from_array(changed, "ZYX"))


def test_the_hash_tells_type_shape_and_place_apart():
    """The same bytes as other pixels, or in other planes, are another image."""
    zeros = np.zeros((2, 4, 6), np.uint16)
    spot = zeros.copy()
    spot[0, 1, 1] = 7
    hashes = [
        hash_of(Image.from_array(zeros, "ZYX")),
        hash_of(Image.from_array(zeros, "CYX")),
        hash_of(Image.from_array(zeros.reshape(2, 6, 4), "ZYX")),
        hash_of(Image.from_array(zeros.view(np.int16), "ZYX")),
        hash_of(Image.from_array(spot, "ZYX")),
        hash_of(Image.from_array(spot[::-1], "ZYX")),
    ]
    assert len(set(hashes)) == len(hashes)


def test_the_order_of_reading_does_not_matter():
    """Threads and projections read as suits them."""
    image = Image.from_array(RANDOM.integers(0, 9, (2, 3, 8, 8)), "CZYX")
    expected = hash_of(image)
    read = PixelHash(image)
    for z in (2, 0, 1):
        for channel in (1, 0):
            image.plane(channel=channel, z=z)
    assert read.hexdigest() == expected
    image.plane(channel=0)
    assert read.hexdigest() != expected


def test_a_table_has_a_manifest(images, tiny_classifier_path, tmp_path):
    """Every image with size, time and the pixels' hash of every item; command and versions."""
    table = tmp_path / "predictions.csv"
    classify_folder(images, tiny_classifier_path, table, workers=1)
    stored = read_manifest(tmp_path / "predictions.manifest.json")
    assert (stored["schema"], stored["kind"]) == (1, "table")
    assert stored["result"] == {"file": "predictions.csv", "complete": True}
    classifier = load_classifier(tiny_classifier_path)
    assert stored["classifier"]["sha256"] == classifier.sha256
    assert stored["classifier"]["members"][0]["graph_sha256"] == (
        classifier.description.members[0].graph_sha256
    )
    assert stored["images"] == {
        "folder": str(images), "axes": None, "hash": "xxh3_128", "channels": ["GFP", "DNA"],
        "projection": "max", "each": "image", "objects": None, "pattern": None, "masks": None,
    }  # fmt: skip
    (run,) = stored["runs"]
    assert run["threads"] == 1
    assert run["processor"] and run["platform"] and run["command"]
    assert {"python", "numpy", "onnxruntime", "tifffile"} <= run["versions"].keys()
    files = {entry["file"]: entry for entry in stored["files"]}
    assert list(files) == ["0.tif", "1.tif", "broken.tif", "day 2/2.tif", "movie.tif"]
    for name, entry in files.items():
        (part,) = entry["parts"]
        assert part["size"] == (images / name).stat().st_size
        assert part["modified"].startswith("20")
    (item,) = files["0.tif"]["items"]
    assert item["pixels"] == hash_of_file(images / "0.tif")
    (broken,) = files["broken.tif"]["items"]
    assert (broken["status"], broken["class"], broken["pixels"]) == ("error", None, "")
    assert [one["item"] for one in files["movie.tif"]["items"]] == ["t=0", "t=1", "t=2"]
    assert len({one["pixels"] for one in files["movie.tif"]["items"]}) == 3


def test_the_manifest_says_what_the_table_says(images, tiny_classifier_path, tmp_path):
    """Class, confidence and status of every item."""
    table = tmp_path / "predictions.csv"
    classify_folder(images, tiny_classifier_path, table)
    with table.open(newline="", encoding="utf-8") as file:
        rows = {(row["file"], row["item"]): row for row in csv.DictReader(file)}
    stored = read_manifest(manifest_path(table))
    items = {(entry["file"], item["item"]): item for entry in stored["files"] for item in
             entry["items"]}  # fmt: skip
    assert items.keys() == rows.keys()
    for place, item in items.items():
        assert (item["class"] or "") == rows[place]["class"]
        assert item["status"] == rows[place]["status"]
        if item["confidence"] is not None:
            assert f"{item['confidence']:.6f}" == rows[place]["confidence"]


def test_a_stopped_run_ends_with_a_complete_manifest(images, tiny_classifier_path, tmp_path):
    """The one of an uninterrupted run, but for the runs that it names."""
    whole, table = tmp_path / "whole.csv", tmp_path / "predictions.csv"
    classify_folder(images, tiny_classifier_path, whole)
    seen = []
    classify_folder(
        images, tiny_classifier_path, table, workers=1,
        on_predictions=lambda *said: seen.append(said), should_stop=lambda: len(seen) >= 2,
    )  # fmt: skip
    stopped = read_manifest(manifest_path(table))
    assert stopped["result"]["complete"] is False
    assert 2 <= len(stopped["files"]) < 5
    classify_folder(images, tiny_classifier_path, table)
    stored, expected = read_manifest(manifest_path(table)), read_manifest(manifest_path(whole))
    assert stored["result"]["complete"] is True
    assert len(stored["runs"]) == 2
    assert stored["files"] == expected["files"]
    assert stored["classifier"] == expected["classifier"]


@pytest.mark.parametrize("n_shards", [2, 7])
def test_shares_make_one_manifest(images, tiny_classifier_path, tmp_path, n_shards):
    """As a single run does, also where a share has no image, or had one that is gone."""
    whole, table = tmp_path / "whole.csv", tmp_path / "predictions.csv"
    save_image(images / "gone.tif")
    for number in range(1, n_shards + 1):
        classify_folder(images, tiny_classifier_path, table, shard=Shard(number, n_shards))
    (images / "gone.tif").unlink()
    for number in range(1, n_shards + 1):
        classify_folder(images, tiny_classifier_path, table, shard=Shard(number, n_shards))
    classify_folder(images, tiny_classifier_path, whole)
    merge_shards(table)
    stored, expected = read_manifest(manifest_path(table)), read_manifest(manifest_path(whole))
    assert stored["files"] == expected["files"]
    assert (stored["classifier"], stored["images"]) == (
        expected["classifier"], expected["images"]
    )  # fmt: skip
    assert len(stored["runs"]) == 2 * n_shards


def test_files_of_one_image_are_all_counted(tiny_classifier_path, tmp_path):
    """An image in two files has two sizes and one hash."""
    folder = tmp_path / "plate"
    folder.mkdir()
    for channel in ("DNA", "GFP"):
        pixels = RANDOM.integers(0, 255, (32, 32)).astype(np.uint8)
        tifffile.imwrite(folder / f"A01_{channel}.tif", pixels)
    table = tmp_path / "predictions.csv"
    classify_folder(folder, tiny_classifier_path, table, pattern="{well}_{channel}.tif")
    (entry,) = read_manifest(manifest_path(table))["files"]
    assert entry["file"] == "A01_{channel}.tif"
    assert [part["size"] for part in entry["parts"]] == [
        (folder / f"A01_{channel}.tif").stat().st_size for channel in ("DNA", "GFP")
    ]
    assert len(entry["items"]) == 1 and len(entry["items"][0]["pixels"]) == 32


def test_the_processor_is_told_by_name_and_model():
    """Clouds call different processors by one name; some kinds of processor have none."""
    blocks = [
        "processor\t: 0\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Xeon @ 2.80GHz\n",
        "processor\t: 1\nmodel name\t: Another\n",
    ]
    assert name_in_cpuinfo("\n".join(blocks)) == "Xeon @ 2.80GHz (cpu family 6, model 85)"
    assert name_in_cpuinfo(blocks[1]) == "Another"
    assert name_in_cpuinfo("processor\t: 0\nFeatures\t: fp asimd\n") == ""
    assert processor()


def test_another_ones_manifest_is_not_replaced(images, tiny_classifier_path, tmp_path):
    """A classifier and a table of one name would share it."""
    write_manifest(tmp_path / "cells.keras", "classifier", {"result": {"file": "cells.keras"}}, [])
    before = (tmp_path / "cells.manifest.json").read_bytes()
    with pytest.raises(ManifestError, match=r"is the manifest of cells\.keras"):
        classify_folder(images, tiny_classifier_path, tmp_path / "cells.csv", overwrite=True)
    assert (tmp_path / "cells.manifest.json").read_bytes() == before
    assert not (tmp_path / "cells.csv").exists()
    check_place(tmp_path / "cells.keras")
    (tmp_path / "notes.manifest.json").write_text('{"of": "somebody else"}')
    with pytest.raises(ManifestError, match="is no manifest"):
        check_place(tmp_path / "notes.csv")


def test_a_manifest_reads_back(tmp_path):
    """Also names that are no proper text, and no files at all."""
    odd = os.fsdecode(b"caf\xe9 \xc2\xb5.tif")
    entries = [file_entry(odd, [[5, 1_700_000_000_000_000_000]], [{"item": "", "pixels": "ab"}])]
    head = {"result": {"file": "a.csv"}, "runs": []}
    path = write_manifest(tmp_path / "a.csv", "table", head, entries)
    stored = read_manifest(path)
    written = json.loads(json.dumps(as_json(entries)))
    assert stored == {"schema": 1, "kind": "table", **head, "files": written}
    gone = file_entry("gone.tif", [[-1, 0]], [])
    assert as_json(list(gone.parts)) == [{"size": None, "modified": None}]
    late = file_entry("late.tif", [[5, 2**62]], [])
    later = file_entry("later.tif", [[5, 2**63 * 1000]], [])
    assert as_json(list(late.parts))[0]["modified"].startswith("2116")
    # Of the year 294,000: the batch goes on.
    assert as_json(list(later.parts)) == [{"size": 5, "modified": None}]
    assert stored["files"][0]["parts"] == [{"size": 5, "modified": "2023-11-14T22:13:20+00:00"}]
    assert sum("caf" in line for line in path.read_text(encoding="utf-8").splitlines()) == 1
    write_manifest(tmp_path / "a.csv", "table", head, [])
    assert read_manifest(path)["files"] == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "damaged"),
        ("[1]", "is no manifest"),
        ('{"schema": 1}', "is no manifest"),
        (json.dumps({"schema": 2, "kind": "x", "result": {}, "files": []}), "newer version"),
        ("{" + '"schema": 1, ' * 2 + '"kind": "x", "result": {}, "files": []}', "stands twice"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, content, sentence):
    """With a sentence that names the file."""
    path = tmp_path / "a.manifest.json"
    path.write_text(content)
    with pytest.raises(ManifestError, match=sentence):
        read_manifest(path)
    with pytest.raises(ManifestError, match="can't be read"):
        read_manifest(tmp_path / "b.manifest.json")
