"""How channels look, set by a person who sees no layer list: visible, contrast, gamma."""

from collections.abc import Sequence

from napari.layers import Image as ImageLayer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget
from superqt import QDoubleRangeSlider, QDoubleSlider

GAMMAS = (0.2, 2.0)


class ChannelLooks(QWidget):
    """A row for each channel; it stays as a person set it while the layers stay."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers: tuple[ImageLayer, ...] = ()
        self._contrasts: list[QDoubleRangeSlider] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)

    def show_layers(self, layers: Sequence[ImageLayer]) -> None:
        """Show rows for these layers, unless there are rows for them already."""
        if tuple(layers) == self._layers:
            for layer, slider in zip(layers, self._contrasts, strict=True):
                _follow(slider, layer)
            return
        self._layers, self._contrasts = tuple(layers), []
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for column, text in enumerate(("Channel", "Contrast", "Gamma")):
            self._grid.addWidget(QLabel(text), 0, column)
        for row, layer in enumerate(layers, start=1):
            self._add_row(row, layer)

    def _add_row(self, row: int, layer: ImageLayer) -> None:
        shown = QCheckBox(layer.name)
        shown.setChecked(layer.visible)
        shown.toggled.connect(lambda on: setattr(layer, "visible", on))
        contrast = QDoubleRangeSlider(Qt.Orientation.Horizontal)
        _follow(contrast, layer)
        self._contrasts.append(contrast)
        contrast.valueChanged.connect(lambda limits: setattr(layer, "contrast_limits", limits))
        gamma = QDoubleSlider(Qt.Orientation.Horizontal)
        gamma.setRange(*GAMMAS)
        gamma.setValue(layer.gamma)
        gamma.valueChanged.connect(lambda value: setattr(layer, "gamma", value))
        for column, widget in enumerate((shown, contrast, gamma)):
            self._grid.addWidget(widget, row, column)


def _follow(slider: QDoubleRangeSlider, layer: ImageLayer) -> None:
    """Show the contrast that a layer has now."""
    slider.blockSignals(True)
    slider.setRange(*layer.contrast_limits_range)
    slider.setValue(tuple(layer.contrast_limits))
    slider.blockSignals(False)
