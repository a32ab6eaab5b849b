"""The device a training would run on."""

from napari_image_classifier.networks.backend import describe_device
from napari_image_classifier.system.events import Emit
from napari_image_classifier.training.backends import DEVICE, Device, DeviceRequest
from napari_image_classifier.typing import ShouldStop

JOB = DEVICE


def run(request: DeviceRequest, emit: Emit, should_stop: ShouldStop) -> Device:
    """Start Keras and see what it computes on."""
    return Device(**describe_device(request.backend))
