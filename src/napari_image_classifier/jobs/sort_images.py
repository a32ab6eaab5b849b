"""Copies of images sorted into one folder per predicted class."""

from napari_image_classifier.plates.sort_images import (
    SORT_IMAGES,
    SortedCopies,
    SortRequest,
    sort_images,
)
from napari_image_classifier.system.events import Emit, Progress
from napari_image_classifier.system.progress import throttled
from napari_image_classifier.typing import ShouldStop

JOB = SORT_IMAGES


def run(request: SortRequest, emit: Emit, should_stop: ShouldStop) -> SortedCopies:
    """Do what `sort_images` does."""
    tell = throttled(emit)
    return sort_images(
        **vars(request),
        on_progress=lambda done, total: tell(Progress(done=done, total=total)),
        should_stop=should_stop,
    )
