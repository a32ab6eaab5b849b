"""Batches of many files, some of them bad, whose process is killed and started again."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import psutil

from helpers.manifests import read_manifest
from napari_image_classifier.batch.journal import journal_path, read_journal
from napari_image_classifier.classifiers.manifest import manifest_path
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.system.spreadsheets import read_spreadsheet

ONE_BAD_IN = 20
SIDE = 48
SECONDS_UNTIL_HELPERS_END = 20.0

NAMES = ("GFP", "DNA")


def _of_one_channel(content: bytes, path: Path) -> None:
    write_image(path, Image.from_array(np.zeros((SIDE, SIDE), np.uint16), "YX"))


def _without_values(content: bytes, path: Path) -> None:
    pixels = np.full((2, SIDE, SIDE), np.nan, np.float32)
    write_image(path, Image.from_array(pixels, "CYX", channel_names=NAMES))


def _scrambled(content: bytes, path: Path) -> None:
    middle = len(content) // 2
    path.write_bytes(content[: middle - 40] + bytes(80) + content[middle + 40 :])


# What becomes of a good file's content.
BAD: Mapping[str, Callable[[bytes, Path], object]] = {
    "empty": lambda content, path: path.write_bytes(b""),
    "cut short": lambda content, path: path.write_bytes(content[: len(content) // 2]),
    "without its end": lambda content, path: path.write_bytes(content[:-40]),
    "its head only": lambda content, path: path.write_bytes(content[:8]),
    "scrambled": _scrambled,
    "text": lambda content, path: path.write_bytes(b"file,class\na.tif,round\n"),
    "of one channel": _of_one_channel,
    "without values": _without_values,
}


def write_files(folder: Path, number: int) -> dict[str, str]:
    """Write small images, an hour old, of which one in twenty is bad; return how, by name."""
    pixels = np.random.default_rng(0)
    kinds = list(BAD)
    bad: dict[str, str] = {}
    for index in range(number):
        path = folder / f"plate {index // 1000}" / f"{index:05}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        values = pixels.integers(0, 4000, (2, SIDE, SIDE)).astype(np.uint16)
        write_image(path, Image.from_array(values, "CYX", channel_names=NAMES))
        if index % ONE_BAD_IN == ONE_BAD_IN // 2:
            kind = kinds[index // ONE_BAD_IN % len(kinds)]
            BAD[kind](path.read_bytes(), path)
            bad[path.relative_to(folder).as_posix()] = kind
        os.utime(path, (0, 0))
    return bad


class Batch:
    """The images of ``folder``, classified into ``output`` by processes of their own."""

    def __init__(self, folder: Path, classifier: Path, output: Path) -> None:
        self.output = output
        self._command = [
            sys.executable, "-m", "napari_image_classifier.cli.app", "classify", str(folder),
            "--classifier", str(classifier), "--output", str(output),
        ]  # fmt: skip

    def run(self) -> str:
        """Run it to its end, and return what it says."""
        done = subprocess.run(self._command, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run_and_kill(self, size: int) -> int:
        """Run it until its journal has so many bytes, and kill it; return how many helpers it had.

        They are not killed: they must end by themselves.
        """
        journal = journal_path(self.output)
        running = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not journal.is_file() or journal.stat().st_size < size:
            assert running.poll() is None, "it ended before it could be killed"
            time.sleep(0.002)
        helpers = psutil.Process(running.pid).children(recursive=True)
        running.kill()
        running.wait()
        _, left = psutil.wait_procs(helpers, timeout=SECONDS_UNTIL_HELPERS_END)
        assert not left, f"processes outlived their parent: {left}"
        return len(helpers)


def killed_twice(folder: Path, classifier: Path, place: Path, number: int, seed: int) -> list[str]:
    """Do what figure 3 says with so many files, and return what was found, in words.

    An undisturbed run; one that is killed at two random moments, and ends the same; a further
    start that computes nothing, even though no file is what it was any more.
    """
    chance = random.Random(seed)
    bad = write_files(folder, number)
    (place / "undisturbed").mkdir(parents=True)
    undisturbed = Batch(folder, classifier, place / "undisturbed" / "predictions.csv")
    began = time.monotonic()
    undisturbed.run()
    seconds = time.monotonic() - began
    whole = journal_path(undisturbed.output).stat().st_size
    rows = read_spreadsheet(undisturbed.output).rows
    assert {row["file"] for row in rows if row["status"] == "error"} == set(bad)
    assert len(rows) == number
    (place / "killed").mkdir()
    killed = Batch(folder, classifier, place / "killed" / "predictions.csv")
    done, helpers = [], 0
    # So far apart that the second run has begun to work when it is killed.
    for after in (chance.uniform(0.05, 0.4), chance.uniform(0.6, 0.9)):
        helpers += killed.run_and_kill(int(after * whole))
        done.append(_done(killed.output))
        assert not killed.output.exists()
    said = killed.run()
    assert f" {done[-1]} images had been done before." in said
    assert killed.output.read_bytes() == undisturbed.output.read_bytes()
    _destroy(folder)
    began = time.monotonic()
    assert f" {number} images had been done before." in killed.run()
    started = time.monotonic() - began
    assert killed.output.read_bytes() == undisturbed.output.read_bytes()
    manifest = read_manifest(manifest_path(killed.output))
    assert len(manifest["files"]) == number
    assert (manifest["result"]["complete"], len(manifest["runs"])) == (True, 4)
    left = sorted(path.name for path in killed.output.parent.iterdir())
    assert left == ["predictions.csv", "predictions.csv.journal", "predictions.manifest.json"]
    shutil.rmtree(place)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(bad.values()).items()))
    return [
        f"{number} files, {len(bad)} of them bad ({kinds}): {len(bad)} errors, no other.",
        f"Undisturbed: {seconds:.1f} s. Killed after {done[0]} and after {done[1]} files: of "
        f"{helpers} helping processes none left; the final table is byte for byte the same.",
        f"Started once more, all files overwritten: nothing computed, {started:.1f} s, the same "
        "table.",
    ]


def _done(output: Path) -> int:
    return len(read_journal(journal_path(output))[1])


def _destroy(folder: Path) -> None:
    """Make every file something else of the same size and time: whoever reads it must fail."""
    for path in folder.rglob("*.tif"):
        found = path.stat()
        path.write_bytes(bytes(found.st_size))
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
