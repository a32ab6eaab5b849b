"""All docks and their parts, with names that strangers gave: all is shown as it is."""

import gc
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QSize
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QWidget

from helpers.objects import mask_of, noise
from helpers.plugin import PLUGIN
from helpers.shown_widgets import assert_plain
from hostile.classifiers import parts_of, zipped
from hostile.kept_files import HOSTILE as HOSTILE_FILES
from hostile.kept_files import WAYS, write_study
from hostile.texts import HOSTILE
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.evaluation.evaluate import SurestError
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.names.composition import Composition
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.query import ItemsQuery
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.items.survey import Survey
from napari_image_classifier.system.events import Progress
from napari_image_classifier.widgets.classify_folder.channel_map import ChannelMapField
from napari_image_classifier.widgets.classify_images.time_plot import TimeView
from napari_image_classifier.widgets.label.choices import LabellingChoices
from napari_image_classifier.widgets.label.gallery import GalleryModel
from napari_image_classifier.widgets.label.source import ToLabel
from napari_image_classifier.widgets.qt import settings
from napari_image_classifier.widgets.qt.dock import Dock, Folded
from napari_image_classifier.widgets.qt.progress_row import ProgressRow
from napari_image_classifier.widgets.shared.class_buttons import ClassButtons
from napari_image_classifier.widgets.shared.class_legend import ClassLegend
from napari_image_classifier.widgets.shared.group_choice import GroupChoice
from napari_image_classifier.widgets.shared.pattern_field import PatternField
from napari_image_classifier.widgets.shared.prediction_table import PredictionTable
from napari_image_classifier.widgets.train.evaluation_panel import ErrorList
from napari_image_classifier.widgets.train.fields import ChannelChoice
from napari_image_classifier.widgets.train.plots import ConfusionView
from napari_image_classifier.widgets.train.survey_view import SurveyView

DOCKS = (
    "Classify images", "Classify folder", "Train classifier", "Label images", "Compare with me",
)  # fmt: skip
NAMES = tuple(dict.fromkeys(text for text in HOSTILE if text.strip()))


def dock() -> QWidget:
    """A heading."""
    made = Dock()
    for name in NAMES:
        made.add_heading(name)
    return made


def folded() -> QWidget:
    """What is folded away below a folder's name."""
    made = QWidget()
    for name in NAMES:
        Folded("More", parent=made).set_title(f"What is labelled: {name}")
    return made


def progress_row() -> QWidget:
    """Sentences and notes of libraries, and a traceback."""
    made = QWidget()
    for name in NAMES:
        row = ProgressRow(made)
        row.begin(name)
        row.note(name)
        row.show_stage(Progress(done=1, total=2, stage=name))
        row.end(name, error=True, detail=name)
    return made


def class_buttons() -> QWidget:
    """The classes that can be given."""
    made = ClassButtons(keys=True)
    for name in NAMES:
        made.add(name)
    made.show_counts(dict.fromkeys(NAMES, 1))
    return made


def class_legend() -> QWidget:
    """The classes of objects."""
    made = ClassLegend()
    made.show_counts(dict.fromkeys(NAMES, 1), dict.fromkeys(NAMES, (1.0, 0.0, 0.0)))
    return made


def group_choice() -> QWidget:
    """Columns of a table."""
    made = GroupChoice()
    made.offer(NAMES, (1,))
    return made


def pattern_field() -> QWidget:
    """Files, and the patterns that fit them."""
    made = PatternField()
    made.set_pattern("{a}_w{channel}.tif")
    made.set_proposals(NAMES, NAMES[0])
    images = [ImageFiles.single(Path("/") / name.replace("/", ""), Path("/")) for name in NAMES]
    images = [replace(image, fields=dict.fromkeys(NAMES, image.name)) for image in images]
    made.show_images(images, Composition(NAMES[0], NAMES, NAMES))
    return made


def prediction_table() -> QWidget:
    """Images, their classes and what is wrong with them."""
    made = PredictionTable()
    made.set_class_names(NAMES)
    of_all = dict.fromkeys(NAMES[::9], 0.1)
    made.add([Prediction(name, "", "ok", name, 0.5, of_all) for name in NAMES[::3]])
    made.add([Prediction(name, "", "error", None, None, {}, message=name) for name in NAMES[::3]])
    made.class_choice.setCurrentIndex(4)
    assert made.view.model().rowCount() == 1
    made.class_choice.setCurrentIndex(0)
    return made


