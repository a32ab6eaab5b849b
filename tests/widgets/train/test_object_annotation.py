"""*Train classifier*, objects in the open images: classes given by clicking, then learnt from."""

from types import SimpleNamespace

import numpy as np
import pytest
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)
from qtpy.compat import isalive

import napari_image_classifier as nic
from helpers.objects import mask_of, noise
from helpers.plugin import PLUGIN
from napari_image_classifier.system.spreadsheets import read_spreadsheet
from napari_image_classifier.widgets.shared.class_buttons import COUNT

DISKS = {1: (20, 20, 5), 2: (20, 40, 6), 7: (50, 30, 4)}
PLACES = {label: place[:2] for label, place in DISKS.items()}


def open_dock(viewer):
    """The dock as the menu opens it, asking for objects."""
    dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Train classifier")[1]
    dock.source.choose_kind("objects")
    return dock


@pytest.fixture
def dock(viewer):
    """The dock with two images open, each with its Labels layer."""
    for number in (1, 2):
        pixels = noise(seed=number)
        # What tells the classes apart: objects on the left are bright.
        pixels[:, :, :30] += 2000
        for plane, channel in zip(pixels, ("GFP", "DNA"), strict=True):
            viewer.add_image(plane, name=f"cell{number} [{channel}]")
        viewer.add_labels(mask_of(DISKS), name=f"cell{number} nuclei")
    dock = open_dock(viewer)
    yield dock
    if isalive(dock):
        dock.stop()


def choose(asked, image, layer):
    """Choose an image and the layer that marks its objects, as a person does in the boxes."""
    for box, text in ((asked.image, image), (asked.layer, layer)):
        box.setCurrentIndex(box.findText(text))
        box.activated.emit(box.currentIndex())


def click(layer, place, *, dragged=False, button=1):
    """Press, maybe move, and release the mouse on a layer, as napari tells its callbacks."""
    event = SimpleNamespace(
        type="mouse_press", pos=np.array([100, 100]), position=place, view_direction=None,
        dims_displayed=list(range(layer.ndim))[-2:], up_direction=None, handled=False,
        modifiers=(), button=button, is_dragging=dragged,
    )  # fmt: skip
    mouse_press_callbacks(layer, event)
    if dragged:
        event.type, event.pos = "mouse_move", np.array([140, 100])
        mouse_move_callbacks(layer, event)
    event.type = "mouse_release"
    mouse_release_callbacks(layer, event)


def test_a_click_gives_the_chosen_class(viewer, dock):
    """In a copy; a drag gives none, "no class" takes it away, Undo brings it back."""
    asked = dock.source.objects
    choose(asked, "cell1", "cell1 nuclei")
    copy = viewer.layers["cell1 nuclei as annotated"]
    assert viewer.layers.selection.active is copy
    click(copy, PLACES[1])
    assert "name of a class first" in asked.says.text()
    asked.classes.add("left")
    click(copy, PLACES[1])
    click(copy, PLACES[2], dragged=True)
    click(copy, (2, 2))
    click(copy, PLACES[2], button=2)
    viewer.layers["cell1 nuclei"].data[mask_of(DISKS) == 7] = 0
    assert asked.present.mask.plane()[PLACES[7]] == 7
    viewer.layers["cell1 nuclei"].data[mask_of(DISKS) == 7] = 7
    assert asked.present.annotations.classes == {"label=1": "left"}
    assert copy.features.set_index("index").loc[1, "class"] == "left"
    assert tuple(copy.colormap.color_dict[1]) != tuple(copy.colormap.color_dict[2])
    assert asked.classes.list.item(0).data(COUNT) == 1
    asked.classes.choose(None)
    click(copy, PLACES[1])
    assert asked.present.annotations.classes == {}
    asked.undo_button.click()
    assert asked.present.annotations.classes == {"label=1": "left"}
    assert np.array_equal(viewer.layers["cell1 nuclei"].data, mask_of(DISKS))


