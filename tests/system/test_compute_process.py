"""compute: a job in a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from pkgutil import iter_modules

import psutil
import pytest

import napari_image_classifier.jobs
from helpers.processes import is_alive
from helpers.troublesome_jobs import HOG, ODD, STUCK, HogRequest, Nothing, offer_troublesome_jobs
from napari_image_classifier.errors import ComputeError
from napari_image_classifier.items.survey import SURVEY, Survey, SurveyRequest
from napari_image_classifier.system import compute_process as compute
from napari_image_classifier.system import processes as process_limits
from napari_image_classifier.system.compute_process import ComputeProcess
from napari_image_classifier.system.events import Failure, Stopped
from napari_image_classifier.system.job import Job, JobError, job_named
from napari_image_classifier.system.processes import Limits


@pytest.fixture
def two_images(tmp_path):
    """A folder with two small images in two classes."""
    import numpy as np
    from PIL import Image

    for name in ("control", "depleted"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(tmp_path / name / "1.png")
    return tmp_path


def test_a_job_sends_events_and_a_result(two_images):
    """The survey job of a real folder, in a real process."""
    with ComputeProcess(SURVEY, SurveyRequest(two_images)) as process:
        events = list(process.events())
    assert {event["event"] for event in events} == {"thumbnail", "progress", "result"}
    assert isinstance(events[-1], Survey)
    assert events[-1].classes == {"control": 1, "depleted": 1}


def test_a_refusal_is_told_in_its_own_words(tmp_path):
    """A job's sentence arrives without a traceback."""
    process = ComputeProcess(SURVEY, SurveyRequest(tmp_path / "nowhere"))
    with pytest.raises(ComputeError, match="There is no folder") as caught:
        process.result()
    assert caught.value.detail is None


def test_a_killed_process_is_told_plainly(two_images):
    """kill -9 gives one error event with a sentence."""
    if sys.platform == "win32":
        pytest.skip("Windows has no kill -9")
    with ComputeProcess(SURVEY, SurveyRequest(two_images)) as process:
        os.kill(process.pid, signal.SIGKILL)
        *_, last = process.events()
    assert isinstance(last, Failure)
    assert last.died
    assert "ended from outside" in last.message


@pytest.fixture
def troublesome(monkeypatch, tmp_path):
    """Jobs that make trouble can be asked for."""
    offer_troublesome_jobs(monkeypatch, tmp_path)


@pytest.fixture
def small_computer(monkeypatch):
    """A process that holds more than 300 MB has more than its share."""
    share = 300e6 / psutil.virtual_memory().available
    monkeypatch.setattr(process_limits, "SHARE_OF_MEMORY", share)


def test_a_process_that_takes_too_much_memory_is_ended(troublesome, small_computer):
    """Long before the computer has none left; the sentence says what to do."""
    with pytest.raises(ComputeError, match=r"was ended, as it needed .* GB of memory") as caught:
        ComputeProcess(HOG, HogRequest(3_000_000_000)).result()
    assert "Take fewer images" in str(caught.value)


def test_limits_of_its_own_count_as_well(troublesome):
    """Memory in bytes, and time."""
    with pytest.raises(ComputeError, match=r"more than 0\.2 GB of memory"):
        ComputeProcess(HOG, HogRequest(1_000_000_000), Limits(memory=200_000_000)).result()
    with pytest.raises(ComputeError, match="needed more than 0 minutes"):
        ComputeProcess(STUCK, Nothing(), Limits(seconds=1.0)).result()


def test_what_has_enough_memory_is_left_alone(troublesome):
    """No limit is passed by a job of usual size."""
    assert ComputeProcess(HOG, HogRequest(100_000_000)).result().taken == 100_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone chooses what to end by a number")
def test_the_kernel_would_end_it_before_the_viewer(troublesome):
    """What runs out of memory is the work, not the window."""
    with ComputeProcess(STUCK, Nothing()) as process:
        next(process.events())
        with open(f"/proc/{process.pid}/oom_score_adj") as file:  # noqa: PTH123
            assert int(file.read()) == 1000


