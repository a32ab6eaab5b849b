"""Errors whose text is shown to the user, and codes of what is wrong with an image."""

from enum import StrEnum, unique


@unique
class Fault(StrEnum):
    """Why an image can't be read or classified. A code never changes its meaning.

    Attributes
    ----------
    MISSING
        There is no such file, or a link leads nowhere.
    LINK_LOOP
        Links lead to each other in a circle.
    UNREADABLE
        The system does not let it be read: no permission, a failing drive.
    NOT_A_FILE
        A folder, a pipe, a socket or a device that has the name of an image.
    EMPTY_FILE
        The file has no bytes.
    FOREIGN_FORMAT
        A format of a microscope's maker that is not read here.
    WRONG_SUFFIX
        An image of another format than its name says.
    NO_IMAGE
        The file is neither TIFF nor PNG nor JPEG, or a TIFF without any image.
    DAMAGED
        The bytes are those of an image and make no sense.
    CUT_SHORT
        Less is there than the file declares.
    OUT_OF_PROPORTION
        It declares far more pixels than its bytes can hold.
    TOO_LARGE
        One plane of it needs more memory than this computer has free.
    SIZE_ZERO
        It declares an image without pixels.
    COMPLEX
        Its pixels are complex numbers.
    PIXEL_TYPE
        Its pixels are of a kind that is not known.
    COMPRESSION
        Its pixels are compressed in a way that can't be undone here.
    AXES_UNKNOWN
        The file does not say what its axes are, and nobody else did.
    AXES_UNFIT
        The meaning of the axes that was given does not fit the file.
    FURTHER_AXES
        It has axes besides time, channel and depth, such as positions.
    INCOMPLETE
        Files of an image in several files are missing, or its mask.
    PARTS_UNFIT
        The files of an image do not make one image.
    NO_CHANNEL
        It has not the channels that are needed.
    MASK_UNFIT
        Its mask does not fit, or numbers no objects.
    NO_SUCH_ITEM
        It has no such time point, plane or object.
    NOT_FINITE
        Pixels have no value (NaN) or an infinite one.
    TOO_SLOW
        It could not be read in time: a hanging drive, or a decoder that does not end.
    OUT_OF_MEMORY
        The memory was used up while it was read.
    CRASHED
        The process that read it ended, and ended again when it read nothing else.
    STILL_WRITTEN
        Its file is still being written.
    NO_OBJECTS
        There is no object in its mask.
    NOT_CLASSIFIED
        Something else went wrong.
    """

    MISSING = "missing"
    LINK_LOOP = "link-loop"
    UNREADABLE = "unreadable"
    NOT_A_FILE = "not-a-file"
    EMPTY_FILE = "empty-file"
    FOREIGN_FORMAT = "foreign-format"
    WRONG_SUFFIX = "wrong-suffix"
    NO_IMAGE = "no-image"
    DAMAGED = "damaged"
    CUT_SHORT = "cut-short"
    OUT_OF_PROPORTION = "out-of-proportion"
    TOO_LARGE = "too-large"
    SIZE_ZERO = "size-zero"
    COMPLEX = "complex"
    PIXEL_TYPE = "pixel-type"
    COMPRESSION = "compression"
    AXES_UNKNOWN = "axes-unknown"
    AXES_UNFIT = "axes-unfit"
    FURTHER_AXES = "further-axes"
    INCOMPLETE = "incomplete"
    PARTS_UNFIT = "parts-unfit"
    NO_CHANNEL = "no-channel"
    MASK_UNFIT = "mask-unfit"
    NO_SUCH_ITEM = "no-such-item"
    NOT_FINITE = "not-finite"
    TOO_SLOW = "too-slow"
    OUT_OF_MEMORY = "out-of-memory"
    CRASHED = "crashed"
    STILL_WRITTEN = "still-written"
    NO_OBJECTS = "no-objects"
    NOT_CLASSIFIED = "not-classified"

    def __reduce_ex__(self, protocol: object) -> "tuple[type[Fault], tuple[str]]":
        """Return how it is pickled: by this class alone, in each version of Python."""
        return type(self), (self.value,)


# What may be gone when an unchanged file is read again: memory that others had, a drive that did
# not answer, a file that was locked, parts that had not been copied yet.
TRANSIENT_FAULTS = frozenset(
    {Fault.MISSING, Fault.LINK_LOOP, Fault.UNREADABLE, Fault.TOO_LARGE, Fault.INCOMPLETE}
    | {Fault.TOO_SLOW, Fault.OUT_OF_MEMORY, Fault.CRASHED, Fault.STILL_WRITTEN}
)


class Cancelled(Exception):  # noqa: N818 - no error: a person asked for it
    """Raised inside a job that was asked to stop and has nothing to keep."""


class ImageClassifierError(Exception):
    """A sentence for a biologist: what is wrong with which file, what was expected, what to do.

    Every error that the package raises on purpose is one of these; the command line and the
    widgets show its text as it is. Anything else is a bug and keeps its traceback.

    Attributes
    ----------
    code : Fault
        What is wrong with an image; `Fault.NOT_CLASSIFIED` where the error is about anything else.
    """

    code: Fault = Fault.NOT_CLASSIFIED


def sentence_of(error: Exception, otherwise: str = "Something went wrong that should not") -> str:
    """Return what a person is told of an error.

    Parameters
    ----------
    error
        The error.
    otherwise
        What stands before an error that is not raised on purpose.

    Returns
    -------
    str
        The error's own sentence, or what went wrong that should not.
    """
    if isinstance(error, ImageClassifierError):
        return str(error)
    return f"{otherwise}: {type(error).__name__}: {error}"


class ClassifierFileError(ImageClassifierError):
    """A file that is no classifier, or one that can't be trusted to be what it was."""


class TrainingRefused(ImageClassifierError):  # noqa: N818 - nothing broke; training says no
    """Training that can't start, or had nothing to keep: a sentence says why and what to do."""


class ComputeError(ImageClassifierError):
    """The compute process ended in a way that a person should know of.

    Parameters
    ----------
    message
        The sentence that is shown.
    detail
        The traceback of an unexpected error, for a bug report; None where the error was expected.
    """

    def __init__(self, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.detail = detail
