"""widgets.worker: the compute process as Qt signals."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QWidget

from helpers.troublesome_jobs import STUCK, WAIT, Nothing, offer_troublesome_jobs
from napari_image_classifier.errors import ImageClassifierError
from napari_image_classifier.items.survey import SURVEY, SurveyRequest
from napari_image_classifier.widgets.qt import compute_worker as worker_module
from napari_image_classifier.widgets.qt.background import Lookup
from napari_image_classifier.widgets.qt.compute_worker import Worker

LONG = SurveyRequest(Path(Path.cwd().anchor), thumbnails=0)


@pytest.fixture
def folder(tmp_path):
    """A folder with two classes of one image."""
    for name in ("control", "depleted"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(tmp_path / name / "1.png")
    return tmp_path


@pytest.fixture
def worker(qapp):
    """A worker whose process does not outlive the test."""
    owner = QObject()
    worker = Worker(owner)
    yield worker
    worker.kill()


def is_running(pid):
    """Whether the process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_events_and_the_result_come_on_the_gui_thread(worker, folder, qtbot):
    """Slots may touch widgets, whatever thread reads the pipe."""
    threads = []
    worker.happened.connect(lambda event: threads.append(threading.current_thread()))
    worker.finished.connect(lambda result: threads.append(threading.current_thread()))
    with qtbot.waitSignal(worker.finished, timeout=30_000) as caught:
        worker.start(SURVEY, SurveyRequest(folder))
    assert caught.args[0].classes == {"control": 1, "depleted": 1}
    assert len(threads) > 2
    assert set(threads) == {threading.main_thread()}
    assert not worker.running


def test_a_refusal_is_a_sentence(worker, folder, qtbot):
    """What the job refuses arrives as its own words."""
    with qtbot.waitSignal(worker.failed, timeout=30_000) as caught:
        worker.start(SURVEY, SurveyRequest(folder / "nowhere"))
    assert "There is no folder" in caught.args[0]


def test_a_request_that_can_t_be_made_is_a_sentence(worker, qtbot):
    """The function that makes the request runs on the thread, and its error is told."""

    def refuse():
        raise ImageClassifierError("The layer has no pixels.")

    with qtbot.waitSignal(worker.failed) as caught:
        worker.start_later(SURVEY, refuse)
    assert caught.args == ["The layer has no pixels.", ""]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_a_killed_process_is_told_and_the_worker_works_again(worker, folder, qtbot):
    """kill -9 gives a sentence; the next job runs."""
    worker.start(SURVEY, LONG)
    qtbot.waitUntil(lambda: worker.pid is not None)
    with qtbot.waitSignal(worker.failed, timeout=10_000) as caught:
        os.kill(worker.pid, signal.SIGKILL)
    assert "ended from outside" in caught.args[0]
    with qtbot.waitSignal(worker.finished, timeout=30_000):
        worker.start(SURVEY, SurveyRequest(folder))


def test_a_look_that_dies_is_taken_again_once(qtbot, monkeypatch, tmp_path):
    """There is no button for it; what dies twice is told."""
    offer_troublesome_jobs(monkeypatch, tmp_path)
    owner = QObject()
    worker = Worker(owner, looks=True)
    worker.start(WAIT, Nothing())
    qtbot.waitUntil(lambda: worker.pid is not None)
    first = worker.pid
    os.kill(first, signal.SIGKILL)
    qtbot.waitUntil(lambda: worker.pid not in (None, first))
    assert worker.running
    with qtbot.waitSignal(worker.failed, timeout=10_000) as caught:
        os.kill(worker.pid, signal.SIGKILL)
    assert "ended from outside" in caught.args[0]


def test_a_look_that_falls_silent_is_taken_again_once(qtbot, monkeypatch, tmp_path):
    """Nobody waits for ever for what a folder holds."""
    offer_troublesome_jobs(monkeypatch, tmp_path)
    monkeypatch.setattr(worker_module, "SECONDS_OF_SILENCE", 2.0)
    owner = QObject()
    worker = Worker(owner, looks=True)
    with qtbot.waitSignal(worker.failed, timeout=30_000) as caught:
        worker.start(STUCK, Nothing())
    assert "Nothing was heard" in caught.args[0]
    assert not worker.running


