"""The images of a training, read one by one; those that can't be read are left out."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from napari_image_classifier.classifiers.novelty import ImageKind
from napari_image_classifier.errors import Cancelled, Fault, ImageClassifierError
from napari_image_classifier.images.deadlines import (
    Deadline,
    DeadlineExceededError,
    run_in_thread,
    timeout_message,
)
from napari_image_classifier.images.file_stamps import Stamp, stamp
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.images.pixel_hash import PixelHash
from napari_image_classifier.images.read_errors import ImageReadError
from napari_image_classifier.items.item import Item
from napari_image_classifier.items.objects import objects_of
from napari_image_classifier.items.preparation import Preparation, items_of_image
from napari_image_classifier.items.selection import is_object
from napari_image_classifier.training.left_out import LeftOut, check_share, listed
from napari_image_classifier.training.preparation_choice import FileHead, each_of_items
from napari_image_classifier.typing import FloatArray, ShouldStop

READERS = 4
SECONDS_BETWEEN_LOOKS = 0.1
OnProgress = Callable[[str, int, int], None]
Beat = Callable[[], None]
T = TypeVar("T")
# Of an open image, its items, and what to call now and then.
Work = Callable[[Image, Sequence[Item], Beat], T]
# The stamp of an image's files; by selection, the pixels of each item and the hash of the read.
_Measured = tuple[Stamp, dict[str, tuple[FloatArray, str]]]


@dataclass
class TrainingReader:
    """Reads the items image by image on a few threads, so that no file is opened per plane.

    Images that can't be read leave its ``items``.
    """

    items: tuple[Item, ...]
    axes: str | None
    on_progress: OnProgress
    should_stop: ShouldStop
    stamps: dict[str, Stamp] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._n_images = len(self.files)

    @property
    def files(self) -> dict[str, list[Item]]:
        """The items of each image, by file."""
        by_file: dict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            by_file[item.file].append(item)
        return by_file

    @property
    def sources(self) -> list[int]:
        """A number for each item, the same for those of one file."""
        numbers = {file: number for number, file in enumerate(self.files)}
        return [numbers[item.file] for item in self.items]

    def left_out_messages(self) -> list[str]:
        """Return in a sentence what was left out, if anything was."""
        if not self.left_out:
            return []
        return [listed(self.left_out, self._n_images, " and were left out")]

    def heads(self) -> dict[str, FileHead]:
        """Return what each image's head says, by file."""

        def head(image: Image, items: Sequence[Item], beat: Beat) -> FileHead:
            return FileHead(
                image.channel_names,
                image.channels_named,
                max(image.shape[-2:]),
                image.assumptions,
                ImageKind.of(image),
                self._object_sides(image, items),
            )

        return self._each_image("looking", head)

    def _object_sides(self, image: Image, items: Sequence[Item]) -> tuple[int, ...]:
        selections = [item.selection for item in items]
        if not any(map(is_object, selections)):
            return ()
        objects = objects_of(image, each_of_items(self.items)).named(selections, image)
        return tuple(np.maximum(objects.height, objects.width).tolist())

    def pixels(
        self, preparation: Preparation, channels: dict[str, tuple[int, ...]]
    ) -> tuple[list[FloatArray], list[str]]:
        """Return the measured pixels of each item, (y, x, channel), and the hashes of the read."""

        def measure(image: Image, items: Sequence[Item], beat: Beat) -> _Measured:
            file, files = items[0].file, items[0].image
            of_files, read = stamp(files), PixelHash(image)
            measured: dict[str, tuple[FloatArray, str]] = {}
            selections = [item.selection for item in items]
            for item in items_of_image(
                image, preparation, selections=selections, channels=channels[file]
            ):
                beat()
                if not np.isfinite(item.pixels).all():
                    raise ImageReadError(
                        files.parts[0].path,
                        Fault.NOT_FINITE,
                        f"{file} holds pixels that are no finite number.",
                    )
                measured[item.selection] = item.pixels, read.hexdigest()
            return of_files, measured

        measured = self._each_image("reading", measure)
        self.stamps = {file: of_files for file, (of_files, _) in measured.items()}
        in_order = [measured[item.file][1][item.selection] for item in self.items]
        return [pixels for pixels, _ in in_order], [hashed for _, hashed in in_order]

    def _each_image(self, stage: str, work: Work[T]) -> dict[str, T]:
        """Return what ``work`` says of each image, by file, and leave out those that it can't."""
        answers: dict[str, T] = {}
        problems: dict[str, ImageClassifierError] = {}
        files = self.files
        with ThreadPoolExecutor(READERS) as pool:
            futures = {
                pool.submit(self._in_time, work, items): file for file, items in files.items()
            }
            try:
                for done, future in enumerate(as_completed(futures), start=1):
                    if self.should_stop():
                        raise Cancelled
                    try:
                        answers[futures[future]] = future.result()
                    except ImageClassifierError as error:
                        problems[futures[future]] = error
                    self.on_progress(stage, done, len(futures))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        self.left_out = check_share(problems, self._n_images, self.left_out)
        self.items = tuple(item for item in self.items if item.file not in problems)
        return {file: answers[file] for file in files if file in answers}

    def _in_time(self, work: Work[T], items: Sequence[Item]) -> T:
        """Return what ``work`` says of an image; one that never comes is given up."""
        files = items[0].image
        deadline = Deadline([files])

        def of_opened() -> T:
            with read_image(files, axes=self.axes) as image:
                return work(image, items, deadline.restart)

        answer = run_in_thread(of_opened)
        try:
            while not wait_for([answer], SECONDS_BETWEEN_LOOKS).done:
                if self.should_stop():
                    raise Cancelled
                deadline.check()
        except DeadlineExceededError:
            raise ImageReadError(
                files.parts[0].path, Fault.TOO_SLOW, timeout_message(items[0].file)
            ) from None
        return answer.result()
