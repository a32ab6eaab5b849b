"""compute: a job in a process of its own."""

import os
import signal
import subprocess
import sys
import time

import pytest

from napari_image_classifier import compute
from napari_image_classifier.compute import ComputeError, ComputeProcess


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
    with ComputeProcess("survey", {"folder": str(two_images)}) as process:
        events = list(process.events())
    assert {event["event"] for event in events} == {"thumbnail", "progress", "result"}
    assert events[-1]["classes"] == {"control": 1, "depleted": 1}


def test_a_refusal_is_told_in_its_own_words(tmp_path):
    """A job's sentence arrives without a traceback."""
    process = ComputeProcess("survey", {"folder": str(tmp_path / "nowhere")})
    with pytest.raises(ComputeError, match="There is no folder") as caught:
        process.result()
    assert caught.value.detail is None


def test_a_killed_process_is_told_plainly(two_images):
    """kill -9 gives one error event with a sentence."""
    if sys.platform == "win32":
        pytest.skip("Windows has no kill -9")
    with ComputeProcess("survey", {"folder": str(two_images)}) as process:
        os.kill(process.pid, signal.SIGKILL)
        *_, last = process.events()
    assert last["event"] == "error"
    assert "ended from outside" in last["message"]


def test_the_process_ends_with_its_viewer():
    """When the process that asked is killed, the compute process goes too."""
    if sys.platform == "win32":
        pytest.skip("uses POSIX signals")
    script = (
        "from napari_image_classifier.compute import ComputeProcess as P; import time;"
        "p = P('survey', {'folder': '/', 'thumbnails': 0}); print(p.pid, flush=True);"
        "time.sleep(60)"
    )
    viewer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    worker = int(viewer.stdout.readline())
    viewer.kill()
    viewer.wait()
    viewer.stdout.close()
    for _ in range(100):
        if not is_running(worker):
            return
        time.sleep(0.1)
    pytest.fail("the compute process outlived its viewer by ten seconds")


def is_running(pid):
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


def test_every_job_is_named_where_it_can_be_found():
    """The names in JOBS lead to a module of the package."""
    from importlib.util import find_spec

    for place in compute.JOBS.values():
        module, _ = place.split(":")
        assert find_spec(module) is not None
