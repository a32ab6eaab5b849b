"""*Classify images* with time-lapses: the plot over time, its line, tracks and their table."""

import subprocess
import sys

import numpy as np
import pytest
from napari.layers import Points
from qtpy.QtCore import QPointF, Qt
from qtpy.QtWidgets import QFileDialog

from helpers.objects import mask_of, noise
from helpers.plugin import PLUGIN
from napari_image_classifier.plates.tracks import classes_of_tracks, classes_over_time

pd = pytest.importorskip("pandas")

N_TIMES = 4
# Labels are numbered anew at every time, so one track has several; label 3 is in no track.
DISKS = [
    {1: (20, 20, 5), 2: (45, 40, 6)},
    {1: (45, 41, 6), 2: (21, 20, 5)},
    {1: (22, 20, 5), 2: (45, 42, 6), 3: (10, 50, 4)},
    {1: (45, 43, 6)},
]
TRACKS = pd.DataFrame(
    {
        "index": [1, 2, 1, 2, 1, 2, 1],
        "frame": [0, 0, 1, 1, 2, 2, 3],
        "track_id": [7, 8, 8, 7, 7, 8, 8],
    }
)
# (time, label) of track 7
TRACK_7 = [(0, 1), (1, 2), (2, 1)]


def open_dock(viewer, path, qtbot):
    """Open the dock with a classifier."""
    dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Classify images")[1]
    with qtbot.waitSignal(dock.classifier_changed, timeout=20_000):
        dock.use_classifier(path)
    return dock


@pytest.fixture
def dock(viewer, tiny_object_classifier_path, qtbot):
    """The dock with a classifier of objects."""
    return open_dock(viewer, tiny_object_classifier_path, qtbot)


def add_time_lapse(viewer):
    """Add a time-lapse of two channels, whose upper half is another class at odd times."""
    pixels = np.stack([noise(seed=t) for t in range(N_TIMES)], axis=1).astype(np.int16)
    pixels[:, 1::2, :32] -= 3000
    for plane, channel in zip(pixels, ("GFP", "DNA"), strict=True):
        viewer.add_image(plane, name=f"cell [{channel}]", axis_labels=("t", "y", "x"))


def add_nuclei(viewer, features=None):
    """Add the mask of the time-lapse."""
    mask = np.stack([mask_of(disks) for disks in DISKS])
    return viewer.add_labels(mask, name="nuclei", features=features)


def classify(dock, qtbot):
    """Press Classify when it can be, and wait for the end."""
    dock.open_images.refresh()
    with qtbot.waitSignal(dock.ended, timeout=30_000):
        dock.run_button.click()


def coloured(viewer):
    """The layer that was made."""
    return next(layer for layer in viewer.layers if layer.name.endswith("by class"))


def shown_line(dock, name):
    """The values of a class in the plot, one per time."""
    return dock.overview.over_time.view.lines[name].getData()[1]


def select(dock, time, label):
    """Select the row of an object."""
    items = [row.item for row in dock.results.model.predictions]
    dock.results.view.selectRow(items.index(f"t={time},label={label}"))


def tracks_of(predictions):
    """The track of each prediction, as the table of tracks has it."""
    rows = zip(TRACKS["frame"], TRACKS["index"], TRACKS["track_id"], strict=True)
    by_item = {f"t={time},label={label}": track for time, label, track in rows}
    return [by_item.get(row.item) for row in predictions]


def test_the_copy_says_the_track_and_its_class(viewer, dock, qtbot):
    """In its features; an object without a track has none."""
    add_time_lapse(viewer)
    mine = add_nuclei(viewer, TRACKS)
    classify(dock, qtbot)
    predictions = dock.results.model.predictions
    table = classes_of_tracks(predictions, tracks_of(predictions)).set_index("track_id")
    features = coloured(viewer).features.set_index("item")
    for item, track in zip([row.item for row in predictions], tracks_of(predictions), strict=True):
        if track is None:
            assert features.loc[item, ["track_id", "track_class"]].isna().all()
        else:
            assert features.loc[item, "track_id"] == track
            assert features.loc[item, "track_class"] == table["class"][track]
    assert list(mine.features) == ["index", "frame", "track_id"]
    viewer.dims.set_point(0, 1)
    assert "track_id: 7" in str(coloured(viewer).get_status((1, 21, 20), world=True))


def test_per_cent_over_time_needs_no_tracks(viewer, dock, qtbot):
    """A line for each class; nothing is said of tracks."""
    over_time = dock.overview.over_time
    assert over_time.isHidden()
    add_time_lapse(viewer)
    add_nuclei(viewer)
    classify(dock, qtbot)
    assert not over_time.isHidden()
    counts = classes_over_time(dock.results.model.predictions)
    assert counts["percent_depleted"].tolist() == [0, 50, 0, 0]
    for name in ("control", "depleted"):
        assert shown_line(dock, name) == pytest.approx(counts[f"percent_{name}"].to_numpy())
    assert "track_id" not in coloured(viewer).features
    for widget in (over_time.of_all, over_time.of_track, over_time.save_button):
        assert widget.isHidden()
    assert over_time.message.text() == ""


