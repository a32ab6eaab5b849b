"""One job of the compute process, from its request to its result."""

from importlib import import_module

from napari_image_classifier.errors import ComputeError, TrainingRefused
from napari_image_classifier.system.compute_process import JOBS, ComputeProcess
from napari_image_classifier.typing import Emit, Event, Job, ShouldStop


def run_job(
    verb: str,
    request: Event,
    on_event: Emit | None = None,
    should_stop: ShouldStop | None = None,
    *,
    in_process: bool = False,
) -> Event:
    """Return the result of a job; ``verb`` is a key of `compute.JOBS`.

    It runs in a process of its own; ``in_process`` is for programs that never open a viewer, as
    TensorFlow and a napari window in one process can crash it.

    Raises
    ------
    TrainingRefused
        The job says why it can't be done.
    Cancelled
        ``should_stop`` returned True.
    """
    if in_process:
        module, function = JOBS[verb].split(":")
        job: Job = getattr(import_module(module), function)
        result = job(request, on_event or _nobody_hears, should_stop or (lambda: False))
        return {"event": "result", **result}
    try:
        return ComputeProcess(verb, request).result(on_event, should_stop)
    except ComputeError as error:
        if error.detail is None:
            raise TrainingRefused(str(error)) from error
        raise


def _nobody_hears(event: Event) -> None:
    return