def test_what_was_clicked_is_learnt_from(viewer, dock, tmp_path, qtbot):
    """From two images to a classifier of objects; one image is not enough, and it says why."""
    asked = dock.source.objects
    for name in ("left", "right"):
        asked.classes.add(name)
    for number in (1, 2):
        choose(asked, f"cell{number}", f"cell{number} nuclei")
        copy = viewer.layers[f"cell{number} nuclei as annotated"]
        for name, label in (("left", 1), ("right", 2)):
            asked.classes.choose(name)
            click(copy, PLACES[label])
        assert ("at least two images" in (dock.source.why_unusable() or "")) == (number == 1)
    assert dock.source.channels == ("GFP", "DNA")
    dock.files["output"].value = tmp_path / "cells.keras"
    dock.form["network"].value = "texture"
    dock.form["box"].value = "16"
    assert dock.run_button.isEnabled(), dock.why_not.text()
    with qtbot.waitSignal(dock.trained, timeout=60_000):
        dock.run_button.click()
    classifier = nic.load_classifier(tmp_path / "cells.keras")
    assert classifier.preparation.objects.side == 16
    bright = noise(seed=9)
    bright[:, :, :30] += 2000
    said = classifier.predict_objects(bright, mask_of(DISKS))
    assert [one.item for one in said] == ["label=1", "label=2", "label=7"]
    assert said[0].probabilities["left"] > said[1].probabilities["left"]


def test_classes_are_there_again(viewer, dock, tmp_path):
    """With the same image and mask, in the next session; and in a table of one's own."""
    asked = dock.source.objects
    choose(asked, "cell1", "cell1 nuclei")
    asked.classes.add("left")
    click(viewer.layers["cell1 nuclei as annotated"], PLACES[7])
    asked.save(tmp_path / "objects.csv")
    table = read_spreadsheet(tmp_path / "objects.csv")
    assert table.rows == [{"file": "cell1.tif", "item": "label=7", "class": "left"}]
    dock.parent().close()
    viewer.layers.remove("cell1 nuclei as annotated")
    again = open_dock(viewer).source.objects
    choose(again, "cell1", "cell1 nuclei")
    assert again.present.annotations.classes == {"label=7": "left"}
    assert again.classes.names == ["left"]
    assert "1 objects have a class" in again.says.text()


def test_classes_come_from_features_and_points(viewer, dock):
    """A column of the layer, or Points layers named by class; what is unclear is told."""
    asked = dock.source.objects
    viewer.layers["cell1 nuclei"].features = {"index": [1, 7], "phase": ["G1", "M"]}
    choose(asked, "cell1", "cell1 nuclei")
    asked.column.setCurrentText("phase")
    asked.column.activated.emit(asked.column.currentIndex())
    assert asked.present.annotations.classes == {"label=1": "G1", "label=7": "M"}
    viewer.add_points([PLACES[1], PLACES[2], (2, 2)], name="S")
    viewer.add_points([PLACES[2]], name="G2")
    asked.points_button.click()
    assert asked.present.annotations.classes == {"label=1": "S", "label=7": "M"}
    assert "1 points lie on no object" in asked.says.text()
    assert "1 objects have points of several classes" in asked.says.text()


def test_a_class_is_renamed_in_the_list(viewer, dock):
    """With all its objects."""
    asked = dock.source.objects
    choose(asked, "cell1", "cell1 nuclei")
    asked.classes.add("rund")
    click(viewer.layers["cell1 nuclei as annotated"], PLACES[1])
    asked.classes.list.item(0).setText("round")
    assert asked.classes.names == ["round"]
    assert asked.present.annotations.classes == {"label=1": "round"}


def test_time_lapses_have_objects_of_their_own(viewer, dock):
    """A click at the second time point is of that time."""
    pixels = np.stack([noise(seed=1), noise(seed=2)], axis=1)
    for plane, channel in zip(pixels, ("GFP", "DNA"), strict=True):
        viewer.add_image(plane, name=f"film [{channel}]", axis_labels=("t", "y", "x"))
    viewer.add_labels(np.stack([mask_of(DISKS)] * 2), name="film nuclei")
    asked = dock.source.objects
    asked.refresh()
    choose(asked, "film", "film nuclei")
    asked.classes.add("left")
    viewer.dims.set_point(0, 1)
    click(viewer.layers["film nuclei as annotated"], (1, *PLACES[2]))
    assert asked.present.annotations.classes == {"t=1,label=2": "left"}
