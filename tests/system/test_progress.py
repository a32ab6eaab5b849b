"""How far work is, how long the rest takes, and how often that is told."""

import pytest

from napari_image_classifier.system import progress
from napari_image_classifier.system.events import Note
from napari_image_classifier.system.events import Progress as Shown
from napari_image_classifier.system.progress import Pause, TimeLeft, throttled


@pytest.fixture
def clock(monkeypatch):
    """Return a list with the time, in seconds."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_the_time_left_follows_from_the_speed_so_far(clock):
    """Ten files in five seconds: thirty more take fifteen; nothing is known before the first."""
    work = TimeLeft(40)
    assert work.seconds_left is None
    clock[0] += 5
    work.done = 10
    assert work.seconds_left == 15
    work.done = 40
    assert work.seconds_left == 0


def test_what_was_done_before_says_nothing_of_the_speed(clock):
    """Neither what an earlier run has done nor what came before the restart."""
    work = TimeLeft(100)
    work.leave_out(50)
    assert work.seconds_left is None
    clock[0] += 60
    work.done += 1
    work.restart()
    assert work.seconds_left is None
    clock[0] += 2
    work.done += 1
    assert work.seconds_left == 96


def test_a_pause_is_over_at_first_and_then_when_its_time_has_passed(clock):
    """A look at it begins the next one only when it was over."""
    pause = Pause(2)
    assert pause.is_over()
    clock[0] += 1.5
    assert not pause.is_over()
    clock[0] += 0.5
    assert pause.is_over()
    pause.restart()
    assert not pause.is_over()


def test_few_events_pass_but_the_first_and_last_of_a_series_always(clock):
    """What is no progress passes as well."""
    passed = []
    emit = throttled(passed.append)
    for stage in ("reading", "looking"):
        for done in range(11):
            emit(Shown(stage=stage, done=done, total=10))
            clock[0] += 0.0625
    emit(Note(""))
    told = [(event.get("stage"), event.get("done")) for event in passed]
    steps = (0, 4, 8, 10)
    assert told[:4] == [("reading", done) for done in steps]
    assert told[4:8] == [("looking", done) for done in steps]
    assert told[8:] == [(None, None)]
