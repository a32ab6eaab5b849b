"""All docks and their parts, with names that strangers gave: all is shown as it is."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QSize
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QWidget

from helpers.hostile_files import parts_of, zipped
from helpers.hostile_texts import HOSTILE
from helpers.plugin import PLUGIN
from helpers.shown_widgets import assert_plain
from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.evaluation.evaluate import SurestError
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.names.composition import Composition
from napari_image_classifier.images.names.patterns import ImageFiles
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.items.survey import Survey
from napari_image_classifier.system.events import Progress
from napari_image_classifier.widgets.classify_folder.channel_map import ChannelMapField
from napari_image_classifier.widgets.classify_images.time_plot import TimeView
from napari_image_classifier.widgets.label.choices import LabellingChoices
from napari_image_classifier.widgets.label.gallery import GalleryModel
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
    opened = {name: viewer.window.add_plugin_dock_widget(PLUGIN, name)[1] for name in (
        "Classify images", "Classify folder", "Train classifier", "Label images", "Compare with me",
    )}  # fmt: skip
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
