"""Bad images dropped onto a real napari window: a sentence each, the others open, it lives."""

import numpy as np
import pytest
from napari.settings import get_settings
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent

from helpers.plugin import PLUGIN
from hostile.images import NO_TEXT, write_bad_images, write_good
from napari_image_classifier.images.read_errors import ImageReadError
from napari_image_classifier.system.shown_text import never_html, readable

# Of these, nothing is wrong until they are classified.
OPEN_ALL_THE_SAME = ("channels", "not finite")


@pytest.fixture
def viewer(make_napari_viewer, monkeypatch):
    """A window on the screen, in which our reader is the one that people have chosen."""
    readers = {f"*{suffix}": PLUGIN for suffix in (".tif", ".tiff", ".png", ".jpg", ".lsm", ".TIF")}
    monkeypatch.setattr(get_settings().plugins, "extension2reader", readers)
    # The person closes the question.
    monkeypatch.setattr(
        "napari_image_classifier.widgets.viewer.axes_dialog.ask_axes", lambda question: None
    )
    # A question which reader is meant would wait for a person.
    monkeypatch.setattr("napari._qt.qt_viewer.handle_gui_reading", asked_for_a_reader)
    notification_manager.records.clear()
    return make_napari_viewer(show=True)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


def asked_for_a_reader(paths, viewer, stack, plugin=None, error=None, **options):
    raise AssertionError(f"napari asks how to open {paths}") from error


def drop(viewer, paths):
    """Drop files onto the canvas, as a file manager does."""
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(100, 100), Qt.DropAction.CopyAction, dropped, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    viewer.window._qt_viewer.dropEvent(event)


def told():
    return [record.message for record in notification_manager.records]


def test_every_bad_image_is_named_and_the_good_ones_open(viewer, folder):
    """All dropped at once, with good ones between them."""
    bad = write_bad_images(folder)
    # A name that is no text does not survive the desktop's own way of passing names on, and
    # links that lead nowhere, or to what is no image by name, are napari's own affair.
    plain = [one for one in bad if one.name != NO_TEXT and not (folder / one.name).is_symlink()]
    refused = [one for one in plain if one.fault not in OPEN_ALL_THE_SAME]
    odd = [one for one in plain if one.name in ("beyond.tif", "all nan.tif")]
    assert len(refused) >= 80
    paths = []
    for number, one in enumerate([*refused, *odd]):
        if number % 40 == 0:
            write_good(folder / f"good {number}.tif")
            paths.append(folder / f"good {number}.tif")
        paths.append(folder / one.name)
    drop(viewer, paths)
    said = told()
    assert len(said) == len(refused)
    for one, sentence in zip(refused, said, strict=True):
        # As napari's own labels show it.
        assert never_html(readable(one.name.rsplit("/", 1)[-1])) in sentence
    good = [layer for layer in viewer.layers if layer.name.startswith("good")]
    assert len(good) == 2 * sum(path.name.startswith("good") for path in paths)
    write_good(folder / "later.tif")
    drop(viewer, [folder / "later.tif"])
    assert viewer.layers[-1].data.shape == (32, 32)
    assert np.ptp(viewer.screenshot(flash=False)) > 0


def test_a_link_that_leads_nowhere_is_refused_by_napari(viewer, folder):
    """Which opens nothing of what was dropped with it, names it, and goes on."""
    write_good(folder / "good.tif")
    (folder / "dangling.tif").symlink_to("nowhere.tif")
    with pytest.raises(FileNotFoundError, match=r"dangling\.tif"):
        drop(viewer, [folder / "good.tif", folder / "dangling.tif"])
    drop(viewer, [folder / "good.tif"])
    assert len(viewer.layers) == 2


def test_a_name_that_is_no_text_opens_or_is_told(viewer, folder):
    """Through napari's own verb, with the name that Python has for it."""
    write_good(folder / NO_TEXT)
    assert len(viewer.open(folder / NO_TEXT, plugin=PLUGIN)) == 2
    (folder / NO_TEXT).write_bytes(b"no image at all")
    assert viewer.open(folder / NO_TEXT, plugin=PLUGIN) == []
    (sentence,) = told()
    assert readable(NO_TEXT) in sentence


def test_a_script_without_a_window_hears_it(make_napari_viewer, folder):
    """An exception, not a notification that nobody sees."""
    (folder / "a.tif").write_bytes(b"no image at all")
    hidden = make_napari_viewer(show=False)
    with pytest.raises(ImageReadError, match=r"a\.tif can't be read"):
        hidden.open(folder / "a.tif", plugin=PLUGIN)
