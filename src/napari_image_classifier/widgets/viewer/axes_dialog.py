"""The question what the axes of a file mean, where the file does not say."""

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from napari_image_classifier.images.read_errors import AxesUnknownError
from napari_image_classifier.widgets.qt.parts import choice, wrapped

_WORDS = {"T": "time points", "C": "channels", "Z": "planes of a stack"}


class AxesDialog(QDialog):
    """Asks what each axis of one file is; the data of `choice` is the answer, such as "ZYX"."""

    def __init__(self, question: AxesUnknownError, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("What are the axes of this image?")
        self.choice = choice(
            {axes: in_words(axes, question.shape) for axes in question.choices},
            "The file itself does not say; a wrong answer mixes up its pixels.",
        )
        sizes = " × ".join(str(length) for length in question.shape)
        words = wrapped(
            f"{question.path.name} holds {sizes} pixels and does not say what they are:"
        )
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (words, self.choice, buttons):
            layout.addWidget(widget)


def in_words(axes: str, shape: tuple[int, ...]) -> str:
    """Return "31 planes of a stack" for "ZYX" and the shape (31, 61, 57)."""
    pairs = zip(axes, shape, strict=True)
    parts = [f"{length} {_WORDS[axis]}" for axis, length in pairs if axis in _WORDS]
    return ", each of ".join(parts) or axes


def ask_axes(question: AxesUnknownError, parent: QWidget | None = None) -> str | None:
    """Show the dialog and return the answer; None when it is cancelled."""
    dialog = AxesDialog(question, parent)
    return str(dialog.choice.currentData()) if dialog.exec() else None
