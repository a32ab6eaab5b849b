"""Predictions in a folder that changes meanwhile: files still being written, lost drives.

Microscopes write while a batch runs, and network drives vanish. What can't be told yet is left
until the end; when a drive is gone, the batch waits for it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from typing import NamedTuple

from napari_image_classifier.classifiers.prediction import Prediction
from napari_image_classifier.errors import Fault
from napari_image_classifier.images.deadlines import run_in_thread
from napari_image_classifier.images.file_stamps import MISSING_STAMP, Stamp, stamp
from napari_image_classifier.images.names.patterns import ImageFiles

FAILURES_IN_A_ROW = 3
SECONDS_BETWEEN_LOOKS = 0.4
# What was changed so shortly ago may not be whole.
SECONDS_UNTIL_WHOLE = 2.0
LONGEST_WAIT_FOR_FILES = 10.0

STILL_WRITTEN = "The file is still being written; run it again when it is whole."


class StampedPredictions(NamedTuple):
    """The predictions of an image, and of which state of its files they are."""

    predictions: list[Prediction]
    stamp: Stamp


@dataclass(frozen=True)
class PatientPrediction:
    """Predicts images by ``predict``; ``on_pause`` is told in a sentence why it waits."""

    predict: Callable[[Sequence[ImageFiles]], Iterable[list[Prediction]]]
    should_stop: Callable[[], bool]
    on_pause: Callable[[str], None]

    def __call__(self, images: Sequence[ImageFiles]) -> Iterator[StampedPredictions]:
        """Yield what is told of each image, those that had to wait in the end.

        One that is still being written then has the status "pending".
        """
        before = {files.name: stamp(files) for files in images}
        by_name = {files.name: files for files in images}
        again: list[ImageFiles] = []
        n_gone, was_gone = 0, False
        for rows in self.predict(images):
            files = by_name[rows[0].file]
            # Of a drive that hangs nothing is asked here: it would hang this, too.
            hangs = rows[0].code == Fault.TOO_SLOW
            now = before[files.name] if hangs else stamp(files)
            gone = _failed(rows) and MISSING_STAMP in now
            n_gone = n_gone + 1 if gone or hangs else 0
            was_gone = was_gone or gone
            if n_gone >= FAILURES_IN_A_ROW:
                was_gone = self._wait_for_drive(files) or was_gone
                n_gone = 0
            # What failed while a drive was gone may come when it is back.
            doubtful = _failed(rows) and (was_gone or _is_fresh(now))
            if doubtful or now != before[files.name]:
                again.append(files)
            else:
                yield StampedPredictions(rows, now)
        if again and not self.should_stop():
            yield from self._once_more(again)

    def _once_more(self, images: Sequence[ImageFiles]) -> Iterator[StampedPredictions]:
        settled = self._settled(images)
        by_name = {files.name: files for files in images}
        for rows in self.predict(images):
            name = rows[0].file
            now = settled[name] if rows[0].code == Fault.TOO_SLOW else stamp(by_name[name])
            changing = now != settled[name] or (_failed(rows) and _is_fresh(now))
            code = Fault.STILL_WRITTEN
            pending = Prediction(name, "", "pending", message=STILL_WRITTEN, code=code)
            yield StampedPredictions([pending] if changing else rows, now)

    def _settled(self, images: Sequence[ImageFiles]) -> dict[str, Stamp]:
        """Wait, but not for long, until the files stay as they are."""
        began = time.monotonic()
        while True:
            stamps = {files.name: stamp(files) for files in images}
            at_rest = not any(map(_is_fresh, stamps.values()))
            waited = time.monotonic() - began > LONGEST_WAIT_FOR_FILES
            if at_rest or waited or self.should_stop():
                return stamps
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _wait_for_drive(self, files: ImageFiles) -> bool:
        """Wait until the drive is there, or there is a stop; return whether it was not."""
        folder = files.parts[0].path.parent
        told = False
        answer = run_in_thread(folder.is_dir)
        while not self.should_stop():
            wait_for([answer], SECONDS_BETWEEN_LOOKS)
            if answer.done() and answer.exception() is None and answer.result():
                break
            if not told:
                told = True
                self.on_pause(
                    f"Drive not reachable, nothing lost: {folder} is gone. It goes on when the "
                    "drive is back, or stop it and run it again later."
                )
            if answer.done():
                time.sleep(SECONDS_BETWEEN_LOOKS)
                answer = run_in_thread(folder.is_dir)
        return told


def _failed(rows: Sequence[Prediction]) -> bool:
    return rows[0].status == "error"


def _is_fresh(of: Stamp) -> bool:
    """Return whether a file was changed so shortly ago that it may not be whole."""
    latest = max((nanoseconds for _, nanoseconds in of), default=0)
    # The clock of a network drive may be ahead.
    return abs(time.time() - latest / 1e9) < SECONDS_UNTIL_WHOLE
