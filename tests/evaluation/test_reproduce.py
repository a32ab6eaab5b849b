"""reproduce: trainings and tables made again from their manifests."""

import json
import shutil

import numpy as np
import pytest
from msgspec.structs import replace

from helpers.manifests import read_manifest
from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.classifiers.classifier import load_classifier
from napari_image_classifier.classifiers.manifest import manifest_path, write_manifest
from napari_image_classifier.classifiers.manifest import read_manifest as open_manifest
from napari_image_classifier.classifiers.manifest_records import machine_differences, this_run
from napari_image_classifier.errors import TrainingRefused
from napari_image_classifier.evaluation.reproduce import reproduce
from napari_image_classifier.evaluation.reproduce_training import items_of
from napari_image_classifier.evaluation.reproduction import ReproducingError, found_again
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.images.pixel_hash import PixelHash
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.system.records import as_json
from napari_image_classifier.training.config import TrainingConfig
from napari_image_classifier.training.manifest import TrainingManifest
from napari_image_classifier.training.train import train

# A busy machine takes minutes to start Keras and compile a network.
# The classifier of all tests is trained in a process that is started as users do.
pytestmark = [pytest.mark.long, pytest.mark.timeout(900), pytest.mark.usefixtures("warm_children")]

PATTERN = "{number}_{channel}.tif"


def write_images(folder):
    """Bright and dark images, each in a file per channel, four in each of six dishes."""
    random = np.random.default_rng(0)
    for dish in range(6):
        name = ("bright", "dark")[dish % 2]
        for number in range(4):
            for channel in ("DNA", "GFP"):
                pixels = random.poisson(60 if name == "bright" else 30, (20, 20))
                path = folder / name / f"dish {dish}" / f"{number}_{channel}.tif"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_image(path, Image.from_array(pixels.astype(np.uint16), "YX"))


def change_a_pixel(path):
    """By one, in the file at path."""
    with read_image(path) as image:
        pixels = image.asarray()
    pixels[..., 3, 4] += 1
    write_image(path, Image.from_array(pixels, image.axes, channel_names=image.channel_names))


