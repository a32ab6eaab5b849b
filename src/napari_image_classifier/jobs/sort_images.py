"""Copies of images sorted into one folder per predicted class."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from napari_image_classifier.plates.sort_images import (
    SECONDS_BETWEEN_EVENTS,
    ShouldStop,
    sort_images,
)


def sort_job(
    request: Mapping[str, Any], emit: Callable[[dict[str, Any]], None], should_stop: ShouldStop
) -> dict[str, Any]:
    """Do what `sort_images` does in the compute process; the request holds its arguments.

    Events are "progress" ({"done", "total"}), the result has "message" and "stopped".
    """
    last = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_EVENTS:
            last = time.monotonic()
            emit({"event": "progress", "done": done, "total": total})

    result = sort_images(**request, on_progress=tell, should_stop=should_stop)
    return {"message": result.message, "stopped": result.stopped}
