"""Which channels a classifier is to look at."""

from collections.abc import Sequence

from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QWidget
from superqt import QFlowLayout


class ChannelChoice(QWidget):
    """A check box per channel, all of them checked at first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes: list[QCheckBox] = []
        inside = QWidget()
        self._flow = QFlowLayout(inside)
        self._flow.setContentsMargins(0, 0, 0, 0)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("Channels"))
        layout.addWidget(inside, stretch=1)
        self.hide()

    def offer(self, names: Sequence[str]) -> None:
        """Show the channels ``names``; the same ones again keep their checks."""
        if [box.text() for box in self._boxes] == list(names):
            return
        for box in self._boxes:
            self._flow.removeWidget(box)
            box.deleteLater()
        self._boxes = [QCheckBox(name) for name in names]
        for box in self._boxes:
            box.setChecked(True)
            box.setToolTip("Checked: the classifier looks at this channel.")
            self._flow.addWidget(box)
        self.setVisible(len(names) > 1)

    def choose(self, names: Sequence[str]) -> None:
        """Check these channels and no others."""
        for box in self._boxes:
            box.setChecked(box.text() in names)

    def why_unusable(self) -> str | None:
        """Return a sentence where no channel is checked."""
        if self._boxes and not any(box.isChecked() for box in self._boxes):
            return "Choose at least one channel."
        return None

    def value(self) -> tuple[str, ...]:
        """Return the names checked; empty where all are, as `TrainingConfig` wants it."""
        chosen = tuple(box.text() for box in self._boxes if box.isChecked())
        return () if len(chosen) == len(self._boxes) else chosen
