"""Errors of reading an image, whatever raised them, as one exception with a sentence."""

import errno
import re
from pathlib import Path

from napari_image_classifier.errors import Fault, ImageClassifierError
from napari_image_classifier.system.shown_text import readable


class ImageReadError(ImageClassifierError):
    """A file that can't be read as an image.

    Parameters
    ----------
    path
        The file.
    code
        What is wrong with it.
    sentence
        What the user is told: which file, what is wrong, what to do.

    Attributes
    ----------
    path : Path
        The file.
    code : Fault
        What is wrong with it.
    """

    def __init__(self, path: Path, code: Fault, sentence: str) -> None:
        super().__init__(readable(sentence))
        self.path = path
        self.code = code


def unreadable(path: Path, code: Fault, why: str) -> ImageReadError:
    """Return the error that ``path`` can't be read; ``why`` follows a colon and ends in a stop."""
    return ImageReadError(path, code, f"{path.name} can't be read: {why}")


class AxesUnknownError(ImageReadError):
    """A file that does not say what its axes are: the user must.

    Parameters
    ----------
    path
        The file.
    sentence
        What the user is told.
    axes
        A letter for each stored axis as the file has it, with Q or I where it says nothing.
    shape
        The lengths of the stored axes.
    choices
        Answers to offer, such as "ZYX"; the most likely one first.
    code
        `Fault.AXES_UNFIT` where axes were given and do not fit.

    Attributes
    ----------
    axes, shape, choices
        As given.
    """

    def __init__(
        self,
        path: Path,
        sentence: str,
        axes: str,
        shape: tuple[int, ...],
        choices: tuple[str, ...],
        code: Fault = Fault.AXES_UNKNOWN,
    ) -> None:
        super().__init__(path, code, sentence)
        self.axes = axes
        self.shape = shape
        self.choices = choices


COPY_AGAIN = "Copy it again from the microscope, or export it anew."
_SIGNATURES = {
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
}
_SUFFIXES = {"TIFF": ".tif", "PNG": ".png", "JPEG": ".jpg"}
_GONE = (errno.ENOENT, errno.ENOTDIR)
# Errors of the file, not of the system: without a number, or seeking to a place that a damaged file
# names and does not have.
_OF_THE_FILE = (None, errno.EINVAL)
_NOT_DECODED = re.compile(
    r"imagecodecs|not supported|unsupported|not a known COMPRESSION", re.IGNORECASE
)
_CUT = re.compile(r"truncated|not enough (bytes|data|image data)|too (small|short)", re.IGNORECASE)


def read_failure(path: Path, error: Exception) -> ImageReadError:
    """Return the error for the user of an exception that was raised while ``path`` was read."""
    if isinstance(error, ImageReadError):
        return error
    if isinstance(error, MemoryError):
        return unreadable(path, Fault.OUT_OF_MEMORY, "it needs more memory than there is.")
    if isinstance(error, OSError) and error.errno not in _OF_THE_FILE:
        return system_failure(path, error)
    return damaged(path, f"{type(error).__name__}: {error}")


def describe_error(name: str, error: Exception) -> tuple[Fault, str]:
    """Return what is wrong with an image, for a row of a table of predictions.

    Parameters
    ----------
    name
        The image's name, as `ImageFiles` has it.
    error
        What was raised while the image was read or classified.

    Returns
    -------
    tuple of Fault and str
        The code, and a sentence that names the image.
    """
    if isinstance(error, ImageClassifierError):
        sentence = str(error)
        named = readable(name.rsplit("/", 1)[-1]) in sentence
        return error.code, sentence if named else f"{readable(name)}: {sentence}"
    if isinstance(error, MemoryError):
        why = "it needs more memory than there is."
        return Fault.OUT_OF_MEMORY, f"{readable(name)} can't be classified: {why}"
    why = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.errno not in _OF_THE_FILE:
        return Fault.UNREADABLE, readable(f"{name} can't be read: {why}")
    return Fault.NOT_CLASSIFIED, readable(f"{name} can't be classified: {why}")


