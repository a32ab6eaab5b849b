"""The question what the axes of a file mean, where the file does not say."""

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout

from napari_image_classifier.images.read_errors import AxesUnknownError
from napari_image_classifier.widgets.qt.parts import choice, wrapped

_WORDS = {"T": "time points", "C": "channels", "Z": "planes of a stack"}


def ask_axes(question: AxesUnknownError) -> str | None:
    """Ask what each axis of a file is; return the answer, such as "ZYX", None for cancelled."""
    dialog = QDialog()
    dialog.setWindowTitle("What are the axes of this image?")
    axes = choice(
        {axes: in_words(axes, question.shape) for axes in question.choices},
        "The file itself does not say; a wrong answer mixes up its pixels.",
    )
    sizes = " × ".join(str(length) for length in question.shape)
    words = wrapped(f"{question.path.name} holds {sizes} pixels and does not say what they are:")
    standard = QDialogButtonBox.StandardButton
    buttons = QDialogButtonBox(standard.Ok | standard.Cancel)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    for widget in (words, axes, buttons):
        layout.addWidget(widget)
    return str(axes.currentData()) if dialog.exec() else None


def in_words(axes: str, shape: tuple[int, ...]) -> str:
    """Return "31 planes of a stack" for "ZYX" and the shape (31, 61, 57)."""
    pairs = zip(axes, shape, strict=True)
    parts = [f"{length} {_WORDS[axis]}" for axis, length in pairs if axis in _WORDS]
    return ", each of ".join(parts) or axes
