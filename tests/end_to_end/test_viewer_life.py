"""A viewer's life and end, in a process of its own: nothing outlives it, nothing is sent.

With ``VIEWER_NETWORK=1`` its last training is killed while a network learns, not while it starts,
and it is ended by SIGTERM once more.
"""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from helpers.network_audit import environment_with_audit, read_audit
from helpers.paths import PROGRAMS
from helpers.processes import is_alive
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image

LIFE = PROGRAMS / "viewer_life.py"
LONG = bool(os.environ.get("VIEWER_NETWORK"))

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="uses POSIX signals"),
]


def write_images(folder, count, level=100):
    """Write small images in the tiny classifier's channels."""
    chance = np.random.default_rng(level)
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = chance.poisson(level, (2, 32, 32)).astype(np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(folder / f"{number}.tif", image)


@pytest.fixture(scope="module", params=[signal.SIGKILL, signal.SIGTERM][: 1 + LONG])
def life(request, tmp_path_factory, tiny_classifier_path):
    """What a viewer told, which sockets were seen meanwhile, and what it left when it was ended."""
    folder = tmp_path_factory.mktemp("life")
    write_images(folder / "classes" / "control", 10)
    write_images(folder / "classes" / "depleted", 10, level=400)
    write_images(folder / "few", 10)
    write_images(folder / "many", 1500)
    (folder / "audit").mkdir()
    viewer = subprocess.Popen(
        [sys.executable, str(LIFE), str(folder), str(tiny_classifier_path),
         *(["--network"] if LONG else [])],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment_with_audit(folder / "audit"),
    )  # fmt: skip
    family = Family(viewer.pid)
    told = []
    for line in viewer.stdout:
        told.append(json.loads(line))
        family.look()
        if told[-1]["what"] == "working":
            viewer.send_signal(request.param)
    complaints = viewer.stderr.read()
    viewer.stdout.close()
    viewer.stderr.close()
    viewer.wait()
    assert told, complaints
    assert told[-1]["what"] == "working", complaints
    return told, family, folder / "audit"


class Family:
    """The processes of a viewer, and the sockets that they had whenever somebody looked."""

    def __init__(self, pid):
        self._first = psutil.Process(pid)
        self.all = {self._first}
        self.sockets = []

    def look(self):
        """Look again."""
        self.all |= set(self._first.children(recursive=True))
        for one in self.all:
            try:
                self.sockets += [(one.pid, found) for found in one.net_connections("inet")]
            except psutil.NoSuchProcess:
                continue

    def alive(self):
        """Those that live."""
        return [one for one in self.all if is_alive(one)]


def test_a_closed_viewer_leaves_no_process_and_no_dock(life):
    """Whether the training had begun or not, cancelled or not, closed by code or by the button."""
    told, _, _ = life
    closed = [one for one in told if one["what"] == "closed"]
    assert len(closed) == 3
    assert all(one["processes"] == [] and not one["dock"] for one in closed), closed


def test_a_killed_viewer_leaves_no_process(life):
    """Two compute processes and the helper of one, in the middle of their work."""
    told, family, _ = life
    working = told[-1]["processes"]
    assert len(working) >= 2
    assert set(working) <= {one.pid for one in family.all}
    until = time.monotonic() + 5
    while family.alive() and time.monotonic() < until:
        time.sleep(0.05)
    assert family.alive() == []


def test_no_port_is_opened_and_nothing_is_sent(life):
    """Not by napari with every dock open, not by a training, nor by a folder and its helpers."""
    _, family, audit = life
    started, seen = read_audit(audit)
    programs = {" ".join(one[1:]) for one in started}
    helpers = [".batch.helper"] * (psutil.cpu_count() > 1)
    for part in ("viewer_life.py", ".compute_main", *helpers):
        assert any(part in program for program in programs), programs
    assert seen == []
    assert family.sockets == []


def test_what_opens_a_port_would_be_seen(tmp_path):
    """The eye that found nothing can see."""
    subprocess.run(
        [sys.executable, "-c", "import socket; socket.create_server(('127.0.0.1', 0)).close()"],
        env=environment_with_audit(tmp_path), check=True,
    )  # fmt: skip
    _, seen = read_audit(tmp_path)
    assert {"socket.__new__", "socket.bind"} <= {one["event"] for one in seen}
