"""The device a training would run on."""

from napari_image_classifier.networks.backend import describe_device
from napari_image_classifier.system.events import Emit
from napari_image_classifier.training.backends import DEVICE, Device, DeviceRequest
from napari_image_classifier.typing import ShouldStop

JOB = DEVICE


def run(request: DeviceRequest, emit: Emit, should_stop: ShouldStop) -> Device:
    """Start Keras and see what it computes on.

    Parameters
    ----------
    request
        The backend that is asked about.
    emit
        Hears nothing.
    should_stop
        Is not asked.

    Returns
    -------
    Device
        The backend and the device.
    """
    return Device(**describe_device(request.backend))
