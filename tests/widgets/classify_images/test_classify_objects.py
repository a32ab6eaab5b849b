"""*Classify images* with objects: marked in Labels, Points and Shapes layers."""

import numpy as np
import pytest
from napari.layers import Labels, Points

from helpers.objects import mask_of, noise
from helpers.plugin import PLUGIN

DISKS = {1: (20, 20, 5), 2: (20, 31, 6), 7: (50, 30, 4)}


@pytest.fixture
def dock(viewer, tiny_object_classifier_path, qtbot):
    """The dock with a classifier of objects."""
    dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify images")[1]
    with qtbot.waitSignal(dock.classifier_changed, timeout=20_000):
        dock.use_classifier(tiny_object_classifier_path)
    return dock


def add_cells(viewer, pixels=None, **options):
    """Add an image of two channels, GFP and DNA."""
    pixels = noise() if pixels is None else pixels
    return [
        viewer.add_image(plane, name=f"cell [{channel}]", **options)
        for plane, channel in zip(pixels, ("GFP", "DNA"), strict=True)
    ]


def classify(dock, qtbot):
    """Press Classify when it can be, and wait for the end."""
    dock.open_images.refresh()
    with qtbot.waitSignal(dock.ended, timeout=30_000):
        dock.run_button.click()


def coloured(viewer):
    """The layer that was made."""
    return next(layer for layer in viewer.layers if layer.name.endswith("by class"))


def test_asks_for_a_layer_that_marks_objects(viewer, dock, qtbot):
    """Says what to open, and can run as soon as it is there."""
    assert "objects" in dock.expects.text()
    add_cells(viewer)
    qtbot.waitUntil(lambda: "Labels layer" in dock.hint.text())
    assert not dock.run_button.isEnabled()
    viewer.add_labels(np.zeros((9, 9), int), name="of another image")
    viewer.add_labels(mask_of(DISKS), name="nuclei")
    qtbot.waitUntil(dock.run_button.isEnabled)
    (task,) = dock.open_images.tasks()
    assert task.objects.name == "nuclei"


def test_colours_a_copy_of_the_labels(viewer, dock, qtbot):
    """The user's layer stays as it is; the copy has colours by class, and features."""
    add_cells(viewer)
    mask = mask_of(DISKS)
    mine = viewer.add_labels(mask.copy(), name="nuclei", scale=(2, 2))
    viewer.layers[0].scale = viewer.layers[1].scale = (2, 2)
    before = mine.colormap
    classify(dock, qtbot)
    copy = coloured(viewer)
    assert isinstance(copy, Labels)
    assert copy.data is not mine.data
    assert np.array_equal(copy.data, mask)
    assert np.array_equal(mine.data, mask)
    assert mine.colormap is before
    assert tuple(copy.scale) == (2, 2)
    said = dock.classifier.predict_objects(noise(), mask)
    features = copy.features.set_index("index")
    for prediction, label in zip(said, (1, 2, 7), strict=True):
        assert features.loc[label, "class"] == prediction.class_name
        assert features.loc[label, "confidence"] == pytest.approx(prediction.confidence, abs=1e-6)
        assert features.loc[label, "p_control"] == pytest.approx(
            prediction.probabilities["control"], abs=1e-6
        )
    status = copy.get_status((40, 40), world=True)
    assert said[0].class_name in str(status)


def test_every_object_is_a_row_that_is_gone_to(viewer, dock, qtbot):
    """The camera looks at the object, near enough to see it."""
    add_cells(viewer, scale=(0.5, 0.5))
    viewer.add_labels(mask_of(DISKS), name="nuclei", scale=(0.5, 0.5))
    classify(dock, qtbot)
    assert [row.item for row in dock.results.model.predictions] == ["label=1", "label=2", "label=7"]
    viewer.scene.camera.zoom = 0.5
    dock.results.view.selectRow(2)
    assert viewer.scene.camera.center[-2:] == pytest.approx((25, 15))
    assert viewer.scene.camera.zoom > 5


def test_the_legend_counts_and_hides(viewer, dock, qtbot):
    """Objects of a class vanish and come back; the table keeps them."""
    add_cells(viewer)
    viewer.add_labels(mask_of(DISKS), name="nuclei")
    classify(dock, qtbot)
    copy = coloured(viewer)
    name = dock.results.model.predictions[0].class_name
    count = sum(row.class_name == name for row in dock.results.model.predictions)
    box = dock.overview.legend.boxes[name]
    assert box.text().startswith(f"{name}: {count} (")
    box.setChecked(False)
    assert copy.colormap.color_dict[1][3] == 0
    assert copy.data[20, 20] == 1
    box.setChecked(True)
    assert copy.colormap.color_dict[1][3] == 1