def channel_choice() -> QWidget:
    """Channels that can be left out; the names of those that are learnt from stay as they are."""
    made = ChannelChoice()
    made.offer(NAMES)
    made.findChildren(type(made._boxes[NAMES[0]]))[0].setChecked(False)
    assert made.value() == NAMES[1:]
    return made


def channel_map() -> QWidget:
    """Channels of the images and of a classifier."""
    made = ChannelMapField()
    from napari_image_classifier.items.preparation import Preparation

    channels = tuple(name for name in NAMES if name.isprintable() and len(name) < 500)
    made.expect(Preparation(channels), {})
    made.offer(channels[::-1], named=True)
    made.offer(["a", *channels[1:]], named=True)
    return made


def survey_view() -> QWidget:
    """Classes, channels, assumptions."""
    made = SurveyView()
    counts = dict.fromkeys(NAMES, 2)
    made.show_survey(
        Survey(counts, 1, dict.fromkeys(NAMES, 1), NAMES, 2, {NAMES[0]: 3}, NAMES, (), 9, NAMES,
               channels=NAMES, sizes=NAMES, problems=NAMES)
    )  # fmt: skip
    return made


def error_list() -> QWidget:
    """The surest errors of an evaluation."""
    made = ErrorList()
    made.show_errors([SurestError(name, "", name, name, 0.9, [], "") for name in NAMES])
    return made


def confusion_view() -> QWidget:
    """Which class was taken for which, drawn."""
    made = ConfusionView()
    made.show_matrix(np.eye(20, dtype=int).tolist(), NAMES[:20])
    made.resize(QSize(400, 400))
    made.render(QImage(400, 400, QImage.Format.Format_RGB32))
    return made


def labelling_choices() -> QWidget:
    """Classes that are shown alone."""
    made = LabellingChoices()
    made.offer(NAMES, NAMES)
    return made


def time_view() -> QWidget:
    """Lines over time."""
    made = TimeView()
    lines = dict.fromkeys(NAMES, np.zeros(3))
    made.show_lines(lines, dict.fromkeys(NAMES, (1.0, 0.0, 0.0)), "per cent", 100.0)
    return made


PARTS = (dock, folded, progress_row, class_buttons, class_legend, group_choice, pattern_field,
         prediction_table, channel_choice, channel_map, survey_view, error_list, confusion_view,
         labelling_choices, time_view)  # fmt: skip


@pytest.mark.parametrize("make", PARTS, ids=lambda make: make.__name__)
def test_parts_show_names_as_they_are(make, qtbot):
    """Labels, buttons, choices, tables and their tool tips."""
    made = make()
    qtbot.addWidget(made)
    assert_plain(made)


def test_the_gallery_says_what_an_item_is(qapp):
    """In its tool tip."""
    from napari_image_classifier.items.annotations import ItemKey

    model = GalleryModel(lambda key: b"", qapp)
    model.show_items([ItemKey("<img src=x>", "")])
    assert "<img" not in model.data(model.index(0), 3)


@pytest.fixture
def hostile(tmp_path, tiny_classifier_path):
    """A classifier, and a folder of images, of a stranger."""
    parts = parts_of(tiny_classifier_path.read_bytes())
    stored = json.loads(parts["classifier.json"])
    classes, channels = ["<img src=/tmp/x.png>\x1b[31m", "A & B" + 450 * "x"], ["<b>G</b>", "$D"]
    stored["class_names"] = classes
    stored["channel_names"] = stored["preparation"]["channel_names"] = channels
    stored["training"] = {"items_per_class": dict.fromkeys(classes, 3)}
    classifier = tmp_path / "<b>A & B<br>.keras"
    classifier.write_bytes(zipped({**parts, "classifier.json": json.dumps(stored).encode()}))
    for number, name in enumerate(("<img src=x>", "A & B", "\u202egpj", "caf\udce9")):
        image = Image.from_array(
            np.full((2, 9, 9), number, np.uint16), "CYX", channel_names=channels
        )
        path = tmp_path / "images" / name / f"{name}.tif"
        path.parent.mkdir(parents=True)
        write_image(path, image)
    return classifier, tmp_path / "images"


