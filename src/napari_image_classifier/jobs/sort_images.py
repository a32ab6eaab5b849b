"""Copies of images sorted into one folder per predicted class."""

from collections.abc import Callable, Mapping
from typing import Any

from napari_image_classifier.plates.sort_images import ShouldStop, sort_images
from napari_image_classifier.system.progress import throttled


def sort_job(
    request: Mapping[str, Any], emit: Callable[[dict[str, Any]], None], should_stop: ShouldStop
) -> dict[str, Any]:
    """Do what `sort_images` does in the compute process; the request holds its arguments.

    Events are "progress" ({"done", "total"}), the result has "message" and "stopped".
    """
    emit_some = throttled(emit)

    def tell(done: int, total: int) -> None:
        emit_some({"event": "progress", "done": done, "total": total})

    result = sort_images(**request, on_progress=tell, should_stop=should_stop)
    return {"message": result.message, "stopped": result.stopped}
