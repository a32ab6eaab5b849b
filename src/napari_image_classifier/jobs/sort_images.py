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
    """Copy images into folders by class.

    Parameters
    ----------
    request
        The arguments of `plates.sort_images.sort_images`.
    emit
        Hears `Progress`, in images.
    should_stop
        Returns True when it is to end; whole images are kept.

    Returns
    -------
    SortedCopies
        As of `plates.sort_images.sort_images`.
    """
    tell = throttled(emit)
    return sort_images(
        **vars(request),
        on_progress=lambda done, total: tell(Progress(done=done, total=total)),
        should_stop=should_stop,
    )