def test_points_and_shapes_mark_objects_too(viewer, dock, qtbot):
    """Boxes around points and around the middle of shapes; one of three layers is chosen."""
    add_cells(viewer)
    viewer.add_points([[20, 20], [50, 30]], name="spots")
    classify(dock, qtbot)
    spots = [(row.item, row.place.y, row.place.x) for row in dock.results.model.predictions]
    assert spots == [("label=1", 20, 20), ("label=2", 50, 30)]
    copy = coloured(viewer)
    assert isinstance(copy, Points)
    assert list(copy.features["class"]) == [
        row.class_name for row in dock.results.model.predictions
    ]
    by_points = [row.probabilities for row in dock.results.model.predictions]
    viewer.add_shapes([[[10, 10], [10, 30], [30, 30], [30, 10]]], name="boxes")
    qtbot.waitUntil(lambda: len(dock.open_images.table.choices(0, 3)) == 2)
    assert not dock.open_images.tasks()
    dock.open_images.table.choose(0, 2, 1)
    classify(dock, qtbot)
    (row,) = dock.results.model.predictions
    assert (row.place.y, row.place.x, row.place.area) == (20, 20, 400)
    assert row.probabilities == pytest.approx(by_points[0])


def test_a_point_outside_is_told(viewer, dock, qtbot):
    """In a sentence, in the table."""
    add_cells(viewer)
    viewer.add_points([[20, 20], [500, 30]], name="spots")
    classify(dock, qtbot)
    (row,) = dock.results.model.predictions
    assert row.status == "error"
    assert "lie outside" in row.message


def test_time_lapses_keep_times_apart(viewer, dock, qtbot):
    """The same label at two times may have two classes, and two colours."""
    pixels = np.stack([noise(seed=1), noise(seed=2) * 30], axis=1)
    add_cells(viewer, pixels, axis_labels=("t", "y", "x"))
    mask = np.stack([mask_of(DISKS), mask_of({1: (40, 40, 5)})])
    viewer.add_labels(mask, name="nuclei")
    classify(dock, qtbot)
    items = [row.item for row in dock.results.model.predictions]
    assert items == ["t=0,label=1", "t=0,label=2", "t=0,label=7", "t=1,label=1"]
    copy = coloured(viewer)
    assert copy.data[0, 20, 20] != copy.data[1, 40, 40]
    features = copy.features.set_index("index")
    assert features.loc[copy.data[1, 40, 40], "item"] == "t=1,label=1"
    dock.results.view.selectRow(3)
    assert viewer.dims.current_step[0] == 1


def test_bodies_of_a_time_lapse_are_coloured_in_all_their_planes(viewer, dock, qtbot):
    """Each time point has its own numbers, whatever planes a body goes through."""
    pixels = np.stack([noise((2, 3, 64, 64), seed=1), noise((2, 3, 64, 64), seed=2)], axis=1)
    add_cells(viewer, pixels, axis_labels=("t", "z", "y", "x"))
    mask = np.zeros((2, 3, 64, 64), np.uint16)
    mask[:, :2] = mask_of(DISKS)
    mask[1, 2] = mask_of({9: (40, 40, 5)})
    viewer.add_labels(mask, name="nuclei")
    classify(dock, qtbot)
    items = [row.item for row in dock.results.model.predictions]
    assert items == [f"t={t},label={n}" for t in (0, 1) for n in (1, 2, 7, 9)][:3] + [
        f"t=1,label={n}" for n in (1, 2, 7, 9)
    ]
    copy = coloured(viewer)
    assert copy.data[0, 0, 20, 20] == copy.data[0, 1, 20, 20] != copy.data[1, 0, 20, 20]
    assert (copy.data > 0).sum() == (mask > 0).sum()
    features = copy.features.set_index("index")
    assert features.loc[copy.data[1, 2, 40, 40], "item"] == "t=1,label=9"


def test_a_second_run_leaves_one_copy(viewer, dock, qtbot):
    """It is the person's to keep, also when the dock is closed."""
    add_cells(viewer)
    viewer.add_labels(mask_of(DISKS), name="nuclei")
    classify(dock, qtbot)
    classify(dock, qtbot)
    assert sum(layer.name.endswith("by class") for layer in viewer.layers) == 1
    dock.parent().close()
    assert viewer.layers[-1].name == "nuclei by class"
    again = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify images")[1]
    qtbot.waitUntil(lambda: again.classifier is not None, timeout=20_000)
    assert again.open_images.table.choices(0, 3) == ["nuclei"]
