"""The one kind of error that a person is meant to read."""


class ImageClassifierError(Exception):
    """A sentence for a biologist: what is wrong with which file, what was expected, what to do.

    Every error that the package raises on purpose is one of these; the command line and the
    widgets show its text as it is. Anything else is a bug and keeps its traceback.
    """