def test_the_line_follows_the_slider_and_can_be_dragged(
    make_napari_viewer, tiny_object_classifier_path, qtbot
):
    """It is at whole time points only."""
    viewer = make_napari_viewer(show=True)
    dock = open_dock(viewer, tiny_object_classifier_path, qtbot)
    add_time_lapse(viewer)
    add_nuclei(viewer)
    viewer.dims.set_point(0, 0)
    classify(dock, qtbot)
    view = dock.overview.over_time.view
    viewer.dims.set_point(0, 2)
    qtbot.waitUntil(lambda: view.now.value() == 2)
    dock.scroll_to(view)
    qtbot.waitUntil(view.isVisible)
    viewport, box = view.plot.viewport(), view.plot.getViewBox()

    def at(time):
        return view.plot.mapFromScene(box.mapViewToScene(QPointF(time, 50)))

    button = Qt.MouseButton.LeftButton
    qtbot.mouseMove(viewport, at(2))
    qtbot.mousePress(viewport, button, pos=at(2))
    for time in (1.6, 1.2, 0.8):
        qtbot.mouseMove(viewport, at(time))
        qtbot.wait(30)
    qtbot.mouseRelease(viewport, button, pos=at(0.8))
    qtbot.waitUntil(lambda: viewer.dims.current_step[0] == 1)
    assert view.now.value() == 1


def test_a_row_shows_its_track(viewer, dock, qtbot):
    """Probabilities where the track is, gaps elsewhere; the choice brings all objects back."""
    add_time_lapse(viewer)
    add_nuclei(viewer, TRACKS)
    classify(dock, qtbot)
    over_time = dock.overview.over_time
    assert not over_time.of_track.isEnabled()
    said = {row.item: row.probabilities for row in dock.results.model.predictions}
    select(dock, 1, 2)
    wanted = [said[f"t={t},label={label}"]["depleted"] for t, label in TRACK_7]
    assert shown_line(dock, "depleted") == pytest.approx([*wanted, np.nan], nan_ok=True)
    assert np.nanmax(wanted) > 0.9
    assert over_time.sentence.text().startswith("Track 7: ")
    assert "changes twice" in over_time.sentence.text()
    qtbot.waitUntil(lambda: over_time.view.now.value() == 1)
    over_time.of_all.click()
    assert shown_line(dock, "depleted").tolist() == [0, 50, 0, 0]
    select(dock, 0, 2)
    assert over_time.of_all.isChecked()
    over_time.of_track.click()
    assert over_time.sentence.text().startswith("Track 8: ")
    select(dock, 2, 3)
    assert over_time.of_all.isChecked()
    assert not over_time.of_track.isEnabled()


def test_tracks_are_saved(viewer, dock, qtbot, tmp_path, monkeypatch):
    """A row per track, with its class."""
    add_time_lapse(viewer)
    add_nuclei(viewer, TRACKS)
    classify(dock, qtbot)
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "tracks"), "CSV (*.csv)")
    )
    over_time = dock.overview.over_time
    over_time.save_button.click()
    saved = pd.read_csv(tmp_path / "tracks.csv")
    predictions = dock.results.model.predictions
    table = classes_of_tracks(predictions, tracks_of(predictions))
    assert saved["track_id"].tolist() == [7, 8]
    assert saved["time_points"].tolist() == [3, 4]
    assert saved["class"].tolist() == table["class"].tolist()
    assert saved["mean_probability"].tolist() == pytest.approx(
        table["mean_probability"].tolist(), abs=1e-6
    )
    assert str(tmp_path) in over_time.message.text()
    over_time.save_button.click()
    assert "is there already" in over_time.message.text()


def test_points_have_tracks_in_their_rows(viewer, dock, qtbot):
    """The row of the features is the point's own."""
    add_time_lapse(viewer)
    viewer.add_points(
        [[1, 45, 41], [0, 20, 20], [1, 21, 20]], name="spots", features={"track_id": [8, 7, 7]}
    )
    classify(dock, qtbot)
    copy = coloured(viewer)
    assert isinstance(copy, Points)
    assert dict(zip(copy.features["item"], copy.features["track_id"], strict=True)) == {
        "t=0,label=2": 7,
        "t=1,label=1": 8,
        "t=1,label=3": 7,
    }


def test_tracks_that_leave_something_open_are_left_out(viewer, dock, qtbot):
    """With a sentence; the plot over time is there all the same."""
    add_time_lapse(viewer)
    add_nuclei(viewer, TRACKS.rename(columns={"frame": "minutes"}))
    classify(dock, qtbot)
    over_time = dock.overview.over_time
    assert "The tracks of nuclei are left out. The label 1 is in two tracks" in (
        over_time.message.text()
    )
    assert over_time.save_button.isHidden()
    assert "track_id" not in coloured(viewer).features
    assert not over_time.isHidden()


def test_plots_wait_for_a_time_lapse():
    """The dock comes without pyqtgraph."""
    code = (
        "import sys; import napari_image_classifier.widgets.classify_images.class_overview; "
        "print('pyqtgraph' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_whole_images_have_a_plot_too(viewer, tiny_classifier_path, qtbot):
    """And stills have none, nor does a new run show the old one."""
    dock = open_dock(viewer, tiny_classifier_path, qtbot)
    add_time_lapse(viewer)
    classify(dock, qtbot)
    over_time = dock.overview.over_time
    assert not over_time.isHidden()
    assert set(np.add(shown_line(dock, "control"), shown_line(dock, "depleted"))) == {100}
    viewer.layers.clear()
    viewer.dims.set_point(0, 0)
    for plane, channel in zip(noise(), ("GFP", "DNA"), strict=True):
        viewer.add_image(plane, name=f"still [{channel}]")
    classify(dock, qtbot)
    assert over_time.isHidden()