def test_cancel_ends_a_job_that_does_not_listen(worker, qtbot, monkeypatch, tmp_path):
    """After the time that is given the process is killed."""
    offer_troublesome_jobs(monkeypatch, tmp_path)
    worker.start(WAIT, Nothing())
    qtbot.waitUntil(lambda: worker.pid is not None)
    asked = time.monotonic()
    with qtbot.waitSignal(worker.cancelled, timeout=10_000):
        worker.cancel(kill_after=0.3)
    assert time.monotonic() - asked < 1
    assert not worker.running


@pytest.mark.skipif(sys.platform == "win32", reason="Windows stops no process")
def test_a_silent_process_is_told_and_so_is_that_it_is_heard_again(
    worker, qtbot, monkeypatch, tmp_path
):
    """A process that is stopped for a while: told while it lasts, taken back when it is over."""
    monkeypatch.setattr(worker_module, "SECONDS_OF_SILENCE", 2.5)
    offer_troublesome_jobs(monkeypatch, tmp_path)
    worker.start(WAIT, Nothing())
    qtbot.waitUntil(lambda: worker.pid is not None)
    with qtbot.waitSignal(worker.silent, timeout=10_000) as caught:
        os.kill(worker.pid, signal.SIGSTOP)
    assert caught.args[0] > 2.5
    with qtbot.waitSignal(
        worker.silent, timeout=10_000, check_params_cb=lambda seconds: seconds == 0
    ):
        os.kill(worker.pid, signal.SIGCONT)
    assert worker.running


@pytest.mark.skipif(sys.platform == "win32", reason="Windows stops no process")
def test_cancel_ends_a_silent_process_within_a_second(worker, qtbot, monkeypatch, tmp_path):
    """Without being told that it may be killed: it can't answer."""
    monkeypatch.setattr(worker_module, "SECONDS_OF_SILENCE", 2.5)
    offer_troublesome_jobs(monkeypatch, tmp_path)
    worker.start(WAIT, Nothing())
    qtbot.waitUntil(lambda: worker.pid is not None)
    pid = worker.pid
    with qtbot.waitSignal(worker.silent, timeout=10_000):
        os.kill(pid, signal.SIGSTOP)
    asked = time.monotonic()
    with qtbot.waitSignal(worker.cancelled, timeout=10_000):
        worker.cancel()
    assert time.monotonic() - asked < 1.1
    qtbot.waitUntil(lambda: not is_running(pid))


def test_the_second_cancel_ends_what_takes_too_long(worker, qtbot, monkeypatch, tmp_path):
    """The first waits for what is kept; who asks again does not want to wait."""
    offer_troublesome_jobs(monkeypatch, tmp_path)
    worker.start(WAIT, Nothing())
    qtbot.waitUntil(lambda: worker.pid is not None)
    worker.cancel()
    qtbot.wait(200)
    assert worker.running
    with qtbot.waitSignal(worker.cancelled, timeout=2000):
        worker.cancel()


def test_a_new_job_takes_the_place_of_the_old(worker, folder, qtbot):
    """Only the new one is heard of."""
    heard = []
    worker.failed.connect(lambda message, detail: heard.append(message))
    worker.start(SURVEY, LONG)
    with qtbot.waitSignal(worker.finished, timeout=30_000) as caught:
        worker.start(SURVEY, SurveyRequest(folder))
    assert caught.args[0].n_images == 2
    assert heard == []


@pytest.mark.skipif(sys.platform == "win32", reason="asks the process table the POSIX way")
def test_the_process_ends_with_the_widget(qtbot):
    """A closed widget leaves no process."""
    widget = QWidget()
    worker = Worker(widget)
    worker.start(SURVEY, LONG)
    qtbot.waitUntil(lambda: worker.pid is not None)
    pid = worker.pid
    widget.deleteLater()
    qtbot.waitUntil(lambda: not is_running(pid), timeout=5000)


def test_the_newest_question_is_answered(qtbot):
    """An older answer that comes late is not told."""
    owner = QObject()
    lookup = Lookup(owner)
    answers = []
    lookup.answered.connect(answers.append)
    slow = threading.Event()
    lookup.ask(lambda: slow.wait(5))
    lookup.ask(lambda: "new")
    slow.set()
    qtbot.waitUntil(lambda: bool(answers))
    qtbot.wait(50)
    assert answers == ["new"]