def test_a_process_that_is_stuck_falls_silent_and_is_ended(troublesome, monkeypatch):
    """It answers no wish to stop; whoever waits for its result is not kept for ever."""
    monkeypatch.setattr(compute, "SECONDS_OF_SILENCE", 3.0)
    events = []
    with pytest.raises(compute.Cancelled):
        ComputeProcess(STUCK, Nothing()).result(events.append, lambda: bool(events))


@pytest.mark.skipif(sys.platform == "win32", reason="uses POSIX signals")
def test_a_process_that_reads_nothing_holds_nobody_up(two_images):
    """More is asked than a pipe holds, of a process that is stopped: nobody waits for it."""
    began = time.monotonic()
    request = SurveyRequest(two_images, pattern="x" * 10_000_000)
    process = ComputeProcess(SURVEY, request)
    os.kill(process.pid, signal.SIGSTOP)
    process.cancel()
    process.kill()
    assert time.monotonic() - began < 2
    assert list(process.events()) == [Stopped()]


def test_the_process_ends_with_its_viewer():
    """When the process that asked is killed, the compute process goes too."""
    if sys.platform == "win32":
        pytest.skip("uses POSIX signals")
    script = (
        "import time; from napari_image_classifier.system.compute_process import ComputeProcess;"
        "from napari_image_classifier.items.survey import SURVEY, SurveyRequest;"
        "p = ComputeProcess(SURVEY, SurveyRequest('/', thumbnails=0)); print(p.pid, flush=True);"
        "time.sleep(60)"
    )
    viewer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    worker = int(viewer.stdout.readline())
    viewer.kill()
    viewer.wait()
    viewer.stdout.close()
    assert has_ended(worker)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends a process with its parent")
@pytest.mark.parametrize("stopped", [False, True])
def test_a_process_that_hangs_ends_with_its_viewer(troublesome, stopped):
    """Though it can't see that its pipe has ended."""
    script = (
        "import os, signal, time;"
        "from napari_image_classifier.system.compute_process import ComputeProcess;"
        "from helpers.troublesome_jobs import STUCK, Nothing;"
        "p = ComputeProcess(STUCK, Nothing()); next(p.events());"
        f"{stopped} and os.kill(p.pid, signal.SIGSTOP);"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    viewer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    worker = int(viewer.stdout.readline())
    viewer.kill()
    viewer.wait()
    viewer.stdout.close()
    assert has_ended(worker)


def has_ended(pid):
    """Whether a process ends within ten seconds."""
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return True
    for _ in range(100):
        if not is_alive(process):
            return True
        time.sleep(0.1)
    return False


def test_every_job_is_named_where_it_can_be_found():
    """The verb of each is the name of its module."""
    for module in iter_modules(napari_image_classifier.jobs.__path__):
        text = Path(module.module_finder.path, f"{module.name}.py").read_text(encoding="utf-8")
        assert re.search(rf"^JOB = (\w+\.)?{module.name.upper()}$", text, re.MULTILINE)
        assert "\ndef run(" in text


def test_a_job_that_nobody_knows_is_told():
    """In a sentence, and nothing else is imported for it."""
    with pytest.raises(ComputeError, match="There is no job “nothing”") as caught:
        ComputeProcess(Job("nothing", Nothing, Nothing), Nothing()).result()
    assert caught.value.detail is None
    for verb in ("", "../train", "train.os", "nothing"):
        with pytest.raises(JobError, match="There is no job"):
            job_named(verb)


def test_a_request_that_does_not_fit_is_told():
    """By the one who was asked, in a sentence that says what does not."""
    strange = Job("survey", HogRequest, Survey)
    with pytest.raises(ComputeError, match=r"The job survey can't be .* `folder`") as caught:
        ComputeProcess(strange, HogRequest(1)).result()
    assert caught.value.detail is None


def test_an_event_that_does_not_fit_is_told(troublesome):
    """By the one who hears it, and what says so is ended."""
    process = ComputeProcess(ODD, Nothing())
    with pytest.raises(JobError, match="The job odd knows no event “unheard”"):
        process.result()
    assert has_ended(process.pid)
    with pytest.raises(JobError, match="An event of the job odd makes no sense"):
        ODD.read_event({"event": "progress", "done": "half", "total": 1})
