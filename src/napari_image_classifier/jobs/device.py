"""The device a training would run on."""

from napari_image_classifier.networks.backend import describe_device
from napari_image_classifier.typing import Emit, Event, ShouldStop


def device_job(request: Event, emit: Emit, should_stop: ShouldStop) -> Event:
    """Return what `describe_device` says of the request's "backend", which may be None."""
    return describe_device(request["backend"])
