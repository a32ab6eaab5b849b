"""Jobs of the compute process that make trouble, for tests of those who must bear with it."""

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from napari_image_classifier.system.events import Progress, Result
from napari_image_classifier.system.job import Job

PIECE = 20_000_000

SITE = """
import sys
if sys.orig_argv[-1] == "napari_image_classifier.system.compute_main":
    from napari_image_classifier import jobs
    jobs.__path__.append({folder!r})
"""
MODULE = """
from helpers.troublesome_jobs import {verb} as run
from helpers.troublesome_jobs import {constant} as JOB
"""


@dataclass(frozen=True)
class HogRequest:
    """How many bytes are taken."""

    bytes: int


@dataclass(frozen=True)
class Hogged(Result):
    """How many bytes were taken."""

    taken: int


@dataclass(frozen=True)
class Nothing(Result):
    """What asks for nothing, and comes to nothing."""


HOG = Job("hog", HogRequest, Hogged)
STUCK = Job("stuck", Nothing, Nothing)
WAIT = Job("wait", Nothing, Nothing)
ODD = Job("odd", Nothing, Nothing)


@dataclass(frozen=True)
class Unheard(Result):
    """An event that no job has named."""

    tag = "unheard"


def offer_troublesome_jobs(monkeypatch, folder):
    """Have every compute process that starts from now on know the jobs of this file."""
    jobs = folder / "troublesome jobs"
    jobs.mkdir()
    for verb in ("hog", "stuck", "wait", "odd"):
        text = MODULE.format(verb=verb, constant=verb.upper())
        (jobs / f"{verb}.py").write_text(text, encoding="utf-8")
    site = SITE.format(folder=str(jobs))
    (folder / "sitecustomize.py").write_text(site, encoding="utf-8")
    before = os.environ.get("PYTHONPATH", "")
    path = [str(folder), str(Path(__file__).parents[1]), *filter(None, before.split(os.pathsep))]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))


def hog(request, emit, should_stop):
    """Take more and more memory, as far as it is asked to."""
    taken = []
    while len(taken) * PIECE < request.bytes:
        taken.append(b"x" * PIECE)
    return Hogged(len(taken) * PIECE)


def stuck(request, emit, should_stop):
    """Tell that it has begun, then keep every thread of its Python from running, for hours."""
    emit(Progress(done=0, total=1))
    re.match("(a+)+$", 60 * "a" + "b")
    return Nothing()


def wait(request, emit, should_stop):
    """Wait for hours, whatever is asked."""
    time.sleep(10_000)
    return Nothing()


def odd(request, emit, should_stop):
    """Tell what it has never said that it would, then wait."""
    emit(Unheard())
    return wait(request, emit, should_stop)