def test_docks_show_names_as_they_are(viewer, qtbot, hostile):
    """Opened from the menu, with a stranger's classifier and a stranger's images."""
    classifier, images = hostile
    opened = {name: viewer.window.add_plugin_dock_widget(PLUGIN, name)[1] for name in DOCKS}
    classify, folder, train, label, compare = opened.values()
    first = images / "<img src=x>" / "<img src=x>.tif"
    viewer.open(first, plugin=PLUGIN)
    with qtbot.waitSignal(classify.classifier_changed, timeout=20_000):
        classify.use_classifier(classifier)
    folder.use_classifier(classifier)
    qtbot.waitUntil(lambda: "Expects" in folder._expects.text(), timeout=20_000)
    folder.form["folder"].value = images
    train.source.choose_folder(images)
    label.source.choose_folder(images)
    compare.setup.form["folder"].value = images
    qtbot.waitUntil(classify.run_button.isEnabled, timeout=20_000)
    with qtbot.waitSignal(classify.ended, timeout=30_000):
        classify.run_button.click()
    for runner in (train.source.form.runner, folder.form.runner, label.source.form.runner):
        qtbot.waitUntil(lambda runner=runner: not runner.under_way, timeout=60_000)
    for made in opened.values():
        assert assert_plain(made) > 20
        # No name makes a dock wider than the window.
        assert made.column.parentWidget().minimumSizeHint().width() < 700
    assert "<" not in "".join(layer.name for layer in viewer.layers)
    overlays = [one.text for one in viewer.canvas.overlays.values() if hasattr(one, "text")]
    assert not any("\x1b" in text for text in overlays)
    train.stop()
    for made in (folder, label, compare):
        made.stop()


def test_docks_that_were_closed_can_be_collected(viewer, qtbot):
    """A signal of a widget that Python is just collecting would end the program."""
    before = len(viewer.layers.events.callbacks)
    for name in DOCKS:
        around, _ = viewer.window.add_plugin_dock_widget(PLUGIN, name)
        qtbot.wait(1)
        # As its cross does.
        around.destroyOnClose()
        del around, _
        qtbot.wait(1)
        gc.collect()
    viewer.add_points([(1, 1)])
    assert len(viewer.layers.events.callbacks) == before


def assert_told(sentence, path=None):
    """A sentence for a person, that names the file."""
    assert sentence.strip().endswith("."), sentence
    assert path is None or path.name in sentence
    assert not re.search(
        r"Traceback|Errno|Error\b|\(--|invalid literal|could not convert", sentence
    )


def of_ways(*ways):
    """The kept files that a dock refuses."""
    return [one for one in HOSTILE_FILES if one.way in ways and not one.harmless]


def changed(study, hostile):
    """Change a file; yield where it is, and see that nobody writes to it."""
    path = study / WAYS[hostile.way].file
    whole = path.read_bytes()
    path.write_bytes(damaged := hostile.damage(whole))
    yield path
    assert path.read_bytes() == damaged, hostile
    path.write_bytes(whole)


@pytest.fixture
def study(tmp_path):
    """Files of an earlier version."""
    return write_study(tmp_path / "study")


def test_label_images_says_what_is_wrong_with_a_table(viewer, study):
    """And goes on with the next one; a pipe or a folder is none."""
    dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Label images")[1]
    query = ItemsQuery(study / "images")
    table = read_items(study / "images")

    def refused(path):
        dock.begin(ToLabel(table, "Ada", path, query))
        assert dock.session is None
        assert_told(dock.source.summary.text(), path)

    for hostile in of_ways("labels"):
        for path in changed(study, hostile):
            refused(path)
    os.mkfifo(study / "pipe.csv")
    for name in ("images", "pipe.csv", "texture.keras", "finished/predictions.csv"):
        refused(study / name)
    dock.begin(ToLabel(table, "Ada", study / "labels.csv", query))
    assert dock.session is not None
    dock.stop()


