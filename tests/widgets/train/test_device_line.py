"""widgets.device_line: the device that a training would use, in one line."""

import pytest

from napari_image_classifier.training.backends import BACKENDS, backend_to_use, installed_backends
from napari_image_classifier.widgets.train.device_line import DeviceLine

LONG = 120_000


@pytest.fixture
def line(qtbot):
    """A line that leaves no process."""
    line = DeviceLine()
    qtbot.addWidget(line, before_close_func=DeviceLine.stop)
    return line


def test_the_device_is_found_in_the_background_and_kept(line, qtbot):
    """Looked for once; nothing is shown before there is a reason to look."""
    assert line.isHidden()
    line.show_for(None)
    assert line.text() == "Trains on: looking…"
    qtbot.waitUntil(lambda: "looking" not in line.text(), timeout=LONG)
    assert line.text().startswith("Trains on: ")
    assert line.text().endswith(f", with {BACKENDS[backend_to_use()]}")
    line.show_for(None)
    assert not line._worker.running
    assert not line.isHidden()


def test_a_look_that_was_ended_leaves_no_line(line):
    """A training that starts must not stand below a question without an answer."""
    line.show_for(None)
    line.stop()
    assert line.isHidden()
    assert not line._worker.running


@pytest.mark.skipif(len(installed_backends()) == len(BACKENDS), reason="every backend is installed")
def test_a_missing_backend_is_a_sentence(line, qtbot):
    """The one that the compute process says."""
    missing = next(name for name in BACKENDS if name not in installed_backends())
    line.show_for(missing)
    qtbot.waitUntil(lambda: "is not installed" in line.text(), timeout=LONG)
