"""Work that is killed, interrupted, or meets a full or a broken disk, where it touches files.

A short round; `benchmarks/kill_points.py` strikes at every point, three times each.
"""

import sys
from itertools import cycle

import pytest

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        sys.platform == "win32", reason="processes are forked and killed with signals here"
    ),
]

WORK = ("training", "batch", "labels")
COMMANDS = ("train", "classify", "merge")
WRITES = ("write", "flush", "rename", "flush of folder", "truncate")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """Where work is done, with a classifier for the batch."""
    from helpers.fault_rounds import workshop_with_classifier

    with workshop_with_classifier(tmp_path_factory.mktemp("struck")) as workshop:
        yield workshop


@pytest.mark.parametrize("work", WORK)
def test_killed_work_goes_on(workshop, work):
    """Every file is whole, what was acknowledged is there, and the result is the same."""
    from helpers.fault_rounds import kills_of, one_of_each

    points = workshop.points(work)
    ways = cycle(range(3))
    struck = 0
    for number, point in one_of_each(points, WRITES):
        struck += workshop.strike(work, list(kills_of(number, point))[next(ways)])
    assert struck >= len(set(WRITES) & {point.kind for point in points})


@pytest.mark.parametrize("work", COMMANDS)
def test_an_interrupted_command_leaves_nothing_half_written(workshop, work):
    """Ctrl-C, Ctrl-C twice and TERM: what was done is kept, and the next run goes on from it."""
    from helpers.fault_points import SIGNALS, Fault
    from helpers.fault_rounds import one_of_each

    ways = cycle(SIGNALS)
    of_kind = {point.kind: number for number, point in one_of_each(workshop.points(work), WRITES)}
    # One that comes when all but the end is done stops nothing: how many do is left to the work.
    for number in of_kind.values():
        workshop.interrupt(work, Fault(number, next(ways)))
    assert {"write", "rename"} <= of_kind.keys()


@pytest.mark.parametrize("work", WORK)
def test_a_full_or_broken_disk_is_a_sentence(workshop, work):
    """What there was is kept, and the next run goes on from it to the same result."""
    from helpers.fault_points import ERRORS, Fault
    from helpers.fault_rounds import one_of_each

    points = workshop.points(work)
    of_kind = {point.kind: number for number, point in one_of_each(points, WRITES)}
    struck = 0
    for kind, number in of_kind.items():
        for how in ERRORS if kind == "write" else ("EIO",):
            struck += workshop.strike(work, [Fault(number, how, lasts=how == "ENOSPC")])
    assert struck >= 4


def test_a_table_is_flushed_before_its_name_and_the_name_after(workshop):
    """Otherwise a power cut may leave an empty file, or take the name back."""
    points = workshop.points("batch")
    renamed = [point.file for point in points].index("predictions.csv")
    around = [point.kind for point in points[renamed - 3 : renamed + 2]]
    assert around == ["create", "write", "flush", "rename", "flush of folder"]
