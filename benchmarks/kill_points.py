"""Kills and interrupts work at every write, flush and rename, and fills and breaks the disk.

    python benchmarks/kill_points.py [WORK …] [--json FILE]

strikes at every point where the work touches a file, as tests/helpers/fault_points.py counts them:
three kills each (before, after, and half-way through a write or twice in a row), then a full and a
broken disk, once and for good. After every strike all files are opened, the work is done again, and
the result compared with that of work that nobody disturbed. Networks, which take seconds to train,
are struck at one write, flush and rename of each file. The commands train, classify and merge get
TERM, Ctrl-C and Ctrl-C twice at every point, and leave nothing half-written. As root on Linux, a
real disk of too few bytes is filled, too. Stops at the first thing that is lost. An hour on two
cores."""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from helpers.fault_points import ERRORS, SIGNALS, Fault, Point
from helpers.fault_rounds import (
    Workshop,
    check_readable,
    kills_of,
    one_of_each,
    workshop_with_classifier,
)
from programs.faults import OUTPUT, REFUSED

COMMANDS = ("train", "classify", "merge")
WORK = ("training", "batch", "labels", "networks", *COMMANDS)
WRITES = ("write", "flush", "rename", "flush of folder", "truncate")
# From a disk that takes nothing to one on which all of it fits.
KIB_FREE = {"training": (0, 4, 8, 12, 16), "batch": (0, 4, 8, 12), "labels": (0, 4, 8, 12, 16),
            "networks": (0, 400, 1600, 4000)}  # fmt: skip
KIB_OF_DISK = 16 * 1024


def chosen(work: str, points: list[Point]) -> Iterator[tuple[int, Point]]:
    """Yield the points that are struck."""
    yield from one_of_each(points, WRITES) if work == "networks" else enumerate(points)


def killed(workshop: Workshop, work: str) -> dict[str, object]:
    """Strike at all points, and return the numbers."""
    began = time.monotonic()
    points = workshop.points(work)
    struck = list(chosen(work, points))
    kills = errors = harmless = 0
    for number, point in struck:
        kills += sum(workshop.strike(work, faults) for faults in kills_of(number, point))
        ways = [("ENOSPC", True)] if work == "networks" else [
            (how, lasts) for how in ERRORS for lasts in (False, True)]  # fmt: skip
        for how, lasts in ways:
            met = workshop.strike(work, [Fault(number, how, lasts)])
            errors += met
            harmless += not met
        print(f"  {work} {number + 1}/{len(points)}: {point.kind} {point.file}", flush=True)
    return {
        "points": len(points),
        "points struck": len(struck),
        "kinds": dict(Counter(point.kind for _, point in struck)),
        "kills": kills,
        "errors told in a sentence": errors,
        "errors that did no harm": harmless,
        "seconds": round(time.monotonic() - began),
    }


def interrupted(workshop: Workshop, work: str) -> dict[str, object]:
    """Ask a command to end at all its points, and return the numbers."""
    began = time.monotonic()
    points = workshop.points(work)
    stopped: Counter[str] = Counter()
    for number, point in enumerate(points):
        for how in SIGNALS:
            stopped[how] += workshop.interrupt(work, Fault(number, how))
        print(f"  {work} {number + 1}/{len(points)}: {point.kind} {point.file}", flush=True)
    return {
        "points": len(points),
        "points struck": len(points),
        "kinds": dict(Counter(point.kind for point in points)),
        "signals": len(points) * len(SIGNALS),
        "commands ended by them": stopped,
        "seconds": round(time.monotonic() - began),
    }


def filled(workshop: Workshop, work: str) -> int:
    """Do work on a real disk that is full sooner or later; return how often it was."""
    met = 0
    for free in KIB_FREE[work]:
        place = workshop.place()
        disk = place / OUTPUT
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={KIB_OF_DISK}k", "tmpfs", disk], check=True
        )
        try:
            ballast = disk / ".ballast"
            size = shutil.disk_usage(disk).free - free * 1024
            ballast.write_bytes(bytes(size))
            done = workshop.do(work, place)
            assert done.code in (0, REFUSED), done.said
            met += done.code == REFUSED
            check_readable(disk)
            ballast.unlink()
            workshop.end(work, place)
        finally:
            subprocess.run(["umount", disk], check=True)
    return met


def can_mount() -> bool:
    """Whether this process may fill disks of its own."""
    with tempfile.TemporaryDirectory() as folder:
        asked = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
        if sys.platform != "linux" or subprocess.run(asked, check=False).returncode:
            return False
        subprocess.run(["umount", folder], check=True)
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", nargs="*", default=WORK, metavar="WORK", help=", ".join(WORK))
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found: dict[str, dict[str, object]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="kill-points-") as folder,
        workshop_with_classifier(Path(folder)) as workshop,
    ):
        for work in asked.work:
            if work in COMMANDS:
                found[work] = interrupted(workshop, work)
            else:
                found[work] = killed(workshop, work)
                if can_mount():
                    found[work]["full disks"] = filled(workshop, work)
                else:
                    print("No real disk was filled: that takes root on Linux.")
            print(work, json.dumps(found[work]), flush=True)
    for name in (
        "points struck", "kills", "errors told in a sentence", "errors that did no harm", "signals"
    ):  # fmt: skip
        print(f"{name}: {sum(int(str(one.get(name, 0))) for one in found.values())}")
    print("Nothing was lost.")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