def system_failure(path: Path, error: OSError) -> ImageReadError:
    """Return the error for the user of a file that the operating system can't open or read."""
    code = Fault.UNREADABLE
    why = (
        f"the system says “{error.strerror}”. See whether you may open the file, and whether its "
        "drive works."
    )
    if error.errno in _GONE:
        code, why = Fault.MISSING, "there is no such file."
        if path.is_symlink():
            why = "it is a link to a file that is not there."
    elif error.errno == errno.ELOOP:
        code, why = Fault.LINK_LOOP, "it is a link that leads back to itself."
    return ImageReadError(path, code, f"{path} can't be read: {why}")


def damaged(path: Path, detail: str) -> ImageReadError:
    """Return the error for the user of a damaged file; ``detail`` is the library's message."""
    reason = _shortened(detail)
    if _NOT_DECODED.search(detail):
        why = f"its pixels are stored in a way that can't be decoded here ({reason})."
        return unreadable(path, Fault.COMPRESSION, f"{why} Save it without compression.")
    code = Fault.CUT_SHORT if _CUT.search(detail) else Fault.DAMAGED
    return unreadable(path, code, f"the file is damaged or cut short ({reason}). {COPY_AGAIN}")


def not_of_its_suffix(path: Path, expected: str) -> ImageReadError:
    """Return the error for the user of a file that does not begin like the ``expected`` format."""
    kind = _kind_of(path)
    if kind is not None and kind in expected:
        return damaged(path, f"it begins like a {kind} file, and the rest is none")
    if kind is None:
        why = f"it is no {expected} file, whatever its name says."
        only = "Only TIFF, PNG and JPEG files are images here."
        return unreadable(path, Fault.NO_IMAGE, f"{why} {only}")
    why = f"it is a {kind} file, and its name says otherwise; if that is right, rename it to"
    proper = path.with_suffix(_SUFFIXES[kind]).name
    return unreadable(path, Fault.WRONG_SUFFIX, f"{why} {proper}.")


def several_positions(path: Path, n_positions: int) -> ImageReadError:
    """Return the error for the user of a file with several positions along an axis."""
    return ImageReadError(
        path,
        Fault.FURTHER_AXES,
        f"{path.name} holds {n_positions} positions, each of which is an image: save each of them "
        "in a file of its own, in Micro-Manager with its option “Save XY positions in separate "
        "files”, or in Fiji, which opens each in a window of its own.",
    )


def _kind_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            beginning = file.read(8)
    except OSError:
        return None
    return next((kind for kind, magic in _SIGNATURES.items() if beginning.startswith(magic)), None)


def _shortened(detail: str) -> str:
    # tifffile names its own classes in its messages: noise in a sentence for people.
    text = re.sub(r"<TiffTag.fromfile> raised \w+|<tifffile\.|[<>]", "", " ".join(detail.split()))
    return text.strip("().'\" ")[:200]


_FOREIGN_FORMATS = {
    "Zeiss CZI": ("such as napari-czitools", (".czi",)),
    "Nikon ND2": ("such as napari-nikon-nd2", (".nd2",)),
    "Leica LIF": ("such as napari-bioio-reader", (".lif", ".lof", ".xlef")),
    "OME-Zarr": ("such as napari-ome-zarr", (".zarr",)),
    "Olympus": ("such as napari-bioio-reader", (".oib", ".oif", ".oir", ".vsi")),
    "Imaris": ("such as napari-imaris-loader", (".ims",)),
}
FOREIGN_SUFFIXES: dict[str, str] = {
    suffix: f"{name} files are not read here: open it in napari with a plugin for them "
    f"({example}) and classify its layers, or export it as OME-TIFF."
    for name, (example, suffixes) in _FOREIGN_FORMATS.items()
    for suffix in suffixes
}