def edited(manifest, folder, change):
    """A manifest in folder that differs from another by what change does to it."""
    stored = json.loads(manifest.read_text())
    change(stored)
    path = folder / manifest.name
    path.write_text(json.dumps(stored))
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The manifest of a classifier, with its images in a folder beside it."""
    folder = tmp_path_factory.mktemp("trained")
    write_images(folder / "images")
    items = read_items(folder / "images", pattern=PATTERN, group="folder")
    train(items, TrainingConfig(epochs=2, seed=5, size=16), output=folder / "cells.keras")
    return folder / "cells.manifest.json"


@pytest.fixture
def moved(trained, tmp_path):
    """The images of the training in another folder."""
    shutil.copytree(trained.parent / "images", tmp_path / "moved")
    return tmp_path / "moved"


def test_a_training_gives_identical_weights_again(trained, moved, tmp_path):
    """From images that lie elsewhere now, and nothing beside the manifest is touched."""
    before = {path: path.read_bytes() for path in trained.parent.glob("cells.*")}
    events = []
    outcome = reproduce(trained, images=moved, output=tmp_path / "again.keras",
                        on_event=events.append)  # fmt: skip
    assert outcome.found == (
        "Identical weights: every number of the network trained again is the same.",
    )
    assert outcome.same
    first, again = (load_classifier(p) for p in (trained.parent / "cells.keras",
                                                 tmp_path / "again.keras"))  # fmt: skip
    assert again.description.members == first.description.members
    assert again.preparation == first.preparation
    assert any("pixels of all 24 images" in said for said in outcome.checked)
    assert any("cells.keras beside the manifest is the file" in said for said in outcome.checked)
    assert any("another machine" in said for said in outcome.not_checked)
    assert {event["event"] for event in events} >= {"progress", "batch", "epoch"}
    assert {path: path.read_bytes() for path in trained.parent.glob("cells.*")} == before


def test_other_weights_are_explained(trained, tmp_path):
    """With another seed they differ; machine, scores and images classified otherwise are told."""

    def change(stored):
        stored["classifier"]["training"]["config"]["seed"] = 6
        stored["runs"][-1]["threads"] = 1
        stored["runs"][-1]["processor"] = "Another processor"
        stored["balanced_accuracy_of_seeds"] = [0.0, 1.0]

    shutil.copy(trained.parent / "cells.keras", tmp_path)
    manifest, output = edited(trained, tmp_path, change), tmp_path / "again.keras"
    outcome = reproduce(manifest, output=output)
    assert not outcome.same
    assert outcome.found[0] == "The weights are not the same."
    assert "processor: Another processor then, " in outcome.found[1]
    assert "threads" not in outcome.found[1]
    assert outcome.found[2].startswith("Balanced accuracy on the images kept aside: ")
    assert " of the 24 images " in outcome.found[4]
    assert outcome.found[5] == "That lies within the spread over 2 seeds, 0.000 to 1.000."
    made = read_manifest(manifest_path(output))
    assert made["runs"][-1]["threads"] == 1
    assert any(said.startswith("Other images were kept aside") for said in outcome.checked)


def test_the_manifest_says_what_a_training_depended_on(trained):
    """Versions, seed, configuration, optimiser, split, history, scores, and every image."""
    stored, folder = read_manifest(trained), trained.parent
    classifier = load_classifier(folder / "cells.keras")
    assert stored["kind"] == "classifier"
    assert stored["result"] == {"file": "cells.keras", "sha256": classifier.sha256}
    assert stored["classifier"] == json.loads(
        json.dumps(as_json(classifier.description.in_short()))
    )
    training = stored["classifier"]["training"]
    assert (training["config"]["seed"], len(training["history"])) == (5, 2)
    (run,) = stored["runs"]
    assert {"python", "keras", run["backend"], "onnx", "numpy"} <= run["versions"].keys()
    assert run["threads"] >= 1
    assert "compute" not in run["command"][0]
    assert stored["optimizer"]["weight_decay"] == 0.05
    assert len(stored["split_sha256"]) == 64
    assert stored["start_from_sha256"] is None
    assert stored["images"]["folder"] == str(folder / "images")
    assert len(stored["files"]) == 24
    entry = stored["files"][0]
    assert entry["file"] == "bright/dish 0/0_{channel}.tif"
    assert [part["path"] for part in entry["parts"]] == [
        "bright/dish 0/0_DNA.tif", "bright/dish 0/0_GFP.tif"
    ]  # fmt: skip
    assert [part["channel"] for part in entry["parts"]] == ["DNA", "GFP"]
    first = read_items(folder / "images", pattern=PATTERN).items[0].image
    assert entry["parts"][0]["size"] == first.parts[0].path.stat().st_size
    with read_image(first) as image:
        read = PixelHash(image)
        image.asarray()
    (item,) = entry["items"]
    assert item == {
        "number": 0, "item": "", "class": "bright", "group": "bright/dish 0",
        "pixels": read.hexdigest(),
    }  # fmt: skip


def test_items_come_back_as_they_were(trained):
    """Names, files, classes and groups, in the order of the training."""
    stored, root = open_manifest(trained).read(TrainingManifest), trained.parent / "images"
    stored = replace(stored, files=stored.files[::-1])
    items = read_items(root, pattern=PATTERN, group="folder").items
    assert [
        (one.file, one.image.parts, one.class_name, one.group, one.selection)
        for one in items_of(stored, None).items
    ] == [(one.file, one.image.parts, one.class_name, one.group, one.selection) for one in items]


def test_changed_pixels_are_found_before_anything_is_trained(trained, moved, tmp_path):
    """The file is named, and nothing is written."""
    change_a_pixel(moved / "dark" / "dish 1" / "2_GFP.tif")
    with pytest.raises(TrainingRefused, match=r"1 of 24 .* dark/dish 1/2_\{channel\}\.tif"):
        reproduce(trained, images=moved, output=tmp_path / "again.keras")
    assert not list(tmp_path.glob("again*"))


def test_files_that_are_gone_are_named(trained, moved):
    """With what to do."""
    (moved / "dark" / "dish 1" / "2_GFP.tif").unlink()
    with pytest.raises(ReproducingError, match=r"1 can't be found; .*/2_GFP\.tif\. Give"):
        reproduce(trained, images=moved)


@pytest.mark.parametrize("name", ["again.keras", "again.manifest.json"])
def test_nothing_is_overwritten(trained, tmp_path, name):
    """Neither a classifier nor a manifest."""
    (tmp_path / name).write_text("mine")
    with pytest.raises(ReproducingError, match=f"{name} exists already"):
        reproduce(trained, output=tmp_path / "again.keras")
    assert (tmp_path / name).read_text() == "mine"


def test_a_stop_leaves_nothing(trained, tmp_path):
    """Neither before the first epoch nor when there is half a training."""
    for stage in ("progress", "epoch"):
        events = []
        with pytest.raises(ReproducingError, match="was stopped before the weights"):
            reproduce(
                trained, output=tmp_path / "again.keras", on_event=events.append,
                should_stop=lambda stage=stage, events=events: any(
                    event["event"] == stage for event in events
                ),
            )  # fmt: skip
        assert not list(tmp_path.iterdir())


def test_what_can_not_be_repeated_is_refused(trained, tmp_path):
    """A training that was stopped, an imported network, an unknown kind, a needless option."""

    def stop(stored):
        stored["classifier"]["training"]["cancelled"] = True

    with pytest.raises(ReproducingError, match="was stopped by a person"):
        reproduce(edited(trained, tmp_path, stop))
    for kind, sentence in (("import", "trained elsewhere"), ("evaluation", "“evaluation”")):
        path = write_manifest(tmp_path / f"{kind}.x", kind, {"result": {"file": "x"}}, [])
        with pytest.raises(ReproducingError, match=sentence):
            reproduce(path)
        with pytest.raises(ReproducingError, match="nothing to keep"):
            reproduce(path, output=tmp_path / "again.keras")
    with pytest.raises(ReproducingError, match="needs no classifier"):
        reproduce(trained, classifier=tmp_path / "a.keras")


def test_a_classifier_is_known_by_its_hash(tiny_classifier_path, tmp_path):
    """Where it was, or beside the manifest; never another one of that name."""
    sha256 = load_classifier(tiny_classifier_path).sha256
    gone = tmp_path / "gone" / tiny_classifier_path.name
    assert found_again(tiny_classifier_path, tmp_path, sha256) == tiny_classifier_path
    assert found_again(gone, tiny_classifier_path.parent, sha256) == tiny_classifier_path
    with pytest.raises(ReproducingError, match="is not there"):
        found_again(gone, tmp_path, sha256)
    with pytest.raises(ReproducingError, match="is not the classifier"):
        found_again(tiny_classifier_path, tmp_path, "0" * 64)


def test_what_differs_between_machines_is_told():
    """Threads, settings and versions, also such as one of them lacks."""
    then = replace(this_run(threads=2), environment={"XLA_FLAGS": "a"})
    assert machine_differences(then, then) == []
    versions = {**then.versions, "numpy": "9.9", "keras": "3"}
    now = replace(then, threads=4, environment={}, versions=versions)
    assert machine_differences(then, now) == [
        "threads: 2 then, 4 now",
        "XLA_FLAGS: a then, none now",
        "keras: none then, 3 now",
        f"numpy: {then.versions['numpy']} then, 9.9 now",
    ]


@pytest.fixture
def table(tiny_classifier_path, tmp_path):
    """The manifest of a table of five images, one of which can't be read, with its classifier."""
    random = np.random.default_rng(2)
    for number in range(4):
        path = tmp_path / "images" / f"{number}.tif"
        path.parent.mkdir(exist_ok=True)
        pixels = random.integers(0, 4000, (2, 32, 32)).astype(np.uint16)
        write_image(path, Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA")))
    (tmp_path / "images" / "broken.tif").write_bytes(b"II*\0 not really")
    shutil.copy(tiny_classifier_path, tmp_path / "tiny.keras")
    classify_folder(tmp_path / "images", tmp_path / "tiny.keras", tmp_path / "predictions.csv")
    return tmp_path / "predictions.manifest.json"


def test_a_table_gets_the_same_classes_again(table):
    """And nothing beside it is touched."""
    before = {path: path.read_bytes() for path in table.parent.glob("*.*")}
    outcome = reproduce(table)
    assert outcome.same
    assert outcome.found[0].startswith("4 of 4 items get the same class again (100.00%; 99.9%")
    assert outcome.found[-1] == (
        "Items that could not be classified: 1, the first is in broken.tif."
    )
    assert any("the 4 items compared" in said for said in outcome.checked)
    assert any("training again" in said for said in outcome.not_checked)
    assert {path: path.read_bytes() for path in table.parent.glob("*.*")} == before


def test_other_classes_are_counted(table):
    """One of four that differs is not the same table."""

    def change(stored):
        item = stored["files"][1]["items"][0]
        item["class"] = {"control": "depleted", "depleted": "control"}[item["class"]]

    outcome = reproduce(edited(table, table.parent, change))
    assert not outcome.same
    assert outcome.found[0].startswith("3 of 4 items get the same class again (75.00%")
    assert "Items that got another class: 1, the first is in 1.tif." in outcome.found


def test_changed_images_of_a_table_are_told_apart(table):
    """Changed pixels say nothing about the classifier; images that are gone are named."""
    change_a_pixel(table.parent / "images" / "2.tif")
    outcome = reproduce(table)
    assert not outcome.same
    assert outcome.found[2].startswith("Items that are not made of the pixels of then")
    assert outcome.found[2].endswith(": 1, the first is in 2.tif.")
    assert not any("another class" in said for said in outcome.found)
    (table.parent / "images" / "3.tif").unlink()
    with pytest.raises(ReproducingError, match=r"5 images, 1 can't .* 3\.tif"):
        reproduce(table)


def test_everything_of_a_table_may_have_moved(table, tmp_path):
    """Images and classifier are given, and the classifier must be the one."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "images").rename(elsewhere / "pictures")
    (tmp_path / "tiny.keras").rename(elsewhere / "renamed.keras")
    with pytest.raises(ReproducingError, match=r"tiny\.keras is not there"):
        reproduce(table, images=elsewhere / "pictures")
    given = elsewhere / "renamed.keras"
    assert reproduce(table, images=elsewhere / "pictures", classifier=given).same
