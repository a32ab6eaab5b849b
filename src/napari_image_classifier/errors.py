"""The one kind of error that a person is meant to read."""

from napari_image_classifier.faults import Fault


class ImageClassifierError(Exception):
    """A sentence for a biologist: what is wrong with which file, what was expected, what to do.

    Every error that the package raises on purpose is one of these; the command line and the
    widgets show its text as it is. Anything else is a bug and keeps its traceback. ``code`` says
    what is wrong with an image, where that is what is wrong.
    """

    code: Fault = Fault.NOT_CLASSIFIED