def test_compare_says_what_is_wrong_with_a_session(viewer, study):
    """Its plan or its answers."""
    dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Compare with me")[1]
    for hostile in of_ways("session", "answers"):
        for _ in changed(study, hostile):
            dock.progress.end("")
            dock.resume(study / "session")
            assert not dock.page.running
            assert_told(dock.progress.message.text())
    for folder in (study, study / "nothing", study / "labels.csv"):
        dock.resume(folder)
        assert_told(dock.progress.message.text(), folder)
    dock.stop()


def test_train_says_where_classes_are_that_it_can_not_read(viewer, qtbot):
    """Nothing of them is lost, and objects can be clicked on."""
    viewer.add_image(noise(seed=1)[0], name="0")
    viewer.add_labels(mask_of({1: (20, 20, 5), 2: (20, 40, 6)}), name="nuclei")
    dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Train classifier")[1]
    dock.source.choose_kind("objects")
    asked = dock.source.objects

    def choose():
        for box, text in ((asked.image, "0"), (asked.layer, "nuclei")):
            box.setCurrentIndex(box.findText(text))
            box.activated.emit(box.currentIndex())

    choose()
    asked.present.annotations.give({"label=1": "dim"})
    (path,) = (settings.folder() / "annotations").iterdir()
    for number, content in enumerate((b"\0" * 99, b"file,item,class\n0.tif,cell,dim\n"), start=1):
        viewer.layers.remove("nuclei as annotated")
        path.write_bytes(content)
        choose()
        assert f"{path.stem} unreadable {number}.csv" in asked.says.text()
        assert_told(asked.says.text())
        assert path.with_name(f"{path.stem} unreadable {number}.csv").read_bytes() == content
        asked.present.annotations.give({"label=2": "dim"})
        assert "0.tif,label=2,dim" in path.read_text()
    dock.stop()


@pytest.mark.usefixtures("warm_children")
def test_classify_folder_says_what_is_wrong_with_its_files(viewer, qtbot, study):
    """A journal, another file where the table is to be, and a classifier."""
    dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify folder")[1]
    dock.use_classifier(study / "texture.keras")
    dock.form["folder"].value = study / "new"

    def refused(output):
        dock.form["output"].value = output
        with qtbot.waitSignal(dock.ended, timeout=30_000):
            dock.run_button.click()
        assert_told(dock.progress.message.text(), output)

    for hostile in of_ways("journal")[4::12]:
        for path in changed(study, hostile):
            refused(path.with_suffix(""))
    for name in ("labels.csv", "network.keras", "finished/predictions.csv"):
        before = (study / name).read_bytes()
        refused(study / name)
        assert (study / name).read_bytes() == before
    dock.use_classifier(study / "texture.manifest.json")
    qtbot.waitUntil(lambda: "no classifier" in dock._expects.text(), timeout=10_000)
    assert_told(dock._expects.text(), study / "texture.manifest.json")
    dock.stop()


def test_docks_open_whatever_is_remembered(viewer, qtbot):
    """Settings that were edited, damaged or written by a newer version are as if never written."""
    keys = ("backend", "classifier", "folder", "labelled_folder", "output", "rater",
            "training_folder")  # fmt: skip
    settings.folder().mkdir(parents=True)
    path = settings.folder() / "napari-image-classifier.ini"
    for value in (
        "a, b",
        "@Rect(0 0 1 1)",
        "@Variant(\\0\\0\\0\\x1c)",
        "/tmp/a\\0b",
        "a\\n\\x1b[1mb",
    ):
        path.write_text("[General]\n" + "".join(f"{key}={value}\n" for key in keys))
        assert {settings.remembered(key) for key in keys} == {""}, value
    for written in (b"\0" * 3000, path.read_bytes()):
        path.write_bytes(written)
        opened = [viewer.window.add_plugin_dock_widget(PLUGIN, name)[1] for name in DOCKS]
        qtbot.wait(1)
        assert opened[3].source.rater.text() == ""
        assert_told(opened[1].why_not.text())
        assert path.read_bytes() == written


def test_channels_that_can_not_be_read_are_forgotten():
    """However deep they are."""
    settings.folder().mkdir(parents=True)
    path = settings.folder() / "napari-image-classifier.ini"
    path.write_bytes(b"[General]\nchannels_0=" + b"[" * 100_000 + b"\n")
    assert settings.remembered_channels("0") == {}
