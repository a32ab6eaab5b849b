"""Jobs of the compute process that make trouble, for tests of those who must bear with it."""

import os
import re
import time
from pathlib import Path

PIECE = 20_000_000

SITE = """
import sys
if sys.orig_argv[1:3] == ["-m", "napari_image_classifier.system.compute_process"]:
    from napari_image_classifier.system import compute_process as compute
    jobs = {name: f"helpers.troublesome_jobs:{name}" for name in ("hog", "stuck", "wait")}
    compute.JOBS = {**compute.JOBS, **jobs}
"""


def offer_troublesome_jobs(monkeypatch, folder):
    """Have every compute process that starts from now on know the jobs of this file."""
    (folder / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    before = os.environ.get("PYTHONPATH", "")
    path = [str(folder), str(Path(__file__).parents[1]), *filter(None, before.split(os.pathsep))]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))


def hog(request, emit, should_stop):
    """Take more and more memory, as far as it is asked to."""
    taken = []
    while len(taken) * PIECE < request["bytes"]:
        taken.append(b"x" * PIECE)
    return {"taken": len(taken) * PIECE}


def stuck(request, emit, should_stop):
    """Tell that it has begun, then keep every thread of its Python from running, for hours."""
    emit({"event": "progress", "done": 0, "total": 1})
    re.match("(a+)+$", 60 * "a" + "b")
    return {}


def wait(request, emit, should_stop):
    """Wait for hours, whatever is asked."""
    time.sleep(10_000)
    return {}
