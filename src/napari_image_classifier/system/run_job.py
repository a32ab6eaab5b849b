"""One job of the compute process, from its request to its result."""

from napari_image_classifier.errors import ComputeError, TrainingRefused
from napari_image_classifier.system.compute_process import ComputeProcess
from napari_image_classifier.system.events import Emit
from napari_image_classifier.system.job import Job, RequestT, ResultT
from napari_image_classifier.typing import ShouldStop


def run_job(
    job: Job[RequestT, ResultT],
    request: RequestT,
    on_event: Emit | None = None,
    should_stop: ShouldStop | None = None,
    *,
    in_process: bool = False,
) -> ResultT:
    """Return the result of a job.

    Parameters
    ----------
    job
        What is to be done.
    request
        What the job takes.
    on_event
        Hears what it says on its way.
    should_stop
        Returns True when it is to be stopped.
    in_process
        Whether it runs in this process and none of its own: for programs that never open a viewer,
        as TensorFlow and a napari window in one process can crash it.

    Returns
    -------
    Result
        The job's own.

    Raises
    ------
    TrainingRefused
        The job says why it can't be done.
    Cancelled
        ``should_stop`` returned True.
    """
    if in_process:
        return job.run(request, on_event or (lambda event: None), should_stop or (lambda: False))
    try:
        return ComputeProcess(job, request).result(on_event, should_stop)
    except ComputeError as error:
        if error.detail is None:
            raise TrainingRefused(str(error)) from error
        raise
